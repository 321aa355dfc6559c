"""Frames of the freely licensed clips, from the folder that RSAGAN_CLIPS names, and the hand labels made for them.

The folder holds the clips of the Intel sample-videos repository (CC BY 4.0) and `demo.mp4` of the wheel sports2d
(BSD-3-Clause). Labels lie in tests/photo/labels: a PNG each (regions 0..7, 255 = not judged) for a box of a frame.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from rsagan.people import Fit, Picture

LABELS = Path(__file__).parents[1] / "tests" / "photo" / "labels"
IGNORED = 255


@dataclass(frozen=True, eq=False)
class Labelled:
    """A hand-labelled person: frame of a clip, box (x0, y0, x1, y1), uint8 regions of the box, facing."""

    name: str
    clip: str
    frame: int
    box: tuple[int, int, int, int]
    regions: np.ndarray
    facing: str

    def in_frame(self, fit: Fit) -> np.ndarray:
        """The regions in the fitted frame, uint8 (H, W); IGNORED beyond the labelled box."""
        x0, y0, x1, y1 = self.box
        height, width = fit.frame_size
        y = np.floor((np.arange(height) + 0.5 - fit.offset[1]) / fit.scale).astype(int)
        x = np.floor((np.arange(width) + 0.5 - fit.offset[0]) / fit.scale).astype(int)
        out = np.full(fit.frame_size, IGNORED, np.uint8)
        rows, columns = (y >= y0) & (y < y1), (x >= x0) & (x < x1)
        out[np.ix_(rows, columns)] = self.regions[np.ix_(y[rows] - y0, x[columns] - x0)]
        # What the frame shows beyond the photo's edges is nobody.
        beyond = ((y < 0) | (y >= fit.photo_size[0]))[:, None] | ((x < 0) | (x >= fit.photo_size[1]))[None]
        return np.where(beyond, 0, out).astype(np.uint8)


def folder() -> Path | None:
    """Where the clips lie, if anywhere."""
    named = os.environ.get("RSAGAN_CLIPS")
    return Path(named) if named and Path(named).is_dir() else None


def labels() -> list[Labelled]:
    """Those whose clip is there; a clip of another SHA-256 is an error."""
    where = folder()
    found = []
    for row in json.loads((LABELS / "index.json").read_text(encoding="utf-8")):
        if where is None or not (where / row["clip"]).is_file():
            continue
        if _sha256(where / row["clip"]) != row["sha256"]:
            raise ValueError(f"{where / row['clip']} is another clip than the one that was labelled")
        regions = np.asarray(Image.open(LABELS / f"{row['name']}.png"))
        found.append(Labelled(row["name"], row["clip"], row["frame"], tuple(row["box"]), regions, row["facing"]))
    return found


def frames(clip: str, wanted: set[int] | None = None) -> Iterator[tuple[int, Picture]]:
    """Number and picture of the frames wanted, or of all."""
    where = folder()
    assert where is not None
    last = max(wanted) if wanted else None
    with av.open(str(where / clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if wanted is None or number in wanted:
                yield number, frame.to_ndarray(format="rgb24")
            if number == last:
                return


def stretches() -> list[dict[str, Any]]:
    """What each stretch of each clip that is there shows: see tests/photo/labels/contact.json."""
    where = folder()
    rows = json.loads((LABELS / "contact.json").read_text(encoding="utf-8"))
    return [row for row in rows if where is not None and (where / row["clip"]).is_file()]


def place_of(stretch: dict[str, Any], number: int) -> tuple[float, float] | None:
    """Where about the person of a stretch is in a frame, if somebody else is there too."""
    if "from" not in stretch:
        return None
    share = (number - stretch["first"]) / (stretch["last"] - stretch["first"])
    x, y = np.array(stretch["from"]) + share * (np.array(stretch["to"]) - stretch["from"])
    return float(x), float(y)


@cache
def length(clip: str) -> int:
    """How many frames a clip has."""
    return sum(1 for _ in frames(clip))


@cache
def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
