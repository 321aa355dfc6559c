"""Hair: a shell on the scalp, and curtains, tails and buns built around the head.

Everything is modelled on the template's head and carried to a figure by the affine map that fits its head.
"""

from dataclasses import replace

import numpy as np

from rsagan.people.regions import Region
from rsagan.synthetic.body import Figure, Surface, template
from rsagan.synthetic.fabric import Cutout, Look
from rsagan.synthetic.mesh import Floats, floats, relaxed
from rsagan.synthetic.outfit import Part, Row, part
from rsagan.synthetic.shell import affine, grid_part

STYLES = {
    "female": {
        "long": 3.0,
        "bob": 1.6,
        "ponytail": 1.6,
        "bun": 1.0,
        "short": 0.6,
        "afro": 0.5,
        "lob": 1.6,
        "braid": 0.6,
        "braids": 0.7,
        "curly": 1.0,
    },
    "male": {"short": 4.0, "crop": 2.0, "quiff": 1.6, "afro": 0.5, "lob": 0.35, "bun": 0.15, "bald": 0.6, "curly": 0.8},
}
CENTRE = floats([0, 7.35, 0.25])


def hair(figure: Figure, rng: np.random.Generator, sex: str, colour: Row) -> tuple[list[Part], Floats, str]:
    """The parts of a random hair style, how deep it covers each vertex of the body (N,), and its name."""
    chance = STYLES[sex]
    weights = np.array(list(chance.values()))
    style = str(rng.choice(list(chance), p=weights / weights.sum()))
    if style == "bald":
        return [], np.full(len(template().surfaces["body"].canon), -1, np.float32), style
    colour[Look.CUTOUT], colour[Look.SOFT] = Cutout.FRAY, 0.1
    thick = {
        "crop": 0.05,
        "short": 0.14,
        "quiff": 0.16,
        "afro": 0.55,
        "ponytail": 0.07,
        "bun": 0.07,
        "braid": 0.07,
        "braids": 0.07,
        "curly": 0.3,
    }.get(style, 0.12)
    thick *= float(rng.uniform(0.85, 1.25))
    scalp, haired = _scalp(figure, rng, style, thick, colour)
    parts = [scalp]
    if style in ("long", "bob", "lob"):
        end = {"long": rng.uniform(4.0, 5.2), "lob": rng.uniform(5.4, 5.9), "bob": rng.uniform(6.1, 6.5)}[style]
        parts.append(_curtain(figure, rng, float(end), colour))
    elif style == "ponytail":
        low = rng.uniform(4.6, 5.8)
        path = [[0, 7.6, -0.4], [0, 7.62, -0.8], [0, 7.35, -1.05], [0, 6.7, -1.08], [0, 6.0, -1.05], [0, low, -1.05]]
        parts.append(_tube(figure, path, [0.16, 0.2, 0.27, 0.28, 0.22, 0.06], colour))
    elif style in ("braid", "braids"):
        low = float(rng.uniform(4.2, 5.6))
        for x in (0.0,) if style == "braid" else (-0.62, 0.62):
            y = np.linspace(7.2 if x == 0 else 7.0, low, 27)
            nape = np.interp(y, [4, 5.2, 5.8, 6.3, 6.8, 7.2], [-0.95, -0.85, -0.66, -0.5, -0.5, -0.4])
            z = nape if x == 0 else -0.1 - 0.12 * np.clip(6.5 - y, 0, 1)
            path = np.stack([np.full(27, x), y, z], 1).tolist()
            thin = np.where(np.arange(27) % 3 == 2, 0.09, 0.155) * np.linspace(1.1, 0.6, 27)
            parts.append(_tube(figure, path, [0.05, *thin[1:-1].tolist(), 0.03], colour))
    elif style == "bun":
        high = rng.uniform(7.5, 8.25)
        back = -0.55 - 0.35 * (8.3 - high)
        path = [[0, high + 0.36 * k / 3 - 0.1, back - 0.36 * k / 3] for k in range(-2, 4)]
        parts.append(_tube(figure, path, [0.08, 0.3, 0.37, 0.37, 0.3, 0.06], colour))
    return parts, haired, style


def _hairline(canon: Floats, style: str, rng: np.random.Generator) -> Floats:
    """Signed distance inside the hairline, dm, on the template's head."""
    x, y, z = np.abs(canon[:, 0]), canon[:, 1], canon[:, 2]
    drop = rng.uniform(-0.05, 0.1)
    lowest = np.interp(z, [-0.7, 0.05, 0.3, 0.55, 0.85, 1.0, 1.2, 1.5], [6.55, 6.7, 7.3, 7.25, 7.3, 7.62, 7.95, 8.0])
    line = y - lowest - drop + 0.12 * np.clip(x - 0.35, 0, 0.4) * (z > 1.0)
    if style in ("long", "bob", "lob", "short") and rng.random() < 0.35:  # a fringe
        line = line + rng.uniform(0.12, 0.3) * np.clip((z - 0.85) * 4, 0, 1) + 0.03 * np.sin(canon[:, 0] * 31)
    ear = np.hypot((y - 7.2) / 0.36, (z - 0.42) / 0.3) - 1
    line = np.where(x > 0.74, np.minimum(line, ear * 0.35), line)
    if style == "crop":
        line = np.minimum(line, y - 6.75)
    return (line - 0.02).astype(np.float32)


def hairline(canon: Floats) -> Floats:
    """Signed distance (N,) inside a usual hairline, dm, of places (N, 3) on the template's head."""
    return _hairline(canon, "crop", np.random.default_rng(0))


