"""What the main verbs do with files: read the inputs, call the rooms below, write the results."""

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageOps

from rsagan import __version__
from rsagan.errors import InputError
from rsagan.files import check_folder, spare
from rsagan.people import (
    JOINTS,
    PERSON_FILES,
    Fit,
    Parsing,
    Person,
    Picture,
    Pose,
    Region,
    covered_in,
    draw_parsing,
    draw_pose,
    grid,
    lacks_legs,
    read_parsing,
    read_person,
    read_picture,
    read_pose,
    same_shape,
    write_person,
    write_png,
)
from rsagan.people.picture import AI_NOTICE
from rsagan.photo.analyse import Joints, Which

if TYPE_CHECKING:
    from rsagan.photo import Analysis, Scene
    from rsagan.transfer import Model, Result, Subject

Progress = Callable[[int, int], None]
_POSE_FILES = (".json", ".txt")
_CLIPS = (".mp4", ".m4v", ".mkv", ".mov", ".webm", ".avi", ".mpg", ".mpeg", ".wmv", ".3gp")
_POSES_A_ROW = 8
_SIDES: Final[dict[str | None, str]] = {"left": "from the side", "right": "from the side", "back": "from behind"}
_SHIPPED_SIZE: Final = (256, 176)  # height and width of what the package's weights paint


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


@dataclass(frozen=True)
class Analysed:
    """What `analyse` found, and the person folder it is in."""

    folder: Path
    found: "Analysis"

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it: joints in pixels of picture.png, regions as shares of it, people in pixels of the photo."""
        person = self.found.person
        joints = zip(JOINTS, person.pose.present, person.pose.points.tolist(), strict=True)
        regions = np.bincount(person.parsing.ravel(), minlength=len(Region)) / person.parsing.size
        return {
            "folder": str(self.folder),
            "size": list(person.size),
            "facing": person.pose.facing,
            "joints": {name: [round(x, 1), round(y, 1)] for name, present, (x, y) in joints if present},
            "regions": {region.name.lower(): round(float(regions[region]), 4) for region in Region},
            "people": [[round(float(v), 1) for v in box] for box in self.found.people],
            "notes": self.found.notes,
        }


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
        raise InputError(
            "Height and width must be multiples of 8 from 64 to 1024, such as 256x176 or 1024x704, not "
            f"{height}x{width}."
        )
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


def check_given(
    source: Path | str,
    poses: Sequence[str],
    size: tuple[int, int],
    weights: Path | str | None = None,
    background: str = "plain",
    also: Sequence[Path | str] = (),
    driving: bool = False,
) -> None:
    """For what takes long before it looks: raises InputError now for what can be told from names.

    Args:
        driving: the poses drive a clip: a clip or a category of the library may be among them.
        source, size, weights, background, also: as in `generate`.
    """
    from rsagan.people import library

    option = "--driving" if driving else "--pose"
    if not poses:
        raise InputError(
            f"No pose is given; name each with {option}{', or give a clip with it' if driving else ''} "
            "(`rsagan generate --pose list` shows the built-in ones)."
        )
    for each in (source, *also):
        check_photo(each)
    if background not in ("plain", "keep"):
        _check_background(background)
    check_weights(None if Path(source).is_dir() else size, weights)
    names = [*library.names(), *(library.categories() if driving else [])]
    for text in poses:
        if text in names:
            continue
        if Path(text).exists():
            if not driving or Path(text).suffix.lower() not in _CLIPS:
                check_photo(text)
            if Path(text).is_dir() and not (Path(text) / "pose.json").is_file():
                if not driving:
                    raise InputError(
                        f"{text} is not a person folder: pose.json is missing; give each pose file in it as --pose."
                    )
                if not any(Path(text).glob("*.json")):
                    raise InputError(f"{text} is neither a person folder nor a folder of pose files: it has no JSON.")
            continue
        if driving and Path(text).suffix.lower() in _CLIPS:
            raise InputError(f"There is no clip {text}.")
        several = [part.strip() for part in text.split(",")]
        if len(several) > 1 and all(part in names for part in several):
            each_named = " ".join(f"{option} {part}" for part in several)
            raise InputError(f"{text} names several poses; give each an option of its own: {each_named}.")
        raise _no_pose(text, names)


def check_photo(path: Path | str) -> None:
    """Raises InputError for what is plainly neither a photo nor a person folder; the file is hardly looked at."""
    path = Path(path)
    if path.is_dir():
        return
    if not path.exists():
        raise InputError(f"There is no file {path}; give a photo, or a person folder made by `rsagan analyse`.")
    if path.suffix.lower() in _CLIPS:
        raise InputError(f"{path} is a clip and no picture; `rsagan animate PHOTO --driving {path}` takes clips.")
    if zipfile.is_zipfile(path):
        raise InputError(f"{path} is a ZIP file; unpack it into a folder and give that folder.")


def check_weights(size: tuple[int, int] | None, weights: Path | str | None) -> None:
    """Raises InputError if there are no such weights, or the package's cannot paint frames of `size`; None for any."""
    if weights is not None and not Path(weights).is_file():
        raise InputError(f"There is no weights file {weights}; leave --weights out for those of the package.")
    if weights is None and size and not same_shape(size, _SHIPPED_SIZE):
        raise InputError(
            f"The package's weights paint frames shaped like 256x176, height x width, not {size[0]}x{size[1]}; take "
            "128x88, 256x176, 512x352, 768x528 or 1024x704."
        )


