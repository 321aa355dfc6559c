"""The human parser: from picture, joints and outline to the 8 regions, and which way the person faces.

The picture runs through the first stages of EfficientNet-Lite0 (batch normalisations folded into the convolutions);
joints and outline join on the way back up, and say which of several people is meant. Joints may be missing, the
outline may be empty or ragged: training has seen both.

Letters: B batch, H x W frame, multiples of 8, best about 256 high; sK a map at 1/K of the frame.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from rsagan.errors import InputError
from rsagan.files import replacing
from rsagan.network.layers import channels_last, norm
from rsagan.network.pose_maps import POSE_CHANNELS, pose_maps
from rsagan.people import FACINGS, NUM_JOINTS, NUM_REGIONS, Parsing, Picture, Pose
from rsagan.people.head import FACE

HEIGHT: Final = 256  # frames of another height are parsed at this one
FORMAT: Final = 1
_ISLAND: Final = 0.006  # of the person's pixels; a smaller piece of a region apart from the rest of it is a mistake
_MIRRORED: Final = [0, 3, 2, 1]  # of `FACINGS`
# EfficientNet-Lite0's blocks: kernel, stride, channels out; all but the first expand their input sixfold.
_BLOCKS: Final = (
    (3, 1, 16),
    (3, 2, 24), (3, 1, 24),
    (5, 2, 40), (5, 1, 40),
    (3, 2, 80), (3, 1, 80), (3, 1, 80), (5, 1, 112), (5, 1, 112), (5, 1, 112),
    (5, 2, 192), (5, 1, 192), (5, 1, 192), (5, 1, 192),
)  # fmt: skip
_LEVELS: Final = {0: 2, 2: 4, 4: 8, 10: 16, 14: 32}  # the last block of each stride
_CHANNELS: Final = {2: 16, 4: 24, 8: 40, 16: 112, 32: 192}
_WIDTHS: Final = {4: 48, 8: 64, 16: 96, 32: 128}
_GEOMETRY: Final = {4: 48, 8: 64, 16: 64, 32: 64}


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow does: on even sides a stride of 2 pads right and below only."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:
            return F.conv2d(x, self.weight, self.bias, 1, kernel // 2, 1, self.groups)
        pads = [max(0, (-(-side // stride) - 1) * stride + kernel - side) for side in (x.shape[3], x.shape[2])]
        x = F.pad(x, [half for pad in pads for half in (pad // 2, pad - pad // 2)])
        return F.conv2d(x, self.weight, self.bias, stride, 0, 1, self.groups)


class Inverted(nn.Module):
    """Widen, look round a pixel channel by channel, narrow; beside the identity where the shape stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = inputs * expand
        self.widen = SameConv(inputs, wide, 1) if expand > 1 else None
        self.look = SameConv(wide, wide, kernel, stride, groups=wide)
        self.narrow = SameConv(wide, outputs, 1)
        self.identity = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        wide = x if self.widen is None else F.relu6(self.widen(x))
        out = self.narrow(F.relu6(self.look(wide)))
        return x + out if self.identity else out


class Encoder(nn.Module):
    """EfficientNet-Lite0 down to s32, without batch normalisation: its weights have it folded in."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv(3, 32, 3, 2)
        self.blocks = nn.ModuleList()
        inputs = 32
        for k, (kernel, stride, outputs) in enumerate(_BLOCKS):
            self.blocks.append(Inverted(inputs, outputs, kernel, stride, 6 if k else 1))
            inputs = outputs

    def forward(self, picture: Tensor) -> dict[int, Tensor]:
        """Maps by stride, 2 to 32. `picture` is float (B, 3, H, W), 0..255."""
        x = F.relu6(self.stem((picture - 127) / 128))
        found = {}
        for k, block in enumerate(self.blocks):
            x = block(x)
            if k in _LEVELS:
                found[_LEVELS[k]] = x
        return found


class Mix(nn.Module):
    """Look round a pixel channel by channel, then mix the channels; beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.norm = norm(channels)
        self.widen = nn.Conv2d(channels, 2 * channels, 1)
        self.narrow = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.narrow(F.relu(self.widen(self.norm(self.look(x)))))


