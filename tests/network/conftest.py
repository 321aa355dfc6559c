"""Tiny networks, made-up people, and the slow literal arithmetic that the network is compared with.

Nothing here uses the network's own helpers: positions, channels and joints are looped over one by one in float64.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rsagan.evaluation.rows import ROWS
from rsagan.network import Config
from rsagan.people import LIMBS

Array = NDArray[np.float64]


# A standing figure seen from the front, x and y as shares of width and height: its right is on the picture's left.
FIGURE = (
    (0.50, 0.12), (0.50, 0.22), (0.38, 0.23), (0.31, 0.37), (0.28, 0.50), (0.62, 0.23), (0.69, 0.36), (0.73, 0.49),
    (0.43, 0.51), (0.42, 0.70), (0.41, 0.89), (0.57, 0.51), (0.58, 0.71), (0.60, 0.90), (0.47, 0.10), (0.53, 0.10),
    (0.44, 0.11), (0.56, 0.11),
)  # fmt: skip


class People(NamedTuple):
    """The four inputs of the generator."""

    source: Tensor
    parsing: Tensor
    source_points: Tensor
    target_points: Tensor


def make_people(batch: int = 2, size: tuple[int, int] = (64, 48), seed: int = 0) -> People:
    rng = np.random.default_rng(seed)
    height, width = size
    labels = rng.integers(0, 8, (batch, -(-height // 8), -(-width // 8)))
    labels = labels.repeat(8, 1).repeat(8, 2)[:, :height, :width]
    parsing = np.eye(8, dtype=np.float32)[labels].transpose(0, 3, 1, 2).copy()
    # Blobs, not noise: on noise a millionth of a pixel in a sampled place would already be seen.
    coarse = rng.uniform(-1, 1, (batch, 3, -(-height // 8) + 1, -(-width // 8) + 1))
    ys, xs = np.arange(height) / 8, np.arange(width) / 8
    top, left = ys.astype(int), xs.astype(int)
    below, right = (ys - top)[:, None], xs - left
    upper = coarse[:, :, top][..., left] * (1 - right) + coarse[:, :, top][..., left + 1] * right
    lower = coarse[:, :, top + 1][..., left] * (1 - right) + coarse[:, :, top + 1][..., left + 1] * right
    picture = (upper * (1 - below) + lower * below).astype(np.float32)
    frame = np.array([width - 1, height - 1])
    points = np.array(FIGURE) * frame + rng.normal(0, 0.03, (2, batch, 18, 2)) * height
    points[0, :, 4] = np.nan  # each pose lacks a wrist
    points[1, :, 7] = np.nan
    poses = torch.tensor(points, dtype=torch.float32)
    return People(torch.tensor(picture), torch.tensor(parsing), poses[0], poses[1])


@pytest.fixture
def people() -> Callable[..., People]:
    return make_people


@pytest.fixture
def figure() -> Callable[[tuple[int, int]], Tensor]:
    """The standing figure in a frame (height, width): (1, 18, 2)."""

    def stand(size: tuple[int, int]) -> Tensor:
        return torch.tensor(FIGURE)[None] * torch.tensor([size[1] - 1, size[0] - 1])

    return stand


@pytest.fixture
def tiny() -> Callable[..., Config]:
    """The network of a row of the ablation, of a few thousand parameters."""

    def build(name: str = "full", **changes: Any) -> Config:
        base = Config(widths=(8, 16, 16, 16), heads=2, match_channels=3, key_channels=8)
        return replace(base, **ROWS[name].network, **changes)

    return build


@pytest.fixture
def shake() -> Callable[..., Any]:
    """Moves every parameter off its initial value, so that no scale of one and no bias of zero hides a mistake."""

    def moved(module: nn.Module, by: float = 0.1, seed: int = 1) -> nn.Module:
        draw = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter += by * torch.randn(parameter.shape, generator=draw)
        return module

    return moved


class Literal:
    """Plain arithmetic on single items: maps are (C, H, W) arrays of float64."""

    @staticmethod
    def array(x: Tensor | None) -> Array:
        assert x is not None
        return x.detach().double().numpy()

    @staticmethod
    def act(x: Array) -> Array:
        return np.where(x > 0, x, 0.2 * x)

    @staticmethod
    def gelu(x: Array) -> Array:
        return np.vectorize(lambda v: 0.5 * v * (1 + math.erf(v / math.sqrt(2))))(x)

    @staticmethod
    def softmax(x: Array) -> Array:
        weights = np.array([math.exp(v - max(x)) for v in x])
        return weights / sum(weights)

    @staticmethod
    def convolve(x: Array, weight: Array, bias: Array, stride: int = 1, dilation: int = 1) -> Array:
        """Zeros beyond the border, the kernel's middle on every stride-th pixel."""
        _, height, width = x.shape
        outputs, _, kernel, _ = weight.shape
        half = (kernel - 1) // 2
        rows, columns = -(-height // stride), -(-width // stride)
        result = np.zeros((outputs, rows, columns))
        for row in range(rows):
            for column in range(columns):
                total = bias.copy()
                for i in range(kernel):
                    for j in range(kernel):
                        y, z = row * stride + (i - half) * dilation, column * stride + (j - half) * dilation
                        if 0 <= y < height and 0 <= z < width:
                            total = total + weight[:, :, i, j] @ x[:, y, z]
                result[:, row, column] = total
        return result

    @classmethod
    def conv(cls, module: nn.Conv2d, x: Array, stride: int = 1) -> Array:
        """A plain convolution with a module's weights."""
        return cls.convolve(x, cls.array(module.weight), cls.array(module.bias), stride)

    @classmethod
    def depthwise(cls, module: nn.Conv2d, x: Array) -> Array:
        """Every channel convolved with its own kernel alone."""
        weight, bias = cls.array(module.weight), cls.array(module.bias)
        return np.concatenate([cls.convolve(x[c : c + 1], weight[c : c + 1], bias[c : c + 1]) for c in range(len(x))])

    @classmethod
    def norm(cls, x: Array, channels_a_group: int, module: nn.GroupNorm | None = None) -> Array:
        """Mean 0 and variance 1 over each group of neighbouring channels and all positions, then scale and shift."""
        result = np.empty_like(x)
        for start in range(0, len(x), channels_a_group):
            group = x[start : start + channels_a_group]
            result[start : start + channels_a_group] = (group - group.mean()) / math.sqrt(group.var() + 1e-3)
        if module is not None and module.affine:
            scale, shift = cls.array(module.weight), cls.array(module.bias)
            result = result * scale[:, None, None] + shift[:, None, None]
        return result

    @classmethod
    def residual(cls, block: Any, x: Array) -> Array:
        """A residual block of 16 channels or fewer: one normalisation group."""
        inner = cls.act(cls.norm(x, len(x), block.norm))
        return x + cls.conv(block.second, cls.act(cls.conv(block.first, inner)))

    @staticmethod
    def mean_pool(x: Array, side: int) -> Array:
        channels, height, width = x.shape
        result = np.empty((channels, height // side, width // side))
        for row in range(height // side):
            for column in range(width // side):
                block = x[:, row * side : (row + 1) * side, column * side : (column + 1) * side]
                result[:, row, column] = block.mean((1, 2))
        return result

    @staticmethod
    def centre(row: int, column: int, stride: int) -> tuple[float, float]:
        """x, y of the middle of a cell of `stride` pixels a side whose first pixel is at (column, row) * stride."""
        xs = [column * stride + i for i in range(stride)]
        ys = [row * stride + i for i in range(stride)]
        return sum(xs) / stride, sum(ys) / stride

    @staticmethod
    def read(features: Array, x: float, y: float, stride: int) -> Array:
        """Bilinear between the four nearest cells; x, y in pixels; beyond the border its nearest value."""
        _, height, width = features.shape
        column = min(max((x - (stride - 1) / 2) / stride, 0.0), width - 1.0)
        row = min(max((y - (stride - 1) / 2) / stride, 0.0), height - 1.0)
        left, top = min(int(column), width - 1), min(int(row), height - 1)
        right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
        a, b = column - left, row - top
        upper = (1 - a) * features[:, top, left] + a * features[:, top, right]
        lower = (1 - a) * features[:, bottom, left] + a * features[:, bottom, right]
        return (1 - b) * upper + b * lower

    @classmethod
    def enlarge(cls, x: Array) -> Array:
        """Twice as large, bilinearly: each new pixel reads at its own centre."""
        channels, height, width = x.shape
        result = np.empty((channels, 2 * height, 2 * width))
        for row in range(2 * height):
            for column in range(2 * width):
                result[:, row, column] = cls.read(x, column, row, 2)
        return result

    @staticmethod
    def scale(points: Array, height: int) -> float:
        """The longer of neck to either hip, else the longest bone known; at least a 16th of the frame's height."""
        longest = 0.0
        for limbs in (((1, 8), (1, 11)), LIMBS):
            for a, b in limbs:
                if not np.isnan(points[[a, b]]).any():
                    longest = max(longest, max(1.0, math.dist(points[a], points[b])))
            if longest:
                break
        return min(max(longest, height / 16), float(height))

    @staticmethod
    def bone(a: Array, b: Array, x: float, y: float) -> tuple[float, float, float]:
        """Where (x, y) lies beside the bone a-b: share of the way along, pixels across, distance in pixels.

        Across is positive to the right of someone who walks from a to b in a picture whose y points down.
        """
        dx, dy = b[0] - a[0], b[1] - a[1]
        length = max(1.0, math.hypot(dx, dy))
        along = ((x - a[0]) * dx + (y - a[1]) * dy) / length**2
        across = (-(x - a[0]) * dy + (y - a[1]) * dx) / length
        foot = min(max(along, 0.0), 1.0)
        return along, across, math.hypot(x - a[0] - foot * dx, y - a[1] - foot * dy)

    @classmethod
    def pose_maps(cls, points: Array, size: tuple[int, int], stride: int, scale: float | None = None) -> Array:
        """(18 + 3 * 17, H / stride, W / stride) of one person."""
        rows, columns = size[0] // stride, size[1] // stride
        scale = scale or cls.scale(points, size[0])
        result = np.zeros((18 + 3 * 17, rows, columns))
        for row in range(rows):
            for column in range(columns):
                x, y = cls.centre(row, column, stride)
                for joint, (px, py) in enumerate(points):
                    if not (math.isnan(px) or math.isnan(py)):
                        squared = (x - px) ** 2 + (y - py) ** 2
                        result[joint, row, column] = math.exp(-squared / (2 * (0.08 * scale) ** 2))
                for limb, (a, b) in enumerate(LIMBS):
                    if np.isnan(points[[a, b]]).any():
                        continue
                    along, across, distance = cls.bone(points[a], points[b], x, y)
                    near = math.exp(-(distance**2) / (2 * (0.15 * scale) ** 2))
                    sideways = min(max(across / scale / 0.15, -3.0), 3.0)
                    lengthways = 2 * min(max(along, -0.5), 1.5) - 1
                    result[18 + limb, row, column] = near
                    result[18 + 17 + limb, row, column] = near * lengthways
                    result[18 + 34 + limb, row, column] = near * sideways
        return result


@pytest.fixture
def literal() -> type[Literal]:
    return Literal
