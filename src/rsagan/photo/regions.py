"""Regions of a person from outline, joints and colour: a heuristic, until a parser network replaces it.

Every pixel of the outline first goes to the nearest body part (a capsule round each bone), then colour says where a
sleeve, a trouser leg or a shirt ends: one cut per limb, the one that explains its pixels best.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rsagan.people import Parsing, Picture, Region, one_hot
from rsagan.photo.landmarks import Side

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

HEAD, TORSO, ARM, LEG = range(4)

# Bones as (from, to, part, radius over the torso's length), in BlazePose's 33 landmarks.
_BONES: Final = (
    (11, 13, ARM, 0.13), (13, 15, ARM, 0.10), (12, 14, ARM, 0.13), (14, 16, ARM, 0.10),
    (23, 25, LEG, 0.19), (25, 27, LEG, 0.14), (24, 26, LEG, 0.19), (26, 28, LEG, 0.14),
    (27, 31, LEG, 0.10), (28, 32, LEG, 0.10), (29, 31, LEG, 0.10), (30, 32, LEG, 0.10),
    (15, 19, ARM, 0.09), (16, 20, ARM, 0.09),
)  # fmt: skip
_ARMS: Final = ((11, 13, 15, 19), (12, 14, 16, 20))
_LEGS: Final = ((23, 25, 27), (24, 26, 28))
# The usual place of skin in the CbCr plane and its spread, where a photo shows none for sure.
_SKIN_MEAN, _SKIN_SPREAD = (107.0, 152.0), (11.0, 11.0)


@dataclass(frozen=True)
class _Body:
    """What the steps below share: pixels of the frame, landmarks in it, and lengths taken from them."""

    points: Floats  # (33, 2)
    seen: Mask  # (33,)
    inside: Mask  # (H, W), the outline
    lab: Floats  # (H, W, 3), smoothed
    skin: Floats  # (H, W), 0..1
    sample: Mask  # (H, W), pixels that are skin for sure
    torso: float  # pixels
    side: Side
    grid: Floats  # (H, W, 2), x and y of each pixel


def guess_regions(picture: Picture, mask: Floats, points: Floats, visibility: Floats, side: Side) -> Parsing:
    """A parsing of one person.

    Args:
        picture: uint8 (H, W, 3) RGB.
        mask: float32 (H, W), 0..1, the person's soft outline.
        points: float32 (33, 2), BlazePose landmarks in pixels of the picture.
        visibility: float32 (33,), 0..1.
        side: which side of the person is seen.

    Returns:
        uint8 (H, W) of regions.
    """
    body = _body(picture, mask, points, visibility, side)
    part = _parts(body)
    hair = _hair(body, part)
    bare = np.zeros(mask.shape, bool)
    neck, hips = body.points[[11, 12]].mean(0), body.points[[23, 24]].mean(0)
    chest = (part == TORSO) & ~hair & (np.linalg.norm(body.grid - neck, axis=-1) < body.torso)
    seat = ((part == LEG) | (part == TORSO)) & (np.linalg.norm(body.grid - hips, axis=-1) < 0.35 * body.torso)
    seat &= (body.grid - hips) @ (hips - neck) > 0
    for arm in _ARMS:
        bare |= _bare_end(body, arm, part == ARM, chest)[0]
    cuts = []
    for leg in _LEGS:
        skin, cut = _bare_end(body, leg, part == LEG, seat)
        bare |= skin
        cuts.append(cut)
    below, one_piece = _below_waist(body, part, bare, cuts)
    neckline = _neckline(body, part)

    parsing = np.zeros(mask.shape, np.uint8)
    parsing[part == HEAD] = Region.FACE
    parsing[(part == TORSO) | (part == ARM)] = Region.UPPER
    lower = ((part == TORSO) | (part == LEG)) & below
    parsing[part == LEG] = Region.UPPER
    parsing[lower] = Region.DRESS if one_piece or _is_skirt(body, part, cuts) else Region.PANTS
    if one_piece:
        parsing[(parsing == Region.UPPER) & (part != ARM)] = Region.DRESS
    parsing[bare & (part == ARM)] = Region.ARMS
    parsing[bare & (part == LEG)] = Region.LEGS
    parsing[neckline] = Region.FACE
    parsing[hair] = Region.HAIR
    return _settle(body, parsing)


def _body(picture: Picture, mask: Floats, points: Floats, visibility: Floats, side: Side) -> _Body:
    smooth = cv2.bilateralFilter(picture, 7, 30, 3)
    lab = np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), np.float32)
    spine = points[[11, 12]].mean(0) - points[[23, 24]].mean(0)
    breadth = np.linalg.norm(points[11] - points[12])
    torso = max(float(np.linalg.norm(spine)), 1.2 * float(breadth), 4.0)
    height, width = mask.shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    inside = np.asarray(mask > 0.5)
    seen = visibility > 0.5
    skin, sample = _skin(smooth, inside, points, seen, torso, side, grid)
    return _Body(points, seen, inside, lab, skin, sample, torso, side, grid)


def _skin(
    picture: Picture, inside: Mask, points: Floats, seen: Mask, torso: float, side: str, grid: Floats
) -> tuple[Floats, Mask]:
    """How likely each pixel is skin, by the colours round nose and mouth and of hands, else at large; that sample."""
    chroma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb), np.float32)[..., [2, 1]]
    light = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    mean: Floats = np.array(_SKIN_MEAN, np.float32)
    spread: Floats = np.array(_SKIN_SPREAD, np.float32)
    plausible = inside & (np.abs((chroma - mean) / (2.5 * spread)).max(-1) < 1) & (light > 25)
    spots = [] if side == "back" else [(0, 0.10), (9, 0.06), (10, 0.06)]
    spots += [(joint, 0.06) for joint in (15, 16, 19, 20) if seen[joint]]
    sample = np.zeros(inside.shape, bool)
    for joint, radius in spots:
        sample |= np.linalg.norm(grid - points[joint], axis=-1) < radius * torso
    sample &= plausible
    if sample.sum() >= 12:
        mean = np.median(chroma[sample], axis=0)
        own = 1.5 * np.median(np.abs(chroma[sample] - mean), axis=0) + 3
        spread = np.clip(own, 4, 9)
        middle = float(np.median(light[sample]))
        light_fits = np.exp(-0.5 * ((light - middle) / 55) ** 2)
    else:
        light_fits = (light > 40).astype(np.float32)
    distance = (((chroma - mean) / spread) ** 2).sum(-1)
    return np.asarray(np.exp(-0.5 * np.maximum(distance - 1, 0)) * light_fits * inside, np.float32), sample


def _along(grid: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Position along a -> b (0..1 between them, not clipped) and distance from the segment, per pixel."""
    dx, dy = float(b[0] - a[0]), float(b[1] - a[1])
    x, y = grid[..., 0] - np.float32(a[0]), grid[..., 1] - np.float32(a[1])
    t = (x * dx + y * dy) / max(dx * dx + dy * dy, 1e-6)
    on = np.clip(t, 0, 1)
    return np.asarray(t, np.float32), np.asarray(np.hypot(x - on * dx, y - on * dy), np.float32)


