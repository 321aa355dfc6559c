"""A person's own head, turned a little, on a painted body: no painter knows a face better."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsagan.people import Parsing, Person, Picture, Pose, Region
from rsagan.people.head import FACE, camera_of, head_radii, head_turn, turned_apart
from rsagan.people.pose import NECK, NOSE

Floats = NDArray[np.float32]

# Degrees from which a head is seen from another side, and up to which from the same: of one that turns, and of one in
# profile, which is laid on flat, or in the mirror. And the cosines of how far from the front it is seen there, and
# where it turns freely: in between it turns away from the camera, but less towards it, since that would show what is
# hidden.
_TURNED, _FLAT, _PROFILE = (52.0, 46.0), (26.0, 20.0), (0.5, 0.77)
_HIDING: Final = (0.0, 15.0)  # degrees from which what is not seen of a head is hidden, and not backdrop
_WITHIN: Final = 90  # per cent of what is seen of a head above its ears
_LARGEST: Final = 2.0  # radii: farther away is nothing of a head
_SMALLER: Final = 20.0  # times: so much smaller or larger than in the picture, a head is none
# Along the head from the neck (0) to the middle of the face (1), and aside of that line, in the same lengths: the
# throat is painted and the chin is the picture's, sooner where one has a throat and the other has none; hair hangs
# lower. Of each two, all is painted at the first, and all the picture's at the second.
_THROAT, _CHIN, _HAIR, _ABOVE, _ASIDE = (0.3, 0.6), (0.5, 0.7), (-1.2, -0.7), (2.8, 2.3), (1.7, 1.3)
_EDGE: Final = 1 / 256  # of the height, a pixel of what is painted: so soft are the edges
_HEADS_OWN: Final = (Region.HAIR, Region.FACE)
_HEAD: Final = (Region.BACKGROUND, *_HEADS_OWN)
# Of how large a head is: so near an arm covers it. Of its pixels: of a head of which that covers more, nothing is made.
_BESIDE, _COVERED = 1.25, 0.02
_CUT: Final = 0.7  # of a head's breadth: whose upper end is as broad goes on beyond the picture


class Parts(NamedTuple):
    """A painted person: picture uint8 (H, W, 3), regions uint8 (H, W), outline float32 (H, W) in 0..1."""

    picture: Picture
    parsing: Parsing
    outline: Floats


class _Masks(NamedTuple):
    """What may belong to a head, hair, and the person: float32 (H, W) each, soft, in 0..1."""

    free: Floats
    hair: Floats
    person: Floats


@dataclass(frozen=True, eq=False)
class Head:
    """A picture of a person that may lend its head; what that picture alone says of it is found once.

    Attributes:
        person: the picture, of any size.
    """

    person: Person

    @cached_property
    def camera(self) -> NDArray[np.float64] | None:
        """From where it is seen, see `rsagan.people.head.camera_of`."""
        return camera_of(self.person.pose)

    @cached_property
    def mirrored(self) -> "Head":
        """The head of the mirrored picture: a face's other side, as far as both are alike."""
        return Head(self.person.flipped())

    @cached_property
    def masks(self) -> _Masks:
        """In the picture's pixels."""
        return _masks(self.person.parsing)

    @cached_property
    def size(self) -> float:
        """The ellipsoid's that turns, see `rsagan.people.head.head_turn`: a little smaller than the head, so that at
        its rim no backdrop is seen; 0 in profile."""
        if self.camera is None or self.camera[2] < _PROFILE[0] or not len(self._own_radii):
            return 0.0
        return float(np.percentile(self._own_radii, _WITHIN))

    @cached_property
    def is_partial(self) -> bool:
        """Whether its crown lies beyond the picture, or beyond the photo within it, or an arm covers some of it."""
        arms, mine = self._radii(Region.ARMS), self._own_radii
        if len(mine) == 0 or (arms < _BESIDE * np.percentile(mine, 95)).sum() > _COVERED * len(mine):
            return True
        parsing = self.person.parsing
        nose = round(float(self.person.pose.points[NOSE, 1]))
        breadths = np.isin(parsing[: max(nose, 0)], _HEADS_OWN).sum(1)  # beside what hangs lower
        rows = np.flatnonzero(breadths)
        if not len(rows):
            return True
        top = rows[0] + round(_EDGE * len(parsing))
        return bool(rows[0] == 0 or breadths[min(top, rows[-1])] > _CUT * breadths.max())

    @cached_property
    def _own_radii(self) -> NDArray[np.float64]:
        """Those of the head itself, see `_radii`."""
        return self._radii(*_HEADS_OWN)

    def _radii(self, *regions: Region) -> NDArray[np.float64]:
        """Of every pixel of these regions above the ears, how far it is from the middle of the head, see `head_radii`;
        none where too little of a head shows."""
        rows, columns = np.nonzero(np.isin(self.person.parsing, regions))
        radii = head_radii(self.person.pose, columns + 1j * rows)
        return np.zeros(0) if radii is None else radii[radii < _LARGEST]


