"""What a run tells: JSON lines, TensorBoard where it is installed, and a progress bar."""

import json
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rsagan.files import write_text, writing


class RunLog:
    """Writes `log.jsonl` and `tensorboard/` into the run's folder and shows the progress; a context manager.

    Args:
        run: the folder. seen: where the run (re)starts; later lines of an interrupted run are dropped.
        goal: pictures at the end.

    Everything here raises InputError where the disk is full or the folder not writable.
    """

    def __init__(self, run: Path, seen: int, goal: int) -> None:
        self.path = run / "log.jsonl"
        drop_after(self.path, seen)
        with writing(run):
            self.board = _tensorboard(run / "tensorboard", seen)
        self.console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("training"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} pictures  {task.fields[status]}  left"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.task = self.progress.add_task("training", total=goal, completed=seen, status="")

    def __enter__(self) -> "RunLog":
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()
        if self.board is not None:
            with suppress(OSError) if error else writing(self.path.parent):  # what came first is told
                self.board.close()

    def advance(self, seen: int) -> None:
        """Move the bar."""
        self.progress.update(self.task, completed=seen)

    def numbers(self, seen: int, values: dict[str, float]) -> None:
        """One line of the log."""
        add_line(self.path, {"seen": seen, **{name: float(f"{v:.9g}") for name, v in values.items()}})
        status = f"loss {values.get('total', float('nan')):.3f}  {values.get('pictures_per_second', 0):.1f} pictures/s"
        self.progress.update(self.task, status=status)
        if not self.console.is_terminal:
            self.console.print(f"{seen} pictures  {status}", highlight=False)
        if self.board is not None:
            with writing(self.path.parent):
                for name, value in values.items():
                    self.board.add_scalar(name, value, seen)

    def picture(self, seen: int, name: str, picture: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """Show a picture uint8 (H, W, 3) in TensorBoard."""
        if self.board is not None:
            with writing(self.path.parent):
                self.board.add_image(name, picture, seen, dataformats="HWC")


def _tensorboard(folder: Path, seen: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=seen + 1)  # the first step that it is to forget


def add_line(path: Path, row: dict[str, Any]) -> None:
    """Append a row to a log of JSON lines. Raises InputError where the disk is full or the folder not writable."""
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def drop_after(path: Path, seen: int) -> None:
    """Forget what an interrupted run logged beyond the checkpoint that it resumes from."""
    if not path.is_file():
        return
    kept = []
    for line in path.read_bytes().splitlines():
        try:
            if json.loads(line)["seen"] <= seen:
                kept.append(line.decode())
        except (ValueError, KeyError, TypeError):  # the line at which the power went
            continue
    write_text(path, "".join(line + "\n" for line in kept))
