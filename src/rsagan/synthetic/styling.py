"""What people put on: which garments go together, in which cloth and colours."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from rsagan.people.regions import Region
from rsagan.synthetic import palette, wardrobe
from rsagan.synthetic.body import template
from rsagan.synthetic.fabric import Kind, Look, Pattern, Pocket
from rsagan.synthetic.mesh import Floats
from rsagan.synthetic.outfit import Row, look
from rsagan.synthetic.wardrobe import Garment, above, all_of, below, lapel, neckline, opening, plain, sleeve, straps

WORDS = (
    *("ECHO", "LUX", "NOVA", "86", "07", "MIRA", "ATLAS", "WILD", "SOLO", "23", "ORBIT", "VITA", "ZEN", "RIO"),
    *("PEAK", "11", "NORTH", "FLUX", "MOON", "KODA"),
)


@dataclass(frozen=True)
class Wear:
    """A chosen outfit, innermost first, and the print on its top as ink 0..1, float32 (64, 128)."""

    garments: list[Garment]
    ink: Floats
    names: tuple[str, ...]


def wear(rng: np.random.Generator, sex: str) -> Wear:
    """A random outfit for a person of this sex."""
    female = sex == "female"
    kinds = ["trousers", "shorts", "skirt", "dress", "jumpsuit"]
    chance = [0.46, 0.12, 0.17, 0.21, 0.04] if female else [0.8, 0.2, 0, 0, 0]
    kind = str(rng.choice(kinds, p=chance))
    colour = palette.pick(rng, palette.ACCENT if rng.random() < (0.65 if female else 0.5) else palette.NEUTRAL)
    garments: list[Garment] = []
    if kind == "dress":
        garments = [_dress(rng, colour)]
    elif kind == "jumpsuit":
        garments = [_jumpsuit(rng, colour)]
    else:
        lower = {"trousers": _trousers, "shorts": _shorts, "skirt": _skirt}[kind](rng, female, colour)
        top = _top(rng, female, colour, kind == "skirt")
        if top.bias < lower.bias:  # tucked in: what it is tucked into wins at the waist
            lower = replace(lower, bias=0.24)
        garments = [lower, top]
        if kind != "skirt" and top.bias < lower.bias and rng.random() < 0.6:
            garments.append(_belt(rng, lower))
    if rng.random() < (0.3 if kind != "dress" else 0.15):
        garments[-1] = replace(garments[-1], ease=min(garments[-1].ease, 0.09), flare=(garments[-1].flare[0], 0.0))
        garments.append(_jacket(rng, colour, kind))
    first = garments[0] if kind in ("dress", "jumpsuit") else garments[1]
    vest = look(Kind.CLOTH, first.look[Look.MAIN.colour], wrinkle=0.1)
    base = wardrobe.base_layer(first.region, garments[0].region, vest)
    shoes = _shoes(rng, female)
    return Wear([*base, shoes, *garments], _ink(rng), (kind, *(g.name for g in garments)))


def _fabric(rng: np.random.Generator, colour: Floats, patterns: dict[Pattern, float], **more: float | Floats) -> Row:
    """A layer's look in one of the patterns, with a second and third colour that suit the first."""
    chance = np.array(list(patterns.values()))
    pattern = list(patterns)[int(rng.choice(len(chance), p=chance / chance.sum()))]
    second = palette.apart(rng, palette.NEUTRAL if rng.random() < 0.65 else palette.ACCENT, colour, 0.25)
    third = palette.apart(rng, palette.NEUTRAL + " " + palette.ACCENT, colour, 0.2)
    scale = {
        Pattern.STRIPES: rng.uniform(0.25, 0.9), Pattern.PINSTRIPES: rng.uniform(0.2, 0.45),
        Pattern.GINGHAM: rng.uniform(0.25, 0.6), Pattern.TARTAN: rng.uniform(0.6, 1.2),
        Pattern.DOTS: rng.uniform(0.28, 0.6), Pattern.FLORAL: rng.uniform(0.45, 1.0),
        Pattern.KNIT: rng.uniform(0.14, 0.24), Pattern.CAMO: rng.uniform(0.5, 0.9),
        Pattern.ZIGZAG: rng.uniform(0.4, 0.8), Pattern.WINDOW: rng.uniform(0.5, 1.0),
    }.get(pattern, 1.0)  # fmt: skip
    if pattern == Pattern.HEATHER:
        second = np.clip(colour * 0.45 + 0.02, 0, 1)
    if pattern == Pattern.CAMO:
        colour, second, third = (palette.pick(rng, c) for c in ("6b6b47 8a8560", "3a4a2f 4a4a33", "5a4434 1f241c"))
    row = {
        "second": second, "third": third, "trim": colour * 0.85, "pattern": float(pattern), "scale": float(scale),
        "wrinkle": float(rng.uniform(0.25, 0.5)), "seed": float(rng.integers(1, 30)), "grain": 0.06,
        **more,
    }  # fmt: skip
    return look(Kind.CLOTH, colour, **row)


