"""Who there is: identities drawn from a seed, their views, and a sheet to look at them."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from rsagan.synthetic import outdoors, palette, scene
from rsagan.synthetic.bags import BAGS, bag
from rsagan.synthetic.body import Figure, adult_shape, figure
from rsagan.synthetic.crowd import CutOut
from rsagan.synthetic.fabric import Kind, Look
from rsagan.synthetic.hair import hair
from rsagan.synthetic.headwear import headwear, under
from rsagan.synthetic.mesh import Floats, floats
from rsagan.synthetic.outfit import Mesh, assemble, look
from rsagan.synthetic.pack import Pack, open_pack
from rsagan.synthetic.packwear import Person, dressed
from rsagan.synthetic.posture import RigPose
from rsagan.synthetic.scene import View
from rsagan.synthetic.styles import CATALOGUE, NAMES, STYLES
from rsagan.synthetic.styling import wear, with_lapels
from rsagan.synthetic.wardrobe import dress_up


@dataclass(frozen=True, eq=False)
class Identity:
    """One grown-up in one outfit, ready to be posed; `identity(seed)` makes them."""

    seed: int
    sex: str
    figure: Figure
    mesh: Mesh
    ink: Floats
    wears: tuple[str, ...]  # what they have on, and their hair style last


@lru_cache(maxsize=32)
def identity(seed: int, pack: Pack | str | Path | None = None) -> Identity:
    """The identity of this seed: the same in every process.

    `pack` is an asset pack or its folder, see `rsagan.synthetic.pack`; without one, everything is made here.
    """
    rng = np.random.default_rng((seed, 0xB0D1))
    sex = "female" if rng.random() < 0.6 else "male"
    shape = adult_shape(rng, sex)
    form = figure(shape)
    tone = palette.skin_tone(rng, shape)
    hair_tone = palette.hair_colour(rng, tone)
    lip = tone * floats([0.92, 0.55, 0.55]) * rng.uniform(0.8, 1.05)
    if sex == "female" and rng.random() < 0.4:
        lip = palette.pick(rng, "a33b3b 944a6b b5556a 7a1f2b c96f6f") * 0.8
    brow = np.minimum(hair_tone * 0.8, tone * 0.45)
    skin = look(Kind.SKIN, tone, second=lip, brow=brow, gloss=0.03, stubble=0.0)
    skin[Look.BROW_HEIGHT] = rng.normal(0, 0.012)
    if sex == "male" and rng.random() < 0.55:
        skin[Look.STUBBLE] = rng.uniform(0.15, 0.9)
    iris = palette.pick(rng, palette.EYES if tone[0] > 0.4 else palette.EYES[:20])
    eyes = look(Kind.EYE, floats([0.62, 0.60, 0.58]), second=iris, gloss=0.25)
    outfit = with_lapels(np.random.default_rng((seed, 0x1A9E1)), wear(rng, sex))
    strands = look(
        Kind.HAIR, hair_tone, second=hair_tone * floats([1.5, 1.4, 1.3]) + 0.004, gloss=float(rng.uniform(0.04, 0.11)),
        scale=float(rng.uniform(-1.5, 1.5)), seed=float(rng.integers(30)),
    )  # fmt: skip
    parts, haired, style = hair(form, rng, sex, strands)
    if style in ("afro", "curly"):
        strands[Look.GRAIN], strands[Look.GLOSS] = 0.55, 0.0
    extra = headwear(form, np.random.default_rng((seed, 0x4EAD)), sex, style)
    if extra.alone:
        parts, style = [], "hidden"
    elif extra.brim is not None:
        parts = under(parts, extra.brim)
    assets = pack if isinstance(pack, Pack) else open_pack(pack) if pack else None
    if assets is not None:
        who = Person(sex, shape, form, tone, hair_tone, float(skin[Look.STUBBLE]))
        everything, names = dressed(assets, who, outfit, (parts, haired, style), extra, seed)
        return Identity(seed, sex, form, assemble(everything, assets.pictures.texels), outfit.ink, names)
    carried = bag(form, np.random.default_rng((seed, BAGS)), outfit.garments)
    worn = [*dress_up(form, outfit.garments, skin, eyes, haired), *parts, *extra.parts]
    mesh = assemble([*worn, *carried.parts])
    return Identity(seed, sex, form, mesh, outfit.ink, (*outfit.names, *extra.names, *carried.names, style))


def render_view(
    identity: Identity,
    view_seed: int,
    size: tuple[int, int] = (256, 176),
    style: str = CATALOGUE,
    pose: str | RigPose | None = None,
    same_place: bool = False,
) -> View:
    """One picture of an identity; the same arguments give the same bytes.

    Args:
        size: (height, width).
        style: a name in `styles.NAMES`.
        pose: a family of `posture.FAMILIES`, or a pose of the rig; drawn by the style's weights otherwise.
        same_place: outdoors, all views of the identity are taken in one place and light.

    Raises:
        ValueError: no such style, family or bone.
    """
    seed = (identity.seed, view_seed)
    if style == CATALOGUE:
        return scene.render(identity.figure, identity.mesh, identity.ink, seed, size, pose)
    if style not in STYLES:
        raise ValueError(f"there is no style {style!r}; there are {', '.join(NAMES)}")
    how = STYLES[style]
    if how.studio:
        return scene.render(identity.figure, identity.mesh, identity.ink, seed, size, pose, how)
    return outdoors.render(identity.figure, identity.mesh, identity.ink, seed, size, how, pose, same_place, _stranger)


def _stranger(seed: int, size: tuple[int, int]) -> CutOut:
    """Somebody for the background; made anew each time, so that no identity in use is forgotten for them."""
    who = identity.__wrapped__(seed)
    return outdoors.cut_out(who.figure, who.mesh, who.ink, seed, size)
