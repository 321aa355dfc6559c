"""Scores a folder of results, whoever's, on the pairs of a prepared folder: report.json, report.md, grid.png."""

import hashlib
import json
import platform
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

import rsagan
from rsagan.data.named import Pair, read_pairs_of
from rsagan.data.pairs import spread
from rsagan.data.prepared import TRAIN_LIST, PreparedFolder, file_hash
from rsagan.errors import InputError
from rsagan.evaluation.benchmark.measure import TRUE_PICTURES, Networks, Scores, measure
from rsagan.evaluation.benchmark.protocols import Protocol, find_protocol
from rsagan.evaluation.found import Results
from rsagan.evaluation.intervals import Draws, mean
from rsagan.files import check_folder, write_text
from rsagan.methods import Method, load_method, paint_pairs
from rsagan.network import best_device
from rsagan.people import Picture, Pose, draw_pose, grid, write_png
from rsagan.tables import table

FEW: Final = 5000  # pictures under which a Fréchet distance says more about their number than about them
_SHOWN: Final = 4


class Lazily(Sequence[Picture]):
    """Pictures read when they are asked for."""

    def __init__(self, read: Callable[[int], Picture], positions: Sequence[int]) -> None:
        self.read, self.positions = read, positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, at: Any) -> Any:
        return self.read(self.positions[at])

    def __iter__(self) -> Iterator[Picture]:
        return (self.read(position) for position in self.positions)


