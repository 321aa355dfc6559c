"""The discriminator: is this patch of a picture real, given the pose?

The same class serves whole pictures and twofold head crops (with the joints in the crop's pixels).
"""

from torch import Tensor, nn

from rsagan.network.config import Config
from rsagan.network.generator import pad
from rsagan.network.layers import a_seed, act, conv, halve, initialise, join
from rsagan.network.pose_maps import POSE_CHANNELS, pose_maps


class Discriminator(nn.Module):
    """Patch-wise, conditioned on the pose. Its widths are the generator's."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        seed = a_seed()
        full, half, quarter, eighth = (config or Config()).widths
        self.to_half = halve(3, full)
        self.to_quarter = halve(full, half)
        self.pose = conv(POSE_CHANNELS, half, kernel=1)
        self.to_eighth = halve(2 * half, quarter)
        self.near = conv(quarter, quarter)
        self.near_out = conv(quarter, 1, kernel=1)
        self.to_sixteenth = halve(quarter, eighth)
        self.far_out = conv(eighth, 1)
        initialise(self, seed, self.near_out, self.far_out)

    def forward(self, picture: Tensor, points: Tensor) -> list[Tensor]:
        """
        Args:
            picture: (B, 3, H, W) in [-1, 1].
            points: float32 (B, 18, 2) joints in its pixels, NaN = missing; those of fewer pictures serve in turns.

        Returns:
            logits (B, 1, H/8, W/8) of small patches and (B, 1, H/16, W/16) of large ones; positive means real.
        """
        picture = pad(picture)
        maps = pose_maps(points, (picture.shape[2], picture.shape[3]), stride=4)
        x = act(self.to_quarter(act(self.to_half(picture))))
        x = join(x, self.pose(maps.to(x.dtype)).repeat(len(x) // len(points), 1, 1, 1))
        x = act(self.to_eighth(act(x)))
        x = act(self.near(x))
        return [self.near_out(x), self.far_out(act(self.to_sixteenth(x)))]
