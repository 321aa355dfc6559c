"""How long the way from a photo to a result takes once everything is loaded, and what part of it is the network.

    python benchmarks/chain_speed.py [PHOTO ...] [--times 15] [--out docs/results/chain-speed.json]

The fastest of several times, in milliseconds, on as many threads as there are cores to run on: what else the machine
does only adds to it. Of the bundled photos, or others. The network's own time is that of encoding the source once and
rendering one pose.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import reports
from rsagan import __version__, analyse, load
from rsagan.data.parallel import usable_cores
from rsagan.people import library, read_picture
from rsagan.photo import choose
from rsagan.photo.analyse import fit_person, outline
from rsagan.photo.parser import parse
from rsagan.transfer import Model, shipped_weights

SAMPLES = Path(__file__).parent.parent / "src" / "rsagan" / "samples"
SIZE = (256, 176)


def fastest(times: int, action: Callable[[], Any]) -> float:
    """Milliseconds of an action, the shortest of several."""
    action()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - start))
    return round(min(taken), 1)


def measure(photo: Path, model: Model, times: int) -> dict[str, Any]:
    """The chain and its parts for one photo."""
    picture = read_picture(photo)
    person, _ = choose(picture)
    fit = fit_person(person, SIZE)
    framed, mask, pose = fit.picture_to_frame(picture), outline(person, fit), fit.pose_to_frame(person.pose())
    target = library.load("walk")
    found = analyse(picture, SIZE)
    subject = model.prepare(found)

    def chain() -> None:
        model.prepare(analyse(photo, SIZE)).pose(target)

    parts = {
        "reading the file": fastest(times, lambda: read_picture(photo)),
        "finding the person": fastest(times, lambda: choose(picture)),
        "parser": fastest(times, lambda: parse(framed, pose, mask)),
        "network, source": fastest(times, lambda: model.prepare(found)),
        "network, pose": fastest(times, lambda: subject.pose(target)),
    }
    whole = fastest(times, chain)
    network = parts["network, source"] + parts["network, pose"]
    return {
        "pixels": f"{picture.shape[1]} x {picture.shape[0]}",
        "parts": parts,
        "photo to result": whole,
        "network": round(network, 1),
        "ratio": round(whole / network, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="*", default=sorted(SAMPLES.glob("*.jpg")))
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(usable_cores())
    model = load()
    report = {
        "unit": "ms",
        "weights": shipped_weights().stem,
        "painted at": list(model.size),
        "frame": list(SIZE),
        "cores": os.cpu_count(),
        "rsagan": __version__,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "photos": {photo.name: measure(photo, model, arguments.times) for photo in arguments.photos},
    }
    reports.tell(report, arguments.out)


if __name__ == "__main__":
    main()