def _parts(body: _Body) -> NDArray[np.int8]:
    """Nearest body part of each pixel of the outline; -1 outside."""
    p, t = body.points, body.torso
    neck, hip = p[[11, 12]].mean(0), p[[23, 24]].mean(0)
    best = np.full(body.inside.shape, np.inf, np.float32)
    part = np.full(body.inside.shape, -1, np.int8)

    def offer(distance: Floats, which: int) -> None:
        closer = body.inside & (distance < best)
        best[closer] = distance[closer]
        part[closer] = which

    head = p[[7, 8]].mean(0)
    up = (neck - hip) / max(float(np.linalg.norm(neck - hip)), 1e-6)
    crown = head + up * 0.16 * t
    chin = p[[9, 10]].mean(0) - up * 0.07 * t
    offer(_along(body.grid, crown, chin)[1] / (0.24 * t), HEAD)
    offer(_along(body.grid, chin, neck)[1] / (0.13 * t) * 1.1, HEAD)
    # The trunk is a wide capsule from the shoulders' line to the hips' line.
    half = max(0.5 * float(np.linalg.norm(p[11] - p[12])), 0.16 * t)
    for share in (-0.55, 0.0, 0.55):
        side = np.array([-up[1], up[0]], np.float32) * half * share
        offer(_along(body.grid, neck + side - up * 0.07 * t, hip + side)[1] / max(0.55 * half, 0.12 * t), TORSO)
    for a, b, which, radius in _BONES:
        if which == ARM and not body.seen[[a, b]].all():
            continue  # hidden in front of or behind the trunk
        offer(_along(body.grid, p[a], p[b])[1] / (radius * t), which)
    return part


