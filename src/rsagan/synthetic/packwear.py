"""People whose looks come partly from the asset pack, freely mixed with the garments made here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rsagan.people.regions import Region
from rsagan.synthetic import packlook, palette
from rsagan.synthetic.bags import BAGS, bag
from rsagan.synthetic.body import Figure, template
from rsagan.synthetic.fabric import Kind, Look, Recolour
from rsagan.synthetic.fitting import placed, points, shown_rows
from rsagan.synthetic.headwear import Worn as Headwear
from rsagan.synthetic.mesh import Floats, floats
from rsagan.synthetic.outfit import Part, Row, look
from rsagan.synthetic.pack import ANCESTRIES, BOTTOMS, OUTER, PLAIN_HUE, SHOES, SUITS, TOPS, Half, Pack
from rsagan.synthetic.palette import linear
from rsagan.synthetic.styling import Wear, loose_top
from rsagan.synthetic.wardrobe import Garment, garment_parts, shown_skin

WAIST = 1.0  # parts the skin that tops hide from the skin that trousers hide, dm on the template


@dataclass(frozen=True)
class Worn:
    """A half of a pack outfit as somebody wears it."""

    half: Half
    row: Row
    bias: float
    ends: float = -9.0  # where a tucked-in top is cut off, dm on the template


@dataclass(frozen=True)
class Mixed:
    """Own garments, innermost first, and pack pieces; the pack's names."""

    garments: list[Garment]
    worn: list[Worn]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """What `catalogue` knows of somebody before they are dressed."""

    sex: str
    shape: dict[str, float]
    figure: Figure
    tone: Floats  # (3,) of the skin
    hair_tone: Floats  # (3,)
    beard: float


def dressed(
    pack: Pack, who: Person, wear: Wear, hair: tuple[list[Part], Floats, str], extra: Headwear, seed: int
) -> tuple[list[Part], tuple[str, ...]]:
    """All parts of a person, and the names of what they wear, hair last.

    `wear`, `hair` and `extra` are what they would have without a pack.
    """
    rng = np.random.default_rng((seed, 0xA55E7))
    whole = placed(who.shape)
    mixed = _mix(pack, rng, who.sex, wear)
    own, haired, style = hair
    skin = pack.skin(_skin_for(pack, rng, who))
    if skin.face[0] < 0.3:  # dark hair on the darkest skins
        who = replace(who, hair_tone=floats(np.minimum(who.hair_tone, [0.03, 0.022, 0.016])))
        own = [replace(part, look=_darker(part.look)) for part in own]
    bald = style == "bald"
    if not bald and not extra.alone and extra.brim is None and rng.random() < 0.72:
        hat = any(name.startswith("fedora") for name in pack.clothes) and rng.random() < 0.08
        if found := packlook.hair_parts(pack, whole, rng, who.sex, who.hair_tone, hat):
            own, style = found
            haired = np.full_like(haired, -1)
            style = f"fedora over {style}" if hat else style
    field, region = shown_skin(mixed.garments, haired)
    field = np.where(field > 0, field + packlook.scalp_field(not bald), field)
    field = np.where(_hidden(mixed.worn), -1, field).astype(np.float32)
    parts = [packlook.skin_part(who.figure, skin, who.tone, who.hair_tone, who.beard, field, region)]
    parts += packlook.eye_parts(who.figure, pack, rng, bool(who.tone[0] < 0.4))
    parts += packlook.face_parts(pack, whole, rng, who.sex, who.hair_tone)
    parts += garment_parts(who.figure, mixed.garments)
    for worn in mixed.worn:
        kept = packlook.tucked(worn.half, worn.ends) if worn.ends > -9 else None
        parts.append(packlook.half_part(worn.half, whole, worn.row, worn.bias, field=kept))
    bulky = any(worn.half.region == Region.UPPER for worn in mixed.worn)
    carried = bag(who.figure, np.random.default_rng((seed, BAGS)), mixed.garments, bulky)
    return [*parts, *own, *extra.parts, *carried.parts], (*mixed.names, *extra.names, *carried.names, style)


