"""Real people in other poses, unpicked: `RSAGAN_CLIPS=FOLDER python benchmarks/real_photos.py OUT [--docs docs]`.

Grids: every STEP-th frame of each free clip that shows a person, in six poses of the library, none left out, into OUT.
Numbers: pairs of frames of one person, where the true picture of the target pose exists, painted as they are, and
after what `generate --refine` does on the person's first frame. With --docs, results/real-photos.json and .md go there,
and images/real-photos.jpg: the grid of the clip of Sports2D (BSD-3-Clause), the only one that may be shown freely.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

import clips
import pairs
from rsagan import __version__
from rsagan.errors import InputError
from rsagan.files import write_text
from rsagan.people import Person, Picture, grid, library
from rsagan.photo import analyse
from rsagan.tables import table
from rsagan.training.adapt import REFINE, refine
from rsagan.transfer import Model, load, shipped_weights

POSES = ("stand", "walk", "contrapposto", "hands-on-hips", "wave", "sit")
STEP = 40
FREE = "demo.mp4"
PAIRED = 6  # frames of a person, or two of each stretch
LARGE = ("woman who walks", "man who steps", "man in a black hoodie", "woman in an orange hoodie")  # these are refined
QUALITY = 82


def rows_of(stretch: dict[str, Any], model: Model) -> list[list[Picture]]:
    """Every STEP-th frame's person and the person in the poses."""
    wanted = set(range(stretch["first"], min(stretch["last"] + 1, clips.length(stretch["clip"])), STEP))
    rows = []
    for number, picture in clips.frames(stretch["clip"], wanted):
        try:
            person = analyse(picture, person=clips.place_of(stretch, number), plain_background=True).person
        except InputError:
            continue
        subject = model.prepare(person)
        rows.append([person.picture, *(subject.pose(library.load(pose)).picture for pose in POSES)])
    return rows


def refined(sources: list[Person]) -> pairs.Painter:
    """A painter whose weights have learnt to reconstruct the first of the sources."""
    model = load()
    refine(model.generator, sources[0], model.size, replace(REFINE, minutes=60))  # however busy the machine
    return pairs.plainly(model)


def numbers_of(people: list[Person], model: Model, refining: bool) -> dict[str, Any]:
    """Fidelity over pairs of a person's frames; if wanted with the first as the only source too, plain and refined."""
    every = pairs.pairs_of(people)
    row: dict[str, Any] = {"pairs": len(every.sources), "as painted": pairs.score(pairs.plainly(model), every)[0]}
    if not refining:
        return row
    one = pairs.Pairs([people[0]] * (len(people) - 1), people[1:])
    plain, _ = pairs.score(pairs.plainly(model), one)
    learnt, _ = pairs.score(refined(one.sources), one)
    return row | {
        "refining": {
            "pairs": len(one.sources),
            "plain": plain,
            "refined": learnt,
            "change": pairs.change(plain, learnt),
        }
    }


def page(report: dict[str, Any]) -> str:
    """The report as Markdown."""
    people = report["people"]
    names = list(next(iter(people.values()))["as painted"])
    mixed = f", with {report['data']['mixed_in']['source']}" if "mixed_in" in report["data"] else ""
    learnt = pairs.known_people(report["data"])
    height, width = report["size"]
    refined = {name: row["refining"] for name, row in people.items() if "refining" in row}

    def line(name: str, count: int, numbers: dict[str, float], form: str) -> list[object]:
        values = (format(numbers.get(each, float("nan")), form) for each in names)
        return [name + " *" * (name in learnt), count, *values]

    lines = [
        "# Real people, painted in the pose of another frame of the same clip",
        "",
        f"Weights `{report['weights']}`, trained on {report['data']['source']}{mixed}; pictures of "
        f"{height}x{width}. Written by `benchmarks/real_photos.py`. The head's distance stands for identity, the "
        "colour difference (CIE 1976; 2 is just visible) for garments. A star: the weights have learnt from frames of "
        "this person; judge by the others.",
        "",
        *table(
            ["", "pairs", *names], (line(name, row["pairs"], row["as painted"], ".3f") for name, row in people.items())
        ),
        "",
        "## What `generate --refine` changes",
        "",
        "The first frame is the only source, of those whom the clips show large. Changes of the same numbers:",
        "",
        *table(
            ["", "pairs", *names],
            (line(name, row["pairs"], row["change"], "+.1%") for name, row in refined.items()),
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--docs", type=Path)
    arguments = parser.parse_args()
    stretches = [row for row in clips.stretches() if row["shows"] != "nobody"]
    if not stretches:
        print("Skipped: RSAGAN_CLIPS names no folder with the clips.")
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.docs:
        (arguments.docs / "images").mkdir(parents=True, exist_ok=True)
    model = load()
    for clip in sorted({row["clip"] for row in stretches}):
        rows = [cells for row in stretches if row["clip"] == clip for cells in rows_of(row, model)]
        sheet = Image.fromarray(grid(rows))
        sheet.save(arguments.out / f"{Path(clip).stem}.jpg", quality=QUALITY)
        if clip == FREE and arguments.docs:
            sheet.save(arguments.docs / "images" / "real-photos.jpg", quality=QUALITY)
        print(f"{clip}: {len(rows)} frames", flush=True)
    people = {}
    for name in dict.fromkeys(row["person"] for row in stretches):
        theirs = [row for row in stretches if row["person"] == name]
        found = [each for row in theirs for each in pairs.people_of(row, max(2, PAIRED // len(theirs)), model.size)]
        people[name] = numbers_of(found, model, name in LARGE)
        print(name, json.dumps(people[name], indent=1), flush=True)
    data = model.metadata["data"]
    about = {"weights": shipped_weights().stem, "size": list(model.size), "data": data, "rsagan": __version__}
    report = {**about, "people": people}
    if arguments.docs:
        write_text(arguments.docs / "results" / "real-photos.json", json.dumps(report, indent=1) + "\n")
        write_text(arguments.docs / "results" / "real-photos.md", page(report))


if __name__ == "__main__":
    main()