def _bare_end(body: _Body, chain: tuple[int, ...], where: Mask, garment: Mask) -> tuple[Mask, float]:
    """What lies beyond the cut along a limb that best parts cloth (before) from skin (after), and that cut.

    A hand or foot counts as bare whatever its colour. The cut is in bones: 1 at elbow or knee, 2 at wrist or ankle.
    `garment` is where the cloth's colour is taken from.
    """
    points = body.points[list(chain)]
    stations = np.zeros(body.inside.shape, np.float32)
    nearest = np.full(body.inside.shape, np.inf, np.float32)
    for i, (a, b) in enumerate(pairwise(points)):
        t, distance = _along(body.grid, a, b)
        closer = distance < nearest
        nearest[closer] = distance[closer]
        stations[closer] = i + np.clip(t[closer], 0, 1.5 if i == len(points) - 2 else 1.0)
    twin = tuple(joint + 1 if joint % 2 else joint - 1 for joint in chain)
    rival = np.full(body.inside.shape, np.inf, np.float32)
    for a, b in pairwise(body.points[list(twin)]):
        rival = np.minimum(rival, _along(body.grid, a, b)[1])
    mine = where & (nearest <= rival)
    skin, contrast = np.clip(body.skin, 0.02, 0.98), np.inf
    if garment.sum() > 20 and body.sample.sum() > 20:  # a shirt of nearly the skin's colour: the nearer one counts
        cloth_colour, skin_colour = (np.median(body.lab[spot], axis=0) for spot in (garment, body.sample))
        from_cloth, from_skin = (np.linalg.norm(body.lab - colour, axis=-1) for colour in (cloth_colour, skin_colour))
        contrast = float(np.linalg.norm(cloth_colour - skin_colour))
        nearer = np.tanh((from_cloth - from_skin) / 6)
        vote = np.where(skin > 0.1, 0.5 * (skin - 0.35) + 0.5 * nearer, skin - 0.35)
    else:
        vote = skin - 0.35
    vote = np.where(mine, vote, 0)
    bins = np.arange(0, 2.001, 0.1)
    # Where cloth and skin look alike, the usual end of a sleeve or of shorts has the last word.
    doubt = 0.5 * float(mine.sum()) * np.exp(-contrast / 12)
    gain = [float(vote[stations >= at].sum() - vote[stations < at].sum()) - doubt * abs(at - 0.8) for at in bins]
    cut = float(bins[int(np.argmax(gain))])
    return mine & (stations >= cut), cut


