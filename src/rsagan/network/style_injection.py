"""Module B: pose-correspondence guided style injection.

Where in the source does each place of the target come from? Target pose features ask, source pose features (with the
matched semantics) answer; the correspondence W carries the source's appearance to the target pose, and this coarse
style modulates the target's pose features. Two weaker stand-ins, for the ablation and the rivals, live beside it.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsagan.network.config import Config
from rsagan.network.layers import GAP, ResidualBlock, act, cell_centres, conv, join, map_of, norm, tokens_of
from rsagan.network.pose_maps import heading, rigid_motion
from rsagan.people import NUM_REGIONS

MIN_TEMPERATURE, MAX_TEMPERATURE = 2.0, 60.0
_PRIOR_SIGMA = 0.15  # of the frame's height: how far a rigid guess may be off


class SourceSide(NamedTuple):
    """Computed once per source: keys (B, N, D) and values (B, N, C); rivals have codes (B, R or 1, C) for values."""

    keys: Tensor | None
    values: Tensor


class Modulation(nn.Module):
    """Pose features, normalised, then scaled and shifted at each place by the coarse style."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = norm(channels, affine=False)
        self.hidden = conv(channels, channels, kernel=1)
        self.scale_shift = conv(channels, 2 * channels)
        self.out = conv(channels, channels)

    def forward(self, pose: Tensor, style: Tensor) -> Tensor:
        """pose, style (B, C, h, w) to (B, C, h, w)."""
        scale, shift = self.scale_shift(act(self.hidden(style))).chunk(2, dim=1)
        return pose + self.out(act(self.norm(pose) * (1 + scale) + shift))


class StyleInjection(nn.Module):
    """Module B."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels = config.widths[3]
        self.query = conv(channels, config.key_channels, kernel=1)
        self.key = conv(channels * (2 if config.semantics else 1), config.key_channels, kernel=1)
        self.value = conv(channels, channels, kernel=1)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(12.0)))
        self.prior_strength = nn.Parameter(torch.tensor(0.5)) if config.prior else None
        self.modulate = Modulation(channels)

    def encode(self, appearance: Tensor, pose: Tensor, semantics: Tensor | None) -> SourceSide:
        """appearance, pose, semantics (B, C, h, w), all of the source."""
        known = pose if semantics is None else join(pose, semantics)
        return SourceSide(normalised(tokens_of(self.key(known))), tokens_of(self.value(appearance)))

    def correspond(self, keys: Tensor, pose: Tensor, source: Tensor, target: Tensor, size: tuple[int, int]) -> Tensor:
        """log W, float32 (B, N target, S * N source): for each target place, how likely it shows each source place.

        Of several pictures one that shows the person from the target's side is preferred, by the cosine of the angle
        between the two headings.

        Args:
            keys: (B, S * N, D), of `encode`, of S pictures of one person.
            pose: (B, C, h, w) target pose features.
            source: (B, S, K, 2), target: (B, K, 2) joints, for the rigid prior and the headings.
        """
        queries = normalised(tokens_of(self.query(pose)))
        with torch.autocast(pose.device.type, enabled=False):
            temperature = self.log_temperature.exp().clamp(MIN_TEMPERATURE, MAX_TEMPERATURE)
            logits = temperature * queries.float() @ keys.float().transpose(1, 2)
            if self.prior_strength is not None:
                strength = F.softplus(self.prior_strength)
                logits = logits - torch.cat([_far(each, target, size, strength) for each in source.unbind(1)], dim=2)
            if source.shape[1] > 1:
                alike = heading(source.flatten(0, 1)).unflatten(0, source.shape[:2]) @ heading(target)[:, :, None]
                logits = logits + alike.transpose(1, 2).repeat_interleave(keys.shape[1] // source.shape[1], dim=2)
            return logits.log_softmax(-1)

    def forward(self, side: SourceSide, pose: Tensor, log_w: Tensor) -> Tensor:
        """The coarse result (B, C, h, w): pose features modulated by what W carries over."""
        h, w = pose.shape[2:]
        style = log_w.exp().to(side.values.dtype) @ side.values  # (B, N, C)
        return self.modulate(pose, map_of(style, h, w))


def _far(source: Tensor, target: Tensor, size: tuple[int, int], strength: Tensor) -> Tensor:
    """(B, N target, N source), 0 to 8 * strength: how far each place is from where a rigid motion would bring it."""
    guess, sure = rigid_motion(source, target, size, stride=8)
    places = cell_centres(size[0] // 8, size[1] // 8, 8, target.device)
    # |guess - place|^2, opened up so that no (N, N, 2) array is needed.
    squared = guess.square().sum(-1, keepdim=True) - 2 * guess @ places.T + places.square().sum(-1)
    far = (squared / (2 * (_PRIOR_SIGMA * size[0]) ** 2)).clamp(0, 8)
    return strength * sure[..., None] * far


class RegionPainting(nn.Module):
    """The older semantic-map family: each region's mean code, painted where the target shows that region.

    Where that is, those methods predict from the source's regions and the joints of both: so does this.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels = config.widths[3]
        self.value = conv(channels, channels, kernel=1)
        self.meet = conv(2 * channels + 2 * NUM_REGIONS, channels)
        self.expect = ResidualBlock(channels)
        self.layout = conv(channels, NUM_REGIONS)
        self.modulate = Modulation(channels)

    def encode(self, appearance: Tensor, pose: Tensor, regions: Tensor) -> SourceSide:
        """appearance, pose (B, C, h, w) and regions (B, R, h, w) of the source to codes (B, R, C), and, to lay out the
        target by, its pose, regions and how much of the picture each takes, (B, N, C + 2R)."""
        mass = regions.flatten(2).to(appearance.dtype)  # (B, R, N)
        codes = mass @ tokens_of(self.value(appearance)) / mass.sum(-1, keepdim=True).clamp(min=1e-3)
        regions = regions.to(pose.dtype)
        shares = regions.mean((2, 3), keepdim=True).expand_as(regions)
        return SourceSide(tokens_of(join(join(pose, regions), shares)), codes)

    def forward(self, side: SourceSide, pose: Tensor) -> Tensor:
        h, w = pose.shape[2:]
        assert side.keys is not None
        x = self.expect(self.meet(join(pose, map_of(side.keys, h, w))))
        layout = tokens_of(self.layout(act(x))).softmax(-1)  # (B, N, R)
        return self.modulate(pose, map_of(layout @ side.values, h, w))