class Parser(nn.Module):
    """See the module's head."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.geometry = nn.ModuleDict({"4": nn.Conv2d(POSE_CHANNELS + 1, _GEOMETRY[4], 1)})
        for stride in (8, 16, 32):
            self.geometry[str(stride)] = nn.Conv2d(_GEOMETRY[stride // 2], _GEOMETRY[stride], 3, 2, 1)
        self.skips, self.hints, self.mixes, self.downs = (nn.ModuleDict() for _ in range(4))
        for stride, width in _WIDTHS.items():
            self.skips[str(stride)] = nn.Conv2d(_CHANNELS[stride], width, 1)
            self.hints[str(stride)] = nn.Conv2d(_GEOMETRY[stride], width, 1)
            self.mixes[str(stride)] = nn.Sequential(Mix(width), Mix(width))
            if stride < 32:
                self.downs[str(stride)] = nn.Conv2d(_WIDTHS[2 * stride], width, 1)
        self.fine = nn.ModuleDict({
            "down": nn.Conv2d(_WIDTHS[4], 24, 1), "skip": nn.Conv2d(_CHANNELS[2], 24, 1),
            "outline": nn.Conv2d(1, 24, 3, padding=1), "mix": nn.Conv2d(24, 24, 3, padding=1),
        })  # fmt: skip
        self.head = nn.Conv2d(24, NUM_REGIONS, 1)
        pooled = 2 * _WIDTHS[16] + 3 * NUM_JOINTS
        self.facing = nn.Sequential(nn.Linear(pooled, 64), nn.ReLU(), nn.Linear(64, len(FACINGS)))

    def forward(self, picture: Tensor, points: Tensor, outline: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of regions (B, 8, H, W) and of `FACINGS` (B, 4).

        Args:
            picture: float32 (B, 3, H, W), RGB, 0..255.
            points: float32 (B, 18, 2), joints in pixels, NaN = missing.
            outline: float32 (B, 1, H, W), 0..1.
        """
        seen = self.encoder(picture)
        maps = pose_maps(points, (picture.shape[2], picture.shape[3]), 4)
        hint = torch.cat([maps, F.avg_pool2d(outline, 4)], 1)
        hints = {}
        for stride in _WIDTHS:
            hint = F.relu(self.geometry[str(stride)](hint))
            hints[stride] = hint
        x: Tensor | None = None
        facing = picture.new_zeros(0)
        for stride in (32, 16, 8, 4):
            here = self.skips[str(stride)](seen[stride]) + self.hints[str(stride)](hints[stride])
            if x is not None:
                here = here + _to(self.downs[str(stride)](x), here)
            x = self.mixes[str(stride)](here)
            if stride == 16:
                facing = self.facing(_pooled(x, maps, outline, points))
        assert x is not None
        fine = self.fine["skip"](seen[2]) + self.fine["outline"](F.avg_pool2d(outline, 2))
        fine = F.relu(fine + _to(self.fine["down"](x), fine))
        logits = self.head(F.relu(self.fine["mix"](fine)))
        return _to(logits, picture), facing


def _to(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)


def _pooled(x: Tensor, maps: Tensor, outline: Tensor, points: Tensor) -> Tensor:
    """What tells the facing: means over the outline and round the face's joints, and the joints themselves."""
    size = (x.shape[2], x.shape[3])
    head = F.adaptive_avg_pool2d(maps[:, FACE].amax(1, keepdim=True), size)
    body = F.adaptive_avg_pool2d(outline, size) + 0.01
    means = [(x * weight).sum((2, 3)) / (weight.sum((2, 3)) + 0.01) for weight in (body, head)]
    present = ~torch.isnan(points).any(-1, keepdim=True)
    xy = torch.nan_to_num(points)
    count = present.sum(1, keepdim=True).clamp(min=1)
    xy = (xy - (xy * present).sum(1, keepdim=True) / count) * present
    spread = (xy.square().sum((1, 2), keepdim=True) / count).sqrt().clamp(min=1)
    return torch.cat([*means, (xy / spread).flatten(1), present.flatten(1).float()], 1)


