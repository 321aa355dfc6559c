"""The poses of the person in a clip, frame by frame."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from rsagan.errors import InputError
from rsagan.people import Picture, Pose
from rsagan.people.head import NOSE_AND_EYES
from rsagan.photo.analyse import Which, choose
from rsagan.photo.checks import doubt
from rsagan.photo.joints import as_rendered
from rsagan.photo.landmarks import Detection, Side, find_people, follow

_SEARCH_EVERY = 5  # frames without anybody between two searches of the whole picture
_ANOTHER = 0.8  # farther from where they were, or more unlike in size, is somebody else
_STEADY = 7  # frames over which the side that a person shows is voted on


def clip_poses(
    frames: Iterable[Picture],
    person: Which = None,
    progress: Callable[[int], None] | None = None,
    notes: list[str] | None = None,
) -> list[Pose | None]:
    """The joints of one person all through a clip, as the estimator gives them; None where the person is not found.

    The person is chosen in the first searched frame that shows anybody, then followed from frame to frame; only where
    they are lost the whole picture is searched again, near where they were. Somebody elsewhere is somebody else.

    Args:
        frames: uint8 (H, W, 3) RGB, all of one size.
        person: which one of that first frame: a number, 0 being the largest, or a place; the largest by default.
        progress: called with the number of frames done.
        notes: what the user should know of the choice is added to it.

    Raises:
        InputError: nobody in the whole clip; no such person. AssetError: the networks' files cannot be had.
    """
    found: list[tuple[Pose, Side] | None] = []  # without the outlines, which would fill the memory
    last: Detection | None = None
    nobody: InputError | None = None
    for count, frame in enumerate(frames):
        now = None
        if last is not None and found[-1] is not None:
            now = follow(frame, last)
            now = now if doubt(now) is None else None
        if now is None and (count % _SEARCH_EVERY == 0 or (found and found[-1] is not None)):
            try:
                if last is None:
                    now, told = choose(frame, person, "clip")
                    if notes is not None:
                        notes += told
                else:
                    now = _nearest(frame, last)
            except InputError as error:
                nobody = error
        found.append(None if now is None else (now.pose(), now.side))
        last = now or last
        if progress:
            progress(count + 1)
    if last is None:
        raise nobody or InputError("The clip has no frames.")
    sides = _voted([None if each is None else each[1] for each in found])
    return [None if each is None else _faced(each[0], side) for each, side in zip(found, sides, strict=True)]


def _nearest(frame: Picture, last: Detection) -> Detection | None:
    people = [each for each in find_people(frame) if doubt(each) is None]

    def apart(each: Detection) -> float:
        """How unlike the two are in place and size, 1 being a body's length or half of it."""
        way = np.hypot(each.roi.x - last.roi.x, each.roi.y - last.roi.y) / last.roi.side
        return float(way + abs(np.log2(each.roi.side / last.roi.side)))

    nearest = min(people, key=apart, default=None)
    return nearest if nearest is not None and apart(nearest) < _ANOTHER else None


def _voted(sides: list[Side | None]) -> list[Side | None]:
    """Each frame's side by the majority of its neighbours: the estimator errs for a frame or two at a time."""
    out: list[Side | None] = []
    for k, side in enumerate(sides):
        near = [each for each in sides[max(0, k - _STEADY // 2) : k + _STEADY // 2 + 1] if each is not None]
        out.append(None if side is None else Counter(near).most_common(1)[0][0])
    return out


def _faced(pose: Pose, side: Side | None) -> Pose:
    if side != "back":
        return as_rendered(pose)
    points = pose.points.copy()  # the joint network draws a face on every back
    points[NOSE_AND_EYES] = np.nan
    return replace(pose, points=points, facing="back")
