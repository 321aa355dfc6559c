"""People and their joints by the extra `rtmlib`, as `landmarks.find_people` gives them.

YOLOX finds people, RTMPose their 17 joints of COCO. What RTMPose does not draw, the outline and a second belief that
there is a person, comes from BlazePose's landmark network, which is shown each of them.
"""

import contextlib
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsagan.errors import AssetError, InputError
from rsagan.people import Picture
from rsagan.photo.landmarks import Detection, look_round

# Where BlazePose's 33 landmarks have COCO's joints: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles.
_COCO: Final = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
_TRUNK: Final = [5, 6, 11, 12]  # of COCO
_THERE: Final = 0.3  # score of a joint that lies in the photo, hidden or not
_MARGIN: Final = 1.1  # of the circle round the body beyond the farthest joint


def find_people(photo: Picture, near: tuple[float, float] | None = None) -> list[Detection]:
    """Everybody whom rtmlib sees, largest first; as `landmarks.find_people`, but for `near`, which it does not need.

    Args:
        photo: uint8 (H, W, 3) RGB.

    Raises:
        InputError: rtmlib is not installed. AssetError: its networks, or BlazePose's, cannot be had.
    """
    points, scores = _networks()(np.ascontiguousarray(photo[..., ::-1]))
    found = [_person(photo, *each) for each in zip(points, scores, strict=True) if each[1][_TRUNK].max() > _THERE]
    return sorted(found, key=lambda person: -person.height)


def _person(photo: Picture, points: NDArray[Any], scores: NDArray[Any]) -> Detection:
    """A detection with the joints (17, 2) and their scores (17,), about 0..1."""
    hips, shoulders = points[11:13].mean(0), points[5:7].mean(0)
    up = shoulders - hips
    reach = _MARGIN * np.linalg.norm(points[scores > _THERE] - hips, axis=1).max()
    seen = look_round(photo, hips, hips + up * reach / max(float(np.linalg.norm(up)), 1e-6), float(scores.mean()))
    at = list(_COCO)
    placed, visibility, presence = seen.points.copy(), seen.visibility.copy(), seen.presence.copy()
    placed[at], visibility[at] = points, np.clip(scores, 0, 1)
    presence[at] = scores > _THERE
    return replace(seen, points=placed, visibility=visibility, presence=presence)


@cache
def _networks() -> Callable[[Picture], tuple[NDArray[Any], NDArray[Any]]]:
    """rtmlib's two networks: from a picture, blue first, to joints (P, 17, 2) and scores (P, 17)."""
    try:
        from rtmlib import Body
    except ImportError as error:
        raise InputError('rtmlib is not installed; `pip install "rsagan[rtmlib]"` brings it.') from error
    try:
        with contextlib.redirect_stdout(sys.stderr):  # it speaks while it loads
            body: Callable[[Picture], tuple[NDArray[Any], NDArray[Any]]] = Body(mode="balanced")
    except Exception as error:  # whatever a download or a damaged file ends in
        raise AssetError(
            f"rtmlib's networks cannot be had ({error}); it fetches them itself once there is internet, and the joint "
            "estimator blazepose needs none."
        ) from error
    return body