class PlainConditioning(nn.Module):
    """No module B: the mean of the whole picture conditions every place alike."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels = config.widths[3]
        self.value = conv(channels, channels, kernel=1)
        self.modulate = Modulation(channels)

    def encode(self, appearance: Tensor) -> SourceSide:
        """appearance (B, C, h, w) to one code (B, 1, C)."""
        return SourceSide(None, tokens_of(self.value(appearance)).mean(1, keepdim=True))

    def forward(self, side: SourceSide, pose: Tensor) -> Tensor:
        h, w = pose.shape[2:]
        return self.modulate(pose, map_of(side.values.expand(-1, h * w, -1), h, w))


def normalised(x: Tensor) -> Tensor:
    """(B, N, D): centred over the positions, then of length one."""
    return F.normalize((x - x.mean(1, keepdim=True)).float(), dim=-1, eps=1e-3)


class FlowReading(NamedTuple):
    """flow (B, 2, h, w): source pixels; certainty (B, 1, h, w): the share of W in the window that was read."""

    flow: Tensor
    certainty: Tensor


def read_flow(log_w: Tensor, h: int, w: int, radius: int = 1) -> FlowReading:
    """Read W locally as a flow: the mean source place in a window round the maximum.

    A mean over all places would average left and right limbs. Of several pictures the window lies in one, and the
    places are those of `layers.stacked`.

    Args:
        log_w: (B, N target, S * N source), N = h * w.
    """
    best = log_w.argmax(-1)  # (B, N)
    first = (best // (h * w) * h)[..., None, None]  # row of its picture
    row, column = best // w, best % w
    steps = torch.arange(-radius, radius + 1, device=log_w.device)
    rows, columns = row[..., None, None] + steps[:, None], column[..., None, None] + steps[None, :]
    inside = (rows >= first) & (rows < first + h) & (columns >= 0) & (columns < w)  # (B, N, k, k)
    index = (rows.clamp(first, first + h - 1) * w + columns.clamp(0, w - 1)).flatten(2)
    mass = log_w.gather(2, index).exp() * inside.flatten(2)  # (B, N, k * k)
    certainty = mass.sum(-1, keepdim=True)
    places = cell_centres(log_w.shape[2] // w, w, 8, log_w.device)
    places[:, 1] += GAP * torch.arange(len(places), device=log_w.device).div(h * w, rounding_mode="floor")
    places = places[index]  # (B, N, k * k, 2)
    flow = (mass[..., None] * places).sum(2) / certainty.clamp(min=1e-8)
    return FlowReading(map_of(flow, h, w), map_of(certainty, h, w))
