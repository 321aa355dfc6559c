"""What people wear on head and neck: beanies, caps, hijabs, glasses, scarves.

Hats and hijabs count as hair, glasses as face, scarves as upper clothes.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from rsagan.people.regions import Region
from rsagan.synthetic import palette
from rsagan.synthetic.body import Figure, template
from rsagan.synthetic.collar import AXIS, shoulder_line
from rsagan.synthetic.fabric import Kind, Look, Pattern
from rsagan.synthetic.hair import CENTRE
from rsagan.synthetic.mesh import Floats, floats, relaxed
from rsagan.synthetic.outfit import Part, Row, look, part
from rsagan.synthetic.shell import affine, grid_part

CAPPED = ("short", "crop", "bald", "bob", "lob", "long")  # styles that a hat sits on


@dataclass(frozen=True)
class Worn:
    """Headwear and scarf of one person."""

    parts: list[Part] = field(default_factory=list)
    names: tuple[str, ...] = ()
    brim: tuple[float, float] | None = None  # hair is cut above y = first + second * z, dm on the template
    alone: bool = False  # whether it leaves no hair to be seen


def headwear(figure: Figure, rng: np.random.Generator, sex: str, style: str) -> Worn:
    """Perhaps a hat or a hijab, perhaps glasses, perhaps a scarf, for someone with this hair style."""
    out = Worn()
    roll = rng.random()
    if sex == "female" and roll < 0.06:
        out = _hijab(figure, rng)
    elif roll < 0.13 and style in CAPPED:
        out = _hat(figure, rng, "beanie" if roll < 0.095 else "cap")
    if rng.random() < 0.13:
        kind = "sunglasses" if rng.random() < 0.3 else "glasses"
        out = replace(out, parts=[*out.parts, *_glasses(figure, rng, kind)], names=(*out.names, kind))
    if rng.random() < 0.06 and not out.alone:
        out = replace(out, parts=[*out.parts, *_scarf(figure, rng)], names=(*out.names, "scarf"))
    return out


def under(parts: list[Part], brim: tuple[float, float]) -> list[Part]:
    """Hair cut off above a brim."""
    out = []
    for hair in parts:
        line = brim[0] + brim[1] * hair.canon[:, 2] + 0.1
        out.append(replace(hair, field=floats(np.minimum(hair.field, (line - hair.canon[:, 1]) * 4))))
    return out


def _cloth(rng: np.random.Generator, patterns: dict[Pattern, float]) -> Row:
    colour = palette.pick(rng, palette.NEUTRAL if rng.random() < 0.6 else palette.ACCENT)
    second = palette.apart(rng, palette.NEUTRAL + " " + palette.ACCENT, colour)
    chance = np.array(list(patterns.values()))
    pattern = list(patterns)[int(rng.choice(len(chance), p=chance / chance.sum()))]
    scale = {Pattern.KNIT: 0.18, Pattern.STRIPES: 0.5, Pattern.TARTAN: 0.7, Pattern.FLORAL: 0.6}.get(pattern, 1.0)
    wrinkle, seed = float(rng.uniform(0.2, 0.4)), float(rng.integers(1, 30))
    return look(Kind.CLOTH, colour, second=second, third=second, trim=colour * 0.85, pattern=float(pattern),
                scale=scale, wrinkle=wrinkle, seed=seed, grain=0.06)  # fmt: skip


def _shell(figure: Figure, inside: Floats, thick: Floats, row: Row) -> Part:
    """A sheet on the head where `inside` (body N,) is positive, `thick` (body N,) dm off the skin."""
    body = template().surfaces["body"]
    away = body.canon - CENTRE
    away = floats(away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6))
    head = figure.vertices["body"]
    calm = floats(np.clip((inside + 0.1) * 3, 0, 1) * 0.5)[:, None]
    rest = relaxed(head, body.mean, 8, calm) + away * floats(thick)[:, None]
    shell = part(body, floats(rest), head, floats(inside), Region.HAIR, row, 0.08, double=True)
    return replace(shell, chart=np.zeros_like(shell.chart))


def _head_fit(figure: Figure) -> Floats:
    return affine(figure, "body", template().surfaces["body"].limb[:, 3] > 0.9)


def _hat(figure: Figure, rng: np.random.Generator, kind: str) -> Worn:
    body = template().surfaces["body"]
    brim = (7.45, 0.2) if kind == "beanie" else (7.5, 0.17)
    row = _cloth(rng, {Pattern.KNIT: 3, Pattern.STRIPES: 0.5} if kind == "beanie" else {Pattern.PLAIN: 1})
    over = body.canon[:, 1] - brim[0] - brim[1] * body.canon[:, 2]
    inside = floats(np.where(body.limb[:, 3] > 0.6, over, -1))
    row[Look.TRIM_WIDTH] = 0.22 if kind == "beanie" else 0.05
    parts = [_shell(figure, inside, floats(0.2 + 0.25 * np.clip(over - 0.45, 0, 0.4)), row)]
    if kind == "cap":
        columns = 17
        angle = np.linspace(1.15, -1.15, columns)
        grid = []
        for out in (0.0, 0.35, 0.7):
            reach = 0.98 + out * np.cos(angle * 1.25).clip(0, 1)
            y = brim[0] + brim[1] * 1.3 + 0.06 - 0.28 * out - 0.12 * np.abs(np.sin(angle)) ** 2
            grid.append(np.stack([np.sin(angle) * reach * 0.86, y, 0.3 + np.cos(angle) * reach * 1.12], 1))
        canon = floats(np.concatenate(grid))
        parts.append(grid_part(figure, canon, columns, _head_fit(figure), {"head": np.ones(len(canon))}, Region.HAIR,
                               row, 0.1))  # fmt: skip
    return Worn(parts, (kind,), brim)


def _hijab(figure: Figure, rng: np.random.Generator) -> Worn:
    body = template().surfaces["body"]
    x, y, z = np.abs(body.canon[:, 0]), body.canon[:, 1], body.canon[:, 2]
    row = _cloth(rng, {Pattern.PLAIN: 4, Pattern.FLORAL: 0.6, Pattern.STRIPES: 0.3})
    row[Look.WRINKLE] = 0.5
    oval = np.where(z > 0.25, np.hypot(x / 0.66, (y - 7.05) / 0.93) - 1, 1.0)
    inside = floats(np.where((body.limb[:, 3] > 0.6) & (y > 6.1), np.minimum(oval, (y - 6.2) * 2), -1))
    parts = [_shell(figure, inside, floats(0.1 + 0.1 * np.clip(inside * 2, 0, 1)), row)]
    columns = 33
    angle = np.linspace(-np.pi, np.pi, columns)[::-1]
    front = np.clip(np.cos(angle), 0, 1)
    reach = np.stack([0.84 - 0.1 * front, 0.8 - 0.02 * front, 0.95 + 0 * front, 1.35 + 0.1 * front, 1.6 + 0.05 * front])
    foot = shoulder_line(angle, reach[-1])
    low = np.minimum(foot, 5.2) - float(rng.uniform(0.0, 0.3))
    heights = np.stack([6.95 - 0.72 * front, 6.5 - 0.42 * front, 6.0 - 0.2 * front, 5.5 + 0 * front, low])
    middle = np.array([0.22, 0.2, 0.12, AXIS, AXIS])
    grid = np.stack([np.stack([r * np.sin(angle), h, m + r * np.cos(angle)], 1)
                     for r, h, m in zip(reach, heights, middle, strict=True)])  # fmt: skip
    canon = floats(grid.reshape(-1, 3))
    head = np.clip((canon[:, 1] - 5.4) / 1.0, 0, 1)
    carried = {"head": head, "spine01": 1 - head}
    parts.append(grid_part(figure, canon, columns, _head_fit(figure), carried, Region.HAIR, row, 0.3, 0.16))
    return Worn(parts, ("hijab",), None, True)


def _glasses(figure: Figure, rng: np.random.Generator, kind: str) -> list[Part]:
    dark = kind == "sunglasses"
    colour = palette.pick(rng, "141414 1b1c1f 3a2a22 5a4434 2b2d33 7a1f2b" if not dark else "101010 17171a 2a1d14")
    row = look(Kind.CLOTH, colour, gloss=0.25 if dark else 0.08, trim_width=-1.0)
    wide, tall = float(rng.uniform(0.23, 0.27)), float(rng.uniform(0.15, 0.22))
    thick = float(rng.uniform(0.022, 0.045))
    columns = 21
    angle = np.linspace(0, 2 * np.pi, columns)
    square = 1 + float(rng.uniform(0, 0.22)) * np.sin(2 * angle) ** 2
    fit = _head_fit(figure)
    up = np.array([0, thick, 0])
    strips = []
    for side in (-1.0, 1.0):
        rows = [
            np.stack([side * 0.325 + r * wide * square * np.cos(angle), 7.25 + r * tall * square * np.sin(angle),
                      1.55 - 0.12 * np.abs(0.3 + r * wide * side * np.cos(angle))], 1)
            for r in (1 + thick / wide, 0.02 if dark else 1 - thick / wide)
        ]  # fmt: skip
        strips.append((np.concatenate(rows), columns))
        ends = np.array([[side * (0.325 + wide), 7.3, 1.47], [side * 0.8, 7.3, 1.05], [side * 0.84, 7.28, 0.4]])
        strips.append((np.concatenate([ends + up, ends - up]), 3))
    bridge = np.array([[-0.1, 7.3, 1.56], [0.0, 7.32, 1.6], [0.1, 7.3, 1.56]])
    strips.append((np.concatenate([bridge + up, bridge - up]), 3))
    return [
        grid_part(figure, floats(grid), count, fit, {"head": np.ones(len(grid))}, Region.FACE, row, 0.12)
        for grid, count in strips
    ]


def _scarf(figure: Figure, rng: np.random.Generator) -> list[Part]:
    """A roll of cloth around the neck, and one end hanging down the chest."""
    row = _cloth(rng, {Pattern.KNIT: 2, Pattern.TARTAN: 1, Pattern.STRIPES: 1, Pattern.PLAIN: 1})
    columns, ring = 33, 9
    angle, around = np.linspace(-np.pi, np.pi, columns)[::-1], np.linspace(0, 2 * np.pi, ring)
    foot = shoulder_line(angle, np.full(columns, 0.8))
    rows = []
    for a in around:
        reach = 0.84 - 0.12 * np.clip(-np.cos(angle), 0, 1) + 0.2 * np.sin(a) + 0.03 * np.sin(angle * 5 + a)
        y = foot + 0.22 + 0.3 * np.cos(a) - 0.1 * np.cos(angle)
        rows.append(np.stack([reach * np.sin(angle), y, AXIS + reach * np.cos(angle) / 0.9], 1))
    canon = floats(np.concatenate(rows))
    tights = template().surfaces["tights"]
    near = (tights.canon[:, 1] > 4.7) & (np.abs(tights.canon[:, 0]) < 1.5) & (tights.limb[:, 0] < 0.1)
    fit = affine(figure, "tights", near)
    share = 0.35 * np.clip((canon[:, 1] - 5.3) / 0.8, 0, 1)
    parts = [grid_part(figure, canon, columns, fit, {"spine01": 1 - share, "neck01": share}, Region.UPPER, row, 0.3,
                       0.06)]  # fmt: skip
    side = float(rng.choice([-1.0, 1.0])) * float(rng.uniform(0.2, 0.5))
    drop = np.linspace(5.3, float(rng.uniform(2.2, 3.6)), 14)
    wide = np.linspace(0.36, -0.36, 5)
    strip = floats([[side + w, y, 1.15 + 0.25 * np.clip((5.3 - y), 0, 1)] for y in drop for w in wide])
    lower = np.clip((4.2 - strip[:, 1]) / 2.0, 0, 1)
    parts.append(grid_part(figure, strip, 5, fit, {"spine01": 1 - lower, "spine03": lower}, Region.UPPER, row, 0.4,
                           0.3))  # fmt: skip
    return parts