def score_results(
    results: Path | str,
    data: Path | str,
    out: Path | str,
    protocol: str = "clean-v1",
    pairs: Path | str | None = None,
    networks: Networks | None = None,
    method: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Score a folder of results against the true pictures of a prepared folder.

    Args:
        results: pictures named after their pairs, by any scheme of `rsagan.evaluation.found`.
        data: the prepared folder with the true pictures; its training pictures are the reference of distributions.
        out: where the report goes.
        protocol: a name in `rsagan.evaluation.benchmark.protocols.PROTOCOLS`.
        pairs: a `from,to` list to score instead of the folder's test pairs.
        networks: what pictures are shown to; those of `rsagan.evaluation.benchmark.networks` by default.
        method: what the report calls the results; the folder's name by default.
        progress: called with (pictures looked at, pictures in all).

    Returns:
        what report.json holds.

    Raises:
        InputError: unknown protocol; results that are not exactly those of the pairs; a picture of another size.
    """
    by = find_protocol(protocol)
    check_folder(out, data, results)
    folder = PreparedFolder(data)
    listed = read_pairs_of(folder, pairs)
    found = Results(Path(results), folder, listed)
    # In the order of the files' names, as the scripts go through them: what is dropped at the end depends on it.
    order = sorted(range(len(found)), key=lambda at: found.files[at].name)
    listed, files = [listed[at] for at in order], [found.files[at] for at in order]
    if networks is None:
        from rsagan.evaluation.benchmark.networks import load_networks

        networks = load_networks()
    positions = [folder.index[target] for _, target in listed]
    paints = Lazily(found.read, order)
    scores = measure(
        by, paints, Lazily(folder.picture, positions), _reference(folder), networks,
        [folder.entries[at].points for at in positions], progress,
    )  # fmt: skip
    report = _report(folder, listed, files, found.forms, by, networks, scores, method or Path(results).name)
    _write(Path(out), report, folder, listed, paints)
    return report


def score_method(
    method: Method | str,
    data: Path | str,
    out: Path | str,
    protocol: str = "clean-v1",
    pairs: Path | str | None = None,
    networks: Networks | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Paint the pairs with any method, timed, into `out`/results, and score them; see `score_results`.

    Args:
        method: a method, its name or `module:object`, see `rsagan.methods`; nothing of it is trained.

    Raises:
        InputError: as `score_results`; no such method, or one that cannot paint every pair.
    """
    find_protocol(protocol)
    check_folder(out, data)
    folder = PreparedFolder(data)
    painter = load_method(method, folder.size) if isinstance(method, str) else method
    name = method if isinstance(method, str) else str(getattr(method, "name", type(method).__name__))
    painting = paint_pairs(
        painter, name, folder, read_pairs_of(folder, pairs), Path(out) / "results", progress=progress
    )
    painting.check(name)
    report = score_results(Path(out) / "results", data, out, protocol, pairs, networks, name, progress)
    if painting.there and getattr(painter, "version", None) is None:
        report["warnings"].append(
            f"{painting.there:,} of {report['counts']['pairs']:,} pictures were painted by an earlier call; if {name} "
            f"was changed since, delete {Path(out) / 'results'} and score it again."
        )
    if painting.painted:
        each = painting.seconds / painting.painted
        report["speed"] = {"painted": painting.painted, "seconds a picture": round(each, 6), "machine": machine()}
    _write_texts(Path(out), report)
    return report


def machine() -> str:
    """What the method ran on, as far as torch knows."""
    if best_device().type == "cuda":
        return torch.cuda.get_device_name()
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def _reference(folder: PreparedFolder) -> Lazily | None:
    """All training pictures where the folder lists them, else those of the training pairs; None if there are none."""
    listed = folder.path / TRAIN_LIST
    if listed.is_file():
        return Lazily(folder.picture, [folder.index[name] for name in listed.read_text(encoding="utf-8").split()])
    try:
        train = np.unique(folder.pairs("train"))
    except InputError:
        return None
    return Lazily(folder.picture, [int(at) for at in train])


def _report(
    folder: PreparedFolder,
    pairs: Sequence[Pair],
    files: Sequence[Path],
    forms: Sequence[str],
    protocol: Protocol,
    networks: Networks,
    scores: Scores,
    method: str,
) -> dict[str, Any]:
    identities = [folder.entries[folder.index[source]].identity for source, _ in pairs]
    _, groups = np.unique(identities, return_inverse=True)
    reference, draws = _reference(folder) or (), Draws(groups)
    numbers: dict[str, Any] = {}
    for name, value in scores.numbers.items():
        numbers[name] = {"value": round(value, 6) if np.isfinite(value) else None}
        if not np.isfinite(value):  # the PSNR of equal pictures, and what is scored within a mask that is empty
            numbers[name]["is"] = "undefined" if np.isnan(value) else "infinite"
        # One person spans no interval, and one over all pairs is not that of a number over some.
        whole = name in scores.rows and not scores.left_out.get(name) and np.isfinite(scores.rows[name]).all()
        if whole and groups.max() > 0:
            numbers[name]["interval"] = draws.row(mean(scores.rows[name]))["interval"]
    listed = [
        {"from": a, "to": b, "file": path.name, "sha256": file_hash(path)}
        for (a, b), path in zip(pairs, files, strict=True)
    ]
    used = (networks.classifier if protocol.classes else networks.features, networks.perceptual)
    return {
        "method": method,
        "protocol": {"name": protocol.name, "about": protocol.about},
        "numbers": numbers,
        "counts": {"pairs": len(pairs), "reference": len(reference), "left out": scores.left_out},
        "warnings": _warnings(scores, len(pairs)),
        "networks": [network.name for network in used if network is not None],
        "results taken": list(forms),
        "data": {"frame": list(folder.size)}
        | {key: folder.manifest.get(key) for key in ("source", "licence", "sha256")},
        "versions": {"rsagan": rsagan.__version__, "torch": torch.__version__},
        "sha256 of the list": hashlib.sha256(json.dumps(listed).encode()).hexdigest(),
        "files": listed,
    }


def _warnings(scores: Scores, pairs: int) -> list[str]:
    warnings = [f"Not computed, {sentence}." for sentence in scores.missing]
    if pairs < FEW and any("Fréchet" in name or name == "FID" for name in scores.numbers):
        warnings.append(
            f"A Fréchet distance of {pairs:,} pictures is biased upwards; compare it with nothing but the same number "
            "of pictures, and trust the kernel distance of clean-v1."
        )
    for name, value in scores.numbers.items():
        if value < scores.numbers.get(name + TRUE_PICTURES, -np.inf):
            warnings.append(f"{name} is below that of the true pictures: it no longer tells how good the method is.")
    for name, count in scores.left_out.items():
        if count:
            warnings.append(f"The protocol leaves {count} pictures out of {name}.")
    return warnings


def _write(
    out: Path, report: dict[str, Any], folder: PreparedFolder, pairs: Sequence[Pair], results: Sequence[Picture]
) -> None:
    shown = []
    for at in spread(len(pairs), _SHOWN):
        source, target = (folder.index[name] for name in pairs[at])
        pose = draw_pose(Pose(folder.entries[target].points, folder.size))
        shown.append([folder.picture(source), pose, results[at], folder.picture(target)])
    write_png(out / "grid.png", grid(shown))
    _write_texts(out, report)


def _write_texts(out: Path, report: dict[str, Any]) -> None:
    for name, text in (("report.json", json.dumps(report, indent=1) + "\n"), ("report.md", markdown(report))):
        write_text(out / name, text)


def markdown(report: dict[str, Any]) -> str:
    """The report to read."""
    protocol, counts, data = report["protocol"], report["counts"], report["data"]
    lines = [f"# {report['method']}, protocol {protocol['name']}", ""]
    lines += [f"**{warning}**\n" for warning in report["warnings"]]
    rows = []
    for name, row in report["numbers"].items():
        interval = " to ".join(f"{each:.4f}" for each in row["interval"]) if "interval" in row else ""
        value = row["is"] if row["value"] is None else f"{row['value']:.4f}"
        rows.append([name, value, interval])
    height, width = data["frame"]
    lines += [
        *table(["number", "value", "95 % interval"], rows),
        "",
        f"- {counts['pairs']:,} pairs of {data['source']}, {height}x{width}.",
        f"- {counts['reference']:,} training pictures as the reference of distributions.",
        f"- Protocol: {protocol['about']}.",
        f"- Networks: {', '.join(report['networks']) or 'none'}.",
        f"- Results taken {', '.join(report['results taken'])}.",
    ]
    if "speed" in report:
        speed = report["speed"]
        each = f"{speed['seconds a picture']:.3f} s each on {speed['machine']}"
        lines.append(f"- Painted {speed['painted']:,} pictures at {each}.")
    lines.append("- report.json holds the list of files with their hashes.")
    return "\n".join([*lines, "", "![source, pose, result, truth](grid.png)", ""])
