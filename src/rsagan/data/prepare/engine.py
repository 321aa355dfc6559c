"""Runs a plan: parallel, resumable, never half-written.

While it runs, `.unfinished/` holds the plan's arguments and a journal with a line a task; a line is written after the
task's pictures. The same command reads it and goes on; tasks with a problem are tried again, also in a finished folder.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from rsagan.data.parallel import in_parallel, usable_cores
from rsagan.data.prepare.plan import Plan
from rsagan.data.prepare.report import Counts, read_report, write_report
from rsagan.data.prepare.tasks import Record, Task
from rsagan.data.prepared import MALFORMED, TRAIN_LIST, UNFINISHED, is_new, write_lists
from rsagan.errors import InputError
from rsagan.files import check_folder, held, write_text, writing

Progress = Callable[[int, int], None]
CHUNK: Final = 32  # tasks that a worker takes at a time


def run(folder: Path | str, plan: Plan, workers: int | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """Fill a prepared folder; run again after an interruption or a repair, it goes on.

    Args:
        folder: new, or one that a call with the same arguments left.
        workers: processes; as many as there are cores by default.
        progress: called with (tasks done, tasks in all).

    Returns:
        what report.json holds.

    Raises:
        InputError: no worker; a folder that holds other data, or that another process fills; nothing at all that could
            be prepared.
    """
    if workers is not None and workers < 1:
        raise InputError(f"At least one worker must prepare, not {workers}.")
    folder = Path(folder)
    check_folder(folder)
    names = {task.name for task in plan.tasks}
    if not plan.tasks or len(names) < len(plan.tasks):
        raise InputError("Nothing to prepare was found." if not plan.tasks else "Two things to prepare share a name.")
    _claim(folder, plan.arguments)
    journal = folder / UNFINISHED / "journal.jsonl"
    finished = (folder / "manifest.json").is_file()
    if finished and not journal.is_file():
        digest = _digest(names)
        if json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("tasks", digest) != digest:
            raise InputError(f"{folder} was prepared from other files; choose a new folder or delete it.")
        if progress:
            progress(len(plan.tasks), len(plan.tasks))
        return read_report(folder)
    with held(journal.parent):
        done = {record.task for _, record in _records(journal) if record.problem is None}
        _work(folder, journal, plan, done, usable_cores() if workers is None else workers, progress)
        report, first = _finish(folder, journal, plan)
    if report is None:
        if not any(path.name != UNFINISHED for path in folder.iterdir()):
            shutil.rmtree(journal.parent)
        raise InputError(f"Nothing could be prepared; the first problem: {first}")
    if first is None:
        shutil.rmtree(journal.parent)
    return report


def _work(folder: Path, journal: Path, plan: Plan, done: set[str], workers: int, progress: Progress | None) -> None:
    rest = [task for task in plan.tasks if task.name not in done]
    count = len(plan.tasks) - len(rest)
    if progress:
        progress(count, len(plan.tasks))
    size = min(CHUNK, plan.chunk)
    chunks = (rest[start : start + size] for start in range(0, len(rest), size))
    with writing(journal), journal.open("a", encoding="utf-8", newline="\n") as file:
        file.write("\n")  # ends a line that an interruption left torn
        for lines in in_parallel(partial(_prepare, folder), chunks, workers):
            file.write("".join(line + "\n" for line in lines))
            file.flush()
            count += len(lines)
            if progress:
                progress(count, len(plan.tasks))


def _prepare(folder: Path, tasks: Sequence[Task]) -> list[str]:
    return [task.prepare(folder).to_json() for task in tasks]


def _finish(folder: Path, journal: Path, plan: Plan) -> tuple[dict[str, Any] | None, str | None]:
    """Write the lists and the report from the journal's last word about each task; the report, if anything could be
    prepared, and the first problem, if there is one."""
    counts, entries, train_views = Counts(), [], []
    for task, record in zip(plan.tasks, _last_records(journal, plan), strict=True):
        counts.add(record, task.split)
        entries += record.entries
        if task.split == "train":
            train_views += [entry.name for entry in record.entries]
    first = next((problems[0] for problems in counts.problems.values()), None)
    if not entries:
        return None, first
    train, test, left_out = plan.pairs(entries)
    manifest = {"frame": list(plan.size), "source": plan.source, "licence": plan.licence, "plan": plan.arguments}
    manifest["tasks"] = _digest(task.name for task in plan.tasks)
    more = {TRAIN_LIST: "".join(name + "\n" for name in train_views)} if train_views else None
    write_lists(folder, entries, train, test, manifest, more)
    return write_report(folder, plan, counts, (len(train), len(test)), left_out), first


def _digest(names: Iterable[str]) -> str:
    """SHA-256 of names in any order."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


def _last_records(journal: Path, plan: Plan) -> Iterator[Record]:
    """The journal's last word about each task, in the plan's order, one at a time."""
    places = {record.task: place for place, record in _records(journal)}
    with journal.open("rb") as file:
        for task in plan.tasks:
            file.seek(places[task.name])
            yield Record.from_json(file.readline().decode())


def _records(journal: Path) -> Iterator[tuple[int, Record]]:
    """What the journal says and at which byte, without a line that was torn."""
    if not journal.is_file():
        return
    place = 0
    with journal.open("rb") as file:
        for line in file:
            with suppress(*MALFORMED):
                yield place, Record.from_json(line.decode())
            place += len(line)


def _claim(folder: Path, arguments: dict[str, Any]) -> None:
    """Make the folder ready for these arguments. Raises InputError if it holds anything else.

    What the lists said is not held against folders of earlier versions, which did not note it.
    """
    wanted = json.loads(json.dumps(arguments))
    manifest, note = folder / "manifest.json", folder / UNFINISHED / "plan.json"
    for path in (manifest, note):
        if not path.is_file():
            continue
        try:
            found: Any = json.loads(path.read_text(encoding="utf-8"))
            found = found.get("plan") if path == manifest else found
        except (OSError, ValueError, AttributeError):
            found = None
        if isinstance(found, dict) and "lists" not in found:
            wanted.pop("lists", None)
        if found != wanted:
            raise InputError(f"{folder} {_difference(found, wanted)}; choose a new folder or delete it.")
        return
    if not is_new(folder):
        raise InputError(f"{folder} is not empty and holds no unfinished preparation; choose a new folder.")
    write_text(note, json.dumps(wanted))


def _difference(found: Any, wanted: dict[str, Any]) -> str:
    if not isinstance(found, dict):
        return "holds other data"
    names = [key for key in sorted(set(found) | set(wanted)) if found.get(key) != wanted.get(key)]
    return f"was prepared with other options ({', '.join(names)})"