def loose_top(rng: np.random.Generator, sex: str, hem: float) -> Garment:
    """A random top that hangs over the trousers down to `hem`, dm on the template."""
    colour = palette.pick(rng, palette.ACCENT if rng.random() < 0.5 else palette.NEUTRAL)
    return _top(rng, sex == "female", colour, False, hem)


def _top(rng: np.random.Generator, female: bool, colour: Floats, tucked: bool, low: float | None = None) -> Garment:
    kinds = {
        "tee": 3.2,
        "shirt": 1.6,
        "long": 1.7,
        "sweater": 1.2,
        "tank": 1.3 if female else 0.35,
        "polo": 0.5,
        "hoodie": 1.0,
    }
    chance = np.array(list(kinds.values()))
    kind = str(rng.choice(list(kinds), p=chance / chance.sum()))
    tucked = low is None and (tucked or (female and rng.random() < 0.3))
    hem = 1.15 if tucked else float(rng.uniform(0.15, 0.75)) if low is None else low
    arm = {"tee": rng.uniform(1.0, 1.8), "polo": rng.uniform(1.2, 1.6), "tank": 0.0}.get(kind, 4.55)
    if kind in ("shirt", "long") and rng.random() < 0.3:
        arm = rng.uniform(2.5, 3.6)
    necks = ["crew", "crew", "v"] if not female else ["crew", "v", "scoop", "boat"]
    neck = {"shirt": "v", "polo": "v", "tank": "scoop", "hoodie": "crew"}.get(kind, str(rng.choice(necks)))
    if kind == "sweater" and rng.random() < 0.3:
        neck = "high"
    depth = float(rng.uniform(0.0, 0.55))
    print_ = kind in ("tee", "long", "tank", "hoodie") and rng.random() < 0.4
    plain = Pattern.PLAIN
    patterns = {
        "tee": {plain: 3, Pattern.STRIPES: 1.6, Pattern.HEATHER: 1.4, Pattern.BLOCK: 0.5, Pattern.CAMO: 0.2,
                Pattern.DOTS: 0.3, Pattern.ZIGZAG: 0.2},
        "shirt": {plain: 2, Pattern.GINGHAM: 1.3, Pattern.TARTAN: 1.2, Pattern.PINSTRIPES: 0.9, Pattern.FLORAL: 0.6,
                  Pattern.DENIM: 0.6, Pattern.WINDOW: 0.5, Pattern.DOTS: 0.3},
        "hoodie": {plain: 3, Pattern.HEATHER: 2, Pattern.BLOCK: 1.0, Pattern.CAMO: 0.2},
        "sweater": {Pattern.KNIT: 3, Pattern.STRIPES: 0.8, Pattern.HEATHER: 1, Pattern.ZIGZAG: 0.3},
    }.get(kind, {plain: 2.5, Pattern.STRIPES: 1.2, Pattern.FLORAL: 0.7 if female else 0.1, Pattern.HEATHER: 0.8,
                 Pattern.DOTS: 0.5})  # fmt: skip
    if print_:
        patterns = {plain: 2, Pattern.HEATHER: 1}
    trim = palette.apart(rng, palette.NEUTRAL, colour) if rng.random() < 0.25 else colour * 0.8
    cloth = _fabric(
        rng, colour, patterns, trim=trim, trim_width=float(rng.choice([0.0, 0.1, 0.16], p=[0.3, 0.4, 0.3])),
        buttons=float(kind in ("shirt", "polo")), print_y=float(rng.uniform(3.4, 4.0)),
    )  # fmt: skip
    if print_:
        cloth[Look.PRINT_WIDTH] = rng.uniform(0.75, 1.25)
        cloth[Look.PRINT.colour] = palette.apart(rng, palette.NEUTRAL + " " + palette.ACCENT, colour, 0.35)
    cut = all_of(above(hem), sleeve(float(arm)), neckline(neck, depth))
    if kind == "tank":
        cut = all_of(cut, straps(float(rng.uniform(1.15, 1.35))))
    if kind in ("shirt", "polo") and rng.random() < 0.5:
        cloth[Look.POCKETS] = Pocket.CHEST
    elif kind == "hoodie":
        tucked, cloth[Look.POCKETS] = False, Pocket.BELLY
    ease = {"sweater": 0.12, "hoodie": 0.14, "tank": 0.06, "shirt": 0.11}.get(kind, 0.09) + float(rng.uniform(0, 0.07))
    loose = 0.0 if tucked else float(rng.uniform(0.0, 0.22))
    if tucked:
        ease = min(ease, 0.12)
    folded = (0.8, float(rng.uniform(0.2, 0.4)), float(rng.uniform(0.12, 0.24))) if kind in ("shirt", "polo") else None
    return Garment(kind, Region.UPPER, cloth, cut, ease, 0.04 if tucked else 0.14, (0.0, loose), 20, collar=folded,
                   hood=kind == "hoodie")  # fmt: skip


