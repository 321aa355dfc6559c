"""Collars of shirts and jackets: a band that stands around the neck and folds down."""

import numpy as np

from rsagan.people.regions import Region
from rsagan.synthetic.body import Figure, template
from rsagan.synthetic.mesh import Floats, floats
from rsagan.synthetic.outfit import Part, Row
from rsagan.synthetic.shell import affine, grid_part

AXIS = 0.1  # z of the neck's middle on the template, dm


def collar(figure: Figure, region: Region, look: Row, reach: float, gap: float, fall: float) -> Part:
    """A folded collar whose foot runs `reach` dm from the neck's axis, open by `gap` radians to either side of the
    front, its edge falling `fall` dm below the foot."""
    columns = 41
    angle = np.linspace(gap, 2 * np.pi - gap, columns)
    out = reach * (1 - 0.24 * np.clip(-np.cos(angle), 0, 1))  # the neck's axis leans forward
    foot = shoulder_line(angle, out)
    front = np.clip(np.cos(angle), 0, 1) ** 2
    rows = [  # distance from the axis, height over the foot
        (out - 0.02, -0.06 * np.ones(columns)),
        (out - 0.07, np.full(columns, 0.16)),
        (out - 0.09, 0.30 - 0.06 * front),
        (out - 0.02, 0.31 - 0.06 * front),
        (out + 0.06, 0.12 - 0.06 * front),
        (out + 0.1 + 0.1 * front, -0.08 - fall * (0.2 + front)),
    ]
    grid = np.stack([np.stack([r * np.sin(angle), foot + rise, AXIS + r * np.cos(angle) / 0.9], 1) for r, rise in rows])
    canon = floats(grid.reshape(-1, 3))
    tights = template().surfaces["tights"]
    near = (tights.canon[:, 1] > 4.7) & (np.abs(tights.canon[:, 0]) < 1.5) & (tights.limb[:, 0] < 0.1)
    neck = 0.35 * np.clip((canon[:, 1] - 5.3) / 0.8, 0, 1)
    carried = {"spine01": 1 - neck, "neck01": neck}
    return grid_part(figure, canon, columns, affine(figure, "tights", near), carried, region, look, 0.16, 0.13)


def hood(figure: Figure, region: Region, look: Row) -> Part:
    """A hood let down: a band from the front of the neck that falls behind it in a soft bag."""
    columns = 41
    angle = np.linspace(0.35, 2 * np.pi - 0.35, columns)
    back = np.clip(-np.cos(angle) + 0.35, 0, 1.35) / 1.35
    out = 0.8 - 0.19 * np.clip(-np.cos(angle), 0, 1)
    foot = shoulder_line(angle, out)
    rows = [  # distance from the axis, height over the foot
        (out - 0.03, np.full(columns, -0.06)),
        (out - 0.08, 0.2 + 0.12 * back),
        (out - 0.04, 0.36 + 0.2 * back),
        (out + 0.08 + 0.12 * back, 0.36 + 0.22 * back),
        (out + 0.14 + 0.36 * back, 0.18 + 0.05 * back),
        (out + 0.12 + 0.42 * back, 0.0 - 0.35 * back),
        (out + 0.04 + 0.26 * back, -0.1 - 0.6 * back),
        (out - 0.02 + 0.1 * back, -0.12 - 0.68 * back),
    ]
    grid = np.stack([np.stack([r * np.sin(angle), foot + rise, AXIS + r * np.cos(angle) / 0.9], 1) for r, rise in rows])
    canon = floats(grid.reshape(-1, 3))
    tights = template().surfaces["tights"]
    near = (tights.canon[:, 1] > 4.7) & (np.abs(tights.canon[:, 0]) < 1.5) & (tights.limb[:, 0] < 0.1)
    neck = 0.25 * np.clip((canon[:, 1] - 5.3) / 0.8, 0, 1)
    carried = {"spine01": 1 - neck, "neck01": neck}
    return grid_part(figure, canon, columns, affine(figure, "tights", near), carried, region, look, 0.2, 0.14)


def shoulder_line(angle: np.ndarray, reach: np.ndarray) -> Floats:
    """Height of the body in each direction (A,) at a distance (A,) from the neck's axis, dm on the template."""
    points = template().surfaces["tights"].canon
    ahead = (points[:, 2] - AXIS) * 0.9
    distance, around = np.hypot(points[:, 0], ahead), np.arctan2(points[:, 0], ahead)
    high = points[:, 1] > 4.7
    turn = np.abs((around[high][None] - angle[:, None] + np.pi) % (2 * np.pi) - np.pi)
    weight = np.exp(-((turn / 0.2) ** 2) - ((distance[high][None] - reach[:, None]) / 0.1) ** 2) + 1e-12
    return floats((weight * points[high, 1][None]).sum(1) / weight.sum(1))
