"""Region maps of others: read, checked against the joints, translated into our regions."""

import io
import warnings
from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsagan.errors import InputError
from rsagan.people import LABEL_NAMES, LIMBS, Parsing, Region, to_regions
from rsagan.people.regions import CLASS_REGION

_MAX_PIXELS: Final = 64_000_000
_LIMBS_OF: Final = {Region.ARMS: LIMBS[1:3] + LIMBS[4:6], Region.LEGS: LIMBS[7:9] + LIMBS[10:12]}
_SHINS: Final = LIMBS[8], LIMBS[11]
_REACH: Final = {4: 0.5, 7: 0.5, 10: 0.3, 13: 0.3}  # how far hands and feet reach beyond wrists and ankles, in limbs
_R: Final = Region
# Where a joint may lie in a true map: what tells a right label table from a wrong one.
_AT_JOINT: Final[dict[tuple[int, ...], tuple[Region, ...]]] = {
    (0, 14, 15): (_R.FACE,),
    (1,): (_R.FACE, _R.HAIR, _R.UPPER, _R.DRESS),
    (3, 6): (_R.ARMS, _R.UPPER, _R.DRESS),
    (4, 7): (_R.ARMS, _R.UPPER),
    (8, 11): (_R.UPPER, _R.PANTS, _R.DRESS),
    (9, 12): (_R.PANTS, _R.DRESS, _R.LEGS),
    (10, 13): (_R.PANTS, _R.LEGS),
}
_LEAST_AGREEMENT: Final = 0.5
_CLEARLY_BETTER: Final = 0.1
_NEARLY_ALL: Final = 0.7


def read_labels(data: bytes, where: str) -> NDArray[np.uint8]:
    """Class numbers, uint8 (H, W), of a grey or palette PNG, of a PNG with three equal channels, or of an .npy array.

    Raises:
        InputError: neither, coloured, or numbers that are no small whole ones.
    """
    labels = _array(data, where) if data[:6] == b"\x93NUMPY" else _png(data, where)
    labels = labels.squeeze()
    whole = labels.dtype.kind in "iub" or (labels.dtype.kind == "f" and (labels == np.round(labels)).all())
    if labels.ndim != 2 or not labels.size or not whole:
        raise InputError(f"{where} is {labels.dtype} {labels.shape}; a parsing map is one whole number a pixel.")
    outside = [number for number in (labels.min(), labels.max()) if not 0 <= number <= 255]
    if outside:
        raise InputError(f"{where} holds the number {outside[0]}; class numbers go from 0 to 255.")
    return labels.astype(np.uint8)


def regions_of(
    labels: NDArray[np.uint8], label_set: str, points: NDArray[np.float32], where: str = "the parsing map"
) -> Parsing:
    """A map's regions, classes that merge several of ours parted by the joints.

    `skin` becomes arms or legs, whichever limb is nearer, or arms where no limb is known; a piece of `lower` that lies
    beyond the middle of the shins becomes legs, a shoe.

    Args:
        labels: (H, W) of class numbers. points: (18, 2) joints in the map's pixels, NaN = missing.

    Raises:
        InputError: unknown label set, or a number that it does not have.
    """
    regions = to_regions(labels, label_set, where)
    for number, name in enumerate(LABEL_NAMES[label_set]):
        if name == "skin":
            _part_skin(regions, labels == number, points)
        elif name == "lower":
            _part_shoes(regions, labels == number, points)
    return regions


def _part_skin(regions: Parsing, skin: NDArray[np.bool_], points: NDArray[np.float32]) -> None:
    """Write arms or legs where skin is. A piece that is nearly all one is all one: its end may lack its joint."""
    pixels = np.argwhere(skin)
    if not len(pixels):
        return
    arms, legs = (_distance(pixels[:, ::-1], points, _LIMBS_OF[region]) for region in (_R.ARMS, _R.LEGS))
    is_leg = legs < arms
    pieces = cv2.connectedComponents(skin.astype(np.uint8))[1][skin]
    share = np.bincount(pieces, is_leg) / np.maximum(np.bincount(pieces), 1)
    is_leg = np.where(share[pieces] > _NEARLY_ALL, True, np.where(share[pieces] < 1 - _NEARLY_ALL, False, is_leg))
    regions[skin] = np.where(is_leg, _R.LEGS, _R.ARMS)


def _part_shoes(regions: Parsing, lower: NDArray[np.bool_], points: NDArray[np.float32]) -> None:
    """Write legs where a piece of clothes lies wholly below the middle of the shin whose ankle is nearest."""
    middles = np.array([points[list(shin), 1].mean() for shin in _SHINS])
    if np.isnan(middles).all() or not lower.any():
        return
    _, pieces, boxes, centres = cv2.connectedComponentsWithStats(lower.astype(np.uint8))
    ankles = points[[shin[1] for shin in _SHINS]].astype(np.float64)
    away = np.where(np.isnan(middles), np.inf, np.square(centres[:, None] - ankles).sum(-1))
    shoes = boxes[:, cv2.CC_STAT_TOP] > middles[away.argmin(1)]
    shoes[0] = False  # what is not lower
    regions[shoes[pieces]] = _R.LEGS


