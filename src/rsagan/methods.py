"""Any method that shows a person in a pose, ours or another's, painting a list of pairs.

A method is a callable of a `Person` and a target `Pose`, both in the person's frame, that returns the picture. Another
repository's network is wrapped in a few lines (docs/benchmarks.md has an example) and named as `module:object`, or
registered as an entry point of the group `rsagan.methods`.
"""

import hashlib
import importlib
import json
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from PIL import Image

from rsagan import __version__
from rsagan.data.prepare.names import market_name
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.files import check_folder, file_hash, replacing, sweep, write_text
from rsagan.network import best_device
from rsagan.people import Person, Picture, Pose, write_png
from rsagan.people.picture import AI_NOTICE

GROUP: Final = "rsagan.methods"
Naming = Literal["gfla", "patn", "reid"]
NAMINGS: Final[tuple[Naming, ...]] = ("gfla", "patn", "reid")
_NOTE: Final = "painted.json"


class Method(Protocol):
    """Shows a person in another pose.

    It may have a `version`, text that changes whenever its pictures would: pictures of two versions are never mixed.
    """

    def __call__(self, person: Person, pose: Pose) -> Picture:
        """The person in the pose: uint8 (H, W, 3) RGB of the person's size.

        Args:
            person: the source: picture, joints and regions in one frame.
            pose: the target joints in the same frame.
        """


class Ours:
    """This package's weights as a method; a person shown several times in a row is encoded once.

    Args:
        weights: a file, or None for the shipped ones for pictures of `size`, (height, width).

    Raises:
        InputError: not weights, or such as are for frames of another shape than `size`.
    """

    def __init__(self, weights: Path | str | None = None, size: tuple[int, int] | None = None) -> None:
        from rsagan.transfer import Subject, load, shipped_weights

        path = Path(weights or shipped_weights(size))
        self.name = f"rsagan {__version__} with the weights {path.stem}"
        self.model = load(path, best_device())
        if size is not None:
            self.model.check_shape(size)
        self.version = f"rsagan {__version__}, sha256 {file_hash(path)}"
        self._last: tuple[Person, Subject] | None = None

    def __call__(self, person: Person, pose: Pose) -> Picture:
        """See `Method`; however few joints there are, since a list of pairs is painted whole."""
        if self._last is None or self._last[0] is not person:
            self._last = (person, self.model.encode(person))
        return self._last[1].paint(pose).picture


@dataclass(frozen=True)
class Painting:
    """What `paint_pairs` did.

    Attributes:
        painted: pictures of this call; `there`: of earlier ones.
        seconds: that the method took for the painted ones, reading and writing apart.
        problems: pairs that the method could not paint, and why.
    """

    painted: int
    there: int
    seconds: float
    problems: list[str]

    def check(self, name: str) -> None:
        """Raises InputError if the method of that name could not paint every pair."""
        if self.problems:
            raise InputError(f"{name} could not paint {len(self.problems)} pairs, the first: {self.problems[0]}")


def load_method(text: str, size: tuple[int, int] | None = None) -> Method:
    """A method by the name of its entry point, or as `module:object`; a class is made without arguments.

    `rsagan` is this package's own shipped weights for pictures of `size`, (height, width). Modules are also looked
    for in the current folder.

    Raises:
        InputError: there is none of that name, or it cannot be imported or called.
    """
    if text == "rsagan":
        return Ours(size=size)
    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    try:
        if text in known:
            found: Any = known[text].load()
        elif text.count(":") == 1:
            module, name = text.split(":")
            if "" not in sys.path:
                sys.path.insert(0, "")
            found = getattr(importlib.import_module(module), name)
        else:
            names = ", ".join(sorted(known)) or "none"
            raise InputError(f"There is no method {text!r}; name it as module:object (installed by name: {names}).")
        found = found() if isinstance(found, type) else found
    except InputError:
        raise
    except Exception as error:  # whatever a stranger's module does at import
        raise InputError(f"The method {text} cannot be loaded: {type(error).__name__}: {error}.") from error
    if not callable(found):
        raise InputError(f"The method {text} is no function of a person and a pose.")
    return found


def result_name(source: str, target: str, naming: Naming = "gfla", number: int = 0) -> str:
    """What a pair's picture is called: as GFLA's and its heirs' scripts, as PATN's, or for re-ID trainers.

    Re-ID trainers read identity and camera from the beginning of a JPEG's name, which is the source's. A source that is
    not named as in Market-1501 is put behind a `number` of its identity and camera 1.
    """
    if naming == "patn":
        return f"{source}.jpg___{target}.jpg_vis.png"
    if naming == "gfla":
        return f"{source}_2_{target}_vis.png"
    return f"{source if market_name(source) else f'{number:04d}_c1s1_{source}'}_2_{target}.jpg"


