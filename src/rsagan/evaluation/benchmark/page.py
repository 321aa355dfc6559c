"""The results page, written from reports: a table a data set and protocol, never two protocols in one table.

A published number stands only in the table of the protocol it was made by; where that is none of ours it stands apart,
beside nothing of ours. Marks say where a published number is from.
"""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from rsagan.errors import InputError

MARKS: Final = {"read": "¹", "memory": "²"}
_FOOT: Final = (
    "¹ read in the method's public paper or repository. ² from memory of the literature: check before quoting. "
    "All other numbers were measured by `rsagan evaluate`, which wrote the reports named with them."
)
_UNSTATED: Final = "as published, by scripts that no protocol here repeats; not comparable with each other or with ours"
Rows = list[tuple[str, dict[str, str]]]


def results_page(reports: Sequence[Path], published: dict[str, Any] | None = None) -> str:
    """The page as Markdown.

    Args:
        reports: report.json files of `score_results`. published: as published.json holds them; that file by default.

    Raises:
        InputError: a file is no such report.
    """
    known = published or json.loads(
        (files("rsagan") / "evaluation" / "benchmark" / "published.json").read_text(encoding="utf-8")
    )
    tables: dict[tuple[str, str], Rows] = {}
    where = f"{known['data']} {known['frame'][0]}x{known['frame'][1]}"
    apart: Rows = []
    for each in known["methods"]:
        row = (each["method"], {name: f"{value}{MARKS[mark]}" for name, (value, mark) in each["numbers"].items()})
        if each["protocol"] is None:
            apart.append(row)
        else:
            tables.setdefault((where, each["protocol"]), []).append(row)
    for path in reports:
        title, protocol, row = _measured(path)
        tables.setdefault((title, protocol), []).append(row)
    lines = ["# Results", "", "Written by `tools/make_results_page.py`; change the reports, not this page.", ""]
    for (title, protocol), rows in sorted(tables.items()):
        lines += [f"## {title}, protocol {protocol}", "", *_table(rows), ""]
    lines += [f"## {where}, {_UNSTATED}", "", *_table(apart), "", _FOOT, ""]
    return "\n".join(lines)


def _measured(path: Path) -> tuple[str, str, tuple[str, dict[str, str]]]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        data, numbers = report["data"], report["numbers"]
        # A frame brought there by another fit holds other pictures: the source's name says which.
        title = f"{data['source']} {data['frame'][0]}x{data['frame'][1]}"
        if title.startswith("DeepFashion, "):
            title = f"DeepFashion {data['frame'][0]}x{data['frame'][1]}"
        cells = {name: f"{row['value']:.4g}" for name, row in numbers.items()}
        cells["pairs"] = f"{report['counts']['pairs']:,}"
        return title, str(report["protocol"]["name"]), (f"{report['method']} ({data['source']})", cells)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no report of `rsagan evaluate --results` or `--method`.") from error


def _table(rows: Rows) -> list[str]:
    columns = list(dict.fromkeys(name for _, cells in rows for name in cells))
    lines = [" | ".join(["| method", *columns]) + " |", "|---" * (len(columns) + 1) + "|"]
    return lines + [
        " | ".join([f"| {method}", *(cells.get(name, "") for name in columns)]) + " |" for method, cells in rows
    ]