def generate(
    source: Path | str,
    poses: Sequence[str],
    out: Path | str,
    weights: Path | str | None = None,
    size: tuple[int, int] = (256, 176),
    person: Which = None,
    progress: Progress | None = None,
    background: str = "plain",
    retarget: bool = True,
    refine: bool = False,
    parsing: Path | str | None = None,
    labels: str = "rsagan",
    also: Sequence[Path | str] = (),
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
        background: `plain`, `keep` (the photo's own, the result as the whole photo shows it) or a picture file.
        retarget: give the poses the person's own limb lengths.
        refine: learn to reconstruct the person's picture first, for some seconds.
        parsing: a PNG of the source's regions made elsewhere; labels: the label set it is in.
        also: more photos, or person folders, of the same person, from other sides.

    Raises:
        InputError: something cannot be read or used. AssetError: the photo analysis' files cannot be had.
    """
    check_given(source, poses, size, weights, background, also)
    check_folder(out)
    named = _named(poses)
    sources = [source, *also]
    own = [Path(each) / name for each in sources for name in PERSON_FILES]  # where they are person folders
    spare([*sources, *own, *poses, background, parsing], [Path(out) / f"{name}.png" for name in (*named, "grid")])
    seen: list[str] = []
    regions = read_parsing(parsing, labels) if parsing else None
    targets = {name: read_target(text, size, seen) for name, text in named.items()}

    from rsagan.transfer import load, shipped_weights, target_of

    given = read_source(source, size, person, background, regions, also)
    subject_person, notes = given.person, given.notes + seen
    notes += hidden_side(given)
    weights = Path(weights or shipped_weights(subject_person.size))
    model = load(weights)
    given.check(model)
    for name, target in targets.items():  # before anything that takes long
        if lacks_legs([target], subject_person.pose):
            notes.append(f"The pose {name} shows no legs; the person stands.")
        try:
            targets[name] = target_of(target, subject_person, retarget=retarget, on_ground=background == "keep")
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
    if refine:
        from rsagan.training.adapt import refine as learn

        learn(model.generator, subject_person, model.size)
    subject = given.prepare(model)

    out = Path(out)
    painted_at = model.size
    pictures: dict[str, Path] = {}
    results = []
    for done, (name, target) in enumerate(targets.items()):
        result = subject.paint(target)
        results.append((name, result, given.show(result)))
        if progress:
            progress(done + 1, len(targets))
    notice = f"{AI_NOTICE}, painted by rsagan {__version__} with the weights {weights.stem}"
    for name, _, shown in results:
        pictures[name] = out / f"{name}.png"
        write_png(pictures[name], shown, notice)
    bands: list[list[Picture]] = []
    for start in range(0, len(results), _POSES_A_ROW):
        band = results[start : start + _POSES_A_ROW]
        bands.append([subject_person.picture, *(draw_pose(result.pose) for _, result, _ in band)])
        bands.append([draw_pose(subject_person.pose), *(given.cell(shown) for _, _, shown in band)])
    write_png(out / "grid.png", grid(bands), notice)
    shown_size = results[0][2].shape[:2]
    if painted_at != subject_person.size:
        own_detail = painted_at[0] < subject_person.size[0] and model.generator.config.detail
        notes.append(
            "The weights paint at {}x{}; {} {}{}.".format(
                *painted_at,
                f"the results are {'enlarged' if painted_at < subject_person.size else 'reduced'} to"
                if shown_size == subject_person.size
                else "the person is fitted into the whole photo, and the results are",
                f"{shown_size[0]}x{shown_size[1]}",
                ", with the photo's own detail where the result shows what the photo does" if own_detail else "",
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
    joints: Joints = "blazepose",
) -> Analysed:
    """Write a person folder for a photo, with `overlay.png` to look at.

    Person, parsing and labels are as in `generate`, joints as in `rsagan.analyse`.

    Raises:
        InputError: the photo cannot be read or shows nobody. AssetError: the analysis' files cannot be had.
    """
    from rsagan.photo import analyse as analyse_photo

    check_photo(photo)
    check_folder(out)
    spare([photo, parsing], [Path(out) / name for name in (*PERSON_FILES, "overlay.png")])
    picture = read_picture(photo)
    regions = read_parsing(parsing, labels) if parsing else None
    try:
        found = analyse_photo(picture, size, person, parsing=regions, joints=joints)
    except InputError as error:
        raise InputError(f"{photo}: {error}") from error
    write_person(out, found.person, found.fit)
    shown = draw_pose(found.person.pose, draw_parsing(found.person.parsing, found.person.picture))
    write_png(Path(out) / "overlay.png", shown)
    return Analysed(Path(out), found)


@dataclass(frozen=True, eq=False)
class Source:
    """A person to paint, on a plain backdrop as the weights were trained.

    Attributes:
        behind: makes the scene that results are laid on, which can take seconds; None for the backdrop they are
            painted on.
        notes: sentences the user should see.
        others: the same person in further pictures.
    """

    person: Person
    behind: "Callable[[], Scene] | None"
    notes: list[str]
    others: tuple[Person, ...] = ()

    @cached_property
    def scene(self) -> "Scene | None":
        """What results are laid on."""
        return None if self.behind is None else self.behind()

    def check(self, model: "Model") -> None:
        """Raises InputError if the model cannot paint this person, or not on this scene."""
        from rsagan.transfer import NO_OUTLINE

        model.check_shape(self.person.size)
        if self.behind is not None and not model.generator.config.semantics:
            raise InputError(NO_OUTLINE)

    def prepare(self, model: "Model") -> "Subject":
        """All that the pictures show of the person, encoded. Raises InputError if these weights take one picture."""
        return model.prepare(self.person, *self.others)

    def show(self, result: "Result") -> Picture:
        """The result on the scene, of a model that passed `check`."""
        if self.scene is None:
            return result.picture
        assert result.outline is not None
        return self.scene.show(result.picture, result.outline)

    def cell(self, shown: Picture) -> Picture:
        """What `show` gave, as large as fits into the person's frame: for a grid."""
        return np.asarray(ImageOps.contain(Image.fromarray(shown), self.person.size[::-1], Image.Resampling.LANCZOS))


def read_source(
    source: Path | str,
    size: tuple[int, int],
    person: Which = None,
    background: str = "plain",
    regions: Parsing | None = None,
    also: Sequence[Path | str] = (),
) -> Source:
    """The person of a photo or of a person folder, and the scene to show results on.

    Args:
        size, person, background, also: as in `generate`.
        regions: those of the photo, or of the folder's picture, if they come from elsewhere.

    Raises:
        InputError: no photo, nobody in it, no such background, regions of another picture.
        AssetError: the photo analysis' files cannot be had.
    """
    behind = None if background in ("plain", "keep") else _read_background(background)
    if Path(source).is_dir():
        whole = read_person(source)
        if regions is not None:
            if regions.shape != whole.size:
                raise InputError(
                    f"The regions are {regions.shape[0]}x{regions.shape[1]} pixels, the picture in {source} is "
                    f"{whole.size[0]}x{whole.size[1]}; make them from that picture."
                )
            whole = Person(whole.picture, whole.pose, regions)
        from rsagan.photo import cut_out, soft_outline

        outline, notes = soft_outline(whole.parsing), []
        subject = replace(whole, picture=cut_out(whole.picture, outline))
        rows, columns = covered_in(source)
        photo = whole.picture[rows, columns]
        fit = Fit(1.0, (columns.start or 0, rows.start or 0), photo.shape[:2], whole.size)
    else:
        from rsagan.transfer import analyse as analyse_source

        photo = read_picture(source)
        try:
            found = analyse_source(photo, size, person, regions)
        except InputError as error:
            raise InputError(f"{source}: {error}") from error
        subject, notes, fit, outline = found.person, found.notes, found.fit, found.mask
    further = [read_source(each, subject.size) for each in also]
    notes = notes + [f"{each}: {note}" for each, one in zip(also, further, strict=True) for note in one.notes]
    others = tuple(each.person for each in further)
    if background == "plain":
        return Source(subject, None, notes, others)
    from rsagan.photo import other_scene, photo_scene

    if behind is None:
        return Source(subject, partial(photo_scene, photo, fit, outline), notes, others)
    return Source(subject, partial(other_scene, behind, subject.size), notes, others)


def _check_background(background: str) -> None:
    if not Path(background).is_file():
        raise InputError(f"The background is `keep`, `plain` or a picture file; there is no file {background}.")


def _read_background(background: str) -> Picture:
    _check_background(background)
    return read_picture(background)


def hidden_side(given: Source) -> list[str]:
    """What to say of a person whom one photo shows from the side or from behind."""
    side = None if given.others else _SIDES.get(given.person.pose.facing)
    told = f"The person is seen {side}; what the photo does not show is made up, and --also takes one that shows it."
    return [told] if side else []


def read_target(text: str, size: tuple[int, int], notes: list[str]) -> Pose:
    """A target pose: a name of the library, a pose file, a person folder, or a photo of somebody in that pose.

    What the user should know of such a photo is added to `notes`.
    """
    from rsagan.people import library

    path = Path(text)
    if path.is_dir() and text not in library.names():
        path = path / "pose.json"
    if path.suffix.lower() in _POSE_FILES:
        pose = read_pose(path)
    elif path.suffix or (path.is_file() and text not in library.names()):
        from rsagan.photo import analyse as analyse_photo

        try:
            found = analyse_photo(read_picture(path), size)
        except InputError as error:
            raise InputError(f"The pose {text}: {error}") from error
        pose = found.person.pose
        notes += [f"The pose {text}: {note}" for note in found.notes]
    elif text in library.names():
        pose = library.load(text)
    else:
        raise _no_pose(text, library.names())
    reason = pose.usable()
    if reason:
        raise InputError(f"The pose {text} cannot be used: {reason}.")
    return pose


def _no_pose(text: str, names: Sequence[str]) -> InputError:
    near = get_close_matches(text, names)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return InputError(
        f"{text!r} is neither a file nor a pose of the library; {meant}`rsagan generate --pose list` shows them all."
    )


def _pose_name(text: str) -> str:
    """What a pose's result is called: the name of the pose, file or folder, in characters safe in a file name."""
    return re.sub(r"[^\w.-]+", "-", Path(text).stem).strip("-.") or "pose"


def _named(poses: Sequence[str]) -> dict[str, str]:
    """The poses by the names of their results; those of the same name get a number."""
    named: dict[str, str] = {}
    taken = {"grid"}  # for some disks Walk.png and walk.png are one file
    for pose in poses:
        unique = name = _pose_name(pose)
        count = 1
        while unique.casefold() in taken:
            count += 1
            unique = f"{name}-{count}"
        named[unique] = pose
        taken.add(unique.casefold())
    return named
