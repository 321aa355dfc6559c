"""Parts of a person made from the pack: skin, eyes, brows, lashes, hair, hats."""

from dataclasses import replace

import numpy as np

from rsagan.people.regions import Region
from rsagan.synthetic.body import Figure, template
from rsagan.synthetic.fabric import Cutout, Kind, Look, Recolour
from rsagan.synthetic.fitting import unwrapped
from rsagan.synthetic.hair import hairline
from rsagan.synthetic.mesh import Floats, Ints, floats, normals, triangles
from rsagan.synthetic.outfit import Part, Row, compacted, look
from rsagan.synthetic.pack import HAIR, UNDER_HAT, Half, Pack, Skin

IRIS = (0.293, 0.703, 0.308, 7.284)  # the middle of an iris in its picture and on the template
ZOOM = 0.113 / 0.078  # picture widths a dm
HEAD = floats([0, 7.35, 0.25])


def half_part(
    half: Half, whole: Floats, row: Row, bias: float | Floats = 0.08, double: bool = True, field: Floats | None = None
) -> Part:
    """A half on the body `whole` (see `placed`); `bias` and `field` may be given for its N vertices."""
    piece = half.piece
    rest, beneath = piece.fitted(whole), piece.beneath(whole)
    facing = normals(rest, triangles(piece.mesh))
    used, quads = np.unique(piece.quads[half.chosen], return_inverse=True)
    source = piece.source[used]
    faces = triangles(quads.reshape(-1, 4).astype(np.int32))
    bones, weights = piece.carried
    row = row.copy()
    row[Look.PICTURE], row[Look.DENSITY] = half.slot + 1, half.density
    each = np.broadcast_to(np.float32(bias), len(rest))[source] if np.ndim(bias) else bias
    shown = np.ones(len(used), np.float32) if field is None else field[source]
    chart = (weights * _of_arms()[bones]).sum(1)[source][faces].mean(1) > 0.3
    return Part(
        rest=rest[source], anchor=beneath[source], canon=piece.canon[source], bones=bones[source],
        weights=weights[source], field=shown, faces=faces, region=np.full(len(faces), half.region, np.int32),
        chart=chart.astype(np.int32), look=row, bias=each, double=double, uv=piece.uv[used], normal=facing[source],
    )  # fmt: skip


def tucked(half: Half, ends: float) -> Floats:
    """A field (N,) that ends a top at a height, dm on the template, and leaves its sleeves."""
    bones, weights = half.piece.carried
    arm = (weights * _of_arms()[bones]).sum(1)
    return floats(np.where(arm > 0.3, 1.0, half.piece.canon[:, 1] - ends))


def _of_arms() -> np.ndarray:
    return np.array([name.startswith(("upperarm", "lowerarm", "wrist", "finger")) for name in template().bone_names])


def recolour(half: Half, mode: Recolour, wanted: Floats, **more: float) -> Row:
    """The look of a half of an outfit in a colour (3,)."""
    return look(Kind.PICTURED_CLOTH, wanted, recolour=float(mode), wanted=wanted, usual=half.usual, trim_width=-1.0,
                **more)  # fmt: skip


def skin_part(
    figure: Figure, skin: Skin, tone: Floats, hair_tone: Floats, beard: float, field: Floats, region: Ints
) -> Part:
    """The shown skin in a picture brought near a tone (3,). `field` (body N,) as from `shown_skin`; above 1 it says
    how hairy the scalp is."""
    gain = np.clip((tone / skin.face) ** 0.5, 0.7, 1.18)
    like = skin.face * gain
    arms, legs = ((like / usual) ** 0.75 for usual in (skin.arms * gain, skin.legs * gain))
    row = look(
        Kind.PICTURED_SKIN, tone, density=50.0, picture=skin.slot + 1.0, wanted=gain, usual=arms * gain,
        legs=legs * gain, brow=np.minimum(hair_tone * 0.8, like * 0.45), stubble=beard, gloss=0.03,
    )  # fmt: skip
    body, flat = template().surfaces["body"], unwrapped()
    faces = triangles(flat.quads)
    keep = (field[flat.source][faces] >= 0).any(1)
    used, compact = compacted(faces[keep], len(flat.source))
    source = flat.source[used]
    rest = figure.vertices["body"]
    facing = normals(rest, body.faces)[source]
    return Part(
        rest=rest[source], anchor=rest[source], canon=body.canon[source], bones=body.bones[source],
        weights=body.weights[source], field=field[source], faces=compact,
        region=region[keep].astype(np.int32), chart=np.zeros(int(keep.sum()), np.int32), look=row,
        lips=body.limb[source, 0] - body.limb[source, 1], uv=flat.uv[used], normal=facing,
    )  # fmt: skip


def eye_parts(figure: Figure, pack: Pack, rng: np.random.Generator, dark: bool) -> list[Part]:
    """Both eyes with one of the pack's irises, laid on flat; brown ones, all light in the pack, are darkened."""
    brown = [path for path in pack.eyes if "brown" in path.stem]
    chosen = brown if brown and (dark or rng.random() < 0.45) else pack.eyes
    path = chosen[int(rng.integers(len(chosen)))]
    shade = float(rng.uniform(0.3, 0.6)) if "brown" in path.stem else float(rng.uniform(0.7, 1.0))
    row = look(Kind.PICTURED_EYE, floats([1, 1, 1]), picture=pack.pictures.slot(path) + 1.0, density=740.0, gloss=0.25,
               wanted=floats([shade] * 3))  # fmt: skip
    parts = []
    for name in ("l_eye", "r_eye"):
        ball = template().surfaces[name]
        rest, faces = figure.vertices[name], ball.faces
        u = IRIS[0] + (np.abs(ball.canon[:, 0]) - IRIS[2]) * ZOOM
        v = IRIS[1] - (ball.canon[:, 1] - IRIS[3]) * ZOOM
        parts.append(
            Part(
                rest,
                rest,
                ball.canon,
                ball.bones,
                ball.weights,
                np.ones(len(rest), np.float32),
                faces,
                np.full(len(faces), Region.FACE, np.int32),
                np.zeros(len(faces), np.int32),
                row,
                uv=floats(np.stack([u, v], 1)),
            )
        )
    return parts


