"""One call for the whole ablation: trains what is missing, then writes the tables, the curves and the claims."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import rsagan
from rsagan.evaluation import claims
from rsagan.evaluation.curves import draw_curves
from rsagan.evaluation.fire import mean_disagreement
from rsagan.evaluation.intervals import Draws, Row
from rsagan.evaluation.measure import Networks, trained_networks
from rsagan.evaluation.report import interval, protocol, show
from rsagan.evaluation.runner import UNDER_FIRE, Ablation, Plan
from rsagan.files import check_folder, write_text
from rsagan.people import write_png
from rsagan.tables import table


def ablate(
    plan: Plan,
    data: Path | str,
    runs: Path | str,
    out: Path | str,
    *,
    networks: Networks | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Train and score the rows of a plan; the same call goes on where it stopped.

    Args:
        data: a prepared folder with pairs-validation.csv. runs: where training and its numbers go.
        out: where ablation.json, ablation.md, claims.json and curves.png go.
        networks: what judges; the trained ones by default. say: is told, in a sentence, what happens.

    Returns:
        what ablation.json holds.

    Raises:
        InputError: a broken plan or folder, or runs of another plan.
        AssetError: a judge's file cannot be had.
    """
    check_folder(out)
    check_folder(runs)
    ablation = Ablation(plan, data, runs, networks or trained_networks(), say)
    results = ablation.run()
    results = {name: results[name] for name in claims.names_of(results)}
    distances, features = list(ablation.networks.distances), ablation.networks.features.name
    draws = Draws(ablation.truth.groups)
    fire: dict[str, Any] = {}
    if all(name in results for name in UNDER_FIRE):
        fire = claims.under_fire(results, distances, ablation.levels, Draws(ablation.under_fire.groups))
        seen = mean_disagreement(ablation.folder, ablation.under_fire.pairs, plan.recipe.corruption)
        fire["mean disagreement in training"] = round(seen, 4)
    about = {
        "data": {key: ablation.folder.manifest.get(key) for key in ("source", "licence", "plan")}
        | {"version": ablation.folder.version},
        "recipe": plan.recipe.to_dict(),
        "seeds": list(plan.seeds),
        "seconds_by": {key: each for key, each in ablation.pace.items() if key != "rows"},
        "learning_rates": list(plan.rates) or [plan.recipe.learning_rate],
        "pairs": {
            "budget": plan.recipe.pictures,
            "test": len(ablation.truth.pairs),
            "frechet": len(ablation.sets.pairs),
            "validation": len(ablation.validation.pairs),
            "under_fire": len(ablation.under_fire.pairs),
        },
        "versions": {"rsagan": rsagan.__version__, "torch": torch.__version__},
    }
    table = claims.table(results, distances, features, draws)
    told = {
        "headlines": claims.headlines(results, distances, features, draws),
        "gains": claims.gains(results, distances, draws),
        "match_under_fire": fire.get("loses at most half at the hardest", {}),
    }
    costs = {
        name: {key: row[key] for key in ("seconds", "pairs_seen", "parameters", "learning_rate", "start") if key in row}
        for name, row in table.items()
        if "seconds" in row
    }
    whole = {**about, "rows": table, "fire": fire, **told, "protocol": protocol(distances, features)}
    curves = {
        along: {
            f"{name}, seed {seed}" if len(plan.seeds) > 1 else name: [(p[axis], p[distances[0]]) for p in each.curve]
            for name, these in results.items()
            for seed, each in zip(plan.seeds, these, strict=False)
            if each.curve
        }
        for along, axis in (("pairs seen", "seen"), ("seconds of training", "seconds"))
    }
    out = Path(out)
    for name, content in (("ablation.json", whole), ("claims.json", {**about, "costs": costs, **told})):
        write_text(out / name, json.dumps(content, indent=1) + "\n")
    write_text(out / "ablation.md", markdown(whole))
    write_png(out / "curves.png", draw_curves(curves, f"{claims.perceptual(distances[0])}, validation pairs"))
    return whole


