"""Where the bytes of a picture or a parsing map lie: a file, or a key in an LMDB archive."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from rsagan.data.prepare.names import NameOf
from rsagan.errors import InputError

PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp")
# Folders beside the pictures that hold something else under the same names.
_NO_PICTURES: Final = ("trainSPL8", "testSPL8", "semantic_merge3", "seg", "parsing", "trainK", "testK", "pose")
_MAX_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or an entry of an LMDB archive."""

    path: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.key}" if self.key else self.path

    def read(self) -> bytes:
        """The bytes. Raises InputError if they cannot be had."""
        if self.key:
            with _environment(self.path).begin() as transaction:
                found = transaction.get(self.key.encode())
            if found is None:
                raise InputError(f"{self.path} no longer holds {self.key}.")
            return bytes(found)
        try:
            if os.path.getsize(self.path) > _MAX_BYTES:
                raise InputError(f"{self.path} is larger than {_MAX_BYTES >> 20} MiB; shrink it first.")
            with open(self.path, "rb") as file:
                return file.read()
        except OSError as error:
            raise InputError(f"Cannot read {self.path}: {error.strerror or error}.") from error


@dataclass(frozen=True)
class Found:
    """The files of a data set under a folder, by our name; `twice` names those found again under the same name."""

    by_name: dict[str, Source]
    twice: list[str]


def find(
    roots: Iterable[Path], name_of: NameOf, suffixes: tuple[str, ...] = PICTURES, without: Path | None = None
) -> Found:
    """Every file of the data set with such an ending, below folders or in LMDB archives, in order of path.

    Args:
        without: a folder below them that is passed over.

    Raises:
        InputError: a folder is missing or unreadable; an archive needs a package that is not installed.
    """
    by_name: dict[str, Source] = {}
    twice = []
    for root in roots:
        sources = _archive(root) if (root / "data.mdb").is_file() else _files(root, without)
        for source in sources:
            path = source.key or source.path
            name = name_of(path) if path.lower().endswith(suffixes) else None
            if name is None:
                continue
            if name in by_name:
                twice.append(name)
            else:
                by_name[name] = source
    return Found(by_name, twice)


def picture_roots(folder: Path, high_resolution: bool, size: tuple[int, int]) -> list[Path]:
    """Where below `folder` the pictures lie.

    An archive's folder as it is; of several archives, one a size, that of `size` (height, width); of `img` and
    `img_highres`, at most three levels down, the one of the resolution wanted, else the other; for a high resolution,
    `train_highres` and `test_highres`; then the largest archive; otherwise the folder itself.
    """
    check_is_folder(folder)
    if (folder / "data.mdb").is_file():
        return [folder]
    archives = {path.parent.name: path.parent for path in sorted(folder.glob("*/data.mdb"))}
    if f"{size[0]}-{size[1]}" in archives:
        return [archives[f"{size[0]}-{size[1]}"]]
    names = ("img_highres", "img") if high_resolution else ("img", "img_highres")
    for name in names:
        found = [path for pattern in ("", "*/", "*/*/") for path in folder.glob(pattern + name) if path.is_dir()]
        # To some disks `img` is `Img`, the folder above it.
        found = [path for path in found if path.name in os.listdir(path.parent)]
        if found:
            return found[:1]
    flat = [folder / name for name in ("train_highres", "test_highres") if (folder / name).is_dir()]
    if high_resolution and flat:
        return flat
    if archives:
        return [archives[max(archives, key=lambda name: int(re.sub(r"\D.*", "", name) or 0))]]
    return [folder]


def files_below(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files with such an ending anywhere below a folder, in order of path; hidden ones are passed over.

    Some systems leave a `._` file beside each.
    """
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def check_is_folder(folder: Path) -> None:
    """Raises InputError if it is none."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the one that holds the data set's files.")


def _files(root: Path, without: Path | None) -> Iterator[Source]:
    check_is_folder(root)
    passed = None if without is None or without.resolve() == root.resolve() else without.resolve()

    def fail(error: OSError) -> None:
        raise InputError(f"Cannot look into {error.filename}: {error.strerror or error}.") from error

    for folder, below, files in os.walk(root, onerror=fail):
        below[:] = sorted(name for name in below if not name.startswith(".") and name not in _NO_PICTURES)
        if passed is not None:
            below[:] = [name for name in below if Path(folder, name).resolve() != passed]
        for name in sorted(files):
            yield Source(os.path.join(folder, name))


def _archive(root: Path) -> Iterator[Source]:
    with _environment(str(root)).begin() as transaction:
        for key in transaction.cursor().iternext(values=False):
            yield Source(str(root), bytes(key).decode("utf-8", "replace"))


@lru_cache(maxsize=8)
def _environment(path: str) -> Any:
    try:
        import lmdb
    except ImportError as error:
        raise InputError(
            f'{path} is an LMDB archive, which needs the package lmdb; `pip install "rsagan[lmdb]"`.'
        ) from error
    try:
        return lmdb.open(path, readonly=True, lock=False, readahead=False, meminit=False)
    except lmdb.Error as error:
        raise InputError(f"{path} is not a readable LMDB archive ({error}).") from error
