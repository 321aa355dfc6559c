"""Sheets that are on none of the template's meshes: curtains of hair, tails, collars.

Each is a grid of points around the template, carried to a figure by the affine map that fits the flesh nearby.
"""

import numpy as np
from numba import njit

from rsagan.people.regions import Region
from rsagan.synthetic.body import Figure, template
from rsagan.synthetic.mesh import Floats, floats, normals, triangles
from rsagan.synthetic.outfit import Part, Row


def affine(figure: Figure, surface: str, chosen: np.ndarray) -> Floats:
    """The map (4, 3) from the template's chosen vertices, bool (N,), to the figure's, by least squares."""
    there = figure.vertices[surface][chosen].astype(np.float64)
    here = template().surfaces[surface].canon[chosen].astype(np.float64)
    return floats(np.linalg.lstsq(np.concatenate([here, np.ones((len(here), 1))], 1), there)[0])


def grid_part(
    figure: Figure,
    canon: Floats,
    columns: int,
    fit: Floats,
    carried: dict[str, np.ndarray],
    region: Region,
    look: Row,
    bias: float = 0.05,
    clearance: float = 0.2,
) -> Part:
    """A part from a grid of template points (rows * columns, 3), rows running down and columns to the person's right
    as seen from behind; `carried` gives each bone's share of every point."""
    rest = np.concatenate([canon, np.ones((len(canon), 1), np.float32)], 1) @ fit
    rest = _clear_of_body(figure, floats(rest), canon, clearance)
    numbers = {template().bone_names.index(bone): weight for bone, weight in carried.items()}
    return sheet(rest, canon, columns, numbers, region, look, bias)


def sheet(
    rest: Floats, canon: Floats, columns: int, carried: dict[int, np.ndarray], region: Region, look: Row,
    bias: float = 0.0,
) -> Part:  # fmt: skip
    """A part from a grid of points (rows * columns, 3) as `grid_part` has it, but already in the figure's rest pose;
    `carried` gives bones by number."""
    share = np.zeros((len(canon), 6), np.float32)
    number = np.zeros((len(canon), 6), np.int32)
    for k, (bone, weight) in enumerate(carried.items()):
        number[:, k], share[:, k] = bone, weight
    order = np.argsort(-share, axis=1, kind="stable")
    share, number = np.take_along_axis(share, order, 1), np.take_along_axis(number, order, 1)
    i, j = np.meshgrid(np.arange(len(canon) // columns - 1), np.arange(columns - 1), indexing="ij")
    a = (i * columns + j).ravel()
    faces = triangles(np.stack([a, a + columns, a + columns + 1, a + 1], 1).astype(np.int32))
    return Part(
        rest=rest,
        anchor=rest,
        canon=canon,
        bones=number,
        weights=share,
        field=np.ones(len(canon), np.float32),
        faces=faces,
        region=np.full(len(faces), region, np.int32),
        chart=np.zeros(len(faces), np.int32),
        look=look,
        bias=bias,
        double=True,
    )


def _clear_of_body(figure: Figure, rest: Floats, canon: Floats, clearance: float) -> Floats:
    """Push what lies below the chin out of neck and shoulders."""
    tights = template().surfaces["tights"]
    body = figure.vertices["tights"]
    solid = (tights.canon[:, 1] > 3.0) & (tights.limb[:, 0] < 0.6)
    points, out = body[solid], rest.copy()
    facing = normals(body, tights.faces)[solid]
    low = np.nonzero(canon[:, 1] < 6.5)[0]
    _push(out, low, points, facing, clearance)
    return out


@njit(cache=True, nogil=True)
def _push(out, chosen, points, facing, clearance):  # type: ignore[no-untyped-def]
    """Move the chosen points until each is `clearance` outside the nearest of `points`, three times at most."""
    for i in chosen:
        for _ in range(3):
            best, k = np.float32(1e9), 0
            for j in range(len(points)):
                x, y, z = points[j, 0] - out[i, 0], points[j, 1] - out[i, 1], points[j, 2] - out[i, 2]
                away = x * x + y * y + z * z
                if away < best:
                    best, k = away, j
            short = np.float32(clearance)
            for c in range(3):
                short -= (out[i, c] - points[k, c]) * facing[k, c]
            if short <= 0:
                break
            for c in range(3):
                out[i, c] += short * facing[k, c]