def paint_pairs(
    method: Method,
    name: str,
    folder: PreparedFolder,
    pairs: Sequence[tuple[str, str]],
    out: Path | str,
    naming: Naming = "gfla",
    progress: Callable[[int, int], None] | None = None,
) -> Painting:
    """Show the source of every pair in its target's pose, a file a pair; run again, it goes on.

    Args:
        name: of the method, for the notes. pairs: names of source and target views of the folder.
        naming: of the files, see `result_name`.
        progress: called with (pictures done, pictures in all).

    Raises:
        InputError: an unknown naming or view; `out` holds pictures of another method, version, data set or list; the
            method fails, or gives no picture.
    """
    if naming not in NAMINGS:
        raise InputError(f"There is no naming {naming!r}; there are {', '.join(NAMINGS)}.")
    unknown = [name for pair in pairs for name in pair if name not in folder.index]
    if unknown:
        raise InputError(f"{folder.path} has no view {unknown[0]!r}; pairs are of the names of its views.")
    out = Path(out)
    version, data = getattr(method, "version", None), folder.version
    digest = hashlib.sha256(json.dumps(list(pairs)).encode()).hexdigest()
    _claim(
        out,
        {
            "method": name,
            "version": version,
            "naming": naming,
            "data": data,
            "pairs": len(pairs),
            "sha256 of the pairs": digest,
        },
    )
    sweep(out)
    identities = [folder.entries[folder.index[source]].identity for source, _ in pairs]
    numbers = {identity: k for k, identity in enumerate(sorted({each.identity for each in folder.entries}), 1)}
    files = [
        out / result_name(*pair, naming, numbers[identity]) for pair, identity in zip(pairs, identities, strict=True)
    ]
    rest = sorted((pair, path) for pair, path in zip(pairs, files, strict=True) if not path.is_file())
    there, seconds, problems = len(pairs) - len(rest), 0.0, []
    last, person = "", None
    for done, ((source, target), path) in enumerate(rest, there):
        if progress:
            progress(done, len(pairs))
        if person is None or source != last:
            last, person = source, _person(folder, folder.index[source])
        pose = Pose(folder.entries[folder.index[target]].points, folder.size)
        start = time.perf_counter()
        try:
            picture = method(person, pose)
        except InputError as error:
            problems.append(f"{source} to {target}: {error}")
            continue
        except Exception as error:  # whatever a stranger's network does
            place = traceback.extract_tb(error.__traceback__)[-1]
            raise InputError(
                f"The method {name} failed at {source} to {target}: {type(error).__name__}: {error} "
                f"({Path(place.filename).name}, line {place.lineno})."
            ) from error
        seconds += time.perf_counter() - start
        _write(path, _checked(picture, folder.size, name), f"{AI_NOTICE}, painted by {name}")
    if progress:
        progress(len(pairs), len(pairs))
    return Painting(len(rest) - len(problems), there, seconds, problems)


def _person(folder: PreparedFolder, at: int) -> Person:
    return Person(folder.picture(at), Pose(folder.entries[at].points, folder.size), folder.parsing(at))


def _checked(picture: Any, size: tuple[int, int], name: str) -> Picture:
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or picture.shape != (*size, 3):
        form = f"{picture.dtype} {picture.shape}" if isinstance(picture, np.ndarray) else type(picture).__name__
        raise InputError(f"The method {name} gave {form}; a picture is uint8 {(*size, 3)}.")
    return picture


def _write(path: Path, picture: Picture, notice: str) -> None:
    if path.suffix == ".png":
        write_png(path, picture, notice)
        return
    with replacing(path) as temporary:
        Image.fromarray(picture).save(temporary, format="JPEG", quality=95, subsampling=0, comment=notice.encode())


def _claim(out: Path, wanted: dict[str, Any]) -> None:
    """Make `out` the folder of this method and list. Raises InputError if it is another's."""
    check_folder(out)
    note = out / _NOTE
    # What is hidden was left by a kill before the note was there, or by the system.
    painted = out.is_dir() and any(path != note and not path.name.startswith(".") for path in out.iterdir())
    if note.is_file():
        try:
            found = json.loads(note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if found == wanted:
            return
        if painted:
            changed = [key for key in wanted if not isinstance(found, dict) or found.get(key) != wanted[key]]
            raise InputError(
                f"{out} holds pictures of another method or list of pairs ({', '.join(changed)}); choose a new folder."
            )
    elif painted:
        raise InputError(f"{out} is not empty and holds no painted pairs; choose a new folder.")
    write_text(note, json.dumps(wanted, indent=1) + "\n")
