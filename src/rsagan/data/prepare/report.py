"""What a preparation says at its end: counts beside the known totals, problems by name, and a sheet to look at."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.prepare.labels import regions_in, share_of_hits
from rsagan.data.prepare.plan import ESTIMATED, Plan
from rsagan.data.prepare.sheet import contact_sheet
from rsagan.data.prepare.tasks import Record
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.files import write_text
from rsagan.people import NUM_REGIONS, Region, write_png
from rsagan.tables import table

SHEET: Final = "contact-sheet.png"
_NAMED: Final = 20  # of a list of names, in the readable report
_MANY_OUTSIDE: Final = 0.01
_FEW_HITS: Final = 0.75
_RARE: Final = 0.005  # a region in fewer of the views than this is as good as empty


@dataclass
class Counts:
    """Sums over the tasks' records."""

    views: Counter[str] = field(default_factory=Counter)
    problems: dict[str, list[str]] = field(default_factory=dict)
    without_joints: list[str] = field(default_factory=list)
    with_outside: list[str] = field(default_factory=list)
    joints: int = 0
    outside: int = 0
    pixels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(NUM_REGIONS, np.int64))
    having: NDArray[np.int64] = field(default_factory=lambda: np.zeros(NUM_REGIONS, np.int64))
    hits: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64))

    def add(self, record: Record, split: str | None) -> None:
        """Count a task of a split; None = of no split yet."""
        if record.problem is not None:
            self.problems.setdefault(str(record.kind), []).append(record.problem)
            return
        self.views[split or ""] += len(record.entries)
        self.joints += record.seen["joints"]
        self.outside += record.seen["outside"]
        if not record.seen["joints"]:
            self.without_joints.append(record.task)
        if record.seen["outside"]:
            self.with_outside.append(record.task)
        self.pixels += np.array(record.seen["pixels"])
        self.having += np.array(record.seen["having"])
        hits = np.array(record.seen["hits"], np.int64)
        self.hits = hits if not len(self.hits) else self.hits + hits


def write_report(
    folder: Path, plan: Plan, counts: Counts, pairs: tuple[int, int], left_out: dict[str, int]
) -> dict[str, Any]:
    """Write report.json, report.md and the contact sheet; returns what report.json holds."""
    listed = [name for name in plan.known if name.endswith("pictures")]
    found = dict.fromkeys(listed, 0) | {f"{split} pictures".strip(): n for split, n in counts.views.items()}
    found |= {"train pairs": pairs[0], "test pairs": pairs[1]}
    all_views = sum(counts.views.values())
    total = max(int(counts.pixels.sum()), 1)
    report: dict[str, Any] = {
        "plan": plan.arguments,
        "counts": {name: {"found": n, "known": plan.known.get(name)} for name, n in found.items()},
        "pairs left out": left_out,
        "problems": counts.problems,
        "pictures without joints": counts.without_joints,
        "joints": {"in the frame": counts.joints, "outside": counts.outside, "pictures": counts.with_outside},
        "regions": {
            region.name.lower(): {
                "of all pixels": round(int(counts.pixels[region]) / total, 5),
                "of all pictures": round(int(counts.having[region]) / max(all_views, 1), 5),
            }
            for region in Region
        },
        "joints on a likely region": share_of_hits(counts.hits),
        **plan.notes,
    }
    report["warnings"] = _warnings(report, counts, plan.fixed)
    write_png(folder / SHEET, contact_sheet(PreparedFolder(folder)))
    for name, text in (("report.json", json.dumps(report, indent=1) + "\n"), ("report.md", _markdown(report, plan))):
        write_text(folder / name, text)
    return report


