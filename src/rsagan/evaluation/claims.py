"""What an ablation says: the table, the headline ratios, the split of the gain, and the match under fire."""

from typing import Any, Final

import numpy as np

from rsagan.evaluation.intervals import Draws, Numbers, Row, jackknife, mean, ratio, row_of
from rsagan.evaluation.measure import Measured
from rsagan.evaluation.rows import ROWS
from rsagan.evaluation.runner import ENDS, UNDER_FIRE, Finished
from rsagan.evaluation.summary import HEAD, perceptual, statistics_of

Results = dict[str, list[Finished]]
# Against which row, and how much lower the paper promises the full network to be.
_PROMISED: Final = {"perceptual": ("pose_only_published", 0.23), "frechet": ("semantic_baseline_published", 0.069)}
# What is taken away, and which row shows what it brought.
_PARTS: Final = {
    "detail path": "no_detail",
    "semantics": "no_semantics",
    "the match (A)": "no_match",
    "injection (B)": "no_injection",
    "integration (C)": "no_integration",
}
_MOST_LOST: Final = 0.5
_BEYOND_HALF: Final = "loss with the match beyond half the loss without"


def pooled(finished: list[Finished]) -> Measured:
    """The numbers of all seeds, averaged pair by pair."""
    keys = set.intersection(*(set(each.measured) for each in finished))
    return {key: np.mean([each.measured[key] for each in finished], axis=0) for key in sorted(keys)}


def table(results: Results, distances: list[str], features: str, draws: Draws) -> dict[str, dict[str, Any]]:
    """By row: what it is, its cost, its numbers on the test pairs, and at equal seconds and equal pairs."""
    trained = {name: these for name, these in results.items() if these[0].curve}
    seconds, seen = (_common(trained, axis) for axis in ("seconds", "seen"))
    found = {}
    for name, these in results.items():
        measured = pooled(these)
        wanted = [perceptual(network) + end for network in distances for end in ("", ", ratio to copied source", HEAD)]
        wanted += ["SSIM", "SSIM, person", "PSNR", "region IoU of the predicted parsing"]
        statistics = statistics_of({k: v for k, v in measured.items() if k != "garments"}, distances)
        wanted += [title for title in statistics if title.startswith("joint accuracy")]
        metrics = {title: draws.row(statistics[title]) for title in wanted if title in statistics}
        metrics[f"kernel distance ({features})"] = row_of(measured["kernel"])
        metrics[f"Frechet distance ({features})"] = jackknife(measured["frechet"])
        if "frechet_sets" in measured:
            metrics[f"Frechet distance of the sets ({features})"] = jackknife(measured["frechet_sets"])
        row: dict[str, Any] = {"says": ROWS[name].says if name in ROWS else f"the {name} itself", "metrics": metrics}
        if name in trained:
            ends = [each.curve[-1] for each in these]
            row |= {
                "pairs_seen": [int(end["seen"]) for end in ends],
                "seconds": [round(end["seconds"]) for end in ends],
                "parameters": these[0].parameters,
                "learning_rate": these[0].rate,
                **({"start": [each.start for each in these]} if these[0].start else {}),
                "by_seed": {
                    perceptual(network): [round(float(each.measured[network].mean()), 6) for each in these]
                    for network in distances
                },
                "validation": {
                    f"at {seconds:.0f} seconds": _read_off(these, "seconds", seconds, distances),
                    f"at {seen:.0f} pairs": _read_off(these, "seen", seen, distances),
                },
            }
        found[name] = row
    return found


def headlines(results: Results, distances: list[str], features: str, draws: Draws) -> list[dict[str, Any]]:
    """The paper's promises, each with what was measured; those whose rows are there."""
    if "full" not in results:
        return []
    full, found = pooled(results["full"]), []
    rival, promised = _PROMISED["perceptual"]
    if rival in results:
        other = pooled(results[rival])
        for network in distances:
            lower = lower_by(full, other, network, draws)
            found.append(_headline(rival, perceptual(network), lower, promised))
    rival, promised = _PROMISED["frechet"]
    if rival in results:
        which = "frechet_sets" if "frechet_sets" in full else "frechet"
        lower = jackknife(1 - full[which] / pooled(results[rival])[which])
        of_sets = " of the sets" if which == "frechet_sets" else ""
        found.append(_headline(rival, f"Frechet distance{of_sets} ({features})", lower, promised))
    return found