def with_own_head(painted: Parts, target: Pose, heads: Sequence[Head]) -> Parts:
    """A result with that one of the person's heads that a picture shows from about the side that the target asks for.

    Only a head that shows its nose is carried over: from behind, joints do not tell enough, and painters know hair. Up
    to 46 degrees the picture's is turned, in profile only up to 20; over six more it fades into the painted one. What
    no picture shows from there one may show in the mirror, up to 20. Where an arm is before a head, the result stays as
    painted, as it does where no picture shows a whole head.

    Args:
        painted: in the pose `target`, on the backdrop of the person's pictures.
        heads: one a picture of the person.
    """
    camera = camera_of(target) if heads else None
    own = _lent(camera, heads)
    if own is None or own.share < 1:
        painted = _laid_on(painted, target, _lent(camera, [head.mirrored for head in heads], at_most=_FLAT))
    return _laid_on(painted, target, own)


class _Lent(NamedTuple):
    """A head, how many degrees it is to turn, and how much of it is to be seen, 0..1."""

    head: Head
    angle: float
    share: float


def _lent(
    camera: NDArray[np.float64] | None, heads: Sequence[Head], at_most: tuple[float, float] = _TURNED
) -> _Lent | None:
    """That head which is seen from the nearest side, if any is."""
    angles = [turned_apart(camera, head.camera) for head in heads]
    near = min(((angle, k) for k, angle in enumerate(angles) if angle is not None), default=None)
    if near is None:
        return None
    angle, head = near[0], heads[near[1]]
    assert camera is not None
    assert head.camera is not None
    freely = float(_faded(head.camera[2], *_PROFILE)) if head.camera[2] < camera[2] else float(head.size > 0)
    none, whole = freely * np.array(at_most) + (1 - freely) * np.array(_FLAT)
    return _Lent(head, angle, float(_faded(angle, none, whole)))


