"""What the main verbs do with files: read the inputs, call the rooms below, write the results."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsagan import __version__
from rsagan.errors import InputError
from rsagan.files import check_folder
from rsagan.people import (
    Parsing,
    Person,
    Picture,
    Pose,
    draw_parsing,
    draw_pose,
    grid,
    read_parsing,
    read_person,
    read_picture,
    read_pose,
    write_person,
    write_png,
)
from rsagan.people.picture import AI_NOTICE

Progress = Callable[[int, int], None]
Which = int | tuple[float, float] | None
_POSE_FILES = (".json", ".txt")
_POSES_A_ROW = 8


@dataclass(frozen=True)
class Painted:
    """What `generate` made: the files, in the order of the poses, the grid, and sentences the user should see."""

    pictures: dict[str, Path]
    grid: Path
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        pictures = [{"pose": name, "picture": str(path)} for name, path in self.pictures.items()]
        return {"pictures": pictures, "grid": str(self.grid), "notes": self.notes}


def parse_size(text: str) -> tuple[int, int]:
    """`256x176` to (height, width).

    Raises:
        InputError: anything else, or sides that are no multiples of 8 between 64 and 1024.
    """
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip().lower())
    if not match:
        raise InputError(f"A size is written HEIGHTxWIDTH, such as 256x176, not {text!r}.")
    height, width = int(match[1]), int(match[2])
    if any(side % 8 or not 64 <= side <= 1024 for side in (height, width)):
        raise InputError(f"Height and width must be multiples of 8 from 64 to 1024, not {height}x{width}.")
    return height, width


def parse_person(text: str) -> Which:
    """`largest` to None, `2` to the number, `120,340` to the place (x, y) in pixels of the photo.

    Raises:
        InputError: anything else.
    """
    if text.strip().lower() == "largest":
        return None
    if re.fullmatch(r"\s*\d{1,4}\s*", text):
        return int(text)
    place = re.fullmatch(r"\s*(\d{1,5}(?:\.\d+)?)\s*,\s*(\d{1,5}(?:\.\d+)?)\s*", text)
    if not place:
        raise InputError(
            f"A person is `largest`, a number (0 the largest) or a place x,y in pixels such as 120,340, not {text!r}."
        )
    return float(place[1]), float(place[2])


def generate(
    source: Path | str,
    poses: Sequence[str],
    out: Path | str,
    weights: Path | str | None = None,
    size: tuple[int, int] = (256, 176),
    person: Which = None,
    progress: Progress | None = None,
    parsing: Path | str | None = None,
    labels: str = "rsagan",
) -> Painted:
    """Paint the person of `source` in each pose.

    All inputs are read and checked before anything is written.

    Args:
        source: a photo, or a person folder as `analyse` writes it.
        poses: names of the pose library, pose files, or photos of somebody in the pose.
        out: folder for one PNG a pose and `grid.png` (bands of source, then skeleton and result of up to 8 poses).
        size: (height, width) a photo is fitted to; a person folder keeps its own.
        person: which person of the photo, see `parse_person`.
        progress: called with (pictures done, pictures in all).
        parsing: a PNG of the source's regions made elsewhere; labels: the label set it is in.

    Raises:
        InputError: something cannot be read or used. AssetError: the photo analysis' files cannot be had.
    """
    from rsagan.transfer import load, shipped_weights

    if not poses:
        raise InputError("No target pose is given; name one or more with --pose (--pose list shows the built-in ones).")
    check_folder(out)
    targets = _named([(_pose_name(text), read_target(text, size)) for text in poses])
    regions = read_parsing(parsing, labels) if parsing else None
    subject_person, notes = read_source(source, size, person, regions)
    weights = Path(weights or shipped_weights())
    model = load(weights)
    subject = model.prepare(subject_person)

    out = Path(out)
    painted_at = model.size
    pictures: dict[str, Path] = {}
    results = []
    for done, (name, target) in enumerate(targets.items()):
        results.append((name, subject.pose(target)))
        if progress:
            progress(done + 1, len(targets))
    notice = f"{AI_NOTICE}, painted by rsagan {__version__} with the weights {weights.stem}"
    for name, result in results:
        pictures[name] = out / f"{name}.png"
        write_png(pictures[name], result.picture, notice)
    bands: list[list[Picture]] = []
    for start in range(0, len(results), _POSES_A_ROW):
        band = [result for _, result in results[start : start + _POSES_A_ROW]]
        bands.append([subject_person.picture, *(draw_pose(result.pose) for result in band)])
        bands.append([draw_pose(subject_person.pose), *(result.picture for result in band)])
    write_png(out / "grid.png", grid(bands), notice)
    if painted_at != subject_person.size:
        notes.append(
            "The weights paint at {}x{}; the results are {} to {}x{}.".format(
                *painted_at, "enlarged" if painted_at < subject_person.size else "reduced", *subject_person.size
            )
        )
    return Painted(pictures, out / "grid.png", notes)


def analyse(
    photo: Path | str,
    out: Path | str,
    size: tuple[int, int] = (256, 176),
    person: Which = None,
    parsing: Path | str | None = None,
    labels: str = "rsagan",
) -> list[str]:
    """Write a person folder for a photo, with `overlay.png` to look at; returns the notes.

    Person, parsing and labels are as in `generate`.

    Raises:
        InputError: the photo cannot be read or shows nobody. AssetError: the analysis' files cannot be had.
    """
    from rsagan.photo import analyse as analyse_photo

    check_folder(out)
    picture = read_picture(photo)
    found = analyse_photo(picture, size, person, parsing=read_parsing(parsing, labels) if parsing else None)
    write_person(out, found.person)
    shown = draw_pose(found.person.pose, draw_parsing(found.person.parsing, found.person.picture))
    write_png(Path(out) / "overlay.png", shown)
    return found.notes


def read_source(
    source: Path | str, size: tuple[int, int], person: Which = None, regions: Parsing | None = None
) -> tuple[Person, list[str]]:
    """The person of a photo (laid on a plain backdrop, as the weights were trained) or of a person folder.

    `regions` are those of the photo, or of the folder's picture, if they come from elsewhere.
    """
    if Path(source).is_dir():
        kept = read_person(source)
        return kept if regions is None else Person(kept.picture, kept.pose, regions), []
    from rsagan.photo import analyse as analyse_photo

    photo = read_picture(source)
    try:
        found = analyse_photo(photo, size, person, plain_background=True, parsing=regions)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    return found.person, found.notes


def read_target(text: str, size: tuple[int, int]) -> Pose:
    """A target pose: a name of the library, a pose file, a person folder, or a photo of somebody in that pose."""
    from rsagan.people import library

    path = Path(text)
    if path.is_dir() and text not in library.names():
        path = path / "pose.json"
    if path.suffix.lower() in _POSE_FILES:
        pose = read_pose(path)
    elif path.suffix or (path.is_file() and text not in library.names()):
        from rsagan.photo import analyse as analyse_photo

        try:
            pose = analyse_photo(read_picture(path), size).person.pose
        except InputError as error:
            raise InputError(f"The pose {text}: {error}") from error
    elif text in library.names():
        pose = library.load(text)
    else:
        raise InputError(f"{text!r} is neither a file nor a pose of the library; `--pose list` shows the library.")
    reason = pose.usable()
    if reason:
        raise InputError(f"The pose {text} cannot be used: {reason}.")
    return pose


def _pose_name(text: str) -> str:
    """What a pose's result is called: the name of the pose, file or folder, in characters safe in a file name."""
    return re.sub(r"[^\w.-]+", "-", Path(text).stem).strip("-.") or "pose"


def _named(targets: list[tuple[str, Pose]]) -> dict[str, Pose]:
    """Give poses of the same name a number."""
    named: dict[str, Pose] = {}
    for name, pose in targets:
        unique, count = name, 1
        while unique in named or unique == "grid":
            count += 1
            unique = f"{name}-{count}"
        named[unique] = pose
    return named
