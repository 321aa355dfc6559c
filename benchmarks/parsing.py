"""Region IoU on hand-labelled frames of free clips: `RSAGAN_CLIPS=FOLDER python benchmarks/parsing.py [OUT]`.

Prints a table; with OUT, writes parsing.md, parsing.json and overlays (truth, parser) there.
"""

import json
import sys
from itertools import chain
from pathlib import Path

import numpy as np

import clips
from rsagan.files import write_text
from rsagan.people import NUM_REGIONS, Picture, Region, draw_parsing, grid, write_png
from rsagan.photo.analyse import facing_of, fit_person, outline
from rsagan.photo.checks import doubt
from rsagan.photo.landmarks import Detection, find_people
from rsagan.photo.parser import load, parse, shipped
from rsagan.tables import table

SIZE = (256, 176)


def main(out: Path | None, weights: Path | None) -> None:
    """Judge the parser on every labelled frame whose clip is there."""
    labelled = clips.labels()
    if not labelled:
        print("Skipped: RSAGAN_CLIPS names no folder with the labelled clips.")
        return
    parser = load(weights) if weights else shipped()
    both = np.zeros((2, NUM_REGIONS), np.int64)
    facings, cells = [], []
    for clip in sorted({each.clip for each in labelled}):
        these = {each.frame: each for each in labelled if each.clip == clip}
        for number, photo in clips.frames(clip, set(these)):
            truth = these[number]
            person = meant(photo, truth)
            if person is None:
                print(f"{truth.name}: nobody found")
                continue
            fit = fit_person(person, SIZE)
            picture, mask, pose = (
                fit.picture_to_frame(photo),
                outline(person, fit),
                fit.pose_to_frame(person.pose(hidden=0.2)),
            )
            parsed = parse(picture, pose, mask, parser)
            regions = truth.in_frame(fit)
            judged = regions != clips.IGNORED
            for region in Region:
                a, b = (parsed.parsing == region) & judged, regions == region
                both[:, region] += (a & b).sum(), (a | b).sum()
            facing = facing_of(parsed.facings, person.side)
            facings.append(
                (truth.name, truth.facing, person.side, facing, [round(float(p), 2) for p in parsed.facings])
            )
            shown = np.where(judged, regions, 0).astype(np.uint8)
            cells.append([draw_parsing(each, picture) for each in (shown, parsed.parsing)])
    report(both, facings, cells, out)


def meant(photo: Picture, truth: clips.Labelled) -> Detection | None:
    """The person in the labelled box."""
    x0, y0, x1, y1 = truth.box
    for person in find_people(photo):
        x, y = person.points[[11, 12, 23, 24]].mean(0)
        if doubt(person) is None and x0 < x < x1 and y0 < y < y1:
            return person
    return None


def report(both: np.ndarray, facings: list, cells: list[list[Picture]], out: Path | None) -> None:
    """Print the tables and, with a folder, keep them and the overlays."""
    iou = both[0] / np.maximum(both[1], 1)
    ious = [*((r.name.lower(), f"{iou[r]:.3f}") for r in Region), ("mean", f"{iou.mean():.3f}")]
    lines = [f"{len(facings)} hand-labelled people", "", *table(["region", "intersection over union"], ious)]
    right = sum(truth == network for _, truth, _, network, _ in facings)
    lines += ["", f"Facing right in {right} of {len(facings)}."]
    lines += [
        f"- {name}: {network} ({sure}), not {truth}" for name, truth, _, network, sure in facings if truth != network
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if out is not None:
        write_text(out / "parsing.md", text)
        numbers = {r.name.lower(): float(iou[r]) for r in Region}
        write_text(out / "parsing.json", json.dumps({"iou": numbers, "facing": facings}, indent=1) + "\n")
        for start in range(0, len(cells), 9):
            rows = [list(chain(*cells[k : k + 3])) for k in range(start, min(start + 9, len(cells)), 3)]
            write_png(out / f"overlays-{start // 9}.png", grid(rows))


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:3]]
    main(paths[0] if paths else None, paths[1] if len(paths) > 1 else None)
