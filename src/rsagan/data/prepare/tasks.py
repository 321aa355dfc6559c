"""One picture of a benchmark on its way into the prepared folder; and what is written down about it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from rsagan.data.prepare.frames import Fit, fit_labels, fit_picture, fit_points, outside
from rsagan.data.prepare.labels import joint_hits, read_labels, regions_of
from rsagan.data.prepare.lists import read_joints
from rsagan.data.prepare.sources import Source
from rsagan.data.prepared import Entry, write_view
from rsagan.errors import InputError
from rsagan.people import NUM_JOINTS, NUM_REGIONS, Parsing, Picture, read_picture

MISSING_PICTURE: Final = "missing pictures"
MISSING_PARSING: Final = "missing parsing maps"
BROKEN: Final = "broken files"
NOBODY: Final = "pictures in which no person was found"


@dataclass(frozen=True, eq=False)
class Record:
    """What became of a task: its views, or the problem in one sentence; and counts for the report."""

    task: str
    entries: list[Entry] = field(default_factory=list)
    kind: str | None = None
    problem: str | None = None
    seen: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """A line, without its end."""
        lines = [entry.to_json() for entry in self.entries]
        return json.dumps([self.task, lines, self.kind, self.problem, self.seen])

    @staticmethod
    def from_json(line: str) -> "Record":
        """The inverse. Raises one of `rsagan.data.prepared.MALFORMED` on a broken line."""
        task, lines, kind, problem, seen = json.loads(line)
        return Record(task, [Entry.from_json(each) for each in lines], kind, problem, seen)


class Task(Protocol):
    """Something that becomes views of the folder, by itself, in any process."""

    @property
    def name(self) -> str:
        """Unique in the plan."""

    @property
    def split(self) -> str | None:
        """Which split the data set puts it in; None = that is decided by identity, from the views there are."""

    def prepare(self, folder: Path) -> Record:
        """Write the views' pictures. Raises InputError only if the folder cannot be written."""


@dataclass(frozen=True)
class Options:
    """What is the same for every view: the frame wanted, how pictures come to it, and what the files mean.

    Attributes:
        size: (height, width). fit: see `frames`. frame: (height, width) that joints are given in.
        labels: label set of the parsing maps; None = there are none, regions are estimated.
        fixed: size, fit and frame are the data set's, so that messages name no option for them.
    """

    size: tuple[int, int]
    fit: Fit
    frame: tuple[int, int]
    labels: str | None
    fixed: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """A listed picture.

    Attributes:
        name, identity, split: ours. picture, parsing: where they lie, None = not found.
        joints: (18, 2) in the list's frame, -1 = missing; or the picture's own file of them; None = nowhere listed.
    """

    name: str
    identity: str
    split: str
    picture: Source | None
    joints: NDArray[np.int16] | Source | None
    parsing: Source | None
    options: Options

    def points(self) -> NDArray[np.float32]:
        """float32 (18, 2), x and y in the frame wanted, NaN = missing. Raises InputError: a broken joints file."""
        if self.joints is None:
            return np.full((NUM_JOINTS, 2), np.nan, np.float32)
        if isinstance(self.joints, Source):
            raw = read_joints(self.joints.read().decode("utf-8-sig", "replace"), str(self.joints))
        else:
            raw = np.where(self.joints < 0, np.nan, self.joints)
        return fit_points(raw, self.options.frame, self.options.size)

    def prepare(self, folder: Path) -> Record:
        """The view's picture and regions, written; or the problem. Joints outside the frame become missing."""
        if self.picture is None:
            return Record(self.name, kind=MISSING_PICTURE, problem=f"{self.name}: its picture was not found.")
        if self.options.labels is not None and self.parsing is None:
            return Record(self.name, kind=MISSING_PARSING, problem=f"{self.name}: its parsing map was not found.")
        try:
            points = self.points()
            out = outside(points, self.options.size)
            inside = np.where(out[:, None], np.float32(np.nan), points)
            picture = self.read_picture()
            parsing = self._regions(picture, inside)
        except InputError as error:
            kind = NOBODY if isinstance(error, NobodyFound) else BROKEN
            return Record(self.name, kind=kind, problem=str(error))
        entry = Entry(self.name, self.identity, inside, ~np.isnan(inside[:, 0]), None, {})
        return Record(self.name, [write_view(folder, entry, picture, parsing)], seen=seen(inside, out, parsing))

    def read_picture(self) -> Picture:
        """The picture in the frame wanted. Raises InputError."""
        assert self.picture is not None
        where, options = str(self.picture), self.options
        picture = read_picture(self.picture.read(), where)
        return fit_picture(picture, options.size, options.fit, where, bool(self.picture.key), options.fixed)

    def read_labels(self) -> NDArray[np.uint8]:
        """The parsing map's class numbers in the frame wanted. Raises InputError."""
        assert self.parsing is not None
        where = str(self.parsing)
        return fit_labels(read_labels(self.parsing.read(), where), self.options.size, where)

    def _regions(self, picture: Picture, points: NDArray[np.float32]) -> Parsing:
        if self.options.labels is None:
            return estimated_regions(picture, str(self.picture))
        return regions_of(self.read_labels(), self.options.labels, points, str(self.parsing))


class NobodyFound(InputError):
    """The photo analysis sees nobody it can use."""


def estimated_regions(picture: Picture, where: str) -> Parsing:
    """Regions by the photo analysis, in the picture's own frame.

    Raises:
        NobodyFound: it sees nobody it can use. AssetError: its files cannot be had.
    """
    import cv2

    from rsagan.photo import analyse

    height, width = picture.shape[:2]
    factor = max(1, round(512 / height))
    large = np.asarray(cv2.resize(picture, (width * factor, height * factor), interpolation=cv2.INTER_CUBIC))
    try:
        found = analyse(large, (512, 352))
    except InputError as error:
        raise NobodyFound(f"{where}: {error}") from error
    scale = found.fit.scale * factor
    back = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5]])
    back[:, 2] += found.fit.offset
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(found.person.parsing, back, (width, height), flags=flags), np.uint8)


def seen(points: NDArray[np.float32], out: NDArray[np.bool_], parsing: Parsing) -> dict[str, Any]:
    """What the report counts: joints in and out of the frame, pixels of each region, joints on a likely region."""
    pixels = np.bincount(parsing.ravel(), minlength=NUM_REGIONS)
    return {
        "joints": int((~np.isnan(points[:, 0])).sum()),
        "outside": int(out.sum()),
        "pixels": pixels.tolist(),
        "having": (pixels > 0).astype(int).tolist(),
        "hits": joint_hits(parsing, points),
    }