def _darker(hair: Row) -> Row:
    """The look of dark hair."""
    row = hair.copy()
    row[Look.MAIN.colour] = np.minimum(row[Look.MAIN.colour], [0.03, 0.022, 0.016])
    row[Look.SECOND.colour] = np.minimum(row[Look.SECOND.colour], [0.05, 0.035, 0.025])
    row[Look.GLOSS] *= 0.6
    return row


def _skin_for(pack: Pack, rng: np.random.Generator, who: Person) -> Path:
    """A picture of the ancestry that is nearest."""
    share = [who.shape.get(f"{name}-{who.sex}-young", 0.0) for name in ANCESTRIES]
    order = np.argsort(share)[::-1]
    for k in order:
        found = pack.skins.get((ANCESTRIES[k], who.sex))
        if found:
            return found[int(rng.integers(len(found)))]
    every = [path for paths in pack.skins.values() for path in paths]
    return every[int(rng.integers(len(every)))]


def _waist(lower: Garment) -> float:
    """How high trousers or a skirt reach, dm on the template."""
    surface = template().surfaces["skirt" if lower.skirt else "tights"]
    inside = (lower.skirt or lower.cut)(surface) >= 0
    return float(surface.canon[inside, 1].max())


def _hidden(worn: list[Worn]) -> np.ndarray:
    """Which vertices of the shown skin the pieces hide, bool (body N,)."""
    rows = shown_rows()
    number, height = points().number[rows], points().base[rows, 1]
    out = np.zeros(len(rows), bool)
    for one in worn:
        hides = np.isin(number, one.half.piece.hidden)
        low, high = one.half.reach
        if one.half.region == Region.UPPER:
            hides &= height > WAIST
        elif high > -5:
            hides &= (height < WAIST) & (height > low + 0.35)
        else:
            hides &= height < high - 0.3
        out |= hides
    return out


def _choose(rng: np.random.Generator, chance: Mapping[str, float], there: Mapping[str, object]) -> str | None:
    have = {name: c for name, c in chance.items() if name in there}
    if not have:
        return None
    return str(rng.choice(list(have), p=np.array(list(have.values())) / sum(have.values())))


