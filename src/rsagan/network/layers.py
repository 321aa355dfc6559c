"""Small parts shared by the modules.

Shapes everywhere in this room: B batch, H x W picture, h x w = H/8 x W/8, N = h * w positions in row-major order,
C channels, R = 8 regions, K = 18 joints. Coordinates are x, y in pixels of the full picture, integers at pixel
centres; a cell of a map at 1/s covers s x s pixels.
"""

import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)

GAP = 32  # pixels between two pictures of one person, see `stacked`


def channels_last(network: M) -> M:
    """A network with its weights channels last in memory; so are then its features, as convolutions and attention read
    them fastest."""
    return cast(M, cast(Any, network).to(memory_format=torch.channels_last))


def conv(inputs: int, outputs: int, kernel: int = 3, groups: int = 1, dilation: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, kernel, 1, dilation * (kernel // 2), dilation, groups)


def halve(inputs: int, outputs: int) -> nn.Conv2d:
    """A convolution that halves the size; its even kernel keeps each result in the middle of its four pixels."""
    return nn.Conv2d(inputs, outputs, kernel_size=4, stride=2, padding=1)


def initialise(network: nn.Module, seed: int, *heads: nn.Module | None) -> None:
    """Keep the signal's size through every layer, so that the source reaches the picture from the first step on.

    Each layer draws from a stream of its own, by its name: networks that differ in one part start alike in the others.
    `heads`, the last layers before an output, start at a tenth of that: no output is saturated. Where only shapes are
    asked for, on torch's device "meta", nothing is drawn: there it would import a compiler first.
    """
    if next(network.parameters()).is_meta:
        return
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            stream = torch.Generator().manual_seed(seed ^ zlib.crc32(name.encode()))
            nn.init.kaiming_normal_(module.weight, a=0.2, generator=stream)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    with torch.no_grad():
        for head in heads:
            if head is not None:
                for parameter in head.parameters():
                    parameter.mul_(0.1)


def a_seed() -> int:
    """One draw of the global stream, to be taken before the first layer is built."""
    return int(torch.randint(2**62, (), device="cpu"))


def act(x: Tensor) -> Tensor:
    """The activation used throughout."""
    return F.leaky_relu(x, 0.2)


def norm(channels: int, affine: bool = True) -> nn.GroupNorm:
    """Group normalisation, 16 channels a group, or 8 where 16 does not divide them (widths are multiples of 8)."""
    return _GroupNorm(channels // (8 if channels % 16 else 16), channels, eps=1e-3, affine=affine)


class _GroupNorm(nn.GroupNorm):
    """Where the gains learn but nothing before them does, torch's backward of channels last reads what is not there and
    ends the process (2.13): such an x is copied into the other order."""

    def forward(self, x: Tensor) -> Tensor:
        learns = torch.is_grad_enabled() and self.affine and self.weight.requires_grad
        return super().forward(x.contiguous() if learns and not x.requires_grad else x)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside the identity; the first is preceded by a normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = norm(channels)
        self.first = conv(channels, channels)
        self.second = conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(act(self.first(act(self.norm(x)))))


def up(x: Tensor) -> Tensor:
    """Twice as large, bilinearly: no checkerboards."""
    return orderly(F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False))


def orderly(x: Tensor) -> Tensor:
    """x (B, C, H, W), whose gradient is put channels last in memory before it goes on: to enlarge backwards takes
    several times as long otherwise."""
    if x.requires_grad:
        x.register_hook(lambda gradient: gradient.contiguous(memory_format=torch.channels_last))
    return x


def join(*maps: Tensor) -> Tensor:
    """Maps (B, C1, H, W), (B, C2, H, W) ... of one type side by side along the channels.

    The result lies channels last in memory, whatever the parts do: one part that does not would make `torch.cat` leave
    that order, and every layer up to the next convolution, and all of their gradients, several times as slow.
    """
    return torch.cat([each.permute(0, 2, 3, 1) for each in maps], -1).permute(0, 3, 1, 2)


@cache
def constant(values: tuple[int, ...] | tuple[float, ...], device: torch.device) -> Tensor:
    """Numbers on a device, copied there once: with each copy a processor waits until its graphics card has nothing
    left to do."""
    with torch.inference_mode(False):
        return torch.tensor(values, device=device)


def cell_centres(h: int, w: int, stride: float, device: torch.device) -> Tensor:
    """float32 (h * w, 2): x, y of each cell's centre in pixels of the full picture."""
    y = torch.arange(h, device=device, dtype=torch.float32) * stride + (stride - 1) / 2
    x = torch.arange(w, device=device, dtype=torch.float32) * stride + (stride - 1) / 2
    return torch.stack([x[None, :].expand(h, w), y[:, None].expand(h, w)], dim=-1).reshape(h * w, 2)


def stacked(maps: Sequence[Tensor], stride: float) -> Tensor:
    """Maps (B, C, h, w) at 1/stride, each of a picture of its own, one below the other: (B, C, h', w).

    Between two lie `GAP` pixels of their borders' own values, so that what reads round a place reads one picture.
    """
    edge = round(GAP / 2 / stride)
    last = len(maps) - 1
    return torch.cat(
        [F.pad(x, (0, 0, edge * (k > 0), edge * (k < last)), mode="replicate") for k, x in enumerate(maps)], dim=2
    )


def sample(features: Tensor, coordinates: Tensor, stride: float) -> Tensor:
    """Read a map at given places.

    Args:
        features: (B, C, h', w') at 1/stride.
        coordinates: (B, 2, h, w), x and y in pixels of the full picture.

    Returns:
        (B, C, h, w), bilinear; beyond the border its nearest value.
    """
    size = constant((float(features.shape[3] * stride), float(features.shape[2] * stride)), features.device)
    place = (2 * coordinates.float().permute(0, 2, 3, 1) + 1) / size - 1
    place = place.nan_to_num()  # of diverged weights; to read there would end the process
    planes = features.to(torch.float32, memory_format=torch.contiguous_format)  # as grid_sample reads fastest
    read = F.grid_sample(planes, place, mode="bilinear", padding_mode="border", align_corners=False)
    return read.to(features.dtype)


def tokens_of(x: Tensor) -> Tensor:
    """(B, C, h, w) to (B, N, C)."""
    return x.flatten(2).transpose(1, 2)


def map_of(x: Tensor, h: int, w: int) -> Tensor:
    """(B, N, C) to (B, C, h, w)."""
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], h, w)