def gains(results: Results, distances: list[str], draws: Draws) -> dict[str, dict[str, Row]]:
    """By network: how much worse without each part, in distance and as a share of the gain over the published rival.

    Each part is taken away on its own, so the shares need not add up to one.
    """
    if "full" not in results:
        return {}
    found: dict[str, dict[str, Row]] = {}
    rival = _PROMISED["perceptual"][0]
    for network in distances:
        full = pooled(results["full"])[network]
        rows: dict[str, Row] = {}
        whole = pooled(results[rival])[network] - full if rival in results else None
        if whole is not None:
            rows[f"all of it ({rival})"] = draws.row(mean(whole))
        for part, name in _PARTS.items():
            if name in results:
                worse = pooled(results[name])[network] - full
                rows[part] = draws.row(mean(worse))
                if whole is not None:
                    rows[f"{part}, share"] = draws.row(_quotient(worse, whole))
        found[perceptual(network)] = rows
    return found


def under_fire(results: Results, distances: list[str], levels: dict[float, Any], draws: Draws) -> dict[str, Any]:
    """Quality from corrupted inputs with and without the match, and what each loses; empty if a row is missing."""
    if any(name not in results for name in UNDER_FIRE):
        return {}
    places = list(results[UNDER_FIRE[0]][0].fire)
    rows: dict[str, Any] = {}
    for place in places:
        for network in distances:
            values = {
                name: np.mean([[each.fire[at][network] for at in ("clean", place)] for each in results[name]], axis=0)
                for name in UNDER_FIRE
            }
            lost = {name: clean_and_spoilt[1] - clean_and_spoilt[0] for name, clean_and_spoilt in values.items()}
            row = {name: draws.row(mean(each[1])) for name, each in values.items()}
            row |= {f"{name} loses": draws.row(mean(each)) for name, each in lost.items()}
            with_match, without = (lost[name] for name in UNDER_FIRE)
            row["loss with the match over loss without"] = draws.row(_quotient(with_match, without))
            row[_BEYOND_HALF] = draws.row(mean(with_match - _MOST_LOST * without))
            rows.setdefault(place, {})[perceptual(network)] = row
    hardest = f"parsing {max(levels):g}"
    kept = {network: rows[hardest][perceptual(network)][_BEYOND_HALF]["value"] <= 0 for network in distances}
    disagreements = {f"{level:g}": round(found, 4) for level, (_, found) in levels.items()}
    return {"mean disagreement of the parsing": disagreements, "rows": rows, "loses at most half at the hardest": kept}


def lower_by(full: Measured, rival: Measured, network: str, draws: Draws) -> Row:
    """By which share the mean distance is lower, under the same draws."""
    return draws.row(lambda weights: 1 - ratio(mean(full[network]), mean(rival[network]))(weights))


def names_of(results: Results) -> list[str]:
    """Rows in the order of `ROWS`, the ends of the scale first and last."""
    return [name for name in (ENDS[0], *ROWS, ENDS[1]) if name in results]


def _headline(rival: str, metric: str, lower: Row, promised: float) -> dict[str, Any]:
    kept = lower["value"] is not None and lower["value"] >= promised
    return {"full against": rival, "metric": metric, "lower_by": lower, "promised": promised, "kept": kept}


def _quotient(above: Numbers, below: Numbers) -> Any:
    """Mean over mean, also where they are negative."""
    return lambda weights: (weights @ above) / np.where(weights @ below == 0, np.nan, weights @ below)


def _common(trained: Results, axis: str) -> float:
    """The furthest point that every curve reaches."""
    return min((each.curve[-1][axis] for these in trained.values() for each in these), default=0.0)


def _read_off(these: list[Finished], axis: str, place: float, distances: list[str]) -> dict[str, float]:
    """Each network's distance on the curve at a place between its points, the mean over seeds."""

    def value(network: str) -> float:
        curves = [([p[axis] for p in each.curve], [p[network] for p in each.curve]) for each in these]
        return round(float(np.mean([np.interp(place, *curve) for curve in curves])), 6)

    return {network: value(network) for network in distances}
