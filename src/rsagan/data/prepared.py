"""The prepared folder: what every data source ends as, and all that training and evaluation know.

    images/NAME.png     the picture, RGB
    parsing/NAME.png    its regions, one number a pixel
    surface/NAME.png    optional: 16-bit body-surface coordinates in 2 mm steps, 0 0 0 = background
    poses.jsonl         one view a line: name, identity, yaw, points, visible, the SHA-256 of its files
    pairs-train.csv     header `from,to`, then two names a line; pairs-test.csv alike
    train.lst           optional: the names of all training views, also of those in no pair
    manifest.json       format, frame, source, licence, seeds, the SHA-256 of poses.jsonl and the pairs

The manifest vouches for poses.jsonl, and poses.jsonl for every picture.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rsagan.errors import InputError
from rsagan.files import file_hash, move, sweep, write_text
from rsagan.people import NUM_JOINTS, NUM_REGIONS

FORMAT: Final = 1
TRAIN_LIST: Final = "train.lst"
UNFINISHED: Final = ".unfinished"  # the folder in a folder that is being filled, for notes to go on from


# What reading JSON of another shape, or of numbers beyond all measure, can raise.
MALFORMED: Final = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, eq=False)
class Entry:
    """One line of poses.jsonl.

    Attributes:
        name: of the files, without extension.
        identity: who it is.
        points: float32 (18, 2), x and y in pixels of the frame; NaN = not known at all.
        visible: bool (18,): known and not hidden behind anything.
        yaw: degrees, 0 = facing the camera, or None where nobody knows.
        sha256: hash of each of the view's files, by kind.
    """

    name: str
    identity: str
    points: NDArray[np.float32]
    visible: NDArray[np.bool_]
    yaw: float | None
    sha256: dict[str, str]

    def to_json(self) -> str:
        """The line, without its end."""
        points = [None if np.isnan(x) else [round(float(x), 3), round(float(y), 3)] for x, y in self.points]
        record = {
            "name": self.name,
            "identity": self.identity,
            "yaw": None if self.yaw is None else round(self.yaw, 3),
            "points": points,
            "visible": [int(seen) for seen in self.visible],
            "sha256": self.sha256,
        }
        return json.dumps(record)

    @staticmethod
    def from_json(line: str) -> "Entry":
        """The inverse. Raises one of `MALFORMED` on a broken line."""
        record = json.loads(line)
        name, identity = str(record["name"]), str(record["identity"])
        if not name or Path(name).name != name or "\0" in name:
            raise ValueError(f"{name!r} is not a file name")
        points = np.array([(np.nan, np.nan) if p is None else p for p in record["points"]], np.float64)
        visible = np.array(record["visible"], bool)
        if points.shape != (NUM_JOINTS, 2) or visible.shape != (NUM_JOINTS,):
            raise ValueError(f"it holds {len(points)} joints instead of {NUM_JOINTS}")
        yaw = None if record.get("yaw") is None else float(record["yaw"])
        known = [p is not None for p in record["points"]]
        if not (np.abs(points[known]) <= np.finfo(np.float32).max).all() or not np.isfinite(yaw or 0):
            raise ValueError("a joint or the yaw is no finite number")
        return Entry(name, identity, points.astype(np.float32), visible, yaw, dict(record.get("sha256", {})))


class PreparedFolder:
    """A prepared folder, opened: its manifest, views and pairs in memory, its pictures read when asked for.

    Attributes:
        path: the folder.
        manifest: manifest.json as it is.
        size: (height, width) of every picture.
        entries: the views; `index` finds one by name.
        has_surface: whether body-surface coordinates are there.

    Raises:
        InputError: something is missing or broken, said in one sentence.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.manifest = self._read_manifest()
        self.size: tuple[int, int] = (int(self.manifest["frame"][0]), int(self.manifest["frame"][1]))
        self.entries = self._read_entries()
        self.index = {entry.name: i for i, entry in enumerate(self.entries)}
        if len(self.index) < len(self.entries):
            raise InputError(f"{self.path / 'poses.jsonl'} names a view twice; prepare the folder anew.")
        self.has_surface = (self.path / "surface").is_dir()
        if not self.has_surface and any("surface" in entry.sha256 for entry in self.entries):
            raise InputError(f"{self.path} was copied without its folder surface; copy that, too.")

    @property
    def version(self) -> dict[str, str]:
        """What tells its data from other data: hashes of the lists, and by them of the views.

        For the views of a named benchmark its name stands: they are the same everywhere, but rendered on another kind
        of processor a pixel may differ by a level. (With an asset pack they depend on its files, too.)
        """
        hashes, plan = dict(self.manifest.get("sha256", {})), self.manifest.get("plan")
        if isinstance(plan, dict) and "benchmark" in plan and not plan.get("textured"):
            hashes["poses.jsonl"] = str(plan["benchmark"])
        return hashes

    def pairs(self, split: Literal["train", "validation", "test"]) -> NDArray[np.int64]:
        """int64 (P, 2): source and target of each pair, as positions in `entries`.

        Raises:
            InputError: the file is missing, empty, without its header, or names a view the folder does not have.
        """
        path = self.path / f"pairs-{split}.csv"
        lines = self._text(path).splitlines()
        if not lines or lines[0].replace(" ", "") != "from,to":
            raise InputError(f"{path} must begin with the line `from,to`.")
        pairs = []
        for number, line in enumerate(lines[1:], 2):
            names = line.split(",")
            if len(names) != 2 or any(name not in self.index for name in names):
                raise InputError(f"{path}, line {number}: {line[:80]!r} does not name two views of this folder.")
            pairs.append((self.index[names[0]], self.index[names[1]]))
        if not pairs:
            raise InputError(f"{path} lists no pairs.")
        return np.array(pairs, np.int64)

    def picture(self, position: int) -> NDArray[np.uint8]:
        """uint8 (H, W, 3) RGB of the view at `position`. Raises InputError if unreadable or of another size."""
        return np.ascontiguousarray(self._image("images", position, np.dtype(np.uint8), 3)[..., ::-1])

    def parsing(self, position: int) -> NDArray[np.uint8]:
        """uint8 (H, W) of regions. Raises InputError if unreadable, of another size or with unknown regions."""
        parsing = self._image("parsing", position, np.dtype(np.uint8), 1)
        if parsing.max() >= NUM_REGIONS:
            path = self.file("parsing", position)
            raise InputError(f"{path} holds the number {parsing.max()}; regions end at {NUM_REGIONS - 1}.")
        return parsing

    def surface(self, position: int) -> NDArray[np.uint16]:
        """uint16 (H, W, 3): rest-pose coordinates in 2 mm steps, 0 = background. Raises InputError as `picture`."""
        return np.ascontiguousarray(self._image("surface", position, np.dtype(np.uint16), 3)[..., ::-1])

    def file(self, kind: str, position: int) -> Path:
        """Where a view's file of a kind ("images", "parsing", "surface") lies."""
        return self.path / kind / f"{self.entries[position].name}.png"

    def verify(self) -> None:
        """Check every file against its hash. Raises InputError at the first that differs."""
        for position, entry in enumerate(self.entries):
            for kind, expected in entry.sha256.items():
                path = self.file(kind, position)
                if not path.is_file() or file_hash(path) != expected:
                    raise InputError(f"{path} is missing or not the file the folder was prepared with.")

    def _image(self, kind: str, position: int, dtype: np.dtype[Any], channels: int) -> NDArray[Any]:
        path = self.file(kind, position)
        flags = cv2.IMREAD_UNCHANGED if kind != "images" else cv2.IMREAD_COLOR
        try:
            image = cv2.imdecode(np.fromfile(path, np.uint8), flags)
        except (OSError, cv2.error):
            image = None
        if image is None:
            raise InputError(f"{path} is missing or not a readable PNG; prepare the folder anew.")
        expected = (*self.size, channels)[: 2 + (channels > 1)]
        if image.shape != expected or image.dtype != dtype:
            raise InputError(f"{path} is {image.dtype} {image.shape} instead of {dtype} {expected}.")
        return np.asarray(image)

    def _text(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{self.path} is not a whole prepared folder: {path.name} cannot be read.") from error

    def _read_manifest(self) -> dict[str, Any]:
        path = self.path / "manifest.json"
        if not path.is_file():
            raise InputError(
                f"{self.path} is not a prepared folder: manifest.json is missing (`rsagan prepare` and "
                "`rsagan synthesize` make one)."
            )
        try:
            manifest = json.loads(self._text(path))
            version, frame = manifest["format"], manifest["frame"]
            sound = len(frame) == 2 and all(side == int(side) > 0 for side in frame)
            hashes = dict(manifest.get("sha256", {}))
        except MALFORMED as error:
            raise InputError(f"{path} is damaged; prepare the folder anew.") from error
        if version != FORMAT:
            raise InputError(f"{path} is of format {version}; this program reads format {FORMAT}.")
        if not sound:
            raise InputError(f"{path} names the frame {frame}; it must be a height and a width, in whole pixels.")
        for name, expected in hashes.items():
            if not (self.path / name).is_file() or file_hash(self.path / name) != expected:
                raise InputError(f"{self.path / name} is missing or was changed since the folder was prepared.")
        return dict(manifest)

    def _read_entries(self) -> list[Entry]:
        path = self.path / "poses.jsonl"
        entries = []
        for number, line in enumerate(self._text(path).splitlines(), 1):
            try:
                entries.append(Entry.from_json(line))
            except MALFORMED as error:
                raise InputError(f"{path}, line {number} is not a view: {error}.") from error
        if not entries:
            raise InputError(f"{path} lists no views.")
        return entries


def is_new(folder: Path) -> bool:
    """Whether there is nothing in a folder but, at most, what was left where not even the first note could be written.

    That is deleted. Raises InputError if it cannot be.
    """
    notes = folder / UNFINISHED
    try:
        if notes.is_dir() and not (notes / "plan.json").exists():
            sweep(notes)
            if not any(notes.iterdir()):
                notes.rmdir()
        return not folder.is_dir() or not any(folder.iterdir())
    except OSError as error:
        raise InputError(f"Cannot look into {folder}: {error.strerror or error}; choose another folder.") from error


def write_view(
    folder: Path,
    entry: Entry,
    picture: NDArray[np.uint8],
    parsing: NDArray[np.uint8],
    surface: NDArray[np.uint16] | None = None,
) -> Entry:
    """Write one view's pictures (whole or not at all) and return its entry with their hashes.

    Args:
        picture: uint8 (H, W, 3) RGB. parsing: uint8 (H, W). surface: uint16 (H, W, 3).

    Raises:
        InputError: the disk is full or the folder not writable.
    """
    images: dict[str, NDArray[Any]] = {"images": picture[..., ::-1], "parsing": parsing}
    if surface is not None:
        images["surface"] = surface[..., ::-1]
    hashes = {}
    for kind, image in images.items():
        path = folder / kind / f"{entry.name}.png"
        hashes[kind] = write_image(path, np.ascontiguousarray(image), (cv2.IMWRITE_PNG_COMPRESSION, 4))
    return Entry(entry.name, entry.identity, entry.points, entry.visible, entry.yaw, hashes)


def write_image(path: Path, image: NDArray[Any], options: Sequence[int]) -> str:
    """Write an image, OpenCV's order of channels, in the format of the path's ending; returns the file's SHA-256.

    It is written beside and renamed, but not forced to disk: the entry, written later, vouches for it.

    Raises:
        InputError: it cannot be encoded or written.
    """
    done, data = cv2.imencode(path.suffix, image, options)
    if not done:
        raise InputError(f"Cannot encode {path}.")
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(data.tobytes())
        move(unfinished, path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise InputError(f"Cannot write {path}: {error.strerror or error}.") from error
    return hashlib.sha256(data.tobytes()).hexdigest()


def write_lists(
    folder: Path,
    entries: Sequence[Entry],
    train: Sequence[tuple[str, str]],
    test: Sequence[tuple[str, str]],
    manifest: dict[str, Any],
    more: dict[str, str] | None = None,
) -> None:
    """Write poses.jsonl, both lists of pairs and, last, the manifest that makes the folder a prepared one.

    Args:
        more: further text files by name, for which the manifest vouches too.
        manifest: at least `frame` (height, width), `source` and `licence`; format, counts and hashes are added.
    """
    texts = {"poses.jsonl": "".join(entry.to_json() + "\n" for entry in entries)}
    for split, pairs in (("train", train), ("test", test)):
        texts[f"pairs-{split}.csv"] = "from,to\n" + "".join(f"{a},{b}\n" for a, b in pairs)
    texts |= more or {}
    for name, text in texts.items():
        write_text(folder / name, text)
    whole = {
        "format": FORMAT,
        **manifest,
        "counts": {"views": len(entries), "train_pairs": len(train), "test_pairs": len(test)},
        "sha256": {name: file_hash(folder / name) for name in texts},
    }
    write_text(folder / "manifest.json", json.dumps(whole, indent=1) + "\n")
