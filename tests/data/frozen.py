"""A few views of the benchmarks in some numbers, by which a version's pictures are told from others.

`python -m tests.data.frozen` writes them down, for a new version only.
"""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rsagan.data.benchmarks import BENCHMARKS
from rsagan.data.synthesis import view_seeds
from rsagan.people import NUM_REGIONS
from rsagan.synthetic import identity, render_view

FILE = Path(__file__).with_name("frozen.json")
_PEOPLE = (0, 2_049, 2_299)  # one of each split
_VIEWS = 2


def describe() -> dict[str, Any]:
    """By benchmark and view: joints, pixels of each region, and mean colours of 8x6 fields."""
    found: dict[str, Any] = {}
    for which in BENCHMARKS.values():
        for number in [] if which.textured else _PEOPLE:
            person, seeds = view_seeds(which.seed, number, which.views)
            for position, seed in enumerate(seeds[:_VIEWS]):
                view = render_view(identity(person), seed, which.size, which.style)
                fields = cv2.resize(view.picture.astype(np.float32), (6, 8), interpolation=cv2.INTER_AREA)
                found[f"{which.name} version {which.version}, {number}, {position}"] = {
                    "joints": np.nan_to_num(view.points.astype(np.float64), nan=-1).ravel().round(3).tolist(),
                    "regions": np.bincount(view.parsing.ravel(), minlength=NUM_REGIONS).tolist(),
                    "colours": fields.ravel().astype(np.float64).round(2).tolist(),
                }
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(describe()).replace("}, ", "},\n") + "\n", encoding="utf-8")
