"""The two encoders: appearance (source picture with its regions) and pose (shared by source and target)."""

from typing import NamedTuple

from torch import Tensor, nn

from rsagan.network.config import Config
from rsagan.network.layers import ResidualBlock, act, conv, halve, join
from rsagan.network.pose_maps import POSE_CHANNELS, pose_maps
from rsagan.people import NUM_REGIONS


class Appearance(NamedTuple):
    """Features of the source: half (B, C1, H/2, W/2), quarter (B, C2, H/4, W/4), eighth (B, C3, h, w)."""

    half: Tensor
    quarter: Tensor
    eighth: Tensor


class AppearanceEncoder(nn.Module):
    """Source picture to features at 1/2, 1/4 and 1/8; from 1/4 on with its regions, where semantics are on.

    The regions are those that module A has re-scored; the parsing map as an estimator gives it does not come here.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        full, half, quarter, eighth = config.widths
        self.stem = conv(3, full)
        self.to_half = halve(full, half)
        self.at_half = conv(half, half)
        self.to_quarter = halve(half, quarter)
        self.with_regions = conv(quarter + NUM_REGIONS * config.semantics, quarter)
        self.at_quarter = ResidualBlock(quarter)
        self.to_eighth = halve(quarter, eighth)
        self.at_eighth = ResidualBlock(eighth)

    def look(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """What is seen before any region is known.

        Args:
            picture: (B, 3, H, W).

        Returns:
            (B, C1, H/2, W/2) and (B, C2, H/4, W/4).
        """
        half = act(self.at_half(act(self.to_half(act(self.stem(picture))))))
        return half, act(self.to_quarter(half))

    def forward(self, half: Tensor, quarter: Tensor, regions: Tensor | None) -> Appearance:
        """What `look` gives, and the regions' probabilities (B, 8, H/4, W/4)."""
        known = quarter if regions is None else join(quarter, regions.to(quarter.dtype))
        quarter = self.at_quarter(self.with_regions(known))
        eighth = self.at_eighth(act(self.to_eighth(act(quarter))))
        return Appearance(half, quarter, eighth)


class PoseFeatures(NamedTuple):
    """Features of a pose: quarter (B, C2, H/4, W/4), eighth (B, C3, h, w)."""

    quarter: Tensor
    eighth: Tensor


class PoseEncoder(nn.Module):
    """Joints to features at 1/4 and 1/8: heatmaps, limb maps, and bone coordinates."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        quarter, eighth = config.widths[2:]
        self.stem = conv(POSE_CHANNELS, quarter)
        self.to_eighth = halve(quarter, eighth)
        self.at_eighth = ResidualBlock(eighth)

    def forward(self, points: Tensor, size: tuple[int, int]) -> PoseFeatures:
        maps = pose_maps(points, size, stride=4).to(self.stem.weight.dtype)
        quarter = act(self.stem(maps))
        return PoseFeatures(quarter, self.at_eighth(act(self.to_eighth(quarter))))
