"""From the frames that circulate to the frame wanted: pictures, region maps and joints alike.

DeepFashion's pictures are square with the person in the middle, or tall as they were taken. `crop` takes the middle
columns of square ones (176 of 256); `squash` stretches tall ones, which are nearly shaped like that, or squashes them
into a square, as GFLA and PIDM do. The results are different pictures, so the choice is part of a prepared folder's
name of itself.
"""

from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsagan.errors import InputError
from rsagan.people import Picture

Fit = Literal["crop", "squash"]
_MOST_STRETCH: Final = 0.1
_SQUARE, _NARROW = 256, 176  # sides of the square frame, and of its middle columns


def fit_picture(
    picture: Picture, size: tuple[int, int], fit: Fit, where: str, squashed: bool = False, fixed: bool = False
) -> Picture:
    """A picture in the frame of `size` (height, width), by Pillow's bicubic kernel; of that size, it stays as it is.

    Args:
        squashed: it was a tall one, whatever shape it has by now: so are those of archives.
        fixed: messages shall name no options, for there are none.

    Raises:
        InputError: `crop` of a picture that is not square; `squash` that would stretch by more than a tenth; a picture
            that would have to be enlarged by more than a tenth.
    """
    height, width = size
    given, upright = picture.shape[:2], _upright(size)
    if given == tuple(size) == upright and not squashed:
        return picture
    if given[0] * (1 + _MOST_STRETCH) < height:
        named, smaller = ("", "") if fixed else ("--size ", " or a smaller --size")
        raise InputError(
            f"{where} is {given[0]}x{given[1]}, too small for {named}{height}x{width}; take larger pictures{smaller}."
        )
    if squashed and fit == "crop":
        raise InputError(f"{where} was squashed from a tall picture, as all of an archive are; use `--fit squash`.")
    if given[0] * upright[1] == given[1] * upright[0] or (squashed and given[0] == given[1]):
        return _resized(picture, size)
    if fit == "crop":
        if given[0] != given[1]:
            raise InputError(
                f"{where} is {given[0]}x{given[1]}: `crop` takes the middle of square pictures; use `--fit squash`."
            )
        return np.ascontiguousarray(_middle(_resized(picture, (height, height)), width))
    if _stretch(given, upright) > _MOST_STRETCH:
        if fixed:
            raise InputError(f"{where} is {given[0]}x{given[1]}, which is not shaped like {upright[0]}x{upright[1]}.")
        other = "; use `--fit crop`" if given[0] == given[1] else ""
        raise InputError(
            f"{where} is {given[0]}x{given[1]}: `squash` is for pictures shaped like {upright[0]}x{upright[1]}, and "
            f"would stretch it by {_stretch(given, upright):.0%}{other}."
        )
    return _resized(picture, size)


def fit_labels(labels: NDArray[np.uint8], size: tuple[int, int], where: str) -> NDArray[np.uint8]:
    """A map of class numbers in the frame: the middle of a square one, a tall one stretched; nearest neighbours.

    Raises:
        InputError: a map of another shape.
    """
    given, (height, width) = labels.shape, _upright(size)
    if given[0] == given[1]:
        labels = _middle(_nearest(labels, (height, height)), width)
    elif _stretch((given[0], given[1]), (height, width)) > _MOST_STRETCH:
        raise InputError(f"{where} is {given[0]}x{given[1]}, which is neither square nor shaped like {height}x{width}.")
    return np.ascontiguousarray(_nearest(labels, size))


def fit_points(points: NDArray[np.floating], frame: tuple[int, int], size: tuple[int, int]) -> NDArray[np.float32]:
    """Joints of a list's frame, 256x256 or the pictures' own shape, in the frame of `size`.

    Coordinates are multiplied as the lists' own readers do, so between sizes they are off by up to half a pixel.

    Args:
        points: (18, 2), x and y, NaN = missing. frame: (height, width) they are given in.

    Returns:
        float32 (18, 2); joints may lie outside the frame.
    """
    moved = points.astype(np.float64)
    if frame[0] == frame[1]:
        moved = moved - [(_SQUARE - _NARROW) // 2, 0]
        frame = (_SQUARE, _NARROW)
    scale = np.array([size[1] / frame[1], size[0] / frame[0]])
    return (moved * scale).astype(np.float32)


def outside(points: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.bool_]:
    """bool (18,): joints that are there but not in the frame."""
    x, y = points.T
    with np.errstate(invalid="ignore"):
        return np.asarray((x < -0.5) | (x > size[1] - 0.5) | (y < -0.5) | (y > size[0] - 0.5))


def _upright(size: tuple[int, int]) -> tuple[int, int]:
    """The shape that pictures have before they are squashed into a square: 256x176; any other size is its own."""
    return (_SQUARE, _NARROW) if tuple(size) == (_SQUARE, _SQUARE) else (size[0], size[1])


def _middle(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    left = (image.shape[1] - width) // 2
    return image[:, left : left + width]


def _stretch(given: tuple[int, ...], size: tuple[int, int]) -> float:
    ratio = given[0] * size[1] / (given[1] * size[0])
    return max(ratio, 1 / ratio) - 1


def _resized(picture: Picture, size: tuple[int, int]) -> Picture:
    if picture.shape[:2] == tuple(size):
        return picture
    return np.asarray(Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BICUBIC))


def _nearest(labels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if labels.shape == tuple(size):
        return labels
    return np.asarray(cv2.resize(labels, (size[1], size[0]), interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)
