"""The whole base mesh as points, for fitting what others modelled on it; faces there are none but the shown skin's.

Rows are those of the data file: first the vertices that `template` keeps, then further ones. MakeHuman's files name
vertices by their number in the base mesh "hm08"; `row_of` leads from there to rows.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from rsagan.synthetic.body import STEP, template
from rsagan.synthetic.mesh import Floats, Ints, floats

NUMBERS = 19158  # vertices of the base mesh hm08


@dataclass(frozen=True)
class Points:
    """All vertices that clothes may name. N rows."""

    number: Ints  # (N,) the base mesh's number of each row
    row_of: Ints  # (19158,) base mesh number -> row, -1 where it is not kept
    base: Floats  # (N, 3) dm, the neutral template
    further: dict[str, Ints]  # target -> int16 displacements of the rows after the template's own
    bones: Ints  # (N, 6)
    weights: Floats  # (N, 6) summing to 1


@dataclass(frozen=True)
class Unwrapped:
    """The body's shown skin with its vertices doubled along the seams of its picture. M vertices, F quads."""

    source: Ints  # (M,) vertex of the surface "body"
    quads: Ints  # (F, 4)
    uv: Floats  # (M, 2) 0..1, v from the top


def _arrays(*names: str) -> list[np.ndarray]:
    with (files("rsagan.synthetic") / "data/body.npz").open("rb") as file, np.load(file) as data:
        return [data[name] for name in names]


@cache
def points() -> Points:
    """The points, read once a process."""
    number, near, more, targets, names, *skin = _arrays(
        *("fit_number", "vertices", "fit_vertices", "fit_targets", "target_names"),
        *("bones", "weights", "fit_bones", "fit_weights"),
    )
    kept = len(number) - len(more)
    row_of = np.full(NUMBERS, -1, np.int32)
    row_of[number] = np.arange(len(number))
    base = np.concatenate([near[:kept], more]).astype(np.float32) * np.float32(STEP)
    bones, weights = np.concatenate(skin[0::2]).astype(np.int32), np.concatenate(skin[1::2]).astype(np.float32)
    further = {str(name): target for name, target in zip(names, targets, strict=True)}
    return Points(number.astype(np.int32), row_of, base, further, bones, weights / weights.sum(1, keepdims=True))


def placed(shape: dict[str, float]) -> Floats:
    """All points of the person with these shape targets, float32 (N, 3), dm."""
    body, more = template(), points()
    kept = len(more.base) - len(next(iter(more.further.values())))
    out = more.base.copy()
    for name, amount in shape.items():
        if amount:
            out[:kept] += body.targets[name][:kept] * np.float32(amount * STEP)
            out[kept:] += more.further[name] * np.float32(amount * STEP)
    return out


@cache
def unwrapped() -> Unwrapped:
    """The shown skin, unwrapped."""
    uv, corners, quads = _arrays("fit_uv", "fit_uv_quads", "faces_body")
    compact = np.searchsorted(np.unique(quads), quads).astype(np.int64)
    pair = compact * 65536 + corners
    used, split = np.unique(pair, return_inverse=True)
    return Unwrapped(
        (used // 65536).astype(np.int32), split.reshape(-1, 4).astype(np.int32), floats(uv[used % 65536] / 65535)
    )


def shown_rows() -> Ints:
    """Rows of the surface "body", in its own order, int32."""
    return template().rows["body"][0]
