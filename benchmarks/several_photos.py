"""What further pictures of a person bring: `python benchmarks/several_photos.py DATA OUT [--limit N] [--docs docs]`.

The test pairs of a prepared folder with yaws (`rsagan synthesize`), painted by the shipped weights from the pair's own
source, and from that and one or two pictures more of the same person: of those that are neither source nor target, the
one that is turned farthest from all that are given. Pictures are never chosen by the target. several-photos.json and
.md go to OUT, or, with --docs, to results/, and the grid to images/several-photos.jpg: pairs spread evenly over the
list (source, both further pictures, truth, then painted from one, two and three). With RSAGAN_CLIPS, a folder with the
clip of Sports2D (BSD-3-Clause), images/second-photo.jpg too: a real man from the front, from the side, and in some
poses by the first photo alone (above) and by both (below).
"""

import json
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import clips
from pairs import people_of
from reports import asked, told
from rsagan import __version__
from rsagan.data.pairs import spread
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.evaluation.intervals import Draws, Statistic, mean, ratio
from rsagan.evaluation.measure import Measured, Truth, measure, trained_networks
from rsagan.evaluation.painters import Painted, to_network
from rsagan.evaluation.scores import some_pairs
from rsagan.evaluation.summary import strata_of
from rsagan.files import write_text
from rsagan.network import Encoded, load_weights, shipped_weights
from rsagan.people import grid, library, one_hot
from rsagan.tables import table
from rsagan.training.preview import to_pictures
from rsagan.transfer import load

COUNTS = (1, 2, 3)
SHOWN = 8  # rows of the grid
REAL = "man who steps"  # in two stretches of one clip, which show him from the front and from the side
TRIED = 9  # frames of each stretch
POSES = ("stand", "walk", "stand-right", "walk-right", "stand-left", "stand-back")
QUALITY = 85
NUMBERS = ("vgg16_hed", "mobilenetv2", "vgg16_hed_head", "mobilenetv2_head")


def turn(one: float, other: float) -> float:
    """Degrees between two yaws, 0 to 180."""
    return abs((one - other + 180) % 360 - 180)


def further(folder: PreparedFolder, source: int, target: int, count: int) -> list[int]:
    """`count` more views of the person, each turned as far as can be from all that are given before it."""
    yaw = {k: float(entry.yaw or 0) for k, entry in enumerate(folder.entries)}
    person = folder.entries[source].identity
    left = [k for k, entry in enumerate(folder.entries) if entry.identity == person and k not in (source, target)]
    given = [source]
    for _ in range(count):
        given.append(max(left, key=lambda k: min(turn(yaw[k], yaw[each]) for each in given)))
        left.remove(given[-1])
    return given[1:]


class Several:
    """A painter (see `rsagan.evaluation.painters`) from the source and further views."""

    def __init__(self, folder: PreparedFolder, more: NDArray[np.int64]) -> None:
        weights = shipped_weights(folder.size)
        self.generator, self.name, self.more = load_weights(weights)[0].eval(), weights.stem, more

    @torch.no_grad()
    def paint(self, folder: PreparedFolder, pairs: NDArray[np.int64], positions: NDArray[np.int64]) -> Painted:
        """Results of pairs (B, 2); the further views are those of `positions`."""
        sources = np.concatenate([pairs[:, :1], self.more[positions]], axis=1)
        targets = np.stack([folder.entries[k].points for k in pairs[:, 1]])
        every = self.generator.together([self._encode(folder, column) for column in sources.T])
        output = self.generator.render(every, torch.from_numpy(targets))
        assert output.parsing_logits is not None
        return Painted(to_pictures(output.picture), list(output.parsing_logits.argmax(1).to(torch.uint8).numpy()))

    def _encode(self, folder: PreparedFolder, views: NDArray[np.int64]) -> Encoded:
        return self.generator.encode_source(
            to_network([folder.picture(k) for k in views]),
            torch.from_numpy(np.stack([one_hot(folder.parsing(k)) for k in views])),
            torch.from_numpy(np.stack([folder.entries[k].points for k in views])),
        )

    def describe(self) -> dict[str, Any]:
        """What a report says about where the results come from."""
        return {"kind": "weights", "file": self.name}


def main() -> None:
    arguments = asked(__doc__)
    folder = PreparedFolder(arguments.data)
    if any(entry.yaw is None for entry in folder.entries):
        raise InputError(f"{folder.path} does not say which way people are turned; take one of `rsagan synthesize`.")
    pairs = some_pairs(folder, arguments.limit)
    more = np.array([further(folder, int(a), int(b), max(COUNTS) - 1) for a, b in pairs])
    truth = Truth(folder, pairs, trained_networks())
    measured = {}
    for count in COUNTS:
        measured[count] = measure(truth, Several(folder, more[:, : count - 1]))
        print(f"{count}: {[round(float(measured[count][name].mean()), 4) for name in NUMBERS]}", flush=True)
    report = report_of(folder, truth, measured)
    write_text(arguments.numbers / "several-photos.json", json.dumps(report, indent=1) + "\n")
    write_text(arguments.numbers / "several-photos.md", page(report))
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    sheet(folder, pairs, more, measured).save(arguments.pictures / "several-photos.jpg", quality=QUALITY)
    if shown := real():
        shown.save(arguments.pictures / "second-photo.jpg", quality=QUALITY)


