"""BlazePose's joints, moved to where the pictures that the generator has learnt from have them.

Measured on rendered people, whose joints are known (`benchmarks/joints.py`): BlazePose sets shoulders on top of the
shoulder instead of into it, the nose higher, and the ears well inside the head's outline. Of whom the camera looks
down upon, it sets the hips too low: where straight legs come out short, they are found lower the shorter these are.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.people import Pose
from rsagan.people.pose import NECK
from rsagan.people.retarget import middle_of_hips, torso_length

# How far a joint is moved towards the hips, in torsos (neck to middle of hips): the median of rendered people.
_LOWER: Final = {0: 0.036, NECK: 0.09, 2: 0.09, 5: 0.09, 14: 0.02, 15: 0.02}
_EARS: Final = [16, 17]
_EARS_APART: Final = 1.26
_HIPS: Final = [8, 11]
_LEGS: Final = ((8, 9, 10), (11, 12, 13))
_LEG: Final = 1.3  # torsos; straight legs that come out shorter are seen from above
_HIPS_LOW: Final = 0.5  # torsos that hips are found too low for each torso that legs are shorter than that
_LOWEST: Final = 0.2  # torsos, at most


def as_rendered(pose: Pose) -> Pose:
    """A pose as BlazePose finds it, with joints where rendered people have them.

    Of a back only the hips are moved; a body that shows too little to tell its size is left as it is, and so is a joint
    that would leave the frame.
    """
    torso = torso_length(pose)
    if torso is None:
        return pose
    points = pose.points.astype(np.float64)
    trunk = middle_of_hips(points) - points[NECK]
    length = float(np.linalg.norm(trunk))
    down = trunk / length if length > 0 else np.array([0.0, 1.0])  # also where hips are hidden
    raised = _too_low(points, length)
    if pose.facing != "back":
        for joint, share in _LOWER.items():
            points[joint] += share * torso * down
        between = points[_EARS].mean(0)
        if not np.isnan(between).any():
            points[_EARS] = between + _EARS_APART * (points[_EARS] - between)
    if raised:
        points[_HIPS] -= raised * length * down
    moved = replace(pose, points=points.astype(np.float32))
    inside = moved.without_outside().present
    return replace(pose, points=np.where(inside[:, None], moved.points, pose.points))


def _too_low(points: NDArray[np.float64], torso: float) -> float:
    """By how many torsos, of a length in pixels, hips are found too low; 0 of bent legs, and of thighs seen end on."""
    found = [0.0]
    for hip, knee, ankle in _LEGS:
        thigh, shin = points[knee] - points[hip], points[ankle] - points[knee]
        lengths = np.linalg.norm([thigh, shin], axis=1)
        if not np.isfinite(lengths).all() or not min(torso, *lengths) > 0:
            continue
        bent = np.degrees(np.arccos(np.clip(thigh @ shin / lengths.prod(), -1, 1)))
        stands = np.interp(bent, (20, 40), (1, 0)) * np.interp(lengths[0] / lengths[1], (0.45, 0.65), (0, 1))
        found.append(float(stands * np.clip(_HIPS_LOW * (_LEG - lengths.sum() / torso), 0, _LOWEST)))
    return max(found)