def _mix(pack: Pack, rng: np.random.Generator, sex: str, wear: Wear) -> Mixed:
    """Replace some of the own garments by the pack's."""
    base, own = wear.garments[:2], list(wear.garments[3:])
    shoes: list[Garment] = [wear.garments[2]]
    kind = wear.names[0]
    top, bottom = _choose(rng, TOPS[sex], pack.clothes), _choose(rng, BOTTOMS[sex], pack.clothes)
    plan = str(rng.choice(["own", "both", "top", "bottom"], p=[0.5, 0.16, 0.17, 0.17]))
    if kind in ("dress", "jumpsuit") or top is None or bottom is None:
        plan = "own"
    if sex in SUITS and SUITS[sex] in pack.clothes and plan == "both" and rng.random() < 0.3:
        top = bottom = SUITS[sex]
    worn: list[Worn] = []
    names: list[str] = []
    outer = False
    jacket = own[2:] if rng.random() < 0.4 else []
    if plan in ("top", "both") and top is not None:
        half = pack.top(top)
        outer = half.piece.name in OUTER
        ends = _waist(own[0]) - 0.15 if plan == "top" and not outer else -9.0
        worn.append(Worn(half, _top_row(rng, half), 0.3 if outer else 0.14, ends))
        names.append(half.piece.name)
        if outer or "elegant" in half.piece.name:
            jacket = []
    if plan in ("bottom", "both") and bottom is not None:
        half = pack.bottom(bottom)
        worn.append(Worn(half, _bottom_row(rng, half), 0.08))
        names.append(half.piece.name)
    if plan == "own":
        garments = own
    elif plan == "top":
        garments = [replace(own[0], bias=0.05 if outer else 0.32), *jacket]
    elif plan == "bottom":
        garments = [loose_top(rng, sex, float(rng.uniform(0.1, 0.5))), *jacket]
    else:
        garments = jacket
    if plan in ("top", "both"):
        garments = [replace(g, ease=g.ease + 0.06, bias=g.bias + 0.22) if g in jacket else g for g in garments]
        row = worn[0].row
        colour = worn[0].half.usual if row[Look.RECOLOUR] == Recolour.NONE else floats(row[Look.WANTED.colour])
        under = look(Kind.CLOTH, colour, wrinkle=0.1)
        base = [replace(g, look=under) for g in base]
        base = [replace(base[0], ease=-0.14), replace(base[1], ease=-0.14)]
    elif plan == "bottom":
        base = [replace(base[0], region=Region.UPPER), replace(base[1], ease=-0.14)]
    if plan != "own":
        lower = worn[-1].half.region if plan in ("bottom", "both") else own[0].region
        base = [replace(base[0], region=Region.UPPER), replace(base[1], region=lower)]
    if plan in ("bottom", "both"):  # boots go over the legs of pack trousers
        shoes = [replace(shoes[0], bias=0.3, ease=0.13)]
    bare = any(w.half.region == Region.DRESS for w in worn) or kind in ("skirt", "dress", "shorts")
    name = _choose(rng, dict.fromkeys(SHOES, 1.0), pack.clothes) if rng.random() < 0.7 else None
    if name is not None:
        half = pack.shoes(name, socks=not bare)
        mode = Recolour.TONE if rng.random() < 0.45 else Recolour.NONE
        row = packlook.recolour(half, mode, palette.pick(rng, palette.SHOES), gloss=0.03)
        worn.append(Worn(half, row, 0.05))
        names.append(name)
        shoes = []
    own_names = tuple(g.name for g in garments)
    return Mixed([*base, *shoes, *garments], worn, (kind, *own_names, *names))


def _top_row(rng: np.random.Generator, half: Half) -> Row:
    """A pack top as it is or in another colour, at times with a print of ours."""
    name = half.piece.name
    if name == "male_elegantsuit01":
        return packlook.recolour(half, Recolour.NONE, half.usual)
    colour = palette.pick(rng, palette.ACCENT if rng.random() < 0.55 else palette.NEUTRAL)
    plain = name.endswith(PLAIN_HUE)
    mode = (Recolour.HUE if rng.random() < 0.6 else Recolour.TONE) if plain else Recolour.TONE
    if not plain and name != "male_casualsuit06" and rng.random() < 0.45:
        mode = Recolour.NONE
    if "elegant" in name or "03" in name:  # stripes do not burn out in dark tones
        mode, colour = (Recolour.NONE, Recolour.TONE)[int(rng.random() < 0.65)], floats(colour * 0.45)
    row = packlook.recolour(half, mode, colour, wrinkle=float(rng.uniform(0.1, 0.3)), seed=float(rng.integers(1, 30)))
    if (plain or name == "male_casualsuit06") and rng.random() < 0.45:
        row[Look.PRINT_WIDTH], row[Look.PRINT_Y] = rng.uniform(0.75, 1.25), rng.uniform(3.3, 3.9)
        row[Look.PRINT.colour] = palette.apart(rng, palette.NEUTRAL + " " + palette.ACCENT, colour, 0.35)
    return row


def _bottom_row(rng: np.random.Generator, half: Half) -> Row:
    """Pack trousers as they are or dyed: denim stays near blue, black and grey."""
    hexes = palette.DENIM if "casual" in half.piece.name else palette.NEUTRAL_DARK
    mode = Recolour.TONE if rng.random() < 0.6 and "elegantsuit" not in half.piece.name else Recolour.NONE
    if "sportsuit" in half.piece.name:
        mode = Recolour.NONE if rng.random() < 0.6 else Recolour.TONE
    colours = linear(hexes)
    return packlook.recolour(half, mode, floats(colours[int(rng.integers(len(colours)))]), wrinkle=0.12,
                             seed=float(rng.integers(1, 30)))  # fmt: skip