def face_parts(pack: Pack, whole: Floats, rng: np.random.Generator, sex: str, hair_tone: Floats) -> list[Part]:
    """Brows in about the hair's colour, and lashes, which few men's pictures show."""
    colour = np.minimum(hair_tone * 0.7 + 0.002, 0.12)
    parts = []
    brows = pack.whole("brows", _any(rng, list(pack.brows)), Region.FACE)
    row = look(Kind.PICTURED_CLOTH, colour, cutout=float(Cutout.BROW), recolour=float(Recolour.TONE), wanted=colour,
               usual=brows.usual, trim_width=-1.0)  # fmt: skip
    parts.append(half_part(brows, whole, row, 0.05))
    if sex == "female" or rng.random() < 0.5:
        light = sorted(pack.lashes)[:1] if sex == "male" else sorted(pack.lashes)
        lashes = pack.whole("lashes", _any(rng, light), Region.FACE)
        row = look(Kind.PICTURED_CLOTH, floats([0.01] * 3), cutout=float(Cutout.BROW), recolour=float(Recolour.TONE),
                   wanted=floats([0.012, 0.01, 0.009]), usual=lashes.usual, trim_width=-1.0)  # fmt: skip
        parts.append(half_part(lashes, whole, row, 0.05))
    return parts


def hair_parts(
    pack: Pack, whole: Floats, rng: np.random.Generator, sex: str, hair_tone: Floats, hat: bool
) -> tuple[list[Part], str] | None:
    """A hair style of the pack, under a hat if asked for, and its name; None where the pack has none for the sex."""
    chance = {name: c for name, c in HAIR[sex].items() if name in pack.hair and (not hat or name in UNDER_HAT)}
    if not chance:
        return None
    name = str(rng.choice(list(chance), p=np.array(list(chance.values())) / sum(chance.values())))
    half = pack.whole("hair", name, Region.HAIR)
    piece = half.piece
    wanted = floats(hair_tone * min(2.4, 0.5 / float(hair_tone.max())) + 0.012)
    row = look(
        Kind.PICTURED_HAIR, wanted, cutout=float(Cutout.HAIR), recolour=float(Recolour.TONE), wanted=wanted,
        usual=half.usual, gloss=0.0 if "afro" in name else float(rng.uniform(0.02, 0.07)),
    )  # fmt: skip
    low = np.clip((6.4 - piece.canon[:, 1]) / 0.8, 0, 1)
    field: Floats | None = None
    top: list[Part] = []
    if hat:
        top, field = _hat(pack, whole, rng, piece.canon)
    part = half_part(half, whole, row, floats(0.05 + 0.22 * low), True, field)
    head = np.clip((part.canon[:, 1] - 5.2) / 1.2, 0, 1).astype(np.float32)
    bones = np.zeros_like(part.bones)
    weights = np.zeros_like(part.weights)
    for k, (bone, share) in enumerate((("head", head), ("spine01", 1 - head))):
        bones[:, k], weights[:, k] = template().bone_names.index(bone), share
    bones[head < 0.5, :2], weights[head < 0.5, :2] = bones[head < 0.5, 1::-1], weights[head < 0.5, 1::-1]
    out = part.rest - (HEAD + part.rest.mean(0) - part.canon.mean(0))
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    assert part.normal is not None
    facing = part.normal * np.sign((part.normal * out).sum(1, keepdims=True) + 1e-9)
    facing = 0.45 * facing + 0.55 * out
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-6)
    return [replace(part, bones=bones, weights=weights, normal=floats(facing)), *top], name


def _hat(pack: Pack, whole: Floats, rng: np.random.Generator, hair: Floats) -> tuple[list[Part], Floats]:
    """A fedora, and a field (N,) that keeps the hair (N, 3) below its brim."""
    hat = pack.whole("hat", _any(rng, [name for name in pack.clothes if name.startswith("fedora")]), Region.HAIR)
    place = hat.piece.canon
    far = np.hypot(place[:, 0], place[:, 2] - 0.5)
    rim = place[far > np.percentile(far, 75)]
    plane = np.linalg.lstsq(np.stack([np.ones(len(rim)), rim[:, 0], rim[:, 2]], 1), rim[:, 1])[0]
    brim = plane[0] + plane[1] * hair[:, 0] + plane[2] * hair[:, 2]
    row = recolour(hat, Recolour.NONE, hat.usual)
    part = half_part(hat, whole, row, 0.1)
    bones, weights = np.zeros_like(part.bones), np.zeros_like(part.weights)
    bones[:, 0], weights[:, 0] = template().bone_names.index("head"), 1.0
    return [replace(part, bones=bones, weights=weights)], floats(brim + 0.12 - hair[:, 1])


def scalp_field(hairy: bool) -> Floats:
    """How much of the scalp (body N,) is painted in the hair's colour, 0..1."""
    body = template().surfaces["body"]
    inside = np.clip(hairline(body.canon) * 5, 0, 1) * (body.limb[:, 3] > 0.6)
    return floats(inside if hairy else inside * 0)


def _any(rng: np.random.Generator, names: list[str]) -> str:
    return names[int(rng.integers(len(names)))]
