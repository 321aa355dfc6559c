"""A person: a picture, the joints and the regions, in one frame; and the folder that holds them."""

import io
import warnings
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsagan.errors import InputError
from rsagan.files import replacing
from rsagan.people.picture import Fit, Picture, read_picture, write_png
from rsagan.people.pose import Pose
from rsagan.people.pose_formats import read_pose, write_pose
from rsagan.people.regions import PALETTE, Parsing, to_regions

PERSON_FILES: Final = ("picture.png", "pose.json", "parsing.png")
_COVERED: Final = "Photo"  # in the metadata of a person's picture
_MOST_CLASSES = 60  # of any label set


@dataclass(frozen=True, eq=False)
class Person:
    """One person in one frame.

    Attributes:
        picture: uint8 (H, W, 3) RGB.
        pose: joints in pixels of the same frame.
        parsing: uint8 (H, W) of regions 0..7.
    """

    picture: Picture
    pose: Pose
    parsing: Parsing

    def __post_init__(self) -> None:
        size = self.picture.shape[:2]
        if self.picture.dtype != np.uint8 or self.picture.ndim != 3 or self.picture.shape[2] != 3:
            raise InputError(f"A person's picture is uint8 (H, W, 3), not {self.picture.dtype} {self.picture.shape}.")
        if self.parsing.shape != size or self.pose.size != size:
            raise InputError(
                f"Picture {size}, parsing {self.parsing.shape} and pose {self.pose.size} must share one frame."
            )

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.pose.size

    def flipped(self) -> "Person":
        """The person of the mirrored picture."""
        picture, parsing = (np.ascontiguousarray(each[:, ::-1]) for each in (self.picture, self.parsing))
        return Person(picture, self.pose.flipped(), parsing)


def read_parsing(source: Path | str | bytes, label_set: str = "rsagan", size: tuple[int, int] | None = None) -> Parsing:
    """Read a parsing PNG of a known label set: the pixel's number (palette or grey) is its class, transparent or not.

    For our own regions a coloured PNG will do as well, and where all colours are those of `PALETTE` they count and the
    numbers do not: painting programs save RGB, or a palette in an order of their own.

    Args:
        source: a path, or the file's bytes.
        size: (height, width) of the picture it belongs to; a map of another size is refused undecoded.

    Returns:
        uint8 (H, W) of regions 0..7.

    Raises:
        InputError: unreadable, of another size, coloured otherwise, or with ids the set does not have.
    """
    path = "the parsing map" if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we judge the size ourselves
            opened = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=("PNG",))
        with opened as image:
            if image.width * image.height > 64_000_000:
                raise InputError(f"{path} is {image.width} x {image.height} pixels, too large for a parsing map.")
            if size is not None and (image.height, image.width) != size:
                raise InputError(
                    f"{path} is {image.width} x {image.height} pixels and its picture {size[1]} x {size[0]}; the two "
                    "must share one frame."
                )
            coloured = image.mode not in ("P", "L", "LA", "I;16", "I", "1")
            if label_set == "rsagan" and (coloured or image.mode == "P"):
                regions = _by_colour(image)
                if regions is not None:
                    _check_shades(regions, path)
                    return regions
            if coloured:
                raise InputError(
                    f"{path} is coloured; a parsing map holds class numbers, or exactly the colours of our regions."
                )
            labels = np.asarray(image.getchannel("L") if image.mode == "LA" else image).astype(np.int32)
    except InputError:
        raise
    except Exception as error:  # decoders fail with whatever they like; the file is at fault
        if isinstance(error, OSError) and error.strerror:
            raise InputError(f"Cannot read the parsing map {path}: {error.strerror}.") from error
        raise InputError(f"{path} is not a readable PNG parsing map.") from error
    _check_shades(labels, path)
    return to_regions(labels, label_set, str(path))


def _check_shades(labels: NDArray[np.integer], path: Path | str) -> None:
    """Raises InputError for what cannot be class numbers: one value all over, or the many shades of a picture."""
    count = len(np.unique(labels))
    if count == 1:
        raise InputError(
            f"{path} is plain grey, {int(labels.flat[0])} all over; a parsing map gives each pixel the number of its "
            "class, 0 being the background."
        )
    if count > _MOST_CLASSES:
        raise InputError(
            f"{path} is a picture with {count} shades of grey; a parsing map gives each pixel the number of its class."
        )


def _by_colour(image: Image.Image) -> Parsing | None:
    """The region of each pixel by its colour; None if some colour is no region's."""
    red, green, blue = np.moveaxis(np.asarray(image.convert("RGB")), -1, 0)
    colours = red.astype(np.uint32) << 16 | green.astype(np.uint32) << 8 | blue
    regions = np.full(colours.shape, len(PALETTE), np.uint8)
    for number, colour in enumerate(PALETTE.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)):
        regions[colours == colour] = number
    return regions if (regions < len(PALETTE)).all() else None


def write_parsing(path: Path | str, parsing: Parsing) -> None:
    """Write a palette PNG: the pixel's number is its region, its colour that of `regions.PALETTE`."""
    with replacing(path) as temporary:
        temporary.write_bytes(parsing_bytes(parsing))


def parsing_bytes(parsing: Parsing) -> bytes:
    """The PNG file that `write_parsing` writes."""
    image = Image.fromarray(np.ascontiguousarray(parsing)).convert("L")
    image.putpalette(PALETTE.ravel().tolist())
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def write_person(folder: Path | str, person: Person, fit: Fit | None = None) -> None:
    """Write the person folder: picture.png, pose.json, parsing.png; a person that was there stays if one fails.

    The picture's metadata say which of its rows and columns show the photo, where a fit says so.
    """
    covered = {} if fit is None else {_COVERED: " ".join(f"{each.start} {each.stop}" for each in fit.covered())}
    with ExitStack() as together:
        picture, pose, parsing = (together.enter_context(replacing(Path(folder) / name)) for name in PERSON_FILES)
        write_png(picture, person.picture, **covered)
        write_pose(pose, person.pose)
        write_parsing(parsing, person.parsing)


def read_person(folder: Path | str) -> Person:
    """Read a person folder.

    Raises:
        InputError: a file is missing or broken, or the three do not share one frame.
    """
    folder = Path(folder)
    for name in PERSON_FILES:
        if not (folder / name).is_file():
            raise InputError(f"{folder} is not a person folder: {name} is missing (`rsagan analyse` makes one).")
    picture = read_picture(folder / "picture.png")
    size = (picture.shape[0], picture.shape[1])
    pose, parsing = read_pose(folder / "pose.json", size), read_parsing(folder / "parsing.png", size=size)
    try:
        return Person(picture, pose, parsing)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error


def covered_in(folder: Path | str) -> tuple[slice, slice]:
    """The rows and columns of a person folder's picture that show the photo; all of them where nobody has said."""
    with suppress(OSError, ValueError, KeyError), Image.open(Path(folder) / "picture.png") as image:
        y0, y1, x0, x1 = (int(number) for number in str(image.info[_COVERED]).split())
        if 0 <= y0 < y1 <= image.height and 0 <= x0 < x1 <= image.width:
            return slice(y0, y1), slice(x0, x1)
    return slice(None), slice(None)