def _trousers(rng: np.random.Generator, female: bool, other: Floats) -> Garment:
    kinds = {
        "jeans": 3.0,
        "chinos": 2.0,
        "wide": 0.9 if female else 0.3,
        "leggings": 1.2 if female else 0.0,
        "suit": 0.8,
    }
    chance = np.array(list(kinds.values()))
    kind = str(rng.choice(list(kinds), p=chance / chance.sum()))
    hem = float(rng.choice([-7.35, -7.1, -6.4], p=[0.6, 0.25, 0.15]))
    palettes = {"jeans": palette.DENIM, "leggings": palette.NEUTRAL_DARK}
    colour = palette.apart(rng, palettes.get(kind, palette.NEUTRAL), other, 0.12)
    patterns = {"jeans": {Pattern.DENIM: 1.0}, "suit": {Pattern.PLAIN: 2, Pattern.PINSTRIPES: 0.8, Pattern.WINDOW: 0.4}}
    cloth = _fabric(rng, colour, patterns.get(kind, {Pattern.PLAIN: 5, Pattern.CAMO: 0.25, Pattern.TARTAN: 0.2}),
                    trim_width=0.08, trim=colour * 0.85)  # fmt: skip
    if kind == "jeans":
        cloth[Look.SECOND.colour], cloth[Look.WRINKLE] = np.clip(colour * 1.7 + 0.04, 0, 0.8), 0.2
    if kind == "leggings":
        cloth[Look.WRINKLE], cloth[Look.GRAIN] = 0.08, 0.02
    waist = float(rng.uniform(1.3, 1.9))
    ease = {"leggings": 0.03, "jeans": 0.07, "wide": 0.12}.get(kind, 0.1)
    leg = {"leggings": 0.0, "wide": float(rng.uniform(0.35, 0.7)), "jeans": float(rng.uniform(0.04, 0.3))}.get(
        kind, 0.2
    )
    return Garment(kind, Region.PANTS, cloth, all_of(below(waist), above(hem)), ease, 0.08, (leg, 0.0), 2)


