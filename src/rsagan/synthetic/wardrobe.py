"""Garments: how a sheet on the helper meshes is cut, how far it stands off, and which mesh it lies on.

A cut is a signed field on the template, positive inside the garment, about in dm, so that hems fall between
vertices and trims follow them. The same cut on the skin tells which skin the garment hides.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rsagan.people.regions import Region
from rsagan.synthetic.body import Figure, Surface, template
from rsagan.synthetic.collar import collar, hood
from rsagan.synthetic.mesh import Floats, floats, normals, relaxed
from rsagan.synthetic.outfit import Part, Row, part

Cut = Callable[[Surface], Floats]
WAIST = 1.75  # where a skirt's mesh may begin, dm on the template


@dataclass(frozen=True)
class Garment:
    """One piece of clothing, ready to be laid on any figure."""

    name: str
    region: Region
    look: Row
    cut: Cut  # on the tights
    ease: float = 0.08  # distance from the body, dm
    bias: float = 0.05
    flare: tuple[float, float] = (0.0, 0.0)  # extra ease at the ankle, and at the hem of a top or sleeve
    soft: int = 0  # relaxing steps that let the cloth span hollows
    skirt: Cut | None = None  # the part on the skirt mesh
    fullness: float = 1.0  # of the skirt
    double: bool = True
    collar: tuple[float, float, float] | None = None  # its reach, gap and fall
    hood: bool = False
    hides: bool = True  # whether skin and garments well beneath may be left out


def all_of(*cuts: Cut) -> Cut:
    """Where every cut agrees."""
    return lambda s: np.minimum.reduce([cut(s) for cut in cuts]).astype(np.float32)


def plain(cut: Cut) -> Cut:
    """The same cut with an edge too sharp for a trim to follow."""
    return lambda s: floats(cut(s) * 30)


def above(y: float) -> Cut:
    """Higher than y on the torso and legs; arms are never cut by it."""
    return lambda s: np.where(s.limb[:, 0] > 0.5, 4.0, s.canon[:, 1] - y).astype(np.float32)


def below(y: float) -> Cut:
    """Lower than y, never on the arms."""
    return lambda s: np.where(s.limb[:, 0] > 0.05, -1.0, y - s.canon[:, 1]).astype(np.float32)


def sleeve(length: float) -> Cut:
    """Arms down to `length` dm from the shoulder (elbow 2.3, wrist 4.5); below 0.2 an arm hole by skin weight."""
    if length < 0.2:
        return lambda s: ((0.42 + length) - s.limb[:, 0]).astype(np.float32) * np.float32(1.1)
    return lambda s: (length - s.arm).astype(np.float32)


def neckline(kind: str, depth: float = 0.0) -> Cut:
    """Opening for the neck: crew, v, scoop, boat or high."""

    def cut(s: Surface) -> Floats:
        x, y, z = np.abs(s.canon[:, 0]), s.canon[:, 1], s.canon[:, 2]
        round_ = np.hypot(x, (z - 0.1) * 0.9)
        radius = {"high": 0.30, "crew": 0.74, "v": 0.74, "scoop": 0.98, "boat": 1.15}[kind]
        lowest = 5.15 + 0.5 * np.clip((0.5 - z) / 0.7, 0, 1)  # the collar runs higher behind
        field = np.maximum(round_ - radius, lowest - y)
        if kind == "high":
            field = np.maximum(field, 6.05 - y)
        if kind == "v":
            low = 5.0 - depth
            field = np.minimum(field, np.maximum(np.maximum((x - (y - low) * 0.62) * 0.85, (0.25 - z) * 2), low - y))
        if kind == "scoop":
            oval = (np.hypot(x / 0.85, (y - 5.6) / (0.75 + depth)) - 1) * 0.8
            field = np.minimum(field, np.maximum(oval, (0.2 - z) * 2))
        return field.astype(np.float32)

    return cut


def straps(width: float) -> Cut:
    """Nothing outside the straps above the chest."""
    return lambda s: np.maximum(width - np.abs(s.canon[:, 0]), 4.55 - s.canon[:, 1]).astype(np.float32)


def opening(top: float, bottom: float) -> Cut:
    """An open front, `top` and `bottom` being half its width at the collar and at the hem."""

    def cut(s: Surface) -> Floats:
        x, y, z = np.abs(s.canon[:, 0]), s.canon[:, 1], s.canon[:, 2]
        half = np.interp(y, [-4, 1.5, 4.2, 5.6], [bottom, bottom * 0.8, top * 0.75, top])
        return np.maximum(x - half, (0.1 - z) * 2).astype(np.float32)

    return cut


def lapel(front: Cut, low: float, wide: float) -> Cut:
    """The edges of an open front folded back from height `low` up to the collar, `wide` at most, with a notch."""

    def cut(s: Surface) -> Floats:
        x, y, z = np.abs(s.canon[:, 0]), s.canon[:, 1], s.canon[:, 2]
        inside = front(s)
        edge = np.interp(y, [low, 4.5, 4.62, 4.66, 5.3], [0.0, wide, 0.62 * wide, 0.8 * wide, 0.7 * wide])
        chest = np.minimum((z - 0.1) * 2, (0.3 - s.limb[:, 0]) * 2)
        field = np.minimum.reduce([inside, edge - inside, y - low, 5.5 - y, chest])
        return np.where(x < 1.6, field, -1).astype(np.float32)

    return cut


def base_layer(upper: Region, lower: Region, look: Row) -> list[Garment]:
    """The vest and shorts everyone wears beneath; they count as what covers them."""
    vest = all_of(above(1.0), sleeve(-0.14), neckline("scoop", 0.25), straps(1.05))
    shorts = all_of(below(1.05), above(-1.6))
    return [
        Garment("vest", upper, look, vest, 0.0, 0.0, hides=False),
        Garment("briefs", lower, look, shorts, 0.0, 0.0, hides=False),
    ]


def cloth_rest(garment: Garment, figure: Figure, field: Floats) -> Floats:
    """Where a garment on the tights lies in the figure's rest pose, (N, 3); `field` (N,) is its cut."""
    surface = template().surfaces["tights"]
    skin = figure.vertices["tights"]
    faces = surface.faces
    rest, lift = skin, np.zeros(len(skin), np.float32)
    if garment.soft:
        torso = (1 - surface.limb[:, 0:1]) * (surface.canon[:, 1:2] > -1.2) * (surface.canon[:, 1:2] < 5.0)
        amount = np.where(field[:, None] > -0.5, 0.6 * torso + 0.05, 0)  # the rest is cut off anyway
        rest = relaxed(skin, surface.mean, garment.soft, floats(amount))
    out = normals(rest, faces)
    if garment.soft:
        least = np.maximum(((skin - rest) * out).sum(1, keepdims=True), 0)
        lift = least
        for _ in range(garment.soft // 4):  # cloth that a rise lifts spans the hollow beside it
            lift = surface.mean.highest(lift)
        lift = relaxed(floats(lift), surface.mean, garment.soft // 2, floats([[0.6]]))[:, 0]
        lift = 0.4 * np.tanh(lift / 0.4)  # or it would stand far off a heavy body
        hangs = (1 - surface.limb[:, 0]) * np.clip((4.7 - surface.canon[:, 1]) / 0.8, 0, 1)
        lift = least[:, 0] + (lift - least[:, 0]) * hangs  # on shoulders and sleeves cloth lies close
    y = surface.canon[:, 1]
    leg, hem = garment.flare
    ease = garment.ease + leg * np.clip((-1.0 - y) / 6.0, 0, 1) * (surface.limb[:, 1] > 0.3)
    ease = ease + hem * np.clip((3.2 - y) / 2.6, 0, 1) * (surface.limb[:, 0] < 0.5) * (y > -2.5)
    ease = ease - 0.35 * garment.ease * np.clip((surface.arm - 2.5) / 2.0, 0, 1) * (surface.limb[:, 0] > 0.5)
    ease = ease * (1 - 0.6 * np.exp(-(((surface.arm - 0.1) / 0.9) ** 2)) * (y > 4.4))
    ease = np.where(y < -7.0, np.minimum(ease, 0.1 + ease * 0.3), ease)
    return (rest + out * (ease + lift)[:, None]).astype(np.float32)


def skirt_rest(garment: Garment, figure: Figure) -> Floats:
    """Where the skirt mesh lies, taken in or let out around the legs, (N, 3)."""
    surface = template().surfaces["skirt"]
    rest = figure.vertices["skirt"].copy()
    y = surface.canon[:, 1]
    share = np.clip((0.3 - y) / 3.0, 0, 1.6)[:, None]
    scale = 1 + (garment.fullness - 1) * share * 0.35
    middle = floats([[0, 0, 0.1]])
    flat = (rest - middle) * floats([[1, 0, 1]])
    rest += flat * (scale - 1)
    out = normals(rest, surface.faces)
    if garment.fullness > 1.1:
        angle = np.arctan2(surface.canon[:, 0], surface.canon[:, 2])
        rest += out * (np.sin(angle * 11) * 0.10 * (garment.fullness - 1) * np.clip((1.2 - y) / 2, 0, 1))[:, None]
    ease = garment.ease * np.clip((2.4 - y) / 1.5, 0.5, 1)
    return (rest + out * ease[:, None]).astype(np.float32)


def lay(garment: Garment, figure: Figure, hidden: Floats | None = None) -> list[Part]:
    """The parts of a garment on a figure. `hidden` (tights N,) is how deep outer garments cover it, dm."""
    parts = []
    tights, skirt = template().surfaces["tights"], template().surfaces["skirt"]
    field = garment.cut(tights)
    if hidden is not None:
        field = np.where(hidden > 0.45, -1, field).astype(np.float32)
    if (field >= 0).any():
        rest = cloth_rest(garment, figure, field)
        parts.append(
            part(
                tights,
                rest,
                figure.vertices["tights"],
                field,
                garment.region,
                garment.look,
                garment.bias,
                garment.double,
            )
        )
    if garment.collar is not None:
        parts.append(collar(figure, garment.region, garment.look, *garment.collar))
    if garment.hood:
        parts.append(hood(figure, garment.region, garment.look))
    if garment.skirt is not None:
        rest = skirt_rest(garment, figure)
        parts.append(
            part(
                skirt,
                rest,
                figure.vertices["skirt"],
                garment.skirt(skirt),
                garment.region,
                garment.look,
                garment.bias + 0.03,
                True,
            )
        )
    return parts


def shown_skin(outfit: list[Garment], haired: Floats) -> tuple[Floats, np.ndarray]:
    """Field (body N,) of the skin that neither garment nor hair hides, and the region of its triangles (2 F,).

    `haired` (body N,) is how deep hair covers the head.
    """
    body = template().surfaces["body"]
    field = np.where(haired > 0.22, -1, 1).astype(np.float32)
    below_head = body.canon[:, 1] < 5.9
    # around a neckline one looks under the cloth, so more skin stays there
    margin = np.where((body.canon[:, 1] > 4.2) & (body.limb[:, 0] < 0.5), 1.3, 0.45)
    for garment in outfit:
        if garment.hides:
            covered = garment.cut(body) > margin
            if garment.skirt is not None:
                covered |= (garment.skirt(body) > 0.35) & (body.limb[:, 1] > 0.5)
            field = np.where(covered & below_head, -1, field).astype(np.float32)
    arm, leg = body.limb[:, 0], body.limb[:, 1]
    kind = np.where(arm > 0.5, Region.ARMS, np.where(leg > 0.5, Region.LEGS, Region.FACE))
    return field, np.repeat(np.max(kind[body.quads], 1), 2)


def skin_parts(figure: Figure, outfit: list[Garment], skin: Row, eyes: Row, haired: Floats) -> list[Part]:
    """Skin and eyes. Hands and arms, legs, and the rest have regions of their own."""
    surfaces = template().surfaces
    body = surfaces["body"]
    field, region = shown_skin(outfit, haired)
    parts = [part(body, figure.vertices["body"], figure.vertices["body"], field, region, skin)]
    for name in ("l_eye", "r_eye"):
        ball = surfaces[name]
        shown = np.ones(len(ball.canon), np.float32)
        parts.append(part(ball, figure.vertices[name], figure.vertices[name], shown, Region.FACE, eyes))
    return parts


def dress_up(figure: Figure, outfit: list[Garment], skin: Row, eyes: Row, haired: Floats) -> list[Part]:
    """Skin, eyes and garments from the innermost outwards."""
    return skin_parts(figure, outfit, skin, eyes, haired) + garment_parts(figure, outfit)


def garment_parts(figure: Figure, outfit: list[Garment]) -> list[Part]:
    """Garments from the innermost outwards; what lies deep under another garment is left out."""
    tights = template().surfaces["tights"]
    parts: list[Part] = []
    for i, garment in enumerate(outfit):
        covers = [outer.cut(tights) for outer in outfit[i + 1 :] if outer.hides]
        hidden = np.maximum.reduce(covers) if covers else None
        parts += lay(garment, figure, hidden)
    return parts
