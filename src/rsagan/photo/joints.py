"""BlazePose's joints, moved to where the pictures that the generator has learnt from have them.

Measured on rendered people, whose joints are known (`benchmarks/joints.py`): BlazePose sets shoulders on top of the
shoulder instead of into it, the nose higher, and the ears well inside the head's outline.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from rsagan.people import Pose
from rsagan.people.pose import NECK
from rsagan.people.retarget import middle_of_hips, torso_length

# How far a joint is moved towards the hips, in torsos (neck to middle of hips): the median of rendered people.
_LOWER: Final = {0: 0.036, NECK: 0.09, 2: 0.09, 5: 0.09, 14: 0.02, 15: 0.02}
_EARS: Final = [16, 17]
_EARS_APART: Final = 1.26


def as_rendered(pose: Pose) -> Pose:
    """A pose as BlazePose finds it, with joints where rendered people have them.

    A back is left as it is, and so are a body that shows too little to tell its size and a joint that would leave the
    frame.
    """
    torso = torso_length(pose)
    if torso is None or pose.facing == "back":
        return pose
    points = pose.points.astype(np.float64)
    down = middle_of_hips(points) - points[NECK]
    length = float(np.linalg.norm(down))
    down = down / length if length > 0 else np.array([0.0, 1.0])  # also where hips are hidden
    for joint, share in _LOWER.items():
        points[joint] += share * torso * down
    between = points[_EARS].mean(0)
    if not np.isnan(between).any():
        points[_EARS] = between + _EARS_APART * (points[_EARS] - between)
    moved = replace(pose, points=points.astype(np.float32))
    inside = moved.without_outside().present
    return replace(pose, points=np.where(inside[:, None], moved.points, pose.points))
