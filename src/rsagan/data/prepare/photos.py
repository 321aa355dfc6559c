"""People's pictures without lists: a folder named by identity. Joints and regions come from the photo analysis."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from rsagan.data.pairs import bounded
from rsagan.data.prepare.lists import Pairs
from rsagan.data.prepare.plan import Plan
from rsagan.data.prepare.sources import PICTURES, Source, check_is_folder, files_below
from rsagan.data.prepare.tasks import BROKEN, NOBODY, Record, seen
from rsagan.data.prepared import Entry, write_view
from rsagan.errors import InputError
from rsagan.people import NUM_JOINTS, Person, read_picture

TRAIN_PAIRS: Final = 100_000
TEST_PAIRS: Final = 1000
LICENCE: Final = "that of the pictures; they show people who must have agreed"


@dataclass(frozen=True)
class Photo:
    """A photo of one identity, to be fitted into the frame."""

    name: str
    identity: str
    source: Source
    size: tuple[int, int]
    split: None = None

    def prepare(self, folder: Path) -> Record:
        """The person of the photo, written; or the problem."""
        from rsagan.photo import analyse

        try:
            picture = read_picture(self.source.read(), str(self.source))
        except InputError as error:
            return Record(self.name, kind=BROKEN, problem=str(error))
        try:
            person = analyse(picture, self.size).person
        except InputError as error:
            return Record(self.name, kind=NOBODY, problem=f"{self.source}: {error}")
        return Record(self.name, [written(folder, self.name, self.identity, person)], seen=seen_of(person))


def plan_folder(
    folder: Path, size: tuple[int, int], test_identities: int | None = None, without: Path | None = None
) -> Plan:
    """Pictures in one folder an identity, or `IDENTITY_anything.jpg` in one folder for all.

    Args:
        size: (height, width) of the frame.
        test_identities: so many of them, evenly spread, appear in test pairs only; a tenth, at least one, by default.
        without: a folder below it that is passed over, such as the one that is made.

    Raises:
        InputError: no pictures; names that would be the same in the prepared folder; fewer than two identities.
    """
    check_is_folder(folder)
    passed = None if without is None or without.resolve() == folder.resolve() else without.resolve()
    files = files_below(folder, PICTURES)
    files = [path for path in files if passed is None or passed not in path.resolve().parents]
    if not files:
        raise InputError(f"{folder} holds no pictures ({', '.join(PICTURES)}).")
    photos: dict[str, Photo] = {}
    called: dict[str, str] = {}  # what stands on the disk, by identity
    for path in files:
        below = path.relative_to(folder)
        flat = len(below.parts) == 1
        given = below.stem.split("_")[0] if flat else below.parts[0]
        identity = file_name(given)
        if called.setdefault(identity, given) != given:
            raise InputError(
                f"{given!r} and {called[identity]!r} in {folder} would both be called {identity}; rename one of them."
            )
        name = file_name(below.stem if flat else "_".join((*below.parts[:-1], below.stem)))
        if name in photos:
            raise InputError(f"{path} and {photos[name].source} would both be called {name}; rename one of them.")
        photos[name] = Photo(name, identity, Source(str(path)), size)
    arguments = {"layout": "folder", "size": list(size), "test identities": test_identities}
    pairs = pairs_by_identity(sorted({photo.identity for photo in photos.values()}), test_identities)
    return Plan(arguments, list(photos.values()), pairs, size, "pictures named by identity", LICENCE, chunk=4)


def pairs_by_identity(
    identities: Sequence[str], test_identities: int | None
) -> Callable[[Sequence[Entry]], tuple[Pairs, Pairs, dict[str, int]]]:
    """All pairs of an identity's views, bounded; the test identities, evenly spread, in test pairs only.

    They are chosen among those of whom two views turn out to be usable: nobody else makes a pair.

    Raises:
        InputError: fewer than two identities, or none left to train on.
    """
    count = max(1, len(identities) // 10) if test_identities is None else test_identities
    if not 0 < count < len(identities):
        raise InputError(
            f"There are {len(identities)} identities, of which {count} cannot be kept for testing; at least one is "
            "needed for testing and one for training."
        )

    def pairs(entries: Sequence[Entry]) -> tuple[Pairs, Pairs, dict[str, int]]:
        people: dict[str, list[Entry]] = {}
        for entry in entries:
            people.setdefault(entry.identity, []).append(entry)
        usable = sorted(identity for identity, views in people.items() if len(views) > 1)
        most = min(count, max(0, len(usable) - 1))
        kept = {usable[i] for i in np.linspace(0, len(usable) - 1, most).round().astype(int)}
        train = [views for identity, views in people.items() if identity not in kept]
        test = [views for identity, views in people.items() if identity in kept]
        return bounded(train, TRAIN_PAIRS, 0), bounded(test, TEST_PAIRS, 0), {}

    return pairs


def file_name(text: str) -> str:
    """Text as part of a view's name: neither commas nor odd characters."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "x"


def written(folder: Path, name: str, identity: str, person: Person) -> Entry:
    """Write an analysed person's picture and regions; returns the view's line."""
    points = person.pose.points
    entry = Entry(name, identity, points, ~np.isnan(points[:, 0]), None, {})
    return write_view(folder, entry, person.picture, person.parsing)


def seen_of(person: Person) -> dict[str, Any]:
    """`seen` of an analysed person, whose joints are all in the frame."""
    return seen(person.pose.points, np.zeros(NUM_JOINTS, bool), person.parsing)


def added(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """`seen` of several views together."""
    return {key: np.sum([row[key] for row in rows], axis=0).tolist() for key in rows[0]}