def _belt(rng: np.random.Generator, lower: Garment) -> Garment:
    """A belt at the waist of trousers or shorts."""
    surface = template().surfaces["tights"]
    waist = float(surface.canon[lower.cut(surface) >= 0, 1].max())
    leather = palette.pick(rng, "1b1c1f 3a2a22 5a4434 8a6f52 d9d9d8")
    row = look(Kind.CLOTH, leather, gloss=0.08, wrinkle=0.05, trim_width=-1.0)
    cut = all_of(below(waist - 0.02), above(waist - float(rng.uniform(0.18, 0.28))))
    return Garment("belt", lower.region, row, cut, lower.ease + 0.03, lower.bias + 0.03, (0.0, 0.0), lower.soft)


def _shorts(rng: np.random.Generator, female: bool, other: Floats) -> Garment:
    hem = float(rng.uniform(-3.0, -1.9) if female else rng.uniform(-4.0, -2.8))
    denim = rng.random() < 0.4
    colour = palette.apart(rng, palette.DENIM if denim else palette.NEUTRAL, other, 0.12)
    patterns = {Pattern.DENIM: 1.0} if denim else {Pattern.PLAIN: 4.0, Pattern.FLORAL: 0.4, Pattern.CAMO: 0.3}
    cloth = _fabric(rng, colour, patterns, trim_width=0.12)
    if denim:
        cloth[Look.SECOND.colour] = np.clip(colour * 1.8 + 0.05, 0, 0.85)
    return Garment("shorts", Region.PANTS, cloth, all_of(below(1.6), above(hem)), 0.13, 0.08, (0.6, 0.0), 2)


SKIRT_PATTERNS = {Pattern.PLAIN: 2.6, Pattern.STRIPES: 0.7, Pattern.FLORAL: 1.0, Pattern.TARTAN: 0.6, Pattern.DOTS: 0.6,
                  Pattern.GINGHAM: 0.5, Pattern.DENIM: 0.4}  # fmt: skip


def _hem(rng: np.random.Generator) -> float:
    return float(rng.choice([-2.2, -2.9, -3.4, -5.2, -6.6], p=[0.2, 0.3, 0.25, 0.15, 0.1]) + rng.uniform(-0.3, 0.2))


def _skirt(rng: np.random.Generator, female: bool, other: Floats) -> Garment:
    colour = palette.apart(rng, palette.NEUTRAL + " " + palette.ACCENT, other)
    cloth = _fabric(rng, colour, SKIRT_PATTERNS, trim_width=0.1)
    full = float(rng.choice([0.75, 0.9, 1.3, 1.8]))
    nothing = all_of(below(1.62), above(0.6))
    return Garment("skirt", Region.DRESS, cloth, nothing, 0.1, 0.1, skirt=all_of(below(1.6), above(_hem(rng))),
                   fullness=full, soft=2)  # fmt: skip


def _dress(rng: np.random.Generator, colour: Floats) -> Garment:
    arm = float(rng.choice([0.0, 1.2, 2.6, 4.55], p=[0.45, 0.25, 0.12, 0.18]))
    neck = neckline(str(rng.choice(["crew", "v", "scoop", "boat"])), float(rng.uniform(0, 0.5)))
    top = all_of(plain(above(0.4)), sleeve(arm), neck)
    if arm == 0.0:
        top = all_of(top, straps(float(rng.uniform(1.1, 1.35))))
    trim = palette.apart(rng, palette.NEUTRAL, colour) if rng.random() < 0.25 else colour * 0.8
    cloth = _fabric(rng, colour, SKIRT_PATTERNS, trim_width=float(rng.choice([0.0, 0.1])), trim=trim)
    full = float(rng.choice([0.75, 0.9, 1.3, 1.8]))
    return Garment("dress", Region.DRESS, cloth, top, 0.09, 0.1, skirt=all_of(plain(below(1.95)), above(_hem(rng))),
                   fullness=full, soft=6)  # fmt: skip


