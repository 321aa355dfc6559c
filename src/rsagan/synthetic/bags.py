"""Bags: a small one on a strap across the chest, a rucksack, a tote in the hand.

The eight regions know no bags: the bag itself is background, which hides what is behind it; straps on the body count
as the garment they lie on.
"""

from dataclasses import dataclass, replace

import numpy as np

from rsagan.people.regions import Region
from rsagan.synthetic import palette
from rsagan.synthetic.body import Figure, template
from rsagan.synthetic.fabric import Kind, Look, Pattern
from rsagan.synthetic.mesh import Floats, floats
from rsagan.synthetic.outfit import Mesh, Part, Row, look
from rsagan.synthetic.shell import sheet
from rsagan.synthetic.skeleton import Skeleton, turn, unit
from rsagan.synthetic.wardrobe import Garment, lay

BAGS = 0xBA6  # with an identity's seed, that of its bag
KINDS = {"crossbody": 0.055, "tote": 0.05, "rucksack": 0.035}  # how many people have one
LEATHER = "1b1c1f 2b2d33 3a2a22 5a4434 8a6f52 b9a284 7a1f2b 2e4468 d9d0bd 6b6b47"
DROP = 1.0  # from the grip of a tote to its rim, dm


@dataclass(frozen=True)
class Carried:
    """A bag: what is worn on the body, and what hangs from a hand, which must come last in a mesh."""

    parts: tuple[Part, ...] = ()
    names: tuple[str, ...] = ()


def bag(figure: Figure, rng: np.random.Generator, garments: list[Garment], bulky: bool = False) -> Carried:
    """Perhaps a bag for somebody in these garments, `bulky` if more lies over them."""
    roll, kind = float(rng.random()), ""
    for name, chance in KINDS.items():
        if 0 <= roll < chance:
            kind = name
        roll -= chance
    if not kind:
        return Carried()
    outer = max((g for g in garments if g.region in (Region.UPPER, Region.DRESS)), key=lambda g: g.ease)
    hexes = LEATHER if kind != "tote" or rng.random() < 0.5 else palette.ACCENT
    leather = palette.apart(rng, hexes, outer.look[Look.MAIN.colour])
    flap = leather * float(rng.uniform(0.6, 0.85))
    pattern = Pattern.BLOCK if kind != "tote" else Pattern.PLAIN
    row = look(Kind.CLOTH, leather, second=flap, third=flap, pattern=float(pattern), print_y=0.2,
               gloss=float(rng.uniform(0.02, 0.09)), wrinkle=0.12, seed=float(rng.integers(1, 30)),
               grain=0.05)  # fmt: skip
    if kind == "tote":
        return Carried(_tote(figure, rng, row), (kind,))
    ease, bias = max(outer.ease + 0.04, 0.2 * bulky), max(outer.bias + 0.08, 0.46 * bulky)
    strap = replace(outer, name="strap", look=look(Kind.CLOTH, flap, gloss=0.05), ease=ease, bias=bias, skirt=None,
                    collar=None, hood=False, hides=False)  # fmt: skip
    if kind == "crossbody":
        return Carried(_crossbody(figure, rng, row, strap), (kind,))
    return Carried(_rucksack(figure, rng, row, strap), (kind,))


def _crossbody(figure: Figure, rng: np.random.Generator, row: Row, strap: Garment) -> tuple[Part, ...]:
    side, ahead = float(rng.choice([-1.0, 1.0])), bool(rng.random() < 0.7)
    half = 0.09 + 0.06 * float(rng.random())

    def cut(s):  # type: ignore[no-untyped-def]
        x, y = s.canon[:, 0] * side, s.canon[:, 1]
        slanting = np.abs((x - 0.95) * 4.1 + (y - 1.3) * 1.95) / 4.54  # from the hip to the other shoulder
        level = np.maximum(np.abs(y - 1.3), 0.95 - x)
        field = half - np.minimum(slanting, level)
        return floats(np.minimum(field, (0.3 - s.limb[:, 0]) * 2) * (y > 1.05) - (y <= 1.05))

    size = floats([rng.uniform(0.8, 1.15), rng.uniform(0.6, 0.8), rng.uniform(0.22, 0.34)])
    angle = side * float(rng.uniform(0.75, 1.0)) if ahead else side * float(rng.uniform(2.0, 2.3))
    body = _against(figure, angle, 1.45 - float(size[1]), size, strap.ease + 0.02, row, {"spine05": 0.6, "root": 0.4})
    return (*lay(replace(strap, cut=cut), figure), body)