def _laid_on(painted: Parts, target: Pose, lent: _Lent | None) -> Parts:
    """A result with this head; as painted without one."""
    if lent is None or not lent.share or lent.head.is_partial:
        return painted
    head, person = lent.head, lent.head.person
    box = _box(target)  # beyond it all stays as painted
    rows, columns = np.mgrid[box]
    turned = head_turn(target, person.pose, columns + 1j * rows, head.size)
    if turned is None or not 1 / _SMALLER < turned.ratio < _SMALLER:
        return painted
    import cv2

    x, y = turned.places.real.astype(np.float32), turned.places.imag.astype(np.float32)

    def brought(values: NDArray[Any], how: int = cv2.INTER_LINEAR) -> NDArray[Any]:
        border = cv2.BORDER_CONSTANT if values.ndim == 2 else cv2.BORDER_REPLICATE
        return cv2.remap(values, x, y, how, borderMode=border)

    masks, own = _Masks(*(each[box] for each in _masks(painted.parsing))), _Masks(*map(brought, head.masks))
    extent = _extent(target, box, np.maximum(masks.hair, own.hair), own.person * masks.person)
    unseen = _faded(lent.angle, *_HIDING) * np.where(turned.before, 1 - own.person, 0)
    unseen = cv2.GaussianBlur(unseen, (0, 0), 2 * _EDGE * len(painted.parsing))
    share = lent.share * (1 - unseen) * (masks.free * own.free) * extent
    share = np.clip(share, 0, 1).astype(np.float32)
    colours = brought(_shrunk(person.picture, turned.ratio))
    out = Parts(painted.picture.copy(), painted.parsing.copy(), painted.outline.copy())
    picture = painted.picture[box] + share[..., None] * (colours.astype(np.float32) - painted.picture[box])
    out.picture[box] = np.clip(picture + 0.5, 0, 255)
    out.parsing[box] = np.where(share > 0.5, brought(person.parsing, cv2.INTER_NEAREST), painted.parsing[box])
    out.outline[box] += share * (own.person - painted.outline[box])
    return out


def _masks(parsing: Parsing) -> _Masks:
    import cv2

    soft = _EDGE * len(parsing)

    def blurred(mask: NDArray[np.bool_], grow: int) -> Floats:
        reach = abs(grow) * round(soft)
        morph = cv2.dilate if grow > 0 else cv2.erode
        grown = morph(mask.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) if reach else mask
        return np.asarray(cv2.GaussianBlur(grown.astype(np.float32), (0, 0), soft))

    return _Masks(blurred(np.isin(parsing, _HEAD), -2), blurred(parsing == Region.HAIR, 1), blurred(parsing > 0, 0))


def _axis(target: Pose) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The neck, and the way up the head, (2,) each: along it a length is 1 at the middle of the face."""
    neck = target.points[NECK].astype(np.float64)
    up = np.nanmean(target.points[FACE], axis=0) - neck
    return neck, up / max(float(up @ up), 1.0)


def _box(target: Pose) -> tuple[slice, slice]:
    """The rows and columns of the frame that `_extent` does not leave out."""
    neck, up = _axis(target)
    aside = np.array([up[1], -up[0]])
    ends = [a * up + b * aside for a in (_HAIR[0], _ABOVE[0]) for b in (-_ASIDE[0], _ASIDE[0])]
    corners = neck + np.array(ends) / max(float(up @ up), 1e-9)
    (x0, y0), (x1, y1) = (
        np.clip(each, 0, target.size[::-1]).astype(int) for each in (corners.min(0), corners.max(0) + 1)
    )
    return slice(y0, y1), slice(x0, x1)


def _extent(target: Pose, box: tuple[slice, slice], hair: Floats, both: Floats) -> Floats:
    """How much of each pixel of the box belongs to the head, 0..1; as large are `hair` and where `both` show the
    person, in 0..1 too."""
    neck, up = _axis(target)
    y, x = np.mgrid[box]
    along = (x - neck[0]) * up[0] + (y - neck[1]) * up[1]
    aside = np.abs((x - neck[0]) * up[1] - (y - neck[1]) * up[0])
    skin = both * _faded(along, *_THROAT) + (1 - both) * _faded(along, *_CHIN)
    low = hair * _faded(along, *_HAIR) + (1 - hair) * skin
    return np.asarray(low * _faded(along, *_ABOVE) * _faded(aside, *_ASIDE), np.float32)


def _faded(value: NDArray[np.floating] | float, none: float, whole: float) -> NDArray[np.floating]:
    """0 at `none` and before, 1 at `whole` and beyond, smooth between them."""
    share = np.clip((np.asarray(value) - none) / (whole - none), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _shrunk(picture: Picture, ratio: float) -> Picture:
    """A picture of which every `ratio`th pixel will be taken, without what would alias."""
    import cv2

    if ratio <= 1:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5 * np.sqrt(ratio**2 - 1) + 1e-3))