def _jumpsuit(rng: np.random.Generator, colour: Floats) -> Garment:
    arm = float(rng.choice([0.0, 1.3, 4.55]))
    cut = all_of(above(-7.1), sleeve(arm), neckline(str(rng.choice(["v", "scoop", "crew"])), 0.3))
    if arm == 0.0:
        cut = all_of(cut, straps(1.3))
    cloth = _fabric(rng, colour, {Pattern.PLAIN: 3, Pattern.DENIM: 0.6, Pattern.FLORAL: 0.6}, trim_width=0.1)
    return Garment("jumpsuit", Region.DRESS, cloth, cut, 0.13, 0.1, (0.35, 0.0), 4)


def _jacket(rng: np.random.Generator, other: Floats, lower: str) -> Garment:
    colour = palette.apart(rng, palette.NEUTRAL_DARK + " 7a1f2b 4f6b3f 2e4468 b9a284 8a6f52", other)
    patterns = {Pattern.PLAIN: 3, Pattern.DENIM: 0.8, Pattern.TARTAN: 0.3, Pattern.KNIT: 0.9, Pattern.HEATHER: 0.7}
    cloth = _fabric(rng, colour, patterns, trim_width=float(rng.choice([0.0, 0.12, 0.3])), trim=colour * 0.72)
    half = float(rng.uniform(0.18, 0.6))
    arms = all_of(sleeve(4.6), neckline("crew"), opening(half + 0.15, half))
    bias, ease = 0.2, float(rng.uniform(0.22, 0.3))
    lapels = (0.96, float(rng.uniform(0.45, 0.7)), float(rng.uniform(0.15, 0.5)))
    folded = lapels if rng.random() < 0.6 else None
    if rng.random() < 0.6:
        cloth[Look.POCKETS] = Pocket.HIPS
    if rng.random() < 0.14:
        cut = all_of(above(float(rng.uniform(0.5, 0.9))), sleeve(-0.06), neckline("v", 0.7), opening(half, half * 0.5))
        return Garment("waistcoat", Region.UPPER, cloth, cut, 0.2, bias, (0.0, 0.06), 10)
    if rng.random() < 0.4:
        hem = all_of(below(1.7), above(float(rng.uniform(-4.2, -1.5))), opening(half, half + 0.1))
        return Garment(
            "coat", Region.UPPER, cloth, all_of(above(1.0), arms), ease, bias, (0.0, 0.05), 10, hem, 1.05, True, folded
        )
    hem_y = 0.1 if lower == "skirt" else float(rng.uniform(-0.2, 0.6))
    return Garment(
        "jacket", Region.UPPER, cloth, all_of(above(hem_y), arms), ease, bias, (0.0, 0.12), 10, collar=folded
    )


def with_lapels(rng: np.random.Generator, outfit: Wear) -> Wear:
    """The same outfit, perhaps with lapels on its jacket or coat."""
    garments = list(outfit.garments)
    place = next((k for k, g in enumerate(garments) if g.name in ("jacket", "coat")), None)
    if place is None or rng.random() < 0.35:
        return outfit
    outer = garments[place]
    if outer.look[Look.PATTERN] in (Pattern.KNIT, Pattern.HEATHER) and rng.random() < 0.7:  # cardigans mostly have none
        return outfit
    gap, fall = float(rng.uniform(0.5, 0.62)), float(rng.uniform(0.05, 0.2))
    outer = replace(outer, collar=(0.96, gap, fall))
    row = outer.look.copy()
    row[Look.POCKETS] = Pocket.NONE
    row[Look.TRIM.colour], row[Look.TRIM_WIDTH] = row[Look.MAIN.colour] * np.float32(0.55), 0.03
    if rng.random() < 0.25:  # faced in another cloth
        facing = row[Look.MAIN.colour] * np.float32(rng.uniform(0.45, 0.8))
        row[Look.MAIN.colour] = row[Look.SECOND.colour] = row[Look.THIRD.colour] = facing
    half = lapel(outer.cut, float(rng.uniform(1.6, 3.0)), float(rng.uniform(0.45, 0.75)))
    flaps = replace(outer, name="lapels", look=row, cut=half, ease=outer.ease + 0.04, bias=outer.bias + 0.05,
                    skirt=None, collar=None, hood=False, hides=False)  # fmt: skip
    return replace(outfit, garments=[*garments[:place], outer, flaps, *garments[place + 1 :]])


