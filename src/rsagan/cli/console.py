"""What the command line says: results on standard output, everything else on standard error."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class OutputLost(OSError):
    """Standard output is closed or full."""


class Console:
    """Prints for people, or JSON for machines."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json

    def result(self, data: Any, lines: Sequence[str]) -> None:
        """The verb's result: `data` as JSON or `lines` as text."""
        _tell(json.dumps(data, indent=2) if self.as_json else "\n".join(lines))

    def note(self, text: str) -> None:
        """One sentence the user should see."""
        _remark(text)

    def notes(self, texts: Sequence[str]) -> None:
        """Several; in JSON they are part of the result."""
        if not self.as_json:
            for text in texts:
                self.note(text)

    def error(self, text: str) -> None:
        """The one sentence of a failure."""
        if self.as_json:
            _tell(json.dumps({"error": text}))
        _remark(f"rsagan: {text}")

    def table(self, rows: Sequence[dict[str, Any]], columns: Sequence[str], title: str = "") -> None:
        """Rows of equal keys."""
        if self.as_json:
            _tell(json.dumps(rows, indent=2))
            return
        from rich.console import Console as Rich
        from rich.table import Table
        from rich.text import Text  # as it is: brackets in a path are no markup

        table = Table(title=Text(title) if title else None, title_justify="left")
        for column in columns:
            table.add_column(column)
        for row in rows:
            table.add_row(*(Text(str(row[column])) for column in columns))
        rich = Rich(width=None if sys.stdout.isatty() else 200)
        with telling(), rich.capture() as captured:  # rich itself would turn a closed pipe into exit code 1
            rich.print(table)
        _tell(captured.get().removesuffix("\n"))

    @contextmanager
    def progress(self, what: str, unit: str = "") -> Iterator[Callable[[int, int], None]]:
        """A bar on a terminal, silence elsewhere; yields a function of (done, in all).

        Args:
            unit: show how many of these are done a second.
        """
        if not sys.stderr.isatty():
            yield lambda done, total: None
            return
        from rich.console import Console as Rich
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        columns: list[ProgressColumn] = [
            TextColumn(what, markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        ]
        if unit:
            columns.insert(3, TextColumn(f"{{task.fields[speed]:.1f}} {unit}/s"))
        with Progress(*columns, console=Rich(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None, speed=0.0)
            start = time.perf_counter()

            def update(done: int, total: int) -> None:
                speed = done / max(time.perf_counter() - start, 1e-6)
                bar.update(task, completed=done, total=total, speed=speed)

            yield update


@contextmanager
def telling() -> Iterator[None]:
    """Raises OutputLost for what goes wrong with standard output within."""
    try:
        yield
    except OSError as error:
        raise OutputLost(error.errno, error.strerror) from error


def _tell(text: str) -> None:
    with telling():
        print(text)


def _remark(text: str) -> None:
    """On standard error; that nobody reads there changes nothing."""
    try:
        print(text, file=sys.stderr)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