def regions_in(label_set: str) -> set[Region]:
    """The regions that maps of a label set can hold."""
    found = {CLASS_REGION[name] for name in LABEL_NAMES[label_set]}
    return found | {_R.LEGS} if "skin" in LABEL_NAMES[label_set] else found


def agreement(maps: Sequence[tuple[NDArray[np.uint8], NDArray[np.float32]]], label_set: str) -> float | None:
    """How often joints lie on a region where such joints can lie, 0 ... 1, each kind of joint counting alike.

    Args:
        maps: class numbers (H, W) and joints (18, 2) in their pixels, of some pictures.

    Returns:
        None if the set does not have the numbers of most maps, or no joint can be told.
    """
    hits, foreign = np.zeros((len(_AT_JOINT), 2), int), 0
    for labels, points in maps:
        try:
            hits += joint_hits(regions_of(labels, label_set, points), points)
        except InputError:
            foreign += 1
    return None if foreign > len(maps) / 2 else share_of_hits(hits)


def share_of_hits(hits: NDArray[np.integer]) -> float | None:
    """The mean over kinds of joints of their share of hits, from sums of `joint_hits`; None if none was looked at."""
    known = hits[hits[:, 1] > 0]
    return float((known[:, 0] / known[:, 1]).mean()) if len(known) else None


def joint_hits(regions: Parsing, points: NDArray[np.float32]) -> list[list[int]]:
    """For each kind of joint: how many lie on a region where they can lie, and how many were looked at."""
    hits = []
    for joints, allowed in _AT_JOINT.items():
        below = _at(regions, points[list(joints)])
        hits.append([sum(region in allowed for region in below), len(below)])
    return hits


def check_label_set(
    maps: Sequence[tuple[NDArray[np.uint8], NDArray[np.float32]]], label_set: str, fixed: bool = False
) -> float | None:
    """The agreement of maps and joints under a label set; see `agreement`.

    Args:
        fixed: there is no option for the joints' frame to name.

    Raises:
        InputError: another set fits clearly better, or none fits.
    """
    scores = {name: score for name in LABEL_NAMES if (score := agreement(maps, name)) is not None}
    if not scores:
        unknown = {int(labels.max()) for labels, _ in maps}
        if maps and all(np.isnan(points).all() for _, points in maps):
            return None
        raise InputError(
            f"No label set has the numbers of these parsing maps (up to {max(unknown, default=0)}); "
            f"{label_set!r} ends at {len(LABEL_NAMES[label_set]) - 1}."
        )
    best = max(scores, key=lambda name: scores[name])
    own = scores.get(label_set, 0.0)
    if scores[best] - own > _CLEARLY_BETTER:
        raise InputError(
            f"These parsing maps are not of the label set {label_set!r}: joints lie on regions where they can lie in "
            f"{own:.0%} of cases, but in {scores[best]:.0%} with {best!r}; choose with --labels."
        )
    if own < _LEAST_AGREEMENT:
        frame = "" if fixed else "the frame of the joints (--frame), "
        raise InputError(
            f"Parsing maps and joints do not belong together: joints lie on regions where they can lie in only "
            f"{own:.0%} of cases; check {frame}the label set and the folders."
        )
    return own


def _at(regions: Parsing, points: NDArray[np.float32]) -> list[int]:
    """The regions at those points that are known and in the frame."""
    height, width = regions.shape
    found = []
    for x, y in points:
        if 0 <= x <= width - 1 and 0 <= y <= height - 1:
            found.append(int(regions[round(float(y)), round(float(x))]))
    return found


def _distance(
    pixels: NDArray[np.integer], points: NDArray[np.float32], limbs: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """Squared distance of each pixel (P, 2), x and y, to the nearest known limb, with hand or foot; else infinite."""
    nearest = np.full(len(pixels), np.inf)
    for a, b in limbs:
        start, along = points[a].astype(np.float64), (points[b] - points[a]).astype(np.float64)
        if np.isnan(along).any():
            continue
        position = np.clip((pixels - start) @ along / max(float(along @ along), 1e-9), 0, 1 + _REACH.get(b, 0))
        nearest = np.minimum(nearest, np.square(pixels - start - position[:, None] * along).sum(1))
    return nearest


def _array(data: bytes, where: str) -> NDArray[Any]:
    try:
        return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
    except Exception as error:  # whatever a damaged header makes its parser raise
        raise InputError(f"{where} is not a readable array of numbers.") from error


def _png(data: bytes, where: str) -> NDArray[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is judged here
            image = Image.open(io.BytesIO(data), formats=("PNG", "BMP"))
            if image.width * image.height > _MAX_PIXELS:
                raise InputError(f"{where} is {image.width} x {image.height} pixels, too large for a parsing map.")
            values = np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{where} is not a readable PNG parsing map.") from error
    if values.ndim == 3:
        if (values[..., :3] != values[..., :1]).any():
            raise InputError(f"{where} is coloured; a parsing map holds class numbers, not colours to look at.")
        values = values[..., 0]
    return values
