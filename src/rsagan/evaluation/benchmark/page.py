"""The results page, written from reports: a table a data set and protocol, never two protocols in one table.

A published number stands only in the table of the protocol it was made by; where that is none of ours it stands apart,
beside nothing of ours. Marks say where a published number is from.
"""

import json
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from rsagan.errors import InputError
from rsagan.evaluation.benchmark.protocols import PROTOCOLS
from rsagan.tables import table

MARKS: Final = {"read": "¹", "memory": "²"}
_HEAD: Final = (
    "Written by `tools/make_results_page.py`; change the reports, not this page. A table is of one data set, "
    "one size and one protocol ([what they are](../benchmarks.md#scoring)); across tables nothing compares."
)
_FOOT: Final = (
    "¹ read in the method's public paper or repository. ² not checked against its source: check before quoting. "
    "Numbers without a mark were measured by `rsagan evaluate`; their rows link to the reports."
)
_UNSTATED: Final = "as published, by scripts that no protocol here repeats; not comparable with each other or with ours"
Rows = list[tuple[str, dict[str, str]]]


def results_page(reports: Sequence[Path], folder: Path, published: dict[str, Any] | None = None) -> str:
    """The page as Markdown.

    Args:
        reports: report.json files of `score_results`. folder: where the page will lie, for its links.
        published: as published.json holds them; that file by default.

    Raises:
        InputError: a file is no such report.
    """
    known = published or json.loads(
        (files("rsagan") / "evaluation" / "benchmark" / "published.json").read_text(encoding="utf-8")
    )
    tables: dict[tuple[str, str], Rows] = {}
    apart: Rows = []
    for each in known["methods"]:
        row = (each["method"], {name: f"{value}{MARKS[mark]}" for name, (value, mark) in each["numbers"].items()})
        if each["protocol"] is None:
            apart.append(row)
        else:
            tables.setdefault((_title(known["data"], each["frame"]), each["protocol"]), []).append(row)
    for path in reports:
        title, protocol, row = _measured(path, folder)
        tables.setdefault((title, protocol), []).append(row)
    lines = ["# Results", "", _HEAD, ""]
    for (title, protocol), rows in sorted(tables.items()):
        about = f"{PROTOCOLS[protocol].about}." if protocol in PROTOCOLS else ""
        lines += [f"## {title}, protocol {protocol}", "", about, "", *_table(rows), ""]
    lines += [f"## {known['data']}, {_UNSTATED}", "", *_table(apart), "", _FOOT, ""]
    return "\n".join(lines)


def _measured(path: Path, folder: Path) -> tuple[str, str, tuple[str, dict[str, str]]]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        data, numbers = report["data"], report["numbers"]
        # A frame brought there by another fit holds other pictures: the row names the source in full.
        title = _title(data["source"].split(", ")[0], data["frame"])
        cells = {
            name: row.get("is", "-") if row["value"] is None else f"{row['value']:.4g}" for name, row in numbers.items()
        }
        cells["pairs"] = f"{report['counts']['pairs']:,}"
        link = Path(os.path.relpath(path.with_name("report.md"), folder)).as_posix()
        return title, str(report["protocol"]["name"]), (f"[{report['method']}]({link}), {data['source']}", cells)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no report of `rsagan evaluate --results` or `--method`.") from error


def _title(data: str, frame: Sequence[int]) -> str:
    return f"{data} {frame[0]}x{frame[1]}"


def _table(rows: Rows) -> list[str]:
    columns = list(dict.fromkeys(name for _, cells in rows for name in cells))
    return table(["method", *columns], ([method, *map(cells.get, columns)] for method, cells in rows))
