"""What is to be prepared, from whatever layout it comes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rsagan.data.prepare.lists import Pairs
from rsagan.data.prepare.tasks import Task
from rsagan.data.prepared import Entry

ESTIMATED: Final = "estimated"  # in place of a label set: regions by our own parser


@dataclass(frozen=True, eq=False)
class Plan:
    """A preparation.

    Attributes:
        arguments: what makes two preparations the same one, as JSON holds it; paths are no part of it.
        tasks: all that is to be prepared, names unique.
        pairs: train and test pairs of the views there are, and how many were left out and why.
        size: (height, width) of the folder's frame. source, licence: for the manifest.
        known: published totals by name of count. notes: further lists of names for the report, by title.
        chunk: tasks a worker takes at a time, fewer where each takes long.
        fixed: the frame of joints is no option of the command.
    """

    arguments: dict[str, Any]
    tasks: Sequence[Task]
    pairs: Callable[[Sequence[Entry]], tuple[Pairs, Pairs, dict[str, int]]]
    size: tuple[int, int]
    source: str
    licence: str
    known: dict[str, int] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    chunk: int = 32
    fixed: bool = True