def read_report(folder: Path) -> dict[str, Any]:
    """report.json of a prepared folder. Raises InputError if it is missing or broken."""
    try:
        report = dict(json.loads((folder / "report.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{folder / 'report.json'} is missing or damaged; prepare the folder anew.") from error
    if not {"plan", "counts", "warnings"} <= report.keys():
        raise InputError(f"{folder / 'report.json'} is no report of a prepared folder; prepare the folder anew.")
    return report


def _warnings(report: dict[str, Any], counts: Counts, fixed: bool) -> list[str]:
    """`fixed`: there is no option for the joints' frame to name."""
    warnings = [
        f"No {split} pairs: {_why_none(report, split)}."
        for split in ("train", "test")
        if report["counts"][f"{split} pairs"]["found"] == 0
    ]
    for name, row in report["counts"].items():
        if row["known"] is not None and row["known"] != row["found"]:
            warnings.append(f"{row['found']:,} {name}; the data set is known to have {row['known']:,}.")
    for kind, sentences in counts.problems.items():
        warnings.append(f"{len(sentences):,} {kind}, the first: {sentences[0]}")
    if twice := report.get("pictures found twice"):
        warnings.append(f"{len(twice):,} pictures found twice; the first in order of path was taken.")
    joints = max(counts.joints + counts.outside, 1)
    if counts.outside > _MANY_OUTSIDE * joints:
        wrong = "lists of other pictures" if fixed else "a wrong --frame"
        warnings.append(f"{counts.outside / joints:.1%} of the joints lie outside the frame, the sign of {wrong}.")
    labels = report["plan"].get("labels", ESTIMATED)
    possible = [] if labels == ESTIMATED else [region.name.lower() for region in sorted(regions_in(labels))]
    empty = [name for name in possible if report["regions"][name]["of all pictures"] < _RARE]
    if empty:
        warnings.append(f"Hardly any picture has the regions {', '.join(empty)}: is the label set right?")
    hits = report["joints on a likely region"]
    if hits is not None and hits < _FEW_HITS:
        options = ["--labels"] * ("labels" in report["plan"]) + ["--frame"] * (not fixed)
        doubt = f": {'are' if len(options) > 1 else 'is'} {' and '.join(options)} right?" if options else "."
        warnings.append(f"Only {hits:.0%} of the joints lie on a region where they can lie{doubt}")
    return warnings


def _why_none(report: dict[str, Any], split: str) -> str:
    """Why a split has no pairs."""
    listed = report["plan"].get("pairs")
    if listed is not None:
        return "of those listed none has two pictures that can be used" if split in listed else "their list is missing"
    if split == "test" and report["counts"]["train pairs"]["found"]:
        return "the only person with two pictures that can be used is kept for training"
    named = "; pictures of one person are called PERSON_1.jpg, PERSON_2.jpg, or lie in a folder of their own"
    return "nobody of these has two pictures that can be used" + named * (report["plan"].get("layout") == "folder")


def _markdown(report: dict[str, Any], plan: Plan) -> str:
    def listed(title: str, names: list[str]) -> list[str]:
        if not names:
            return []
        more = [f"- and {len(names) - _NAMED:,} more, in report.json"] if len(names) > _NAMED else []
        return ["", f"## {title.capitalize()}: {len(names):,}", "", *(f"- {name}" for name in names[:_NAMED]), *more]

    lines = [f"# {plan.source}", "", f"Frame {plan.size[0]}x{plan.size[1]}. Licence: {plan.licence}.", ""]
    lines += [f"**{warning}**\n" for warning in report["warnings"]] or ["Nothing stands out.\n"]
    counts = [
        [name, f"{row['found']:,}", None if row["known"] is None else f"{row['known']:,}"]
        for name, row in report["counts"].items()
    ]
    counts += [[f"pairs left out, {why}", f"{n:,}", None] for why, n in report["pairs left out"].items()]
    joints, hits = report["joints"], report["joints on a likely region"]
    outside = f"{joints['outside']:,} of {joints['in the frame'] + joints['outside']:,}"
    counts.append(["joints outside the frame", outside, None])
    counts.append(["joints on a region where they can lie", "none to see" if hits is None else f"{hits:.1%}", None])
    regions = [
        [name, f"{row['of all pixels']:.2%}", f"{row['of all pictures']:.1%}"]
        for name, row in report["regions"].items()
    ]
    lines += table(["count", "found", "known"], counts)
    lines += ["", *table(["region", "of all pixels", "of all pictures"], regions)]
    for kind, sentences in report["problems"].items():
        lines += listed(kind, sentences)
    lines += listed("pictures without joints", report["pictures without joints"])
    lines += listed("pictures with joints outside the frame", joints["pictures"])
    for title, names in plan.notes.items():
        lines += listed(title, names)
    lines += ["", f"![views with skeleton and regions]({SHEET})", "", "Arguments:", ""]
    lines += [f"- {key}: {_plain(value)}" for key, value in plan.arguments.items()]
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    """An argument to read: sizes as 256x176, counts by name."""
    if isinstance(value, list):
        return "x".join(str(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{n:,} {name}" for name, n in value.items())
    return "by default" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