@dataclass(frozen=True, eq=False)
class Parsed:
    """What the parser says about a person.

    Attributes:
        parsing: uint8 (H, W) of regions.
        outline: float32 (H, W), 0..1: how much of each pixel is the person.
        facings: float32 (4,), the probability of each of `FACINGS`.
    """

    parsing: Parsing
    outline: NDArray[np.float32]
    facings: NDArray[np.float32]


@torch.inference_mode()
def parse(picture: Picture, pose: Pose, outline: NDArray[np.float32], parser: Parser | None = None) -> Parsed:
    """The regions of one person who fills the frame, and which way they face.

    Picture and mirror image are judged together; where an outline is given, it has half of the say on who is person
    and who is background.

    Args:
        picture: uint8 (H, W, 3) RGB. pose: in its pixels.
        outline: float32 (H, W), 0..1; all 0 where nothing is known.
        parser: instead of the shipped one.
    """
    height, width = picture.shape[:2]
    size = (HEIGHT, max(8, round(width * HEIGHT / height / 8) * 8))
    fits = size == (height, width)
    small = picture if fits else cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)
    soft = outline if fits else cv2.resize(outline, size[::-1], interpolation=cv2.INTER_AREA)
    posed = pose.resized(size)
    logits, facing = (parser or shipped())(
        torch.from_numpy(np.stack([small, small[:, ::-1]])).permute(0, 3, 1, 2).float(),
        torch.from_numpy(np.stack([posed.points, posed.flipped().points])),
        torch.from_numpy(np.stack([soft, soft[:, ::-1]]).astype(np.float32))[:, None],
    )
    logits = F.interpolate(logits, size=(height, width), mode="bilinear", align_corners=False)
    both = logits.softmax(1)
    shares = ((both[0] + both[1].flip(2)) / 2).numpy()
    person = 1 - shares[0]
    if outline.any():
        person = (person + outline) / 2
    regions = _without_islands(np.where(person > 0.5, shares[1:].argmax(0) + 1, 0), shares)
    turned = facing.softmax(1).numpy()
    return Parsed(regions, person, (turned[0] + turned[1][_MIRRORED]) / 2)


def _without_islands(regions: NDArray[np.integer], shares: NDArray[np.float32]) -> Parsing:
    """Specks of a region, but for its largest piece, become what is next likeliest there; background stays.

    Args:
        regions: (H, W). shares: (8, H, W), how likely each region is.
    """
    out = regions.astype(np.uint8)
    least = _ISLAND * (regions > 0).sum()
    for region in range(1, NUM_REGIONS):
        _, pieces, stats, _ = cv2.connectedComponentsWithStats((regions == region).astype(np.uint8), connectivity=4)
        areas = stats[:, cv2.CC_STAT_AREA]
        small = areas < min(least, areas[1:].max(initial=0))
        small[0] = False
        specks = small[pieces]
        others = shares[:, specks]
        others[[0, region]] = 0
        out[specks] = others.argmax(0)
    return out


@cache
def shipped() -> Parser:
    """The parser that comes with the package."""
    return load(Path(str(files("rsagan") / "weights" / "parser.safetensors")))


def save(path: Path, parser: Parser, summary: dict[str, Any]) -> None:
    """Write the weights as float16, whole or not at all; `summary` is JSON-able and says how they were trained."""
    header = {**summary, "format_version": FORMAT}
    tensors = {name: value.detach().to(torch.float16).contiguous() for name, value in parser.state_dict().items()}
    with replacing(path) as temporary:
        temporary.write_bytes(to_bytes(tensors, metadata={"rsagan-parser": json.dumps(header)}))


def load(path: Path) -> Parser:
    """A parser ready for use.

    Raises:
        InputError: no such file, or not a parser's weights of this version.
    """
    parser = Parser()
    try:
        with safe_open(str(path), framework="pt") as file:
            header = json.loads((file.metadata() or {}).get("rsagan-parser", "{}"))
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} is not a readable parser: {reason}.") from error
    shapes, expected = ({name: t.shape for name, t in each.items()} for each in (tensors, parser.state_dict()))
    if not isinstance(header, dict) or header.get("format_version") != FORMAT or shapes != expected:
        raise InputError(f"{path} is not a parser of this version.")
    parser.load_state_dict(tensors)
    return channels_last(parser).eval().requires_grad_(False)