def _below_waist(body: _Body, part: NDArray[np.int8], bare: Mask, cuts: list[float]) -> tuple[Mask, bool]:
    """What lies below the upper garment's end: the cut that best parts chest colours from those of thigh or shin.

    Second: whether cloth of one colour runs from the chest past the hips, fills the gap between the thighs and ends
    over bare shins, as a dress does.
    """
    p, t = body.points, body.torso
    neck, hip = p[[11, 12]].mean(0), p[[23, 24]].mean(0)
    down = (hip - neck) / max(float(np.linalg.norm(hip - neck)), 1e-6)
    depth = ((body.grid - hip) @ down) / t  # 0 at the hips, -1 at the shoulders
    trunk = ((part == TORSO) | (part == LEG)) & ~bare
    chest = trunk & (depth > -0.8) & (depth < -0.35)
    thigh = trunk & (depth > 0.3) & (depth < 0.6)
    shin = trunk & (depth > 0.95) & (depth < 1.3)
    usual, weights = -0.08, np.array([0.6, 1, 1], np.float32)
    if chest.sum() < 20:
        return np.asarray(depth >= usual), False
    above_colour = np.median(body.lab[chest], axis=0)
    seat = trunk & (depth > 0.05)
    if thigh.sum() < 20 and shin.sum() < 20 and seat.sum() >= 20:  # the photo ends at the hips
        thigh = seat
        usual = 9.0 if np.linalg.norm((above_colour - np.median(body.lab[seat], axis=0)) * weights) < 8 else usual
    for lower, last in ((thigh, 0.5), (shin, 1.2)):
        if lower.sum() < 20:
            continue
        below_colour = np.median(body.lab[lower], axis=0)
        if np.linalg.norm((above_colour - below_colour) * weights) < (8 if lower is thigh else 20):
            continue
        far = np.linalg.norm((body.lab - above_colour) * weights, axis=-1)
        near = np.linalg.norm((body.lab - below_colour) * weights, axis=-1)
        vote = np.where(trunk, np.tanh((far - near) / 12), 0)
        bins = np.arange(-0.45, last, 0.03)
        total = max(int(trunk.sum()), 1)
        gain = [float(vote[depth >= at].sum() - vote[depth < at].sum()) / total - 0.1 * abs(at + 0.08) for at in bins]
        return np.asarray(depth >= bins[int(np.argmax(gain))]), False
    skin_below = bool(body.skin[(part == LEG) & bare].mean() > 0.35) if (bare & (part == LEG)).any() else False
    one_piece = (
        skin_below
        and _skin_contrast(body, part) > 25
        and all(0.2 < cut < 1.5 for cut in cuts)
        and _gap_filled(body, cuts)
    )
    return np.asarray(depth >= usual), one_piece


