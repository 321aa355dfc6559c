"""What the photo pipeline makes of synthetic people: the parser's training examples.

Each person is rendered, found by the joint estimator as in a photo, and kept with what the renderer knows: so the
parser is trained on the estimator's own errors (faces on backs, swapped sides, ragged outlines) and not on guesses
of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.stream import TRAINING, Supply, render_person
from rsagan.files import replacing
from rsagan.photo.analyse import fit_person
from rsagan.photo.landmarks import find_one

SIZE: Final = (320, 224)  # of the pictures; a little larger than the parser's frame
STYLES: Final = (*("street",) * 5, "catalogue", "studio", "surveillance")
VIEWS: Final = 3  # of each person
FRAME: Final = (256, 176)
_SAME = 0.4  # overlap of the estimator's outline with the true one, below which it has found somebody else


@dataclass(frozen=True, eq=False)
class Sighting:
    """A rendered photo, what the estimator says about it, and the truth.

    Attributes:
        picture: uint8 (H, W, 3) RGB. parsing: uint8 (H, W), true regions.
        mask: uint8 (H, W), the estimator's outline times 255.
        points: float32 (18, 2), the estimator's joints; NaN = missing.
        truth: float32 (18, 2), the rig's joints; NaN = out of frame.
        yaw: degrees turned away from the camera, left positive.
        fit: scale, x and y offset of the `Fit` into a frame of `FRAME`.
    """

    picture: NDArray[np.uint8]
    parsing: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    points: NDArray[np.float32]
    truth: NDArray[np.float32]
    yaw: float
    fit: tuple[float, float, float]


def sightings(seed: int, number: int, pack: str | None) -> Iterator[Sighting]:
    """The views of person `number` in which the estimator finds that person; about half of all people wear the pack."""
    supply = Supply(seed, SIZE, STYLES, pack)
    for shown in render_person(supply, TRAINING, number, VIEWS):
        picture, parsing, _ = shown.pixels
        found = find_one(picture)
        mask = found.mask(SIZE)
        person = parsing > 0
        if (person & (mask > 0.5)).sum() < _SAME * (person | (mask > 0.5)).sum():
            continue
        fit = fit_person(found, FRAME)
        yield Sighting(
            picture,
            parsing,
            np.asarray(mask * 255 + 0.5, np.uint8),
            found.pose().points,
            shown.points,
            shown.yaw,
            (fit.scale, *fit.offset),
        )


def save(path: Path, sighting: Sighting) -> None:
    """Write one sighting, whole or not at all."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **sighting.__dict__)


def load(path: Path) -> Sighting:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        kept = {name: file[name] for name in file.files}
    scale, x, y = kept.pop("fit").tolist()
    return Sighting(yaw=float(kept.pop("yaw")), fit=(scale, x, y), **kept)
