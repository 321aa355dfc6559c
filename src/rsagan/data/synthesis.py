"""Writes a prepared folder of synthetic people. Same arguments, same bytes, whatever the number of workers."""

import json
import multiprocessing
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from rsagan.data.prepared import Entry, write_lists, write_view
from rsagan.errors import InputError
from rsagan.files import replacing

_UNFINISHED: Final = ".unfinished"
TEST_PAIRS: Final = 1000


@dataclass(frozen=True)
class _Plan:
    identities: int
    views: int
    size: tuple[int, int]
    seed: int
    test_identities: int
    test_pairs: int

    def problem(self) -> str | None:
        if self.identities < 2:
            return f"{self.identities} identities are too few; ask for at least 2, since some are kept for testing"
        if self.views < 2:
            return f"{self.views} view(s) an identity make no pairs; ask for at least 2"
        if not 0 < self.test_identities < self.identities:
            return f"{self.test_identities} of {self.identities} identities cannot be kept for testing; keep 1 or more"
        if any(side < 16 or side % 8 for side in self.size):
            return f"the size {self.size[0]}x{self.size[1]} is not made of multiples of 8 from 16 on"
        if self.seed < 0:
            return f"the seed {self.seed} is negative"
        return None


def synthesize(
    folder: Path | str,
    identities: int,
    views: int,
    size: tuple[int, int] = (256, 176),
    seed: int = 0,
    workers: int = 1,
    test_identities: int | None = None,
    *,
    test_pairs: int = TEST_PAIRS,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Render people into a prepared folder; run again after an interruption, it goes on where it stopped.

    Args:
        folder: new, or one that an interrupted call with the same arguments left.
        identities: how many people. views: pictures of each, 2 or more.
        size: (height, width), multiples of 8.
        seed: of everything, 0 or more. Identity i is the same person for any number of identities and views.
        workers: processes to render with; 1 renders in this one.
        test_identities: how many people, the last ones, appear in test pairs only; a tenth (at least 1) by default.
        test_pairs: at most so many test pairs, spread evenly over the test people.
        progress: called with (identities done, identities in all).

    Raises:
        InputError: arguments that make no folder; a folder that holds other data.
    """
    kept = max(1, identities // 10) if test_identities is None else test_identities
    plan = _Plan(identities, views, (int(size[0]), int(size[1])), seed, kept, test_pairs)
    if problem := plan.problem():
        raise InputError(f"Cannot synthesize: {problem}.")
    folder = Path(folder)
    if _finished(folder, plan):
        if progress:
            progress(identities, identities)
        return
    unfinished = folder / _UNFINISHED
    missing = [number for number in range(identities) if not (unfinished / f"{_name(number)}.jsonl").is_file()]
    _render_all(folder, plan, missing, workers, progress)

    entries: list[list[Entry]] = []
    for number in range(identities):
        lines = (unfinished / f"{_name(number)}.jsonl").read_text(encoding="utf-8").splitlines()
        entries.append([Entry.from_json(line) for line in lines])
    first_test = identities - kept
    train = [pair for person in entries[:first_test] for pair in _ordered_pairs(person)]
    test = _bounded(entries[first_test:], test_pairs, seed)
    manifest = {
        "frame": list(plan.size),
        "source": "rsagan.synthetic",
        "licence": "CC0-1.0",
        "plan": asdict(plan),
        "identities": {"train": first_test, "test": kept},
    }
    write_lists(folder, [entry for person in entries for entry in person], train, test, manifest)
    shutil.rmtree(unfinished)


def view_seeds(seed: int, identity: int, views: int) -> tuple[int, list[int]]:
    """The seed of the person `identity` of a folder, and those of the person's views."""
    person = np.random.SeedSequence((seed, identity)).generate_state(1, np.uint32)[0]
    seeds = [int(np.random.SeedSequence((seed, identity, 1 + v)).generate_state(1, np.uint32)[0]) for v in range(views)]
    return int(person), seeds


def _finished(folder: Path, plan: _Plan) -> bool:
    """True if the folder is already what is asked for; otherwise makes it ready to be filled."""
    wanted = json.loads(json.dumps(asdict(plan)))
    manifest, note = folder / "manifest.json", folder / _UNFINISHED / "plan.json"
    for path, key in ((manifest, "plan"), (note, None)):
        if path.is_file():
            try:
                found: Any = json.loads(path.read_text(encoding="utf-8"))
                found = found.get(key) if key else found
            except (OSError, ValueError, AttributeError):
                found = None
            if found != wanted:
                raise InputError(f"{folder} was made with other arguments; choose a new folder or delete it.")
            if path == manifest:
                return True
    if not note.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError(f"{folder} is not empty and holds no unfinished synthesis; choose a new folder.")
        with replacing(note) as temporary:
            temporary.write_text(json.dumps(wanted), encoding="utf-8")
    return False


def _render_all(
    folder: Path, plan: _Plan, missing: list[int], workers: int, progress: Callable[[int, int], None] | None
) -> None:
    done = plan.identities - len(missing)
    if progress:
        progress(done, plan.identities)
    if workers <= 1:
        for number in missing:
            _render_identity(folder, plan, number)
            done += 1
            if progress:
                progress(done, plan.identities)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        with _deaf_to_interrupts():  # which the workers, started here, inherit: Ctrl-C is the parent's to handle
            pending: set[Future[None]] = {pool.submit(_render_identity, folder, plan, number) for number in missing}
        try:
            while pending:
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done += 1
                    if progress:
                        progress(done, plan.identities)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may ask, and is interrupted
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _start_worker() -> None:
    import cv2
    import numba

    cv2.setNumThreads(1)
    numba.set_num_threads(1)


def _render_identity(folder: Path, plan: _Plan, number: int) -> None:
    from rsagan.synthetic import identity, render_view

    person_seed, seeds = view_seeds(plan.seed, number, plan.views)
    person = identity(person_seed)
    entries = []
    for position, seed in enumerate(seeds):
        view = render_view(person, seed, plan.size)
        entry = Entry(
            name=f"{_name(number)}_{position:02d}",
            identity=_name(number),
            points=np.asarray(view.points, np.float32),
            visible=np.asarray(view.visible, bool),
            yaw=float(view.yaw),
            sha256={},
        )
        entries.append(write_view(folder, entry, view.picture, view.parsing, view.surface))
    with replacing(folder / _UNFINISHED / f"{_name(number)}.jsonl") as temporary:
        temporary.write_text("".join(entry.to_json() + "\n" for entry in entries), encoding="utf-8", newline="\n")


def _name(number: int) -> str:
    return f"p{number:06d}"


def _ordered_pairs(person: list[Entry]) -> list[tuple[str, str]]:
    return [(a.name, b.name) for a in person for b in person if a is not b]


def _bounded(people: list[list[Entry]], limit: int, seed: int) -> list[tuple[str, str]]:
    """At most `limit` pairs, drawn so that every person gives the same number, give or take one."""
    random = np.random.default_rng(np.random.SeedSequence((seed, 2**31)))
    drawn = [[pairs[i] for i in random.permutation(len(pairs))] for pairs in map(_ordered_pairs, people)]
    rounds = [person[turn] for turn in range(max(map(len, drawn))) for person in drawn if turn < len(person)]
    return sorted(rounds[:limit])
