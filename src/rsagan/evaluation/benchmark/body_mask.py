"""The mask round a body that Ma et al. 2017 and PATN's scripts put on Market-1501's pictures."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

RADIUS: Final = 4  # of joints, and half the width of limbs, in pixels
_CLOSING: Final = 5
_LIMBS: Final = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17), (1, 16), (1, 17), (8, 11), (11, 5), (8, 2), (16, 17),
)  # fmt: skip


def body_mask(points: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.bool_]:
    """bool (H, W): discs round the joints and bars between them, small gaps closed.

    Args:
        points: (18, 2), x and y in pixels, NaN = missing. size: (height, width).
    """
    y, x = np.indices(size, np.float64)
    pixels = np.stack([x, y], -1)
    mask = np.zeros(size, bool)
    for a, b in _LIMBS:
        along = points[b].astype(np.float64) - points[a]
        length = float(np.linalg.norm(along))
        if not length > 0:  # also where a joint is missing
            continue
        away, unit = pixels - points[a], along / length
        forward, sideways = away @ unit, away @ np.array([-unit[1], unit[0]])
        mask |= (forward >= -1e-9) & (forward <= length + 1e-9) & (np.abs(sideways) <= RADIUS + 1e-9)
    for point in points[~np.isnan(points[:, 0])]:
        mask |= np.square(pixels - point).sum(-1) < RADIUS**2
    square = np.ones((_CLOSING, _CLOSING), np.uint8)
    return np.asarray(cv2.erode(cv2.dilate(mask.astype(np.uint8), square), square) > 0)
