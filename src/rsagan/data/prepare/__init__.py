"""From the files that circulate to the prepared folder: a module a family of layouts, one engine for all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rsagan.data.prepare.checks import check
from rsagan.data.prepare.clips import plan_clips
from rsagan.data.prepare.deepfashion import plan_deepfashion
from rsagan.data.prepare.engine import run
from rsagan.data.prepare.frames import Fit
from rsagan.data.prepare.market1501 import plan_market1501
from rsagan.data.prepare.photos import plan_folder

__all__ = ["prepare_clips", "prepare_deepfashion", "prepare_folder", "prepare_market1501"]

Progress = Callable[[int, int], None]


def prepare_deepfashion(
    out: Path | str,
    pictures: Path | str,
    lists: Path | str | None = None,
    parsing: Path | str | None = None,
    labels: str | None = None,
    fit: Fit = "crop",
    size: tuple[int, int] = (256, 176),
    frame: tuple[int, int] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """DeepFashion's in-shop pictures into a prepared folder; run again, it goes on where it stopped.

    Args:
        pictures: the download (`img` or `img_highres`, or a folder above them), a flat folder, or an LMDB archive.
        lists: folder of the lists; that of the pictures by default.
        parsing: folder of parsing maps; by default a known one beside the lists or the pictures, else regions are
            estimated. labels: the maps' label set, where it is not clear, or "estimated".
        fit: "crop" takes the middle of square pictures, "squash" stretches tall ones.
        size: (256, 176), (512, 352), or (256, 256), squashed.
        frame: (256, 256) or (256, 176), of the listed joints, if not by their name.
        workers: processes; as many as there are cores by default. progress: called with (done, in all).

    Returns:
        what report.json holds.

    Raises:
        InputError: something cannot be read, an option does not fit the data, or `out` holds something else.
    """
    plan, views = plan_deepfashion(Path(pictures), _path(lists), _path(parsing), labels, fit, size, frame)
    check(views)
    return run(out, plan, workers, progress)


def prepare_market1501(
    out: Path | str,
    pictures: Path | str,
    lists: Path | str | None = None,
    parsing: Path | str | None = None,
    labels: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Market-1501 into a prepared folder of 128x64; arguments, result and errors as for `prepare_deepfashion`."""
    plan, views = plan_market1501(Path(pictures), _path(lists), _path(parsing), labels)
    check(views)
    return run(out, plan, workers, progress)


def prepare_folder(
    out: Path | str,
    pictures: Path | str,
    size: tuple[int, int] = (256, 176),
    test_identities: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Photos named by identity, a folder each or `IDENTITY_anything.jpg`, analysed, into a prepared folder.

    Args:
        test_identities: so many, evenly spread, appear in test pairs only; a tenth, at least one, by default.

    Raises:
        InputError: no pictures, too few identities, or `out` holds something else. AssetError: no photo analysis.
    """
    return run(out, plan_folder(Path(pictures), size, test_identities, without=Path(out)), workers, progress)


def prepare_clips(
    out: Path | str,
    clips: Path | str,
    size: tuple[int, int] = (256, 176),
    every: float = 0.5,
    test_identities: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """A clip, or a folder of clips of one person each, analysed every so many seconds, into a prepared folder.

    Raises:
        InputError: no clips, or `out` holds something else. AssetError: no photo analysis.
    """
    return run(out, plan_clips(Path(clips), size, every, test_identities), workers, progress)


def _path(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path)
