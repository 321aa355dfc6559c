"""Motion as other tools keep it: a folder of pose files, one a picture, or one JSON file with all of them."""

import re
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsagan.errors import InputError
from rsagan.people.pose import Pose
from rsagan.people.pose_formats import (
    frame_in,
    from_order,
    in_pixels,
    joints_in,
    load_json,
    own_frame,
    people_in,
)

_MAX_BYTES: Final = 1 << 28
_ANOTHER: Final = 0.8  # farther from where they were, in heights of the body, is somebody else
Frame = tuple[str, list[Any], tuple[int, int] | None]  # where it stands, its people, its (height, width) if stated


def read_motion(path: Path | str, notes: list[str] | None = None) -> list[Pose | None] | None:
    """The poses of one person, picture by picture, all in one frame; None where a picture has nobody.

    The person is the largest of the first picture with anybody, then whoever is nearest to where they were.

    Args:
        path: a folder of JSON files in the order of their names, as OpenPose's --write_json makes it; or a JSON file
            with a list: of such objects (DWPose, the editors for ControlNet), or of COCO's people with their
            `image_id` (AlphaPose).
        notes: what the user should know of the choice is added to it.

    Returns:
        None if `path` is neither: something else, a person folder, or the file of a single pose.

    Raises:
        InputError: a file that cannot be used, a single picture, pictures of several sizes, or nobody at all.
    """
    frames = _frames(Path(path))
    if frames is None:
        return None
    if len(frames) < 2:
        raise InputError(f"{path} holds one picture only; give the file in it as a pose.")
    sizes = {size for _, _, size in frames if size}
    if len(sizes) > 1:
        raise InputError(f"{path} holds pictures of several sizes; a motion has one.")
    size = next(iter(sizes), None)
    found = []
    for where, people, _ in frames:
        joints = [joints_in(each, where) for each in people if _has_joints(each)]
        found.append([(in_pixels(xy, size, where), confidence, order) for xy, confidence, order in joints])
    everything = [xy for people in found for xy, _, _ in people]
    if not everything:
        raise InputError(f"{path} holds nobody in any of its {len(frames)} pictures.")
    shift, size = (np.zeros(2), size) if size else own_frame(np.concatenate(everything))
    poses = [[from_order(xy + shift, order, size, sure, 1e-6) for xy, sure, order in people] for people in found]
    first = next(people for people in poses if people)
    if notes is not None and len(first) > 1:
        notes.append(f"The motion {path} begins with {len(first)} people; the largest is taken.")
    return _one_of(poses)


def _frames(path: Path) -> list[Frame] | None:
    if path.is_dir():
        files = [] if (path / "pose.json").is_file() else sorted(path.glob("*.json"), key=_in_order)
        return [_frame(load_json(file), str(file)) for file in files] or None
    if path.suffix.lower() != ".json" or not path.is_file():
        return None
    data = load_json(path, _MAX_BYTES)
    if not isinstance(data, list) or len(data) < 2 or not isinstance(data[0], dict):
        return None
    if "image_id" in data[0]:
        return _by_picture(data, path)
    return [_frame(each, f"{path}, picture {k}") for k, each in enumerate(data)]


def _frame(data: Any, where: str) -> Frame:
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    return where, people_in(data, where), frame_in(data, where)


def _by_picture(data: list[Any], path: Path) -> list[Frame]:
    """COCO's people by picture. One that shows nobody is in no such list; where they are numbered, it is put in."""
    groups = groupby(data, lambda each: str(each.get("image_id")) if isinstance(each, dict) else "")
    named = [(name, list(people)) for name, people in groups]
    frames: list[Frame] = [(f"{path}, picture {name}", people, None) for name, people in named]
    numbers = [int(digits[-1]) for name, _ in named if (digits := re.findall(r"\d+", name))]
    steps = np.diff(numbers)
    if len(numbers) != len(frames) or (steps < 1).any() or steps.sum() > 2 * len(frames):
        return frames
    nobody: Frame = (str(path), [], None)
    gaps = [[each] + [nobody] * (int(step) - 1) for each, step in zip(frames, [*steps, 1], strict=True)]
    return [each for gap in gaps for each in gap]


def _has_joints(person: Any) -> bool:
    return not isinstance(person, dict) or person.get("pose_keypoints_2d", "there") not in ([], None)


def _in_order(path: Path) -> list[tuple[int, str]]:
    """frame_2 before frame_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _one_of(pictures: list[list[Pose]]) -> list[Pose | None]:
    last: NDArray[np.float32] | None = None
    chosen: list[Pose | None] = []
    for people in pictures:
        people = [pose for pose in people if pose.present.any()]
        if last is None:
            pose = max(people, key=lambda each: _height(each.points), default=None)
        else:
            away = [_away(each.points, last) for each in people]
            nearest = int(np.argmin(away)) if away else -1
            pose = people[nearest] if away and away[nearest] < _ANOTHER * _height(last) else None
        chosen.append(pose)
        last = last if pose is None else pose.points
    return chosen


def _height(points: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(np.nanmax(points, axis=0) - np.nanmin(points, axis=0)))


def _away(points: NDArray[np.float32], last: NDArray[np.float32]) -> float:
    """How far the middles of the two are apart."""
    return float(np.linalg.norm(np.nanmean(points, axis=0) - np.nanmean(last, axis=0)))