def _rucksack(figure: Figure, rng: np.random.Generator, row: Row, strap: Garment) -> tuple[Part, ...]:
    apart = float(rng.uniform(0.92, 1.05))

    def cut(s):  # type: ignore[no-untyped-def]
        x, y, z = np.abs(s.canon[:, 0]), s.canon[:, 1], s.canon[:, 2]
        upright = np.where(y > 2.6, np.abs(x - apart - 0.25 * np.clip(4.2 - y, 0, 2) * (z > 0)), 9.0)
        under = np.maximum(np.abs(y - 2.55), np.where(z > 0, apart + 0.35 - x, 0.0))
        field = 0.17 - np.minimum(upright, under)
        return floats(np.minimum(field, (0.3 - s.limb[:, 0]) * 2))

    size = floats([rng.uniform(1.05, 1.3), rng.uniform(1.5, 1.85), rng.uniform(0.5, 0.7)])
    body = _against(figure, np.pi, 3.1, size, strap.ease, row, {"spine01": 0.5, "spine03": 0.5})
    return (*lay(replace(strap, cut=cut), figure), body)


def _tote(figure: Figure, rng: np.random.Generator, row: Row) -> tuple[Part, ...]:
    number = int(rng.integers(2))
    grip = figure.heads[template().bone_names.index(f"finger3-1.{'LR'[number]}")]
    size = floats([rng.uniform(0.25, 0.5), rng.uniform(1.2, 1.7), rng.uniform(1.2, 1.7)])
    carried = {len(template().bone_names) + number: np.ones(1)}
    local = _rounded(size)
    parts = [_solid(local + grip - floats([0, DROP + size[1], 0]), local, row, carried)]
    reach = float(size[2]) * 0.5
    path = np.array([[-reach, -DROP - 0.1], [-0.8 * reach, -0.45], [-0.35 * reach, 0.0], [0.35 * reach, 0.0],
                     [0.8 * reach, -0.45], [reach, -DROP - 0.1]])  # fmt: skip
    along = np.gradient(path, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1) / np.linalg.norm(along, axis=1, keepdims=True)
    for x in (-0.5 * float(size[0]), 0.5 * float(size[0])):
        middle = [x, x, 0.12 * x, 0.12 * x, x, x]
        tube = floats([[m + dx, *(p + a * w)[::-1]] for m, p, a in zip(middle, path, across, strict=True)
                       for dx, w in ((0, -0.07), (0.05, 0), (0, 0.07), (-0.05, 0), (0, -0.07))])  # fmt: skip
        parts.append(sheet(tube + grip, tube, 5, carried, Region.BACKGROUND, row))
    return tuple(parts)


COLUMNS = 33


def _rounded(half: Floats) -> Floats:
    """A box with round edges around the origin as a grid of rings, (rows * COLUMNS, 3)."""
    angle = np.linspace(-np.pi, np.pi, COLUMNS)
    x, z = (np.sign(v) * np.abs(v) ** 0.45 for v in (np.sin(angle), np.cos(angle)))
    rings = ((1.0, 0.0), (1.0, 0.8), (0.93, 0.97), (0.4, 1.0), (-0.4, 1.03), (-0.9, 1.0), (-1.0, 0.8), (-1.0, 0.0))
    return floats(
        np.concatenate(
            [np.stack([half[0] * r * x, np.full(COLUMNS, half[1] * y), half[2] * r * z], 1) for y, r in rings]
        )
    )


