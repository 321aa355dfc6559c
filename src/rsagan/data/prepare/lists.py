"""The lists that circulate with the benchmarks: who is shown with whom, and where the joints are.

Files are read as they are, odd spellings included; what cannot be read ends in one sentence with the line's number.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.prepare.names import NameOf
from rsagan.errors import InputError
from rsagan.people import NUM_JOINTS

Pairs = list[tuple[str, str]]
_ANNOTATION_HEADER: Final = ["name", "keypoints_y", "keypoints_x"]


@dataclass
class Annotations:
    """Joints by our name of the picture.

    Attributes:
        points: int16 (18, 2) a picture, x and y in pixels of the list's own frame; -1 in both where missing.
        twice: names that a second row repeats; the first row counts.
        foreign: names that are no pictures of the data set.
    """

    points: dict[str, NDArray[np.int16]] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


def read_annotations(path: Path, name_of: NameOf) -> Annotations:
    """A file of `name: [18 of y]: [18 of x]` rows, y first.

    Raises:
        InputError: another header, or a row of another shape.
    """
    found = Annotations()
    lines = _lines(path)
    header = next(lines, (1, ""))[1]
    if [word.strip() for word in header.split(":")] != _ANNOTATION_HEADER:
        raise InputError(f"{path} must begin with the line `{':'.join(_ANNOTATION_HEADER)}`, not {header[:60]!r}.")
    for number, line in lines:
        columns = line.split(":")
        try:
            listed, ys, xs = columns[0].strip(), json.loads(columns[1]), json.loads(columns[2])
            points = np.array([xs, ys], np.float64).T
            if len(columns) != 3 or points.shape != (NUM_JOINTS, 2) or not (np.abs(points) < 32_000).all():
                raise ValueError
        except (ValueError, IndexError, TypeError, OverflowError, RecursionError) as error:
            raise InputError(
                f"{path}, line {number}: {line[:60]!r} is not a name and {NUM_JOINTS} numbers of y and of x."
            ) from error
        name = name_of(listed)
        if name is None:
            found.foreign.append(listed)
        elif name in found.points:
            found.twice.append(name)
        else:
            points[(points < 0).any(axis=1)] = -1
            found.points[name] = np.round(points).astype(np.int16)
    return found


def read_pairs(path: Path, name_of: NameOf) -> Pairs:
    """Source and target names of a comma-separated file with the header `from,to`.

    Raises:
        InputError: another header, a row that is not two names of the data set, or no row.
    """
    lines = _lines(path)
    header = next(lines, (1, ""))[1]
    if [word.strip() for word in header.split(",")] != ["from", "to"]:
        raise InputError(f"{path} must begin with the line `from,to`, not {header[:60]!r}.")
    return _named(path, ((number, line.split(",")) for number, line in lines), name_of)


def read_targets_and_sources(path: Path, name_of: NameOf) -> Pairs:
    """Source and target names of a file whose rows are `target,source[,source...]`, without a header.

    Raises:
        InputError: a row that is not names of the data set, or no row.
    """
    rows = ((number, line.split(",")) for number, line in _lines(path))
    return _named(path, ((number, [source, row[0]]) for number, row in rows for source in row[1:] or [""]), name_of)


def read_names(path: Path, name_of: NameOf) -> list[str]:
    """The pictures that a file names, one a line; none where there is no file. Raises InputError if it is no text."""
    if not path.is_file():
        return []
    return [name for _, line in _lines(path) if (name := name_of(line)) is not None]


def read_joints(text: str, where: str) -> NDArray[np.float64]:
    """18 rows `x y` of a picture's joints file: float64 (18, 2), NaN = missing. Raises InputError."""
    try:
        points = np.array([row.replace(",", " ").split() for row in text.splitlines() if row.strip()], np.float64)
        if points.shape != (NUM_JOINTS, 2) or not np.isfinite(points).all():
            raise ValueError
    except ValueError as error:
        raise InputError(f"{where} must hold {NUM_JOINTS} rows of x and y.") from error
    points[(points < 0).any(axis=1)] = np.nan
    return points


def _named(path: Path, rows: Iterator[tuple[int, list[str]]], name_of: NameOf) -> Pairs:
    pairs: Pairs = []
    for number, row in rows:
        names = [name_of(text.strip()) for text in row]
        if len(names) != 2 or names[0] is None or names[1] is None:
            raise InputError(f"{path}, line {number}: {','.join(row)[:100]!r} does not name two pictures.")
        pairs.append((names[0], names[1]))
    if not pairs:
        raise InputError(f"{path} lists no pairs.")
    return pairs


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not empty, with their numbers from 1."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InputError(f"Cannot read the list {path}: {reason}.") from error
