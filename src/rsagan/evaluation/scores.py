"""Scores results on the test pairs of a prepared folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import rsagan
from rsagan.data.pairs import spread
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.evaluation.intervals import Draws
from rsagan.evaluation.measure import Measured, Networks, Truth, measure, trained_networks
from rsagan.evaluation.painters import ENDS, Painter, Weights, painter_of
from rsagan.evaluation.report import protocol, write_report
from rsagan.evaluation.standard import Standard
from rsagan.evaluation.summary import notes_of, perceptual, rows_of, set_distances, strata_of, stratified
from rsagan.files import check_folder
from rsagan.transfer import shipped_weights

Progress = Callable[[int, int], None]


def score(
    data: Path | str,
    out: Path | str,
    weights: Path | str | None = None,
    results: Path | str | None = None,
    limit: int | None = None,
    *,
    networks: Networks | None = None,
    standard: Standard | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Score a weights file, or the results of any method, on a prepared folder's test pairs.

    The same command on the same kind of machine writes the same report.json, byte for byte.

    Args:
        data: a prepared folder. out: where report.json, report.md and grid.png go.
        weights: a weights file; the shipped one of the folder's size if neither this nor `results` is given.
        results: a folder of pictures (see `painters.Folder`), or `source` or `truth`, the ends of the scale.
        limit: at most so many pairs, spread evenly over the list; all by default.
        networks: what judges; the trained ones by default. standard: adds LPIPS, FID, KID and IS.
        progress: called with (pairs done, pairs in all).

    Returns:
        what report.json holds.

    Raises:
        InputError: broken weights, results or folder, a limit below 1, or `out` is a file.
        AssetError: a judge's file cannot be had.
    """
    if weights is not None and results is not None:
        raise InputError("Give weights or results to score, not both.")
    check_folder(out, data, None if str(results) in ENDS else results)
    folder = PreparedFolder(data)
    painter: Painter = Weights(weights or shipped_weights(folder.size)) if results is None else painter_of(results)
    pairs = some_pairs(folder, limit)
    if standard is not None and len(pairs) < 2:
        raise InputError("FID and KID compare sets of pictures: score at least two pairs.")
    truth = Truth(folder, pairs, networks or trained_networks())
    measured = measure(truth, painter, progress)
    measured |= set_distances(measured, Draws(truth.groups))
    report = report_of(truth, painter, measured, standard)
    write_report(Path(out), report, folder, pairs, measured["picture"])
    return report


def some_pairs(folder: PreparedFolder, limit: int | None) -> Any:
    """int64 (P, 2): the test pairs, or `limit` of them spread evenly. Raises InputError for a limit below 1."""
    pairs = folder.pairs("test")
    if limit is None:
        return pairs
    if limit < 1:
        raise InputError(f"At least one pair must be scored, not {limit}.")
    return pairs[spread(len(pairs), limit)]


def report_of(truth: Truth, painter: Painter, measured: Measured, standard: Standard | None = None) -> dict[str, Any]:
    """What report.json holds, from the numbers of pairs and of sets."""
    folder, pairs, networks = truth.folder, truth.pairs, truth.networks
    draws = Draws(truth.groups)
    distances, features = list(networks.distances), networks.features.name
    rows = rows_of(measured, distances, features, draws)
    if standard:
        rows |= standard.rows(measured["picture"], [folder.picture(view) for view in pairs[:, 1]], draws)
    names = [{"from": folder.entries[a].name, "to": folder.entries[b].name} for a, b in pairs]
    for k, name in enumerate(names):
        name |= {perceptual(network): round(float(measured[network][k]), 6) for network in distances}
    return {
        "metrics": rows,
        "strata": stratified(measured, distances, strata_of(folder, pairs), draws),
        "protocol": protocol(distances, features),
        "notes": notes_of(len(pairs), int(truth.groups.max()) + 1, features),
        "counts": {
            "pairs": len(pairs),
            "identities": int(truth.groups.max()) + 1,
            "test_pairs_in_folder": len(folder.pairs("test")),
        },
        "results": {"name": painter.name, **painter.describe()},
        "data": {"frame": list(folder.size)}
        | {key: folder.manifest.get(key) for key in ("source", "licence", "plan", "sha256")},
        "versions": {"rsagan": rsagan.__version__, "torch": torch.__version__},
        "pairs": names,
    }
