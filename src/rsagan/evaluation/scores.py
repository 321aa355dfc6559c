"""Scores a generator on the test pairs of a prepared folder: report.json, report.md, grid.png."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

import rsagan
from rsagan import backbones
from rsagan.data.prepared import PreparedFolder, file_hash
from rsagan.errors import InputError
from rsagan.evaluation import person
from rsagan.evaluation.metrics import PERCEPTUAL_LAYERS, bootstrap, mean_iou, overlap, perceptual_distance
from rsagan.files import check_folder, replacing
from rsagan.network import Generator, load_weights
from rsagan.people import Picture, Pose, draw_pose, grid, one_hot, write_png
from rsagan.training.crops import crop, head_boxes, head_size
from rsagan.transfer import shipped_weights

_SHOWN: Final = 4
Rows = dict[str, dict[str, float | list[float]]]


def score(
    weights: Path | str | None,
    data: Path | str,
    out: Path | str,
    limit: int | None = None,
    *,
    joints: bool = True,
    backbone: str = backbones.VGG16_HED,
    batch: int = 8,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Score a weights file on a prepared folder's test pairs.

    Results are rounded to 8 bits, as a picture file would be, before they are compared. "Copied source" is the
    source picture itself in place of a result: the bad end of the scale.

    Args:
        weights: a weights file; the shipped one if None. data: a prepared folder. out: where the report goes.
        limit: at most so many pairs, spread evenly over the list; all by default.
        joints: also compare joints, by an estimator that must be fetched once.
        backbone: the frozen network of the perceptual distance; its name becomes part of the metric's.
        batch: pairs at a time.
        progress: called with (pairs done, pairs in all).

    Returns:
        what report.json holds.

    Raises:
        InputError: broken weights or folder, a limit below 1, or `out` is a file.
    """
    check_folder(out)
    weights = weights or shipped_weights()
    generator, metadata = load_weights(weights)
    folder = PreparedFolder(data)
    pairs = folder.pairs("test")
    if limit is not None:
        if limit < 1:
            raise InputError(f"At least one pair must be scored, not {limit}.")
        pairs = pairs[np.unique(np.linspace(0, len(pairs) - 1, min(limit, len(pairs))).astype(int))]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    generator.to(device)
    judge = backbones.load(backbone, PERCEPTUAL_LAYERS[-1]).to(device)
    values: dict[str, list[Any]] = {}
    for start in range(0, len(pairs), batch):
        for name, each in measure(generator, judge, folder, pairs[start : start + batch], joints).items():
            values.setdefault(name, []).extend(each)
        if progress:
            progress(min(start + batch, len(pairs)), len(pairs))
    results: list[Picture] = values.pop("picture")
    measured = {name: np.array(each) for name, each in values.items()}

    identities = [folder.entries[source].identity for source, _ in pairs]
    _, groups = np.unique(identities, return_inverse=True)
    metric = f"perceptual distance ({judge.name})"
    rows = _summary(measured, metric, groups)
    report = {
        "metrics": rows,
        "protocol": {
            metric: "VGG16 features after ReLU at " + ", ".join(PERCEPTUAL_LAYERS) + ", each position scaled to "
            "length 1, squared differences summed over channels, averaged over positions and layers; no learned heads",
            "copied source": "the source picture in place of the result",
            "head": "a square round the head by the target's joints, enlarged bilinearly",
            "joint accuracy": "neck to ankles, by the estimator on the result against itself on the truth, nearer than "
            f"{person.THRESHOLD} of neck to mid-hip; the ceiling is the mirrored truth against the truth",
            "garment colour": "mean colours of upper, pants and dress in the predicted parsing and in the true one",
            "interval": "95 %, 1000 bootstrap draws of whole identities",
            "parsing and joints": "those of the folder, uncorrupted",
        },
        "counts": {
            "pairs": len(pairs),
            "identities": int(groups.max()) + 1,
            "test_pairs_in_folder": len(folder.pairs("test")),
        },
        "weights": {
            "file": Path(weights).name,
            "sha256": file_hash(Path(weights)),
            "training": metadata.get("training"),
        },
        "data": {"frame": list(folder.size)}
        | {key: folder.manifest.get(key) for key in ("source", "licence", "sha256")},
        "versions": {"rsagan": rsagan.__version__, "torch": torch.__version__},
        "pairs": [
            {"from": folder.entries[a].name, "to": folder.entries[b].name, metric: round(float(d), 6)}
            for (a, b), d in zip(pairs, measured["distance"], strict=True)
        ],
    }
    out = Path(out)
    with replacing(out / "report.json") as temporary:
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    with replacing(out / "report.md") as temporary:
        temporary.write_text(_markdown(report), encoding="utf-8")
    write_png(out / "grid.png", _sheet(folder, pairs, results, measured["distance"]))
    return report


