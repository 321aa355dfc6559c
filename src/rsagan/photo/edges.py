"""The edge of a person, where a pixel mixes their colour with what lies behind them."""

import numpy as np
from numpy.typing import NDArray

from rsagan.people import Picture

Pixels = NDArray[np.float32]

_RIM = 1 / 100  # of the frame's height: so broad an edge mixes both
_ALIKE = 30  # colours that differ less, in 0..255, cannot be told from each other
_KNOWN = 1e-3  # least weight of colours near by
_OUTSIDE, _INSIDE = 0.3, 0.5  # outline at which a pixel is background, and mostly person


def unmixed(picture: Pixels, inside: NDArray[np.bool_], behind: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """What the person's own colours at their edge are, and how much of each pixel they make.

    What lies between the colours next to it inside and those behind is a mixture of the two; what does not, such as
    dark hair round a face, is the person's.

    Args:
        picture: float32 (H, W, 3), 0..255.
        inside: bool (H, W), the person with their edge.
        behind: float32 (3,) or (H, W, 3), the colours behind; NaN where they are not known.

    Returns:
        float32: the picture with the person's own colours (H, W, 3); the share of them (H, W, 1), 0..1; how surely
        that is known (H, W, 1), 0..1: 0 far outside, and where both colours are alike.
    """
    own, known, sure = _next_to(picture, inside)
    apart = np.where(known & ~sure & ~np.isnan(behind), own - behind, 0)
    length = np.linalg.norm(apart, axis=2, keepdims=True)
    beyond = picture - np.nan_to_num(behind)
    share = np.clip((beyond * apart).sum(2, keepdims=True) / np.maximum(length, 1) ** 2, 0, 1)
    off = np.linalg.norm(beyond - share * apart, axis=2, keepdims=True)
    mixture = np.clip(2 - off / _ALIKE, 0, 1)
    told = np.where(sure, 1, mixture * np.clip(length / _ALIKE - 1, 0, 1))
    return picture + mixture * (1 - share) * apart, np.where(sure, 1, share), told


def freed(picture: Picture, mask: NDArray[np.float32]) -> Picture:
    """A photo's frame whose edge round the person has no colours of the background: uint8 (H, W, 3).

    Args:
        picture: uint8 (H, W, 3). mask: float32 (H, W), the person's soft outline.
    """
    pixels = picture.astype(np.float32)
    behind, known, _ = _next_to(pixels, mask < _OUTSIDE)
    own, _, _ = unmixed(pixels, mask > _INSIDE, np.where(known, behind, np.float32(np.nan)))
    return np.asarray(np.clip(own + 0.5, 0, 255), np.uint8)


def _next_to(picture: Pixels, where: NDArray[np.bool_]) -> tuple[Pixels, NDArray[np.bool_], NDArray[np.bool_]]:
    """The colours of a region carried over its edge: (H, W, 3), where they are known and where they are its own."""
    import cv2

    reach = _RIM * picture.shape[0]
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(reach) + 1,) * 2)
    sure = cv2.erode(where.astype(np.uint8), disc).astype(np.float32)[..., None]
    near = cv2.GaussianBlur(np.concatenate([picture * sure, sure], axis=2), (0, 0), reach)
    weight = near[..., 3:]
    return near[..., :3] / np.maximum(weight, _KNOWN / 10), weight > _KNOWN, sure > 0