def markdown(whole: dict[str, Any]) -> str:
    """ablation.md."""
    pairs, rows = whole["pairs"], whole["rows"]
    sets = (
        "" if pairs["frechet"] == pairs["test"] else f"{pairs['frechet']} pairs for the Frechet distance of the sets, "
    )
    begun = {
        f"{each['pictures_seen']} pairs of {each['size'][0]}x{each['size'][1]}"
        for row in rows.values()
        for each in row.get("start", [])
    }
    start = f"Each row began with what it had learnt from {' or '.join(sorted(begun))}. " if begun else ""
    lines = [
        "# Ablation",
        "",
        f"{start}{pairs['budget']} pairs a row, seeds {', '.join(map(str, whole['seeds']))}, learning rates tried "
        f"{', '.join(f'{rate:g}' for rate in whole['learning_rates'])}; {pairs['test']} test pairs, "
        f"{sets}{pairs['validation']} validation pairs for the curves. Data: {whole['data']['source']}.",
        "",
        *_table_of(rows),
        "",
        "## At equal seconds and at equal pairs",
        "",
        "Read off the curves of the validation pairs (curves.png). Seconds are those of the rows' steps, timed one row "
        f"after the other on one machine ({whole['seconds_by']['device']}, threads: {whole['seconds_by']['threads']}).",
        "",
        *_equal(rows),
        "",
        "## Headlines",
        "",
        *_headlines(whole["headlines"]),
    ]
    if any(whole["gains"].values()):
        says = (
            "How much the distance rises without it. Each part is taken away on its own: shares need not add up to one."
        )
        lines += ["", "## What each part brings", "", says, "", *_gains(whole["gains"])]
    if whole["fire"]:
        lines += ["", "## The match under fire", "", *_fire(whole["fire"], pairs["under_fire"])]
    lines += ["", *(f"- {name}: {text}." for name, text in whole["protocol"].items())]
    return "\n".join(lines) + "\n"


def _table_of(rows: dict[str, Any]) -> list[str]:
    titles = list(dict.fromkeys(title for row in rows.values() for title in row["metrics"]))
    lines = []
    for name, row in rows.items():
        cost = ["-"] * 3
        if "seconds" in row:
            seconds = ", ".join(map(str, row["seconds"]))
            cost = [f"{row['parameters'] / 1e6:.2f} M", seconds, f"{row['learning_rate']:g}"]
        cells = [_cell(row["metrics"].get(title)) for title in titles]
        lines.append([name, row["says"], *cost, *cells])
    return table(["row", "what it is", "parameters", "seconds", "learning rate", *titles], lines)


def _equal(rows: dict[str, Any]) -> list[str]:
    trained = {name: row["validation"] for name, row in rows.items() if "validation" in row}
    if not trained:
        return ["No row was trained."]
    columns = [(place, network) for place, found in next(iter(trained.values())).items() for network in found]
    return table(
        ["row", *(f"{network}, {place}" for place, network in columns)],
        ([name, *(show(found[place][network]) for place, network in columns)] for name, found in trained.items()),
    )


def _headlines(found: list[dict[str, Any]]) -> list[str]:
    lines = []
    for each in found:
        lower, promised, kept = each["lower_by"], f"{each['promised']:g}", "yes" if each["kept"] else "no"
        names = [each["full against"], each["metric"]]
        lines.append([*names, show(lower["value"]), interval(lower), promised, kept])
    return table(["full against", "metric", "lower by", "95 % interval", "promised", "kept"], lines)


def _gains(found: dict[str, dict[str, Row]]) -> list[str]:
    return table(
        ["metric", "part", "brings", "95 % interval"],
        (
            [metric, part, show(row["value"]), interval(row)]
            for metric, rows in found.items()
            for part, row in rows.items()
        ),
    )


def _fire(fire: dict[str, Any], pairs: int) -> list[str]:
    wrong = ", ".join(
        f"{float(level):.0%}: {found:.1%}" for level, found in fire["mean disagreement of the parsing"].items()
    )
    says = [
        f"{pairs} test pairs. Mean disagreement of the parsing, asked for and measured: {wrong}; in training both saw "
        f"{fire['mean disagreement in training']:.1%}.",
        "",
    ]
    rows = fire["rows"]
    titles = list(next(iter(next(iter(rows.values())).values())))
    return says + table(
        ["corrupted", "metric", *titles],
        (
            [place, metric, *(_cell(row[title]) for title in titles)]
            for place, metrics in rows.items()
            for metric, row in metrics.items()
        ),
    )


def _cell(row: Row | None) -> str:
    return "" if row is None else f"{show(row['value'])} ({interval(row)})"
