"""How a camera is held: how far away, how high, how tight the crop."""

from dataclasses import dataclass

import numpy as np

from rsagan.synthetic import raster
from rsagan.synthetic.mesh import Floats, floats
from rsagan.synthetic.skeleton import turn

Range = tuple[float, float]


@dataclass(frozen=True)
class Framing:
    """Ranges that a camera is drawn from. Lengths are dm, angles degrees.

    Attributes:
        crops: weights of full body, three quarters, half body.
        distance: to the person. rise: angle from the person's middle up to the camera.
        fill: share of the height that the crop takes. shift: spread of the middle, as a share of the width.
        cut: chance that a full body is cut at head, feet or a side; roll: spread of a tilted horizon.
    """

    crops: tuple[float, float, float] = (0.58, 0.2, 0.22)
    distance: Range = (28.0, 60.0)
    rise: Range = (-6.0, 28.0)
    fill: Range = (0.78, 0.98)
    shift: float = 0.04
    cut: float = 0.0
    roll: float = 1.5


def frame_up(
    framing: Framing, position: Floats, points: Floats, rng: np.random.Generator, size: tuple[int, int]
) -> Floats:
    """A camera (15,), see raster.project, for a person's posed points (N, 3) and joints (18, 3)."""
    height, width = size
    share = np.array(framing.crops)
    crop = int(rng.choice(3, p=share / share.sum()))
    distance = float(np.exp(rng.uniform(*np.log(framing.distance))))
    top = float(position[:, 1].max())
    middle = top * (0.55, 0.65, 0.75)[crop]
    rise = np.radians(rng.uniform(*framing.rise))
    eye = floats([0, max(2.5, middle + distance * np.sin(rise)), distance * np.cos(rise)])
    pitch = float(np.arctan2(eye[1] - middle, eye[2]))
    rotation = turn("z", float(np.radians(rng.normal(0, framing.roll)))) @ turn("x", pitch)
    flat = raster.flattened(position, eye, rotation)
    marks = (points - eye) @ rotation.T
    marks = marks[:, :2] / -marks[:, 2:3]
    high, low = float(flat[:, 1].max()), float(flat[:, 1].min())
    if crop:
        hip, knee = float(marks[[8, 11], 1].mean()), float(marks[[9, 12], 1].min())
        level = hip + (knee - hip) * float(rng.uniform(0.5, 1.1) if crop == 1 else rng.uniform(-0.15, 0.45))
        low = max(low, min(level, hip - 0.15 * (high - hip)))
    chosen = flat[:, 1] >= low
    left, right = float(flat[chosen, 0].min()), float(flat[chosen, 0].max())
    fill = float(rng.uniform(*framing.fill))
    focal = height * fill / (high - low)
    focal = min(focal, width * (0.97 if not crop else 1.1) / (right - left))
    space = height - focal * (high - low)
    above = space * float(rng.uniform(0.3, 0.7)) if not crop else min(space, height * float(rng.uniform(0.02, 0.12)))
    cx = (width - 1) / 2 - focal * (left + right) / 2 + width * float(rng.normal(0, framing.shift))
    if not crop and rng.random() < framing.cut:
        zoom = float(rng.uniform(1.03, 1.3))
        focal, cx = focal * zoom, (cx - (width - 1) / 2) * zoom + (width - 1) / 2
        above -= height * (zoom - 1) * float(rng.uniform(0.0, 1.0))
        cx += width * float(rng.normal(0, 0.08))
    cy = above + focal * high - 0.5
    return np.concatenate([rotation.ravel(), eye, [focal, cx, cy]]).astype(np.float32)
