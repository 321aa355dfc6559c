"""Named poses that come with the package: data in `library.json`, made by `tools/make_pose_library.py`.

`left` and `right` in a name are the picture's: in `walk-left` the person walks towards the picture's left edge.
"""

import json
from functools import cache
from importlib import resources
from typing import Any

from rsagan.errors import InputError
from rsagan.people.pose import Pose
from rsagan.people.pose_formats import from_json


def names() -> list[str]:
    """The names of all poses, in the order of the file."""
    return list(_data())


def describe(name: str) -> str:
    """What the person does in this pose, in a few words.

    Raises:
        InputError: there is no such pose.
    """
    return str(_entry(name)["about"])


def load(name: str) -> Pose:
    """A pose of the library, in a frame of 256 x 176 (`Pose.resized` makes it another).

    Raises:
        InputError: there is no such pose.
    """
    return from_json(_entry(name), f"the pose {name!r}")


def _entry(name: str) -> dict[str, Any]:
    if name not in _data():
        raise InputError(f"The library has no pose {name!r}; it has {', '.join(names())}.")
    return _data()[name]


@cache
def _data() -> dict[str, dict[str, Any]]:
    text = resources.files("rsagan.people").joinpath("library.json").read_text(encoding="utf-8")
    poses: dict[str, dict[str, Any]] = json.loads(text)["poses"]
    return poses
