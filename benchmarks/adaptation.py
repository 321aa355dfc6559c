"""What adapting to a person gains, judged on another clip of that person.

    RSAGAN_CLIPS=FOLDER python benchmarks/adaptation.py [--minutes 8] [--out docs/results]

Two people are adapted to on some of their clips (as `rsagan adapt` does it, on as many threads as the machine has
cores). Pairs of frames of a clip that was left out are then painted with the unadapted and the adapted weights and
compared with the true frame. The losses of adapting see the VGG, not MobileNetV2, nor the joint estimator.
Writes adaptation.json and adaptation.md, and with --sheets FOLDER pictures of source, unadapted, adapted, truth.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

import clips
import pairs
from rsagan import __version__
from rsagan.files import check_folder, write_text
from rsagan.people import grid, write_png
from rsagan.tables import table
from rsagan.training.adapt import Effort, adapt
from rsagan.transfer import load, shipped_weights

PEOPLE = {
    "man in a black hoodie": (("again.mkv", "brother.mkv", "help.mkv", "no.mkv", "yes.mkv"), "student.mkv"),
    "woman in an orange hoodie": (("book.mkv", "learn.mkv", "school.mkv"), "walk.mkv"),
}
FRAMES = 12  # of the judged clip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=Effort().minutes)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sheets", type=Path)
    arguments = parser.parse_args()
    where = clips.folder()
    if where is None:
        print("Skipped: RSAGAN_CLIPS names no folder with the clips.")
        return
    if arguments.out:
        check_folder(arguments.out)
    unadapted = load()
    report = {}
    for name, (learnt, judged) in PEOPLE.items():
        seen = pairs.pairs_of(pairs.people_of({"clip": judged, "first": 0, "last": 10**6}, FRAMES, unadapted.size))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "adapted.safetensors"
            made = adapt(file, [where / each for each in learnt], effort=Effort(minutes=arguments.minutes))
            adapted, size = load(file), file.stat().st_size
        before, plain = pairs.score(pairs.plainly(unadapted), seen)
        after, better = pairs.score(pairs.plainly(adapted), seen)
        report[name] = {
            "learnt from": list(learnt),
            "judged on": judged,
            "known to the unadapted weights": name in pairs.known_people(unadapted.metadata["data"]),
            "pairs": len(seen.sources),
            "seconds": round(made.seconds),
            "pairs learnt from": made.pictures,
            "share kept": made.kept,
            "joints on views held out": [round(value, 4) for value in made.joints],
            "megabytes": round(size / 1e6, 2),
            "unadapted": before,
            "adapted": after,
            "change": pairs.change(before, after),
        }
        print(name, json.dumps(report[name], indent=1), flush=True)
        if arguments.sheets:
            arguments.sheets.mkdir(parents=True, exist_ok=True)
            rows = zip(seen.sources, plain, better, seen.targets, strict=True)
            cells = [[a.picture, x, y, b.picture] for a, x, y, b in rows]
            half = (len(cells) + 1) // 2
            both = [left + right for left, right in zip(cells[:half], cells[half:], strict=False)]
            write_png(arguments.sheets / f"{judged.split('.')[0]}.png", grid(both))
    if arguments.out:
        whole = {
            "weights": shipped_weights().stem,
            "rsagan": __version__,
            "cores": os.cpu_count(),
            "minutes": arguments.minutes,
            "people": report,
        }
        write_text(arguments.out / "adaptation.json", json.dumps(whole, indent=1) + "\n")
        write_text(arguments.out / "adaptation.md", page(whole))


def page(whole: dict) -> str:
    """The report as Markdown."""
    lines = [
        "# What `rsagan adapt` gains on another clip of the same person",
        "",
        f"Weights `{whole['weights']}`, at most {whole['minutes']:g} minutes of training on {whole['cores']} cores; "
        "written by `benchmarks/adaptation.py`.",
    ]
    for name, row in whole["people"].items():
        lines += [
            "",
            f"## A {name}",
            "",
            f"Learnt from {', '.join(row['learnt from'])} in {row['seconds']} s ({row['pairs learnt from']} pairs, "
            f"{row['share kept']:.0%} kept, {row['megabytes']} MB); judged on {row['pairs']} pairs of frames of "
            f"{row['judged on']}."
            + " The unadapted weights have learnt from frames of this person already: judge by the others."
            * row["known to the unadapted weights"],
            "",
            *table(
                ["", "unadapted", "adapted", "change"],
                (
                    [name, f"{row['unadapted'][name]:.3f}", f"{row['adapted'][name]:.3f}", f"{change:+.1%}"]
                    for name, change in row["change"].items()
                ),
            ),
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
