"""From the numbers of pairs to the rows of a report: values with intervals, whole and by stratum."""

import csv
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.evaluation.intervals import (
    Draws,
    Numbers,
    Row,
    Statistic,
    jackknife,
    mean,
    mean_iou,
    quantile,
    ratio,
    row_of,
    share,
)
from rsagan.evaluation.measure import Measured
from rsagan.evaluation.sets import frechet_distances, kernel_distances
from rsagan.photo import agreement

Rows = dict[str, Row]
HEAD: Final = ", head"
_ENOUGH_PICTURES: Final = 2000


def perceptual(network: str) -> str:
    """The name of the perceptual distance on a network."""
    return f"perceptual distance ({network})"


def rows_of(measured: Measured, distances: list[str], features: str, draws: Draws) -> Rows:
    """Every metric with its interval.

    Args:
        measured: with what `set_distances` adds to it.
        distances: names of the networks of the perceptual distance. features: of the distances between sets.
    """
    rows = {name: draws.row(statistic) for name, statistic in statistics_of(measured, distances).items()}
    for suffix, title in (("", ""), ("_head", HEAD)):
        rows[f"kernel distance ({features}){title}"] = row_of(measured[f"kernel{suffix}"])
        rows[f"Frechet distance ({features}){title}"] = jackknife(measured[f"frechet{suffix}"])
    return rows


def set_distances(measured: Measured, draws: Draws) -> Measured:
    """The distances between results and truth as sets, under every draw: `kernel`, `frechet` and both of the head."""
    found: Measured = {}
    for suffix in ("", "_head"):
        sets = measured[f"features{suffix}"], measured[f"true_features{suffix}"]
        found[f"kernel{suffix}"] = kernel_distances(*sets, draws)
        found[f"frechet{suffix}"] = frechet_distances(*sets, draws.groups)
    return found


def statistics_of(measured: Measured, distances: list[str]) -> dict[str, Statistic]:
    """The metrics that are averages over pairs, by name."""
    found: dict[str, Statistic] = {}
    for network in distances:
        for suffix, title in (("", ""), ("_head", HEAD)):
            name = perceptual(network) + title
            ours, copied = mean(measured[network + suffix]), mean(measured[f"{network}{suffix}_copy"])
            found |= {name: ours, f"{name}, copied source": copied}
            found[f"{name}, ratio to copied source"] = ratio(ours, copied)
    found["L1, ratio to copied source"] = ratio(mean(measured["l1"]), mean(measured["l1_copy"]))
    for key, title in (("l1", "L1"), ("ssim", "SSIM"), ("psnr", "PSNR")):
        places = {"": "", "_person": ", person", "_head": HEAD}
        found |= {title + place: mean(measured[key + end]) for end, place in places.items() if key + end in measured}
    if "union" in measured:
        found["region IoU of the predicted parsing"] = mean_iou(measured["intersection"], measured["union"])
    if "garments" in measured:
        colours: Numbers = measured["garments"]
        owner = np.repeat(np.arange(len(colours)), colours.shape[1])
        known = np.isfinite(colours)
        close = (known & (np.where(known, colours, np.inf) < 10)).sum(1)
        found["garment colour difference (CIE 1976), median"] = quantile(colours.ravel(), owner, 0.5)
        found["garments whose colour differs by less than 10"] = share(close.astype(float), known.sum(1).astype(float))
    for key, title in (("matches", "correspondence error of module B"), ("flows", "flow error of the detail path")):
        if key in measured:
            owner = np.repeat(np.arange(len(measured[key])), [len(each) for each in measured[key]])
            errors = np.concatenate(measured[key])
            found[f"{title}, pixels, median"] = quantile(errors, owner, 0.5)
            found[f"{title}, pixels, 95 % below"] = quantile(errors, owner, 0.95)
    for key, end in (("joints", ""), ("joints_ceiling", ", the estimator's own ceiling")):
        if key in measured:
            right, counted = measured[key].astype(float).T
            found[f"joint accuracy ({agreement.ESTIMATOR}){end}"] = share(right, counted)
    return found


def strata_of(folder: PreparedFolder, pairs: NDArray[np.int64]) -> list[dict[str, NDArray[np.bool_]]]:
    """Which pairs (P,) are in which stratum: one table for the view change, one for the crop; none without the file.

    Raises:
        InputError: strata-test.csv does not name a stratum for every pair.
    """
    path = folder.path / "strata-test.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        listed = {(row.get("from"), row.get("to")): row.get("stratum") or "" for row in csv.DictReader(file)}
    try:
        labels = [listed[folder.entries[a].name, folder.entries[b].name].split(", ") for a, b in pairs]
        columns = [np.array(column) for column in zip(*labels, strict=True)]
    except (KeyError, ValueError) as error:
        raise InputError(f"{path} does not name one stratum for every test pair; make the folder anew.") from error
    return [{str(name): column == name for name in sorted(set(column), key=_numbers_first)} for column in columns]


def _numbers_first(label: str) -> tuple[int, str]:
    digits = "".join(letter if letter.isdigit() else " " for letter in label).split()
    return (int(digits[0]) if digits else 0, label)


def stratified(
    measured: Measured, distances: list[str], strata: list[dict[str, NDArray[np.bool_]]], draws: Draws
) -> dict[str, dict[str, Any]]:
    """The main rows of each stratum, with its number of pairs."""
    chosen = statistics_of(measured, distances)
    main = [perceptual(network) + end for network in distances for end in ("", ", ratio to copied source")]
    main += ["SSIM", "SSIM, person", f"joint accuracy ({agreement.ESTIMATOR})"]
    main += ["correspondence error of module B, pixels, median"]
    return {
        name: {"pairs": int(members.sum())}
        | {title: draws.row(chosen[title], members) for title in main if title in chosen}
        for table in strata
        for name, members in table.items()
    }


def notes_of(pairs: int, people: int, features: str) -> list[str]:
    """Sentences that a reader of the numbers must know."""
    notes = ["Of one person alone there are no intervals."] if people == 1 else []
    if pairs >= _ENOUGH_PICTURES:
        return notes
    return [
        *notes,
        f"The Frechet distance ({features}) of {pairs} pictures is biased upwards, and the kernel distance downwards, "
        "since each result is compared with its own target, too; compare them only with others of the same pairs.",
    ]
