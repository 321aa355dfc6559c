"""The decoder with its detail path.

Attention at 1/8 blurs texture, so the correspondence, read as a flow and refined by a local match at 1/4, fetches the
source's 1/4 and 1/2 features and its full-resolution colours; a predicted mask blends them in.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsagan.network.config import Config
from rsagan.network.encoders import Appearance, PoseFeatures
from rsagan.network.layers import ResidualBlock, act, cell_centres, constant, conv, join, sample, up
from rsagan.network.style_injection import FlowReading
from rsagan.people import NUM_REGIONS

_REACH = 2  # the local match looks this many 1/4 cells to every side
_MATCH_CHANNELS = 32
_AGREED = 3.0  # pixels, the deviation at which neighbours' displacements are taken for those of two body parts
_FLAT = 0.0005  # variance below which a window has no structure to speak of; colours are in [-1, 1]
_SAME_COLOUR = 0.2  # mean difference of colours at which two places are no longer the same


class Painted(NamedTuple):
    """What the decoder returns: see `generator.Output`."""

    picture: Tensor
    parsing_logits: Tensor | None
    flow: Tensor | None


class LocalMatch(nn.Module):
    """Refines a flow at 1/4 by comparing target features with source features a few cells around."""

    offsets: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        quarter = config.widths[2]
        self.query = conv(2 * quarter, _MATCH_CHANNELS, kernel=1)
        self.key = conv(2 * quarter, _MATCH_CHANNELS, kernel=1)
        steps = range(-_REACH, _REACH + 1)
        offsets = [(4.0 * x, 4.0 * y) for y in steps for x in steps]  # (k * k, 2) in pixels
        self.register_buffer("offsets", torch.tensor(offsets), persistent=False)
        # At first the middle is preferred: the refinement starts near zero.
        self.lean = nn.Parameter(torch.tensor([-(x * x + y * y) / 32 for x, y in offsets]))

    def encode(self, appearance: Tensor, pose: Tensor) -> Tensor:
        """Keys (B, M, H/4, W/4) of the source, each of length one."""
        return F.normalize(self.key(join(appearance, pose)).float(), dim=1, eps=1e-3)

    def forward(self, x: Tensor, pose: Tensor, keys: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
        """
        Args:
            x, pose: (B, C2, H/4, W/4) of the target.
            keys: of `encode`.
            shift: float32 (B, 2, h, w), from a cell of the target at 1/8 to its place in the source, in pixels.

        Returns:
            the finer flow (B, 2, H/4, W/4) and its certainty (B, 1, H/4, W/4).
        """
        b, _, h, w = shift.shape
        query = F.normalize(self.query(join(x, pose)).float(), dim=1, eps=1e-3)  # (B, M, 2h, 2w)
        query = query.permute(0, 2, 3, 1).reshape(b, h, 2, w, 2, -1).transpose(2, 3).reshape(b * h * w, 4, -1)
        with torch.autocast(shift.device.type, enabled=False):
            seen = self.look(query, keys, shift.permute(0, 2, 3, 1) / 4)
            weights = (8 * seen + self.lean).softmax(-1)  # (B, h, w, 4, k)
            moved = shift.permute(0, 2, 3, 1)[..., None, :] + weights @ self.offsets
        finer = quarters(moved, h, w)
        return finer + centres_map(finer, 4), quarters(weights.amax(-1, keepdim=True), h, w)

    @staticmethod
    def look(query: Tensor, keys: Tensor, moved: Tensor) -> Tensor:
        """Cosines (B, h, w, 4, k) of the four quarters of each cell at 1/8 with the k keys round where each came from.

        The four move together, so they look into one window of keys, and only the cosines with its whole places are
        interpolated: the same numbers as from interpolated keys, for a tenth of their reading.

        Args:
            query: (B * h * w, 4, M). keys: (B, M, H/4, W/4). moved: (B, h, w, 2), x and y in cells at 1/4.
        """
        b, _, rows, columns = keys.shape
        h, w = moved.shape[1:3]
        whole = moved.detach().floor()
        part = moved - whole
        reach = torch.arange(-_REACH, _REACH + 3, device=keys.device)  # two quarters, and one more to interpolate
        x = whole[..., 0].long() + 2 * torch.arange(w, device=keys.device)
        y = whole[..., 1].long() + 2 * torch.arange(h, device=keys.device)[:, None]
        x = (x[..., None] + reach).clamp(0, columns - 1)  # (B, h, w, 7); beyond the border its nearest key
        y = (y[..., None] + reach).clamp(0, rows - 1)
        first = torch.arange(b, device=keys.device)[:, None, None, None, None] * (rows * columns)
        places = (first + y[..., :, None] * columns + x[..., None, :]).reshape(b * h * w, -1)
        window = F.embedding(places, keys.permute(0, 2, 3, 1).flatten(0, 2))  # (B * h * w, 49, M)
        cosines = (query @ window.transpose(1, 2)).view(b, h, w, 4, len(reach), len(reach))
        right, below = (part[..., i, None, None, None] for i in (0, 1))
        cosines = torch.lerp(cosines[..., :-1], cosines[..., 1:], right)
        cosines = torch.lerp(cosines[..., :-1, :], cosines[..., 1:, :], below)
        side = 2 * _REACH + 1
        corners = [(i, i // 2, i % 2) for i in range(4)]
        own = [cosines[:, :, :, i, top : top + side, left : left + side] for i, top, left in corners]
        return torch.stack(own, 3).flatten(4)


class Decoder(nn.Module):
    """From the integrated result at 1/8 to the picture and the target's parsing."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        full, half, quarter, eighth = config.widths
        self.detail = config.detail
        fetched_quarter, fetched_half = (quarter // 2, half // 2) if config.detail else (0, 0)
        self.to_quarter = conv(eighth, quarter, kernel=1)
        self.join_quarter = conv(2 * quarter + fetched_quarter, quarter)
        self.at_quarter = ResidualBlock(quarter)
        self.to_half = conv(quarter, half, kernel=1)
        self.join_half = conv(half + fetched_half, half)
        self.at_half = ResidualBlock(half)
        self.to_full = conv(half, full, kernel=1)
        self.join_full = conv(full + (3 if config.detail else 0), full)
        self.at_full = conv(full, full)
        self.colours = conv(full, 4 if config.detail else 3)
        self.parsing = conv(half, NUM_REGIONS) if config.semantics else None
        if config.detail:
            self.match = LocalMatch(config)
            self.fetch_quarter = conv(quarter, fetched_quarter, kernel=1)
            self.fetch_half = conv(half, fetched_half, kernel=1)
            self.trust_quarter = conv(2 + quarter, 1, kernel=1)
            self.trust_half = conv(1 + half, 1, kernel=1)
            self.guess = None if config.injection == "correspondence" else conv(eighth, 2)

    def base_flow(self, x: Tensor, reading: FlowReading | None) -> FlowReading:
        """Where there is no correspondence to read, a displacement is guessed from the features themselves."""
        if reading is not None:
            return reading
        assert self.guess is not None
        b, _, h, w = x.shape
        extent = constant((8.0 * w, 8.0 * h), x.device)[:, None, None]
        # In cells while it is small, and never more than the extent; it does not die out there, as tanh would.
        moved = centres_map(x, 8) + extent * F.softsign(8 * self.guess(x).float() / extent)
        return FlowReading(moved, torch.full((b, 1, h, w), 0.5, device=x.device))

    def forward(
        self,
        x: Tensor,
        pose: PoseFeatures,
        source: Appearance,
        picture: Tensor,
        keys: Tensor | None,
        reading: FlowReading | None,
        alone: Tensor | None = None,
    ) -> Painted:
        """
        Args:
            x: (B, C3, h, w) from module C.
            pose: target pose features.
            source, picture, keys: the source's appearance, its picture (B, 3, H, W) and `LocalMatch.encode`.
            reading: the correspondence as a flow at 1/8.
            alone: bool (B,), into whom none of the source's colours are blended: a mask of 0. What the convolutions
                before it make of them stays.
        """
        base = x
        x = up(act(self.to_quarter(x)))  # (B, C2, H/4, W/4)
        parts = [x, pose.quarter]
        flow = None
        if self.detail:
            assert keys is not None
            coarse = self.base_flow(base, reading)
            shift = coarse.flow - centres_map(coarse.flow, 8)
            # A cell's four quarters move together: the displacement is what they share.
            certainty = coarse.certainty.repeat_interleave(2, 2).repeat_interleave(2, 3)
            flow, close = self.match(x, pose.quarter, keys, shift)
            fetched = sample(self.fetch_quarter(source.quarter), flow, stride=4)
            trust = join(certainty.to(x.dtype), close.to(x.dtype), x)
            parts.append(fetched * torch.sigmoid(self.trust_quarter(trust)))
        x = self.at_quarter(act(self.join_quarter(join(*parts))))

        x = up(act(self.to_half(act(x))))  # (B, C1, H/2, W/2)
        if flow is not None:
            shift = flow - centres_map(flow, 4)
            fetched = carry(self.fetch_half(source.half), shift, stride=2)
            trust = join(up(certainty).to(x.dtype), x)
            x = join(x, fetched * torch.sigmoid(self.trust_half(trust)))
        x = self.at_half(act(self.join_half(x)))
        parsing = None if self.parsing is None else up(self.parsing(act(x)))

        x = up(act(self.to_full(act(x))))  # (B, C0, H, W)
        if flow is None:
            x = act(self.at_full(act(self.join_full(x))))
            return Painted(torch.tanh(self.colours(x).float()), parsing, None)
        carried = carry(picture, shift, stride=1)
        x = act(self.join_full(join(x, carried.to(x.dtype))))
        x = self.colours(act(self.at_full(x))).float()
        mask = torch.sigmoid(x[:, 3:])
        if alone is not None:
            mask = mask * ~alone[:, None, None, None]
        painted = mask * carried.float() + (1 - mask) * torch.tanh(x[:, :3])
        return Painted(painted, parsing, flow)


def carry(features: Tensor, shift: Tensor, stride: float) -> Tensor:
    """Fetch a fine map along displacements known at 1/4.

    Each place asks the four nearest 1/4 cells how far they moved. Where they agree, their mean, bilinear, is where it
    comes from, so that what is stretched or turned away stays smooth. Where they do not, what lies at their ends is
    blended instead: the mean of two limbs that moved apart is where neither of them is.

    Args:
        features: (B, C, H'/stride, W'/stride) of the source; a stride of 1/2 is a picture twice as large.
        shift: float32 (B, 2, H/4, W/4) x, y in pixels from a place of the target to its place in the source.

    Returns:
        (B, C, H/stride, W/stride).
    """
    factor = round(4 / stride)
    rows, below = _neighbours(shift.shape[2], factor, shift.device)
    columns, right = _neighbours(shift.shape[3], factor, shift.device)
    asked = [
        (share_y[:, None] * share_x, shift.index_select(2, y).index_select(3, x))
        for y, share_y in zip(rows, (1 - below, below), strict=True)
        for x, share_x in zip(columns, (1 - right, right), strict=True)
    ]
    mean = torch.stack([share * moved for share, moved in asked]).sum(0)
    apart = torch.stack([share * (moved - mean).square().sum(1, keepdim=True) for share, moved in asked]).sum(0)
    agreement = torch.exp(-apart.detach() / _AGREED**2)
    centres = centres_map(mean, stride)
    planes = features.to(torch.float32, memory_format=torch.contiguous_format)
    blended = torch.zeros((), device=features.device)
    for share, moved in asked:
        blended = blended + share * sample(planes, centres + torch.lerp(moved, mean, agreement), stride)
    return blended.to(features.dtype)


def enlarged(picture: Tensor, flow: Tensor, source: Tensor, large: Tensor) -> Tensor:
    """A painted picture, larger: where it shows what the source does, the detail is fetched from a larger source.

    The rest is enlarged bicubically.

    Args:
        picture: (B, 3, H, W), as painted.
        flow: (B, 2, H'/4, W'/4), H' and W' being H and W, or padded below and to the right.
        source: (B, 3, h, w), what it was painted from, as `Encoded` holds it. large: (B, 3, f * h, f * w), the same at
            f times the size.

    Returns:
        (B, 3, f * H, f * W) in [-1, 1].
    """
    height, width = picture.shape[2:]
    factor = large.shape[3] // source.shape[3]
    shift = flow - centres_map(flow, 4)

    def enlarge(x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=float(factor), mode="bicubic", align_corners=False)

    coarse = carry(source, shift, 1)[..., :height, :width].float()
    fine = carry(large, shift, 1 / factor)[..., : factor * height, : factor * width].float()
    gained = fine - enlarge(coarse)
    return (enlarge(picture) + enlarge(alike(picture, coarse)).clamp(0, 1) * gained).clamp(-1, 1)


def alike(one: Tensor, other: Tensor) -> Tensor:
    """How surely two pictures (B, 3, H, W) in [-1, 1] show the same at a place: (B, 1, H, W) in 0..1.

    In a window of 3x3 the structure must agree, as SSIM measures it, and the colours to about a tenth.
    """

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)

    a, b = one.float(), other.float()
    together = (mean(a * b) - mean(a) * mean(b)).mean(1, keepdim=True)
    apart = (mean(a * a) - mean(a) ** 2 + mean(b * b) - mean(b) ** 2).mean(1, keepdim=True)
    structure = (2 * together + _FLAT) / (apart + _FLAT)
    return structure.clamp(0, 1) * torch.exp(-((mean((a - b).abs().mean(1, keepdim=True)) / _SAME_COLOUR) ** 2))


def _neighbours(cells: int, factor: int, device: torch.device) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """For each of cells * factor places the cells before and after it, and the share of the one after."""
    place = (torch.arange(cells * factor, device=device, dtype=torch.float32) + 0.5) / factor - 0.5
    before = place.floor()
    first, second = (index.long().clamp(0, cells - 1) for index in (before, before + 1))
    return (first, second), place - before


def quarters(cells: Tensor, h: int, w: int) -> Tensor:
    """(B, h, w, 4, C), the four quarters of each cell, to a map (B, C, 2h, 2w)."""
    return cells.unflatten(3, (2, 2)).permute(0, 5, 1, 3, 2, 4).reshape(len(cells), -1, 2 * h, 2 * w)


def centres_map(like: Tensor, stride: float) -> Tensor:
    """(1, 2, h, w): the centres of the cells of a map of `like`'s height and width."""
    h, w = like.shape[2:]
    return cell_centres(h, w, stride, like.device).T.reshape(1, 2, h, w)