def _shoes(rng: np.random.Generator, female: bool) -> Garment:
    colour = palette.pick(rng, palette.SHOES)
    sole = palette.pick(rng, "f0efec e0dccf 1d1d1f 3a2a22") if rng.random() < 0.7 else colour * 0.4
    tops = [-7.35, -7.2, -6.6, -5.0]
    top = float(rng.choice(tops, p=[0.55, 0.25, 0.15, 0.05] if not female else [0.55, 0.15, 0.15, 0.15]))
    row = look(Kind.SHOE, colour, trim=sole, gloss=float(rng.uniform(0.02, 0.14)), buttons=float(rng.random() < 0.6),
               seed=float(rng.integers(30)), grain=0.03)  # fmt: skip
    return Garment("shoes", Region.LEGS, row, below(top), 0.07, 0.05)


def _ink(rng: np.random.Generator) -> Floats:
    """A word, a number, letters, a badge or a mark to print on a chest, ink 0..1 (64, 128)."""
    canvas = np.zeros((64, 128), np.uint8)
    kind = str(rng.choice(["word", "two", "number", "letter", "badge", "mark"], p=[0.34, 0.12, 0.16, 0.1, 0.12, 0.16]))
    font = [cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX][int(rng.integers(3))]
    if kind == "word":
        _write(canvas, str(rng.choice(WORDS)), font, 5, 44)
    elif kind == "two":
        _write(canvas, str(rng.choice(WORDS)), font, 3, 28, 24)
        _write(canvas, str(rng.choice(WORDS)), font, 3, 58, 24)
    elif kind == "number":
        _write(canvas, str(rng.integers(1, 99)), font, 7, 58, 54)
    elif kind == "letter":
        _write(canvas, chr(65 + int(rng.integers(26))), font, 6, 50, 36)
        if rng.random() < 0.5:
            cv2.circle(canvas, (64, 32), 29, 255, 3, cv2.LINE_AA)
    elif kind == "badge":
        cv2.circle(canvas, (64, 32), 28, 255, 5, cv2.LINE_AA)
        angle = rng.uniform(0, np.pi)
        turns = angle + 2 * np.pi * np.arange(5) * 2 / 5
        star = np.stack([64 + 24 * np.cos(turns), 32 + 24 * np.sin(turns)], 1)
        if rng.random() < 0.7:
            cv2.fillPoly(canvas, [star.astype(np.int32)], 255, cv2.LINE_AA)
    else:
        sides, turned = int(rng.integers(3, 7)), rng.uniform(0, np.pi)
        for radius, ink in ((30, 255), (rng.uniform(14, 22), 0), (rng.uniform(4, 11), 255)):
            around = turned + 2 * np.pi * np.arange(sides) / sides
            shape = np.stack([64 + 1.3 * radius * np.cos(around), 32 + radius * np.sin(around)], 1)
            cv2.fillPoly(canvas, [shape.astype(np.int32)], ink, cv2.LINE_AA)
    return (canvas / np.float32(255)).astype(np.float32)


def _write(canvas: np.ndarray, text: str, font: int, thick: int, base: int, tall: float = 40) -> None:
    """Text in the middle of the canvas, at most `tall` high and as wide as fits."""
    (width, height), _ = cv2.getTextSize(text, font, 1.0, thick)
    size = min(114 / width, tall / height)
    cv2.putText(canvas, text, (int(64 - size * width / 2), base), font, size, 255, thick, cv2.LINE_AA)
