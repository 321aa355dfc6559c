"""The two encoders: appearance (source picture with its parsing) and pose (shared by source and target)."""

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
    """Source picture, with its parsing where semantics are on, to features at 1/2, 1/4 and 1/8."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        full, half, quarter, eighth = config.widths
        self.stem = conv(3 + NUM_REGIONS * config.semantics, full)
        self.to_half = halve(full, half)
        self.at_half = conv(half, half)
        self.to_quarter = halve(half, quarter)
        self.at_quarter = ResidualBlock(quarter)
        self.to_eighth = halve(quarter, eighth)
        self.at_eighth = ResidualBlock(eighth)

    def forward(self, picture: Tensor, parsing: Tensor | None) -> Appearance:
        x = picture if parsing is None else join(picture, parsing)
        half = act(self.at_half(act(self.to_half(act(self.stem(x))))))
        quarter = self.at_quarter(act(self.to_quarter(half)))
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
