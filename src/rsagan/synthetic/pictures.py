"""Pictures of skin, cloth and hair, kept as bytes with smaller copies, and how the renderer samples them.

All pictures of a pack share one array, uint8 (slots, TEXELS, 4) sRGB and alpha: each slot holds the picture at 512
pixels and three halvings one after another. Slots are filled when first asked for.
"""

from pathlib import Path

import cv2
import numpy as np
from numba import njit

from rsagan.errors import InputError
from rsagan.synthetic.mesh import Floats, floats

SIZE = 512
LEVELS = 4
START = np.array([0, 262144, 327680, 344064], np.int32)  # where each size begins
TEXELS = 348160
NO_PICTURES = np.zeros((1, 1, 4), np.uint8)


def _linear_of_bytes() -> Floats:
    value = np.arange(256) / 255
    return floats(np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4))


LINEAR = _linear_of_bytes()


class Pictures:
    """Pictures by file name, loaded once."""

    def __init__(self, slots: int) -> None:
        self.texels = np.zeros((slots, TEXELS, 4), np.uint8)  # memory is taken when a slot is written
        self.slots: dict[str, int] = {}

    def slot(self, path: Path, islands: np.ndarray | None = None, paint: tuple[tuple[int, ...], ...] = ()) -> int:
        """Where a picture is kept. `islands` bool (512, 512) is the part in use, spread over its border; `paint`
        are boxes x0, y0, x1, y1 in 1/512 of the picture to be painted over from their surroundings.

        Raises InputError where the file is not a picture.
        """
        key = str(path)
        if key not in self.slots:
            # OpenCV itself cannot open every path on Windows.
            data = np.fromfile(path, np.uint8) if path.is_file() else np.empty(0, np.uint8)
            whole = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
            if whole is None:
                raise InputError(f"{path} is not a picture (a large-file pointer?)")
            number = len(self.slots)
            self.texels[number] = _halvings(_prepared(whole, paint), islands)
            self.slots[key] = number
        return self.slots[key]

    def light(self, slot: int, uv: Floats, level: int = 2) -> Floats:
        """Linear colour at places (N, 2), float32 (N, 3)."""
        size = SIZE >> level
        column = np.clip((uv[:, 0] * size).astype(int), 0, size - 1)
        row = np.clip((uv[:, 1] * size).astype(int), 0, size - 1)
        taken: Floats = LINEAR[self.texels[slot, START[level] + row * size + column, :3]]
        return taken


def _prepared(whole: np.ndarray, paint: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """RGBA bytes (512, 512, 4) with the boxes painted over; a large picture is shrunk weighted by its alpha."""
    if whole.dtype == np.uint16:
        whole = (whole >> 8).astype(np.uint8)
    if whole.ndim == 2:
        whole = cv2.cvtColor(whole, cv2.COLOR_GRAY2BGR)
    if whole.shape[2] == 3:
        whole = np.concatenate([whole, np.full((*whole.shape[:2], 1), 255, whole.dtype)], 2)
    if whole.shape[:2] != (SIZE, SIZE):
        whole = _shrunk(whole, (SIZE, SIZE))
    rgba = np.ascontiguousarray(whole[..., [2, 1, 0, 3]].astype(np.uint8))
    for x0, y0, x1, y1 in paint:
        box = np.zeros((SIZE, SIZE), np.uint8)
        box[y0:y1, x0:x1] = 255
        rgba[..., :3] = cv2.inpaint(np.ascontiguousarray(rgba[..., :3]), box, 3, cv2.INPAINT_TELEA)
    return rgba


def _shrunk(rgba: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    alpha = rgba[..., 3:].astype(np.float32)
    both = np.concatenate([rgba[..., :3] * alpha, alpha], 2)
    small = cv2.resize(both, size, interpolation=cv2.INTER_AREA)
    colour = small[..., :3] / np.maximum(small[..., 3:], 1e-3)
    return np.round(np.concatenate([colour, small[..., 3:]], 2)).clip(0, 255).astype(np.uint8)


def _halvings(rgba: np.ndarray, islands: np.ndarray | None) -> np.ndarray:
    """The picture and its halvings, uint8 (TEXELS, 4), colours spread to where there is no alpha or no island."""
    solid = islands is not None and islands.any()
    if solid and islands is not None:
        rgba = rgba.copy()
        rgba[..., 3] = np.where(islands, 255, 0)
    sizes = [rgba]
    while sizes[-1].shape[0] > 1:
        half = sizes[-1].shape[0] // 2
        sizes.append(_shrunk(sizes[-1], (half, half)))
    fill = sizes[-1][..., :3]
    for small in sizes[::-1]:
        fill = cv2.resize(fill, small.shape[:2], interpolation=cv2.INTER_NEAREST)
        small[..., :3] = np.where(small[..., 3:] > 0, small[..., :3], fill)
        fill = small[..., :3]
        if solid:
            small[..., 3] = 255
    return np.concatenate([small.reshape(-1, 4) for small in sizes[:LEVELS]])


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def level_for(density, blur):  # type: ignore[no-untyped-def]
    """Which copy suits subpixels of `blur` dm where the largest has `density` texels a dm."""
    step = density * blur
    if step < 1.4:
        return 0
    if step < 2.8:
        return 1
    return 2 if step < 5.6 else 3


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def opacity(pictures, slot, level, u, v):  # type: ignore[no-untyped-def]
    """Alpha 0..255 at (u, v)."""
    size = 512 >> level
    x, y = int(u * size), int(v * size)
    x, y = min(size - 1, max(0, x)), min(size - 1, max(0, y))
    return pictures[slot, START[level] + y * size + x, 3]


@njit(cache=True, nogil=True, fastmath=True)
def colour_at(pictures, slot, level, u, v, out):  # type: ignore[no-untyped-def]
    """Linear colour at (u, v), between the four nearest texels, into out (3,)."""
    size = 512 >> level
    x, y = u * size - 0.5, v * size - 0.5
    fx, fy = np.floor(x), np.floor(y)
    a, b = x - fx, y - fy
    x0, y0 = min(size - 1, max(0, int(fx))), min(size - 1, max(0, int(fy)))
    x1, y1 = min(size - 1, max(0, int(fx) + 1)), min(size - 1, max(0, int(fy) + 1))
    start = START[level]
    p, q = start + y0 * size + x0, start + y0 * size + x1
    r, s = start + y1 * size + x0, start + y1 * size + x1
    for k in range(3):
        upper = LINEAR[pictures[slot, p, k]] * (1 - a) + LINEAR[pictures[slot, q, k]] * a
        lower = LINEAR[pictures[slot, r, k]] * (1 - a) + LINEAR[pictures[slot, s, k]] * a
        out[k] = upper * (1 - b) + lower * b
