"""What a scoring leaves behind: report.json, report.md and grid.png."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.prepared import PreparedFolder
from rsagan.evaluation import judges
from rsagan.evaluation.metrics import HIGHEST_PSNR, PERCEPTUAL_LAYERS
from rsagan.files import write_text
from rsagan.people import Picture, Pose, draw_pose, grid, write_png
from rsagan.photo import agreement
from rsagan.tables import table

_SHOWN: Final = 4


def protocol(distances: list[str], features: str) -> dict[str, str]:
    """How each number is made, by its name."""
    unit = (
        "each position's features scaled to length 1, squared differences summed over channels, averaged over "
        "positions and layers; no learned heads, so not LPIPS"
    )
    layers = [
        "VGG16 after ReLU at " + ", ".join(PERCEPTUAL_LAYERS),
        f"MobileNetV2 after blocks {', '.join(map(str, judges.LAYERS))}, a network no loss has seen; pictures whose "
        f"shorter side is below {judges.SHORTEST} enlarged by a whole factor",
    ]
    found = {f"perceptual distance ({name})": f"{how}; {unit}" for name, how in zip(distances, layers, strict=True)}
    return found | {
        f"kernel distance ({features})": "what KID computes, on the averaged features of EfficientNet-Lite0 instead of "
        "Inception's: squared maximum mean discrepancy, cubic kernel, results against the true targets of the same "
        "pairs, all at once",
        f"Frechet distance ({features})": "what FID computes, on the same features; squared; interval by the jackknife "
        "over 20 blocks of identities",
        "copied source": "the source picture in place of the result",
        "person": "inside the true target's parsing only",
        "head": "a square round the head by the target's joints, enlarged bilinearly",
        "SSIM, PSNR": "torchmetrics, Gaussian window of 11 pixels, sigma 1.5, data range 1; PSNR at most "
        f"{HIGHEST_PSNR:g}",
        "joint accuracy": "neck to ankles, by the estimator on the result against itself on the truth, nearer than "
        f"{agreement.THRESHOLD} of neck to mid-hip; the ceiling is the mirrored truth against the truth",
        "correspondence error, flow error": "where the network looks in the source against where the body's surface "
        "says that point is; cells whose point the source shows",
        "garment colour": "mean colours of upper, pants and dress in the predicted parsing and in the true one",
        "inputs": "the parsing and joints of the folder, uncorrupted",
        "interval": "95 %, 1000 bootstrap draws of whole identities",
        "results": "rounded to 8 bits; every pair of the list counts, none is left out",
    }


def write_report(
    out: Path, report: dict[str, Any], folder: PreparedFolder, pairs: NDArray[np.int64], pictures: list[Picture]
) -> None:
    """Write all three; the grid is ordered by the first metric of `report["pairs"]`."""
    write_text(out / "report.json", json.dumps(report, indent=1) + "\n")
    write_text(out / "report.md", markdown(report))
    distance = np.array([list(pair.values())[2] for pair in report["pairs"]])
    write_png(out / "grid.png", sheet(folder, pairs, pictures, distance))


def markdown(report: dict[str, Any]) -> str:
    """report.md."""
    counts, results = report["counts"], report["results"]
    training = results.get("training") or {}
    seen = f"; its last run saw {training['pictures_seen']} pairs" if "pictures_seen" in training else ""
    lines = [
        f"# Scores of {results['name']}",
        "",
        f"{counts['pairs']} of {counts['test_pairs_in_folder']} test pairs of {counts['identities']} "
        f"{'person' if counts['identities'] == 1 else 'people'}, "
        f"{report['data']['frame'][0]}x{report['data']['frame'][1]}, source {report['data']['source']}{seen}.",
        "",
        *table(
            ["metric", "value", "95 % interval"],
            ([name, show(row["value"]), interval(row)] for name, row in report["metrics"].items()),
        ),
    ]
    strata = report["strata"]
    if strata:
        titles = [title for title in next(iter(strata.values())) if title != "pairs"]
        rows = (
            [name, row["pairs"], *(f"{show(row[title]['value'])} ({interval(row[title])})" for title in titles)]
            for name, row in strata.items()
        )
        lines += ["", *table(["stratum", "pairs", *titles], rows)]
    lines += ["", *(f"- {name}: {text}." for name, text in report["protocol"].items()), "", *report["notes"], ""]
    lines.append(
        "grid.png: source, target joints, result, truth; on the left the best, the middle and the worst by distance, "
        "on the right the first of the list."
    )
    return "\n".join(lines) + "\n"


def show(value: float | None) -> str:
    """A number as tables print it."""
    return "-" if value is None else f"{value:z.4f}"


def interval(row: dict[str, Any]) -> str:
    """The interval of a row as tables print it."""
    return f"{show(row['interval'][0])} ... {show(row['interval'][1])}"


def sheet(
    folder: PreparedFolder, pairs: NDArray[np.int64], results: list[Picture], distance: NDArray[np.float64]
) -> Picture:
    """Rows of source, joints, result, truth: best, median and worst on the left, the first pairs on the right."""
    order = np.argsort(distance, kind="stable")
    shown = min(_SHOWN, max(1, len(order) // 3))
    middle = (len(order) - shown) // 2
    left = [*order[:shown], *order[middle : middle + shown], *order[-shown:]]

    def row(at: int) -> list[Picture]:
        source, target = pairs[at]
        pose = Pose(folder.entries[target].points, folder.size)
        return [folder.picture(source), draw_pose(pose), results[at], folder.picture(target)]

    right = np.arange(len(left)) % len(pairs)
    return grid([row(int(a)) + row(int(b)) for a, b in zip(left, right, strict=True)])