def report_of(folder: PreparedFolder, truth: Truth, measured: dict[int, Measured]) -> dict[str, Any]:
    """By the number of pictures: distances as ratio to the copied source, their change, and the turns' own; 95 %."""
    draws = Draws(truth.groups)
    turns = next(iter(strata_of(folder, truth.pairs)), {})
    rows = {}
    for count, found in measured.items():
        right, seen = np.array(found["joints"]).sum(0)
        rows[count] = {
            "ratio to the copied source": {
                name: draws.row(ratio(mean(found[name]), mean(found[f"{name}_copy"]))) for name in NUMBERS
            },
            "change": {name: draws.row(change(measured[1], found, name)) for name in NUMBERS},
            "turns": {
                turn: {name: draws.row(mean(found[name]), members) for name in NUMBERS[:2]}
                for turn, members in turns.items()
            },
            "joints in place": round(float(right / seen), 4),
        }
    data = {"frame": list(folder.size)} | {key: folder.manifest.get(key) for key in ("source", "plan")}
    weights = shipped_weights(folder.size).stem
    return {"pairs": len(truth.pairs), "weights": weights, "rows": rows, "data": data, "rsagan": __version__}


def change(before: Measured, after: Measured, name: str) -> Statistic:
    """By how much a distance rose, as a share of what it was."""
    share = ratio(mean(after[name]), mean(before[name]))
    return lambda weights: share(weights) - 1


def page(report: dict[str, Any]) -> str:
    """The report as Markdown."""

    (height, width), rows = report["data"]["frame"], report["rows"]
    names = [name.replace("_head", ", head") for name in NUMBERS]
    lines = [
        "# More pictures of the person",
        "",
        f"{report['pairs']} test pairs of `{(report['data']['plan'] or {}).get('benchmark')}`, {height}x{width}, "
        f"weights `{report['weights']}`, which have learnt from one picture at a time; 95 % intervals over people. "
        "Written by `benchmarks/several_photos.py`. A further picture is one of the same person, neither source nor "
        "target: the one that is turned farthest from those given, whatever the target is.",
        "",
        "Distances as a ratio to the copied (first) source:",
        "",
        *table(
            ["pictures", *names, "joints in place (blazepose)"],
            (
                [
                    count,
                    *(told(each, ".3f") for each in row["ratio to the copied source"].values()),
                    row["joints in place"],
                ]
                for count, row in rows.items()
            ),
        ),
        "",
        "Change against one picture:",
        "",
        *table(
            ["pictures", *names],
            (
                [count, *(told(each, "+.1%") for each in row["change"].values())]
                for count, row in rows.items()
                if count > 1
            ),
        ),
        "",
        "Distances by how far the target is turned from the first source, in degrees (vgg16_hed, mobilenetv2):",
        "",
        *table(
            ["pictures", *rows[1]["turns"]],
            (
                [
                    count,
                    *(", ".join(f"{each['value']:.4f}" for each in both.values()) for both in row["turns"].values()),
                ]
                for count, row in rows.items()
            ),
        ),
    ]
    return "\n".join(lines) + "\n"


def real() -> Image.Image | None:
    """A man by one photo and by two; None without the clip."""
    stretches = [row for row in clips.stretches() if row.get("person") == REAL]
    if len(stretches) < 2:
        return None
    model = load()
    found = [people_of(row, TRIED, model.size) for row in stretches[:2]]  # frames in which he is not found are left out
    people = [those[len(those) // 2] for those in found]
    rows = []
    for given in (people[:1], people):
        subject = model.prepare(*given)
        shown = [each.picture for each in given]
        shown += [np.full_like(shown[0], 255)] * (len(people) - len(given))
        rows.append([*shown, *(subject.pose(library.load(pose)).picture for pose in POSES)])
    return Image.fromarray(grid(rows))


def sheet(folder: PreparedFolder, pairs: Any, more: NDArray[np.int64], measured: dict[int, Measured]) -> Image.Image:
    """Pairs spread evenly over the list."""
    rows = []
    for k in spread(len(pairs), SHOWN):
        views = [int(pairs[k][0]), *map(int, more[k]), int(pairs[k][1])]
        rows.append([*map(folder.picture, views), *(measured[count]["picture"][k] for count in COUNTS)])
    return Image.fromarray(grid(rows))


if __name__ == "__main__":
    main()
