"""Trees, bushes and parked cars as cut-outs for the background."""

import cv2
import numpy as np

from rsagan.synthetic.crowd import CutOut, paste
from rsagan.synthetic.fabric import noise_table
from rsagan.synthetic.mesh import Floats, floats

SIDE = 96  # pixels of a cut-out, which shows 60 dm of a tree or a car
KINDS = 10
_CUT: dict[int, CutOut] = {}


def scatter(canvas: Floats, camera: Floats, rng: np.random.Generator, count: int, level: float) -> None:
    """Put so many of them on the floor behind the person, the far ones first, into a linear picture, in place."""
    focal, cx, cy = float(camera[12]), float(camera[13]), float(camera[14])
    rows = camera[:9].reshape(3, 3)
    for away in sorted(np.exp(rng.uniform(np.log(18), np.log(250), count)).tolist(), reverse=True):
        reach = (float(camera[11]) + away) * canvas.shape[1] / focal * 0.7
        spot = floats([rng.uniform(-reach, reach), 0, -away]) - camera[9:12]
        x, y, z = (rows @ spot).tolist()
        what = _cut_out(int(rng.integers(KINDS)))
        scale = focal / -z * float(rng.uniform(0.7, 1.5))
        tint = floats(np.exp(rng.normal(np.log(level), 0.3) + rng.normal(0, 0.12, 3)))
        paste(canvas, None, what, scale, cx + focal * x / -z, cy - focal * y / -z, tint, bool(rng.random() < 0.5))


def _cut_out(number: int) -> CutOut:
    if number not in _CUT:
        rng = np.random.default_rng((number, 0x7E3E))
        colour, cover = _car(rng) if number % 3 == 2 else _tree(rng)
        _CUT[number] = CutOut(floats(colour * cover[..., None]), floats(cover), SIDE / 60, float(SIDE - 2), False)
    return _CUT[number]


def _noise(rng: np.random.Generator, cells: float) -> Floats:
    """Smooth noise (SIDE, SIDE) in about -1..1 with so many cells across."""
    layer = noise_table()[int(rng.integers(32))]
    small = max(2, int(cells))
    return floats(cv2.resize(np.tile(layer, (2, 2))[:small, :small], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC))


def _tree(rng: np.random.Generator) -> tuple[Floats, Floats]:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    trunk_x, low = SIDE * rng.uniform(0.45, 0.55), SIDE * rng.uniform(0.45, 0.95)
    wide, centre = SIDE * rng.uniform(0.25, 0.42), low - SIDE * rng.uniform(0.2, 0.35)
    high = max(centre - 3, low - centre)
    crown = 1 - ((x - trunk_x) / wide) ** 2 - ((y - centre) / high) ** 2
    crown = crown + 0.7 * _noise(rng, 9) + 0.5 * _noise(rng, 24)
    leaves = np.clip(crown * 2.5 + 0.3, 0, 1)
    trunk = np.clip(SIDE * 0.025 * (1 + (y / SIDE)) - np.abs(x - trunk_x - 2 * _noise(rng, 4)), 0, 1) * (y > centre)
    green = floats([0.1, 0.17, 0.04]) * floats(np.exp(rng.normal(0, 0.25, 3)))
    light = 0.75 + 0.55 * (centre - y) / SIDE + 0.5 * _noise(rng, 30) + 0.3 * _noise(rng, 12)
    colour = green * np.clip(light, 0.15, 2)[..., None]
    bark = floats([0.11, 0.08, 0.06]) * (1 + 0.3 * _noise(rng, 20))[..., None]
    return floats(np.where((leaves > 0.4)[..., None], colour, bark)), floats(np.maximum(leaves, trunk))


def _car(rng: np.random.Generator) -> tuple[Floats, Floats]:
    paint = floats(np.exp(rng.uniform(np.log(0.03), np.log(0.7))) * np.exp(rng.normal(0, 0.3, 3)))
    colour = np.zeros((SIDE, SIDE, 3), np.float32) + np.minimum(paint, 0.8)
    cover = np.zeros((SIDE, SIDE), np.float32)

    def shape(points: list[tuple[float, float]]) -> np.ndarray:
        mask = np.zeros((SIDE, SIDE), np.float32)
        cv2.fillPoly(mask, [np.array([(x * SIDE, SIDE - 2 - y * SIDE) for x, y in points], np.int32)], 1.0)
        return cv2.GaussianBlur(mask, (0, 0), 0.6)

    roof = rng.uniform(0.22, 0.3)
    body = shape([(0.05, 0.04), (0.03, 0.12), (0.14, 0.15), (0.95, 0.15), (0.97, 0.04)])
    cabin = shape([(0.14, 0.13), (0.3, roof), (0.68, roof), (0.84, 0.14)])
    glass = shape([(0.22, 0.155), (0.33, roof - 0.02), (0.65, roof - 0.02), (0.76, 0.155)])
    cover = np.maximum(body, cabin)
    y = np.linspace(1, 0, SIDE, dtype=np.float32)[:, None, None]
    colour = colour * (0.5 + 2.6 * y)
    colour += (floats([0.06, 0.07, 0.08]) + 0.3 * y - colour) * glass[..., None]
    for middle in (0.22, 0.78):
        wheel = np.zeros((SIDE, SIDE), np.float32)
        cv2.circle(wheel, (int(middle * SIDE), SIDE - 7), 6, 1.0, -1)
        colour += (0.02 - colour) * wheel[..., None]
        cover = np.maximum(cover, wheel)
    return floats(colour), floats(cover)