@torch.no_grad()
def measure(
    generator: Generator, judge: backbones.VGG16, folder: PreparedFolder, pairs: NDArray[np.int64], joints: bool
) -> dict[str, list[Any]]:
    """Paint pairs (P, 2) and compare: by name a list of P numbers, arrays or pictures."""
    device = judge.shift.device
    sources = [folder.picture(source) for source, _ in pairs]
    targets = [folder.picture(target) for _, target in pairs]
    parsings = np.stack([one_hot(folder.parsing(source)) for source, _ in pairs])
    source_points, target_points = (
        torch.from_numpy(np.stack([folder.entries[at].points for at in column])).to(device) for column in pairs.T
    )
    source, target = _to_network(sources).to(device), _to_network(targets).to(device)
    output = generator(source, torch.from_numpy(parsings).to(device), source_points, target_points)
    result = (output.picture.float().clamp(-1, 1) * 127.5 + 127.5).round()
    pictures = list(result.to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy())
    result = result / 127.5 - 1
    boxes, size = head_boxes(target_points, folder.size), head_size(folder.size)
    head, source_head, target_head = (crop(each, boxes, size) for each in (result, source, target))
    found: dict[str, list[Any]] = {
        "picture": pictures,
        "distance": perceptual_distance(judge, result, target).tolist(),
        "distance_copy": perceptual_distance(judge, source, target).tolist(),
        "head": perceptual_distance(judge, head, target_head).tolist(),
        "head_copy": perceptual_distance(judge, source_head, target_head).tolist(),
        "l1": ((result - target).abs().mean((1, 2, 3)) / 2).tolist(),
        "l1_copy": ((source - target).abs().mean((1, 2, 3)) / 2).tolist(),
    }
    if output.parsing_logits is not None:
        predicted = output.parsing_logits.argmax(1).to(torch.uint8).cpu().numpy()
        truths = [folder.parsing(target) for _, target in pairs]
        both = [overlap(each, truth) for each, truth in zip(predicted, truths, strict=True)]
        found["intersection"], found["union"] = [each[0] for each in both], [each[1] for each in both]
        shown = zip(pictures, predicted, targets, truths, strict=True)
        found["garments"] = [person.garment_difference(*each) for each in shown]
    if joints:
        seen = [person.estimate(truth) for truth in targets]
        for name, estimates in (
            ("joints", [person.estimate(picture) for picture in pictures]),
            ("joints_ceiling", [person.mirrored_estimate(truth) for truth in targets]),
        ):
            found[name] = [person.joints_right(a, b) for a, b in zip(estimates, seen, strict=True)]
    return found


def _to_network(pictures: list[Picture]) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def _summary(measured: dict[str, NDArray[Any]], metric: str, groups: NDArray[np.int64]) -> Rows:
    rows: Rows = {}

    def add(name: str, statistic: Callable[[NDArray[np.int64]], float]) -> None:
        value = statistic(np.arange(len(groups)))
        low, high = bootstrap(statistic, groups)
        rows[name] = {"value": round(value, 6), "interval": [round(low, 6), round(high, 6)]}

    for title, key in ((metric, "distance"), (f"{metric}, head", "head"), ("L1", "l1")):
        ours, copied = measured[key], measured[f"{key}_copy"]
        add(title, lambda at, ours=ours: float(ours[at].mean()))  # type: ignore[misc]
        add(f"{title}, copied source", lambda at, copied=copied: float(copied[at].mean()))  # type: ignore[misc]
        add(
            f"{title}, ratio to copied source",
            lambda at, ours=ours, copied=copied: float(ours[at].mean() / copied[at].mean()),  # type: ignore[misc]
        )
    if "union" in measured:
        both, either = measured["intersection"], measured["union"]
        add("region IoU of the predicted parsing", lambda at: mean_iou(both[at], either[at]))
    if "garments" in measured and not np.isnan(measured["garments"]).all():
        colours = measured["garments"]
        add("garment colour difference (CIE 1976), median", lambda at: float(np.nanmedian(colours[at])))
        add(
            "garments whose colour differs by less than 10",
            lambda at: float((colours[at] < 10).sum() / max(1, (~np.isnan(colours[at])).sum())),
        )
    for title, key in (
        (f"joint accuracy ({person.ESTIMATOR})", "joints"),
        (f"joint accuracy ({person.ESTIMATOR}), the estimator's own ceiling", "joints_ceiling"),
    ):
        if key in measured:
            counts = measured[key]
            add(title, lambda at, counts=counts: float(counts[at, 0].sum() / max(1, counts[at, 1].sum())))  # type: ignore[misc]
    return rows


def _markdown(report: dict[str, Any]) -> str:
    counts, training = report["counts"], report["weights"]["training"] or {}
    lines = [
        f"# Scores of {report['weights']['file']}",
        "",
        f"{counts['pairs']} of {counts['test_pairs_in_folder']} test pairs of {counts['identities']} people, "
        f"{report['data']['frame'][0]}x{report['data']['frame'][1]}, source {report['data']['source']}; "
        f"trained on {training.get('pictures_seen', 'unknown')} pictures.",
        "",
        "| metric | value | 95 % interval |",
        "|---|---|---|",
    ]
    for name, row in report["metrics"].items():
        lines.append(f"| {name} | {row['value']:.4f} | {row['interval'][0]:.4f} ... {row['interval'][1]:.4f} |")
    lines += ["", *(f"- {name}: {text}." for name, text in report["protocol"].items()), ""]
    lines.append(
        "grid.png: source, target joints, result, truth; on the left the best, the middle and the worst by distance, "
        "on the right the first of the list."
    )
    return "\n".join(lines) + "\n"


def _sheet(
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
