"""Is a picture's person in the pose of another's? Joints by an estimator that training never saw."""

from typing import Final

import cv2
import numpy as np

from rsagan.people import Picture, Pose
from rsagan.photo.landmarks import find_one

ESTIMATOR: Final = "blazepose"
THRESHOLD: Final = 0.25  # of the length from neck to mid-hip
_BODY: Final = list(range(1, 14))  # neck to ankles; the face is judged by the head crop
_ESTIMATED_AT: Final = 512


def estimate(picture: Picture) -> Pose:
    """The joints an estimator finds in a picture of one person, in the picture's pixels.

    Raises:
        AssetError: the estimator's file cannot be had.
    """
    height, width = picture.shape[:2]
    factor = max(1, round(_ESTIMATED_AT / height))
    large = cv2.resize(picture, (width * factor, height * factor), interpolation=cv2.INTER_CUBIC)
    return find_one(np.asarray(large)).pose().resized((height, width))


def joints_right(found: Pose, truth: Pose) -> tuple[int, int]:
    """How many of the body joints that the estimator sees in the truth it sees at the same place in the result.

    The same place: nearer than a quarter of the truth's length from neck to mid-hip.

    Returns:
        (right, in all); (0, 0) where the truth's torso is not seen whole.
    """
    neck, hips = truth.points[1], truth.points[[8, 11]].mean(0)
    torso = float(np.linalg.norm(neck - hips))
    if not np.isfinite(torso):
        return 0, 0
    counted = truth.present[_BODY]
    apart = np.linalg.norm(found.points[_BODY] - truth.points[_BODY], axis=1)
    return int((apart[counted] < THRESHOLD * torso).sum()), int(counted.sum())


def mirrored_estimate(picture: Picture) -> Pose:
    """The estimate on the mirrored picture, mirrored back: how far the estimator agrees with itself."""
    return estimate(np.ascontiguousarray(picture[:, ::-1])).flipped()
