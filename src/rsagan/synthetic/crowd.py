"""Other people: small cut-outs of a few dozen strangers, pasted behind or before a person."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from rsagan.synthetic.mesh import Floats, floats

STRANGERS = 24  # how many differ; flips, sizes and light make more of them
FIRST = 1 << 40  # above the seeds of a folder's people; those of streamed ones, of 64 bits, all but never meet them
TALL, WIDE = 144, 88  # pixels of a stranger's cut-out


@dataclass(frozen=True)
class CutOut:
    """A stranger: linear colour times coverage (H, W, 3), coverage (H, W), scale in pixels a dm, row of the soles."""

    colour: Floats
    coverage: Floats
    scale: float
    soles: float
    bare: bool  # clothes about as dark and as coloured as the skin: from afar somebody undressed


_CUT: dict[int, CutOut] = {}
Photograph = Callable[[int, tuple[int, int]], CutOut]


def cut_out(number: int, photograph: Photograph) -> CutOut:
    """The cut-out of a stranger, photographed once a process."""
    if number not in _CUT:
        for another in range(4):
            _CUT[number] = photograph(FIRST + STRANGERS * another + number, (TALL, WIDE))
            if not _CUT[number].bare:
                break
    return _CUT[number]


def paste(
    canvas: Floats, alpha: Floats | None, who: CutOut, scale: float, x: float, soles: float, tint: Floats, flip: bool,
    blur: float = 0.0,
) -> None:  # fmt: skip
    """Put a cut-out onto a linear picture (H, W, 3), in place, its soles at row `soles` and its middle at column `x`.

    `scale` is in pixels a dm; `alpha` (H, W), where given, gathers what the cut-out covers.
    """
    height, width = canvas.shape[:2]
    ratio = scale / who.scale
    both = np.concatenate([who.colour * tint, who.coverage[..., None]], 2)
    if flip:
        both = both[:, ::-1]
    tall, wide = both.shape[:2]
    if ratio < 0.6:
        small = (max(2, round(wide * ratio)), max(2, round(tall * ratio)))
        both = cv2.resize(np.ascontiguousarray(both), small, interpolation=cv2.INTER_AREA)
    zoom_y, zoom_x = ratio * tall / both.shape[0], ratio * wide / both.shape[1]
    move = np.array([[zoom_x, 0, x - ratio * wide / 2], [0, zoom_y, soles - ratio * who.soles]], np.float32)
    laid = cv2.warpAffine(np.ascontiguousarray(both), move, (width, height), flags=cv2.INTER_LINEAR)
    if blur > 0.3:
        laid = cv2.GaussianBlur(laid, (0, 0), blur)
    cover = laid[..., 3:4]
    canvas *= 1 - cover
    canvas += laid[..., :3]
    if alpha is not None:
        np.maximum(alpha, cover[..., 0], out=alpha)


def behind(
    canvas: Floats, camera: Floats, rng: np.random.Generator, count: int, photograph: Photograph, level: float
) -> None:
    """Strangers on the floor behind the person, the far ones first."""
    focal, cx, cy = float(camera[12]), float(camera[13]), float(camera[14])
    rows = camera[:9].reshape(3, 3)
    for away in sorted(np.exp(rng.uniform(np.log(6), np.log(90), count)).tolist(), reverse=True):
        who = cut_out(int(rng.integers(STRANGERS)), photograph)
        reach = (float(camera[11]) + away) * canvas.shape[1] / focal * 0.55
        spot = floats([rng.uniform(-reach, reach), 0, -away]) - camera[9:12]
        x, y, z = (rows @ spot).tolist()
        tint = floats(np.exp(rng.normal(np.log(level), 0.25) + rng.normal(0, 0.04, 3)))
        paste(canvas, None, who, focal / -z, cx + focal * x / -z, cy - focal * y / -z, tint, bool(rng.random() < 0.5))


def in_front(
    canvas: Floats, alpha: Floats, camera: Floats, rng: np.random.Generator, photograph: Photograph, level: float
) -> None:
    """A stranger nearer than the person, mostly an arm or a shoulder at the picture's edge, out of focus."""
    focal, cx, cy = float(camera[12]), float(camera[13]), float(camera[14])
    height, width = canvas.shape[:2]
    nearer = float(camera[11]) * float(rng.uniform(0.45, 0.85))
    # On the floor, as in `behind`, whichever way the camera looks.
    _, up, towards = (camera[:9].reshape(3, 3) @ floats([0, -float(camera[10]), -nearer])).tolist()
    scale = focal / -towards
    side = 1 if rng.random() < 0.5 else -1
    who = cut_out(int(rng.integers(STRANGERS)), photograph)
    x = cx + side * (width * float(rng.uniform(0.38, 0.62)) + 1.2 * scale)
    soles = cy - up * scale
    tint = floats(np.exp(rng.normal(np.log(level), 0.25) + rng.normal(0, 0.04, 3)))
    paste(
        canvas, alpha, who, scale, x, soles, tint, bool(rng.random() < 0.5), float(rng.uniform(0.2, 1.6)) * height / 176
    )
