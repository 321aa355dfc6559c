"""Clips of people: one identity a clip, a view for every pose that differs from the one before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rsagan.data.pairs import bounded
from rsagan.data.prepare.lists import Pairs
from rsagan.data.prepare.photos import (
    LICENCE,
    TEST_PAIRS,
    TRAIN_PAIRS,
    added,
    file_name,
    pairs_by_identity,
    seen_of,
    written,
)
from rsagan.data.prepare.plan import Plan
from rsagan.data.prepare.sources import files_below
from rsagan.data.prepare.tasks import BROKEN, NOBODY, Record
from rsagan.data.prepared import Entry
from rsagan.errors import InputError
from rsagan.people import Person, Picture, Pose
from rsagan.video import open_clip, read_frames

SUFFIXES: Final = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi")
_SAME_PICTURE: Final = 2.0  # mean difference of small grey copies, of 255
_SAME_POSE: Final = 0.12  # mean move of the joints, of neck to mid-hip
_MAX_FRAME: Final = 1280  # longer sides are reduced to it


@dataclass(frozen=True)
class Clip:
    """A clip of one person.

    Attributes:
        every: seconds between the frames that are looked at. size: (height, width) of the frame.
    """

    name: str
    path: str
    every: float
    size: tuple[int, int]
    split: None = None

    def prepare(self, folder: Path) -> Record:
        """Views of all poses that differ, written; or the problem."""
        entries: list[Entry] = []
        counts: list[dict[str, Any]] = []
        views = self._views()
        try:
            first_two = list(islice(views, 2))
            if len(first_two) < 2:
                return Record(self.name, kind=NOBODY, problem=f"{self.path} shows nobody in two different poses.")
            for number, person in chain(first_two, views):
                entries.append(written(folder, f"{self.name}-{number:06d}", self.name, person))
                counts.append(seen_of(person))
        except BrokenClip as error:
            return Record(self.name, kind=BROKEN, problem=str(error))
        return Record(self.name, entries, seen=added(counts))

    def _views(self) -> Iterator[tuple[int, Person]]:
        """The person of each frame whose pose differs from the one before, with the frame's number."""
        from rsagan.photo import analyse

        small: NDArray[np.float32] | None = None
        pose: Pose | None = None
        for number, picture in enumerate(frames(self.path, self.every)):
            copy = _small(picture)
            if small is not None and np.abs(copy - small).mean() < _SAME_PICTURE:
                continue
            small = copy
            try:
                person = analyse(picture, self.size).person
            except InputError:
                continue
            if pose is None or moved(person.pose, pose) >= _SAME_POSE:
                pose = person.pose
                yield number, person


class BrokenClip(InputError):
    """A clip that cannot be decoded to its end."""


def plan_clips(path: Path, size: tuple[int, int], every: float = 0.5, test_identities: int | None = None) -> Plan:
    """A folder of clips, or one clip, whose only identity is then in both splits.

    Args:
        size: (height, width) of the frame. every: seconds between the frames that are looked at, 1/60 or more.
        test_identities: so many clips, evenly spread, appear in test pairs only; a tenth, at least one, by default.

    Raises:
        InputError: no clips; an interval that is none; two clips of one name; one clip of which some are for testing.
    """
    if not 1 / 60 <= every < 3600:
        raise InputError(f"--every is a number of seconds from 1/60 to 3,600, not {every}.")
    if not path.exists():
        raise InputError(f"There is no clip {path}.")
    paths = files_below(path, SUFFIXES) if path.is_dir() else [path]
    if not paths:
        raise InputError(f"{path} holds no clips ({', '.join(SUFFIXES)}).")
    names = [file_name(each.stem) for each in paths]
    if len(set(names)) < len(names):
        raise InputError(f"Two clips below {path} have the same name; a clip's name is its person's, so rename one.")
    if len(names) == 1 and test_identities is not None:
        raise InputError(f"{paths[0]} is the only clip, to train on and to test; --test-identities needs more of them.")
    tasks = [Clip(name, str(each), every, size) for name, each in zip(names, paths, strict=True)]
    arguments = {"layout": "clip", "size": list(size), "every": every, "test identities": test_identities}
    pairs = pairs_by_identity(names, test_identities) if len(names) > 1 else _both
    return Plan(arguments, tasks, pairs, size, "clips, one person each", LICENCE, chunk=1)


def frames(path: str, every: float) -> Iterator[Picture]:
    """Frames of a clip, `every` seconds apart, upright.

    Raises:
        BrokenClip: it cannot be read to its end.
    """
    try:
        for frame in read_frames(open_clip(path), 1 / every):
            yield _bounded(frame.picture)
    except InputError as error:
        raise BrokenClip(str(error)) from error


def moved(pose: Pose, before: Pose) -> float:
    """How far the joints that both know have moved on average, in lengths of neck to mid-hip; infinite if unknown."""
    both = pose.present & before.present
    torso = float(np.linalg.norm(before.points[1] - before.points[[8, 11]].mean(0)))
    if not both.any() or not torso > 0:
        return float("inf")
    return float(np.linalg.norm(pose.points[both] - before.points[both], axis=1).mean()) / torso


def _both(entries: Sequence[Entry]) -> tuple[Pairs, Pairs, dict[str, int]]:
    """One person: the same pairs to train on and to look at."""
    return bounded([entries], TRAIN_PAIRS, 0), bounded([entries], TEST_PAIRS, 0), {}


def _small(picture: Picture) -> NDArray[np.float32]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA), np.float32)


def _bounded(picture: Picture) -> Picture:
    factor = _MAX_FRAME / max(picture.shape[:2])
    if factor >= 1:
        return picture
    size = (round(picture.shape[1] * factor), round(picture.shape[0] * factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
