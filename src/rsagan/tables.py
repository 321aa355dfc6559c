"""Tables as Markdown."""

from collections.abc import Iterable, Sequence


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a table; a cell is what `str` makes of it, None is empty."""
    return [_line(titles), "|---" * len(titles) + "|", *map(_line, rows)]


def _line(cells: Sequence[object]) -> str:
    texts = ["" if cell is None else str(cell).replace("|", r"\|") for cell in cells]
    return "|" + "|".join(f" {text} " if text else " " for text in texts) + "|"