def _solid(rest: Floats, canon: Floats, row: Row, carried: dict[int, np.ndarray]) -> Part:
    return sheet(rest, canon, COLUMNS, carried, Region.BACKGROUND, row)


def _against(
    figure: Figure, angle: float, height: float, half: Floats, gap: float, row: Row, bones: dict[str, float]
) -> Part:
    """A box that lies against the trunk, `angle` from the front, its middle at `height` dm on the template."""
    out = floats([np.sin(angle), 0, np.cos(angle)])
    beside = floats([out[2], 0, -out[0]])
    surface, skin = template().surfaces["tights"], figure.vertices["tights"]
    near = (np.abs(surface.canon[:, 1] - height) < half[1]) & (surface.limb[:, 0] < 0.3)
    near &= (np.abs(surface.canon @ beside) < half[0]) & (surface.canon @ out > 0)
    local = _rounded(half)
    middle = floats([0, float(skin[near, 1].max() + skin[near, 1].min()) / 2, 0])
    place = (
        middle + beside * float((skin[near] @ beside).mean()) + out * (float((skin[near] @ out).max()) + gap + half[2])
    )
    rest = place + local[:, :1] * beside + local[:, 1:2] * floats([0, 1, 0]) + local[:, 2:] * out
    names = template().bone_names
    return _solid(floats(rest), local, row, {names.index(name): np.full(1, w) for name, w in bones.items()})


def hangers(skeleton: Skeleton) -> Floats:
    """Motions (2, 3, 4) of what hangs from the left and the right hand: upright, turned as the pelvis is.

    An arm that does not hang down has it in the crook of its elbow.
    """
    ahead = skeleton.rotation[skeleton.names["root"]][:, 2]
    heading = turn("y", float(np.arctan2(ahead[0], ahead[2])))
    out = np.empty((2, 3, 4), np.float32)
    for k, side in enumerate("LR"):
        grip, elbow = skeleton.at(f"finger3-1.{side}"), skeleton.at(f"lowerarm01.{side}")
        forearm = unit(skeleton.at(f"wrist.{side}") - elbow)
        place = grip if forearm[1] < -0.75 else elbow + 0.45 * forearm + floats([0, 0.3, 0])
        out[k, :, :3] = heading
        out[k, :, 3] = place - heading @ skeleton.rest[skeleton.names[f"finger3-1.{side}"]]
    return out


def settle(mesh: Mesh, position: Floats, skeleton: Skeleton, whole: Floats) -> None:
    """Move what hangs from a hand, in place, out of the legs and off the floor. `position` (N, 3) is posed."""
    bag, rest = position[mesh.hung :], position[: mesh.hung]
    ahead = whole @ skeleton.rotation[skeleton.names["root"]][:, 2]
    left = mesh.bones[mesh.hung, 0] == len(template().bone_names)
    aside = unit(floats([ahead[2], 0, -ahead[0]])) * (1 if left else -1)
    along = floats([aside[2], 0, -aside[0]])
    depth = bag[:, 1].max() - bag[:, 1]
    pouch = bag[depth > 0.9 * DROP]
    close = (np.abs(mesh.canon[: mesh.hung, 0]) < 2.4) & (mesh.canon[: mesh.hung, 1] < 2.4)
    close &= (rest[:, 1] > pouch[:, 1].min()) & (rest[:, 1] < pouch[:, 1].max())
    way = rest @ along
    close &= (way > (pouch @ along).min()) & (way < (pouch @ along).max())
    if close.any():
        push = float((rest[close] @ aside).max() - (pouch @ aside).min()) + 0.05
        bag += aside * (np.clip(push, 0, 1.8) * np.clip(depth / DROP, 0, 1))[:, None]
    bag[:, 1] += max(0.0, float(rest[:, 1].min() - bag[:, 1].min()))
