"""Poses of the rig from a file: a JSON list of `{"turns": {"bone": [x, y, z]}, "lift": 0}`, see `RigPose`."""

import json
from pathlib import Path
from typing import Any, Final

from rsagan.errors import InputError
from rsagan.synthetic.body import template
from rsagan.synthetic.posture import MOST, RigPose

LARGEST: Final = 1 << 24  # bytes


def read_rig_poses(path: Path | str) -> list[RigPose]:
    """The poses of a list, in its order.

    Raises:
        InputError: no such file, or not such a list; which of its poses is wrong, and how.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"The list of poses {path} is larger than {LARGEST >> 20} MiB; split it.")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"The list of poses {path} cannot be read as JSON.") from error
    if not isinstance(found, list) or not found:
        raise InputError(f'{path} is no list of poses; it is a JSON list of {{"turns": {{"bone": [x, y, z]}}}}.')
    return [_pose(each, f"Pose {number} of {path}") for number, each in enumerate(found)]


def _pose(given: Any, where: str) -> RigPose:
    if not isinstance(given, dict) or set(given) - {"turns", "lift"} or not isinstance(given.get("turns"), dict):
        raise InputError(f'{where} is not of the form {{"turns": {{"bone": [x, y, z]}}, "lift": 0}}.')
    bones, turns = template().bone_names, given["turns"]
    unknown = [bone for bone in turns if bone not in bones]
    if unknown:
        raise InputError(f"{where} turns the bone {unknown[0]!r}; the rig has {', '.join(bones)}.")
    lift = given.get("lift", 0)
    if not all(isinstance(each, list) and len(each) == 3 for each in turns.values()):
        raise InputError(f"{where}: a turn is a list of three angles in radians.")
    numbers = [lift, *(angle for turn in turns.values() for angle in turn)]
    if not all(type(each) in (int, float) and abs(each) <= MOST for each in numbers):
        raise InputError(f"{where} holds something that is no number from {-MOST:.0f} to {MOST:.0f} (radians, dm).")
    return RigPose({bone: tuple(map(float, turn)) for bone, turn in turns.items()}, float(lift))