def _hair(body: _Body, part: NDArray[np.int8]) -> Mask:
    """The head where it looks more like the crown than like the cheeks, and what hangs down in the hair's colours."""
    p, t = body.points, body.torso
    head = part == HEAD
    neck, hip = p[[11, 12]].mean(0), p[[23, 24]].mean(0)
    up = (neck - hip) / max(float(np.linalg.norm(neck - hip)), 1e-6)
    ears, mouth = p[[7, 8]].mean(0), p[[9, 10]].mean(0)
    above = (body.grid - mouth) @ up / t  # 0 at the mouth
    if body.side == "back":
        hair = head & ((above > -0.05) | (body.skin < 0.3))
    else:
        eyes = p[[2, 5]].mean(0)
        span = max(float(np.linalg.norm(eyes - mouth)), 0.08 * t)
        off_face = np.linalg.norm(body.grid - (0.45 * eyes + 0.55 * mouth), axis=-1) / span  # 1 is within the face
        cheeks = head & (off_face < 0.8)
        height = (body.grid - eyes) @ up
        sure = head & (cv2.erode(body.inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
        crown = sure & (height > 0.3 * span)
        if crown.any():  # its outermost half
            crown &= off_face > np.median(off_face[crown])
        if cheeks.sum() < 8 or crown.sum() < 8:
            return np.zeros(part.shape, bool)
        face_colour, hair_colour = (np.median(body.lab[spot], axis=0) for spot in (cheeks, crown))
        contrast = float(np.linalg.norm(face_colour - hair_colour))
        if contrast < 9:  # bald, or too dark to tell
            return np.zeros(part.shape, bool)
        from_face = np.linalg.norm(body.lab - face_colour, axis=-1)
        from_crown = np.linalg.norm(body.lab - hair_colour, axis=-1)
        hair = head & ((from_face - from_crown) / contrast + 0.8 * np.clip(off_face - 1.4, -1.5, 0.6) > 0)
        hair &= above > -0.15
    core = hair & ((body.grid - ears) @ up > 0.02 * t)
    low = hair & ~core
    chest = (part == TORSO) & (((body.grid - hip) @ up) / t < 0.6)
    if core.sum() > 15 and chest.sum() > 15:
        cloth = np.median(body.lab[chest], axis=0)
        from_cloth = np.linalg.norm(body.lab - cloth, axis=-1)
        colours = [np.median(body.lab[spot], axis=0) for spot in (core, low) if spot.sum() > 15]  # roots and tips
        colours = [colour for colour in colours if np.linalg.norm(colour - cloth) > 25]
        if colours:
            from_hair = np.min([np.linalg.norm(body.lab - colour, axis=-1) for colour in colours], axis=0)
            reach = np.linalg.norm(body.grid - ears, axis=-1) < (1.1 if body.side == "back" else 0.8) * t
            hanging = body.inside & reach & (from_hair < 0.6 * from_cloth) & (from_hair < 40)
            hanging &= ((part == HEAD) | (part == TORSO)) & ((body.skin < 0.35) | (body.side == "back"))
            _, labels = cv2.connectedComponents((hanging | hair).astype(np.uint8))
            joined = np.unique(labels[hair])
            hair = hair | (hanging & np.isin(labels, joined[joined > 0]))
    return hair


def _neckline(body: _Body, part: NDArray[np.int8]) -> Mask:
    """Bare skin of the chest: skin near the neck, in front; none where the shirt itself has the skin's colour."""
    chest = part == TORSO
    if body.side == "back" or not chest.any() or body.skin[chest].mean() > 0.45:
        return np.zeros(part.shape, bool)
    neck = body.points[[11, 12]].mean(0)
    near = np.linalg.norm(body.grid - neck, axis=-1) < 0.33 * body.torso
    return np.asarray(near & chest & (body.skin > 0.5))


def _is_skirt(body: _Body, part: NDArray[np.int8], cuts: list[float]) -> bool:
    """Cloth that ends at about the knees and fills the gap between two parted thighs."""
    if _skin_contrast(body, part) < 25:
        return False
    parted = float(np.linalg.norm(body.points[25] - body.points[26])) > 0.35 * body.torso
    return parted and all(0.2 < cut < 1.5 for cut in cuts) and _gap_filled(body, cuts)


def _skin_contrast(body: _Body, part: NDArray[np.int8]) -> float:
    """How far the trunk's colour lies from the skin's; small in poor light, where skin and cloth look alike."""
    trunk = part == TORSO
    if not (trunk.any() and body.sample.any()):
        return 0.0
    return float(np.linalg.norm(np.median(body.lab[trunk], axis=0) - np.median(body.lab[body.sample], axis=0)))


def _gap_filled(body: _Body, cuts: list[float]) -> bool:
    """Whether the outline is whole between the thighs, a little above where the cloth ends."""
    p = body.points
    if not body.seen[[25, 26]].all():
        return False
    share = min(0.8, 0.8 * max(cuts))
    middle = p[[25, 26]].mean(0) * share + p[[23, 24]].mean(0) * (1 - share)
    gap = np.linalg.norm(body.grid - middle, axis=-1) < 0.07 * body.torso
    return bool(gap.any() and body.inside[gap].mean() > 0.8)


def _settle(body: _Body, parsing: Parsing) -> Parsing:
    """Smooth the borders a little; pixels of the outline that no step claimed take their nearest neighbour's region."""
    sigma = max(0.6, 0.012 * body.torso)
    parsing = np.asarray(np.stack([cv2.GaussianBlur(m, (0, 0), sigma) for m in one_hot(parsing)]).argmax(0), np.uint8)
    unclaimed = body.inside & (parsing == 0)
    if unclaimed.any() and (parsing > 0).any():
        _, labels = cv2.distanceTransformWithLabels(
            (parsing == 0).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
        )
        table = np.zeros(int(labels.max()) + 1, np.uint8)
        table[labels[parsing > 0]] = parsing[parsing > 0]
        parsing[unclaimed] = table[labels[unclaimed]]
    parsing[~body.inside] = 0
    return parsing
