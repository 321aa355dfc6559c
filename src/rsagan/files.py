"""Writing files so that nobody ever sees half of one."""

import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from rsagan.errors import InputError


def check_folder(out: Path | str, *inputs: Path | str | None) -> None:
    """For what takes long before it writes: raises InputError now if nothing can be written into a folder `out`.

    Nor is anything written into one of the folders `inputs`, whose own files have the same names.
    """
    whole = Path(out).absolute()
    if any(given is not None and whole.resolve() == Path(given).resolve() for given in inputs):
        raise InputError(f"{out} is what the results are made from; choose another folder for them.")
    nearest = next((path for path in (whole, *whole.parents) if path.exists()), None)
    if nearest is None:
        raise InputError(f"There is no {whole.anchor}; choose another folder for the results.")
    if not nearest.is_dir():
        raise InputError(f"{nearest} is a file; results need a folder.")
    if not os.access(nearest, os.W_OK):
        raise InputError(f"Nothing may be written to {nearest}; choose another folder for the results.")


def spare(inputs: Iterable[Path | str | None], outputs: Iterable[Path]) -> None:
    """Raises InputError if writing `outputs` would replace one of `inputs` (what is no file is passed over)."""
    given = [Path(path) for path in inputs if path is not None]
    for out in outputs:
        for path in given:
            if out.is_file() and path.is_file() and out.samefile(path):
                raise InputError(f"The result would replace {path}, which it is made from; choose another place.")


@contextmanager
def held(folder: Path | str) -> Iterator[None]:
    """Make a folder, and keep it for this process: until the end, or its death, no other may hold it.

    Raises:
        InputError: another process, or another thread, holds it; or it cannot be made or written to.
    """
    with writing(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        lock = FileLock(Path(folder) / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise InputError(
                f"Another process is at work in {folder}; wait until it has ended, or choose another folder."
            ) from None
    try:
        yield
    finally:
        lock.release()


_WRITING = ".writing-"  # how the names of unfinished files begin


def sweep(folder: Path | str) -> None:
    """Delete what `replacing` left unfinished in a folder when its process was killed; nobody may be writing there."""
    for left in Path(folder).glob(f"{_WRITING}*"):
        left.unlink(missing_ok=True)


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Raises InputError, which names `path`, for what goes wrong on the disk within."""
    try:
        yield
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror or error}.") from error


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is flushed to disk and renamed over `path`.

    On any error (also Ctrl-C) the temporary file goes away and an older `path` stays as it was.

    Raises:
        InputError: the folder does not exist and cannot be made, or is not writable.
    """
    path = Path(path)
    name = f"{_WRITING}{path.stem[:40]}-{secrets.token_hex(6)}{path.suffix}"
    temporary = path.parent.absolute() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(exist_ok=False)  # with the rights that this user's files have
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror or error}; choose a folder you may write to."
        ) from error
    try:
        with writing(path):
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            move(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> None:
    """Write a text file whole or not at all: UTF-8, lines that end alike on every system.

    Raises:
        InputError: as `replacing`.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


_HELD: Final = (5, 32)  # what Windows answers while somebody else has the file open
_PATIENCE: Final = 2.0  # seconds


def move(temporary: Path, path: Path) -> None:
    """Rename a finished file over `path`.

    On Windows a virus scanner or an indexer may have just opened either of them: then again, for two seconds.

    Raises:
        OSError: it cannot be renamed.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            temporary.replace(path)
            return
        except OSError as error:
            if getattr(error, "winerror", None) not in _HELD or time.monotonic() > end:
                raise
        time.sleep(0.05)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
