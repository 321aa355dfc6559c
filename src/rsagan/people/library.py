"""Named poses that come with the package: data in `library.json`, made by `tools/make_pose_library.py`.

`left` and `right` in a name are the picture's: in `walk-left` the person walks towards the picture's left edge. A
thumbnail of a pose is `draw_pose(load(name))`.
"""

import json
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from rsagan.errors import InputError
from rsagan.people.pose import Pose
from rsagan.people.pose_formats import from_json


def names(category: str | None = None) -> list[str]:
    """The names of all poses, or of those of a category, in the order of the file."""
    return [name for name, entry in _data().items() if category in (None, entry["category"])]


def categories() -> list[str]:
    """What the poses are sorted into, in the order of the file. The poses of `walk-cycle` are one stride."""
    return list(dict.fromkeys(str(entry["category"]) for entry in _data().values()))


def category_of(name: str) -> str:
    """The category of a pose.

    Raises:
        InputError: there is no such pose.
    """
    return str(_entry(name)["category"])


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
        near = ", ".join(get_close_matches(name, names(), n=3, cutoff=0.4) or names()[:3])
        raise InputError(
            f"The library has no pose {name!r}; near it are {near} (`rsagan generate --pose list` shows all)."
        )
    return _data()[name]


@cache
def _data() -> dict[str, dict[str, Any]]:
    text = resources.files("rsagan.people").joinpath("library.json").read_text(encoding="utf-8")
    poses: dict[str, dict[str, Any]] = json.loads(text)["poses"]
    return poses
