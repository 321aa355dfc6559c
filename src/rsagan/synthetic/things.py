"""Plain solids (boxes, columns) in the world: what a pose rests on, and what stands before or beside a person."""

from dataclasses import dataclass

import numpy as np

from rsagan.synthetic import raster
from rsagan.synthetic.mesh import Floats, Ints, floats


@dataclass(frozen=True)
class Solid:
    """A box or an upright column; `turn` about y in radians."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    round: bool
    turn: float
    colour: Floats  # (3,) linear


@dataclass(frozen=True)
class Drawn:
    """What `draw` returns, at the supersampled size."""

    nearest: Floats  # (sH, sW) inverse depth, 0 where nothing is
    colour: Floats  # (sH, sW, 3) linear


def draw(solids: list[Solid], camera: Floats, light: Floats, size: tuple[int, int], scale: int, seed: int) -> Drawn:
    """Draw solids under a key light; `light` as in `shade.shade`."""
    points, faces, owner = _mesh(solids)
    zero = np.zeros(len(points), np.float32)
    screen = raster.project(points, zero, camera, float(scale))
    field, double = np.ones(len(points), np.float32), np.ones(len(faces), np.int32)
    nearest, winner, bary = raster.rasterise(screen, faces, field, double, size[0] * scale, size[1] * scale)
    corner = points[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    eye = camera[9:12]
    away = (normal * (eye - corner[:, 0])).sum(1, keepdims=True)
    normal = np.where(away < 0, -normal, normal)
    key = np.maximum(0, normal @ light[:3])[:, None] * light[3:6]
    fill = light[11] + (light[10] - light[11]) * (0.5 + 0.5 * normal[:, 1:2])
    fill = fill + np.maximum(0, normal @ light[6:9])[:, None] * light[9]
    shades = floats(np.stack([s.colour for s in solids])[owner] * (key + fill))
    colour = shades[np.maximum(winner, 0)]
    # worn a little more towards one corner of each face, and no two faces quite alike
    worn = np.random.default_rng(seed).uniform(0.85, 1.1, len(faces)).astype(np.float32)
    colour *= np.where(winner >= 0, worn[winner] * (0.9 + 0.15 * bary[..., 0]), 0)[..., None]
    return Drawn(nearest, floats(colour))


def _mesh(solids: list[Solid]) -> tuple[Floats, Ints, Ints]:
    points, faces, owner, start = [], [], [], 0
    for number, solid in enumerate(solids):
        count = 14 if solid.round else 4
        angle = np.arange(count) * 2 * np.pi / count + (0 if solid.round else np.pi / 4)
        reach = 1.0 if solid.round else 2**0.5
        x, z = reach * np.cos(angle) * solid.half[0], reach * np.sin(angle) * solid.half[2]
        c, s = np.cos(solid.turn), np.sin(solid.turn)
        ring = np.stack([c * x + s * z, np.zeros(count), -s * x + c * z], 1)
        ends = [ring + np.array(solid.centre) + [0, sign * solid.half[1], 0] for sign in (-1, 1)]
        points.append(np.concatenate([*ends, [ends[1].mean(0)]]))
        k = np.arange(count)
        n = (k + 1) % count
        tris = [np.stack(v, 1) for v in ((k, n, k + count), (n, n + count, k + count))]
        tris.append(np.stack([k + count, n + count, np.full(count, 2 * count)], 1))
        faces.append(np.concatenate(tris) + start)
        owner.append(np.full(3 * count, number))
        start += 2 * count + 1
    return (
        floats(np.concatenate(points)),
        np.concatenate(faces).astype(np.int32),
        np.concatenate(owner).astype(np.int32),
    )