def _scalp(figure: Figure, rng: np.random.Generator, style: str, thick: float, colour: Row) -> tuple[Part, Floats]:
    body: Surface = template().surfaces["body"]
    field = np.where(body.limb[:, 3] > 0.6, _hairline(body.canon, style, rng), -1).astype(np.float32)
    away = body.canon - CENTRE
    away = floats(away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6))
    amount = floats(thick * np.clip(field * 2.2 + 0.12, 0.05, 1))
    top = np.clip(away[:, 1], 0, 1)
    if style in ("short", "quiff"):
        amount = amount * (0.45 + 0.9 * top)
        amount += (0.28 if style == "quiff" else 0.1) * np.clip(away[:, 2] * top * 2, 0, 1) * np.clip(field * 4, 0, 1)
        side = float(rng.choice([-1.0, 1.0]))
        amount += 0.06 * np.clip(side * body.canon[:, 0], -0.4, 0.6) * top
    rough = np.sin(body.canon @ floats([[9.1, 4.0], [3.7, 8.3], [6.2, -5.1]])).sum(1) * 0.012
    amount = (amount + rough * np.clip(field * 3, 0, 1) * {"afro": 2.0, "curly": 4.5}.get(style, 1.0))[:, None]
    head = figure.vertices["body"]
    inside = floats(np.clip((field - 0.15) * 3, 0, 1) * 0.5)[:, None]
    rest = relaxed(head, body.mean, 6, inside) + away * amount.astype(np.float32)
    shell = part(body, rest.astype(np.float32), head, field, Region.HAIR, colour, 0.03, double=True)
    across = shell.canon[:, 0] + 0.7 * shell.canon[:, 2]
    shell = replace(shell, uv=floats(np.stack([across, shell.canon[:, 1]], 1)))
    return shell, floats(field - 0.7 * max(0.0, thick - 0.1))  # thick hair stands off the scalp at its edge


def _ring(figure: Figure, canon: Floats, columns: int, colour: Row) -> Part:
    """Hair from a grid of template points; the head carries the top, the spine the bottom."""
    head = np.clip((canon[:, 1] - 5.2) / 1.2, 0, 1)
    fit = affine(figure, "body", template().surfaces["body"].limb[:, 3] > 0.9)
    return grid_part(figure, canon, columns, fit, {"head": head, "spine01": 1 - head}, Region.HAIR, colour)


def _curtain(figure: Figure, rng: np.random.Generator, end: float, colour: Row) -> Part:
    """Hair hanging from the crown around the back and sides, open at the face, down to height `end`."""
    rows, columns = 26, 37
    high = 8.1
    y = high - (high - end) * np.linspace(0, 1, rows) ** 0.9
    opening = np.radians(np.interp(y, [4, 5.6, 6.4, 7.2, 8.1], [*rng.uniform(55, 105, 1), 85, 62, 58, 62]))
    wide = np.interp(y, [4, 5.5, 6.4, 7.2, 7.8, 8.1], [0.95, 1.0, 0.93, 0.94, 0.70, 0.4])
    deep = np.interp(y, [4, 5.5, 6.4, 7.2, 7.8, 8.1], [0.85, 0.85, 0.9, 1.02, 0.86, 0.5])
    centre = np.interp(y, [4, 5.5, 6.4, 7.2, 8.1], [-0.2, -0.1, 0.05, 0.18, 0.25])
    grid = np.zeros((rows, columns, 3))
    share = np.linspace(0, 1, columns)
    wave = float(rng.uniform(0, 0.06))
    for r in range(rows):
        angle = opening[r] + (2 * np.pi - 2 * opening[r]) * share
        free = np.clip((7.3 - y[r]) / 1.2, 0, 1)  # it only waves where it hangs
        ripple = 1 + free * (wave * np.sin(5.5 * y[r] + 6 * np.sin(3 * angle)) + 0.02 * np.sin(17 * angle))
        grid[r] = np.stack(
            [np.sin(angle) * wide[r] * ripple, np.full(columns, y[r]), centre[r] + np.cos(angle) * deep[r] * ripple], 1
        )
    grid[-1, :, 1] += 0.12 * np.sin(np.arange(columns) * 2.3)
    row = colour.copy()
    row[Look.SOFT] = 0.3  # strands end at different heights, and thin out towards the face
    inside = np.minimum.outer(np.full(rows, 9.0), np.minimum(share, 1 - share) * 4.5 + 0.12)
    inside = np.minimum(inside, (y - y[-1])[:, None] + 0.02)
    curtain = _ring(figure, floats(grid.reshape(-1, 3)), columns, row)
    strand = np.stack([np.tile(share * 7, rows), np.repeat(y, columns)], 1)
    return replace(curtain, field=floats(inside.ravel()), uv=floats(strand))


def _tube(figure: Figure, path: list[list[float]], radii: list[float], colour: Row) -> Part:
    """A tail or bun along a path in the x = 0 plane."""
    columns, rows = 13, 4 * len(path)
    t, knots = np.linspace(0, 1, rows), np.linspace(0, 1, len(path))
    line = np.stack([np.interp(t, knots, np.array(path)[:, k]) for k in range(3)], 1)
    radius = np.interp(t, knots, radii)
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    side = np.array([1.0, 0, 0])
    out = np.cross(side, along)
    angle = np.linspace(0, 2 * np.pi, columns)
    grid = line[:, None] + radius[:, None, None] * (
        np.cos(angle)[None, :, None] * side + np.sin(angle)[None, :, None] * out[:, None]
    )
    return _ring(figure, floats(grid.reshape(-1, 3)), columns, colour)
