"""Which way a head is turned, and where what is seen of it lies once it has turned, from nose, eyes, ears and neck."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsagan.people.pose import NECK, Pose

Floats = NDArray[np.float64]

FACE: Final = [0, 14, 15, 16, 17]  # nose, right eye, left eye, right ear, left ear
NOSE_AND_EYES: Final = FACE[:3]  # what a back does not show

# Where the joints lie in a head, in breadths of it between the ears: to the person's left, up, forwards. Those of the
# synthetic people's rest shape, as their pictures say where joints are.
_JOINTS: Final = [*FACE, NECK]
_PLACES: Final = np.array(
    [
        (0.0, -0.19, 0.69),
        (-0.175, 0.025, 0.495),
        (0.175, 0.025, 0.495),
        (-0.44, 0.0, 0.0),
        (0.44, 0.0, 0.0),
        (0.0, -1.13, -0.13),
    ]
)
# Its skull, an ellipsoid, in the same directions and lengths: the middle, and 1 / radius ** 2 of each axis.
_MIDDLE: Final = np.array([0.0, 0.1, 0.03])
_CURVED: Final = 1 / np.array([0.52, 0.85, 0.64]) ** 2
_NECK_TELLS: Final = 0.1  # of what a joint of the face does: heads nod and tilt on it, and shoulders are shrugged
_DOT: Final = 1e-6  # pixels: a head that is not broader shows nothing
_FEWEST: Final = 2  # joints of the face, the nose being one of them: two ears and a neck tell next to nothing
_UPRIGHT: Final = 0.02  # squared breadths: what a nod by 30 degrees, or a tilt by 73, must gain to be believed
_NOD, _TILT = np.radians((30, 73))
# Where turns and nods are looked for, one after the other: each round what the one before it has found. Beyond 95
# degrees a nose is not seen.
_GRIDS: Final = (
    (np.radians(np.arange(-95, 96, 5)), np.radians(np.arange(-45, 46, 5))),
    *((np.radians(step) * np.arange(-4, 5),) * 2 for step in (1, 0.2)),
)


def camera_of(pose: Pose) -> Floats | None:
    """The direction towards the camera as a head has it, float64 (3,) of length 1: to its left, up, forwards.

    How it is tilted in the picture does not count. None where it shows too little of itself: neck, nose and another
    joint of the face are asked.
    """
    view = _view(pose.points)
    return None if view is None else view.axes[2]


def turned_apart(one: Floats | None, other: Floats | None) -> float | None:
    """By how many degrees two heads show themselves from different sides, 0..180, by `camera_of` each; None if one
    of these is."""
    if one is None or other is None:
        return None
    return float(np.degrees(np.arccos(np.clip(one @ other, -1, 1))))


def head_breadth(points: NDArray[np.floating]) -> float:
    """Pixels between the ears of a head (18, 2), as it would show from the front; NaN where too little of it shows."""
    view = _view(points)
    return float("nan") if view is None else abs(view.ratio)


class Turned(NamedTuple):
    """The places of a head in another picture, complex128 x + iy; whether they turned as an ellipsoid does, bool; and
    how much larger the head is there."""

    places: NDArray[np.complex128]
    before: NDArray[np.bool_]
    ratio: float


def head_turn(start: Pose, end: Pose, places: NDArray[np.complex128], size: float) -> Turned | None:
    """Where the places of a head lie in another picture, in which it has turned.

    What is before its middle turns as an ellipsoid does; the rest, hair and backdrop, stays as flat as it is seen. What
    both pictures show of its joints ends where it is there, as nearly as a similarity brings it there.

    Args:
        places: x + iy, of any shape, in pixels of `start`.
        size: the ellipsoid's, in radii as in `head_radii`.

    Returns:
        None where the pictures do not share neck, nose and another joint of the face.
    """
    here, there = (_complex(pose.points) for pose in (start, end))
    weights = _weights(~np.isnan(here) & ~np.isnan(there))
    one, other = _view(start.points), _view(end.points)
    if weights is None or one is None or other is None:
        return None
    joints = other.seen(one.unseen(np.nan_to_num(here), _PLACES @ one.axes[2]))
    ratio, offset, _ = _laid(joints, np.nan_to_num(there), weights)
    nearest, squared = one.around(places)
    ahead = one.axes[2]
    depths = np.sqrt(np.maximum(size**2 - squared, 0) / (ahead @ (_CURVED * ahead)))
    turned = other.seen(_MIDDLE + other.shown(nearest + depths[..., None] * ahead, size))
    scale = other.ratio / one.ratio
    flat = other.seen(_MIDDLE) + scale * (places - one.seen(_MIDDLE))
    before = np.asarray(squared < size**2)
    return Turned(ratio * np.where(before, turned, flat) + offset, before, float(np.abs(ratio * scale)))


def head_radii(pose: Pose, places: NDArray[np.complex128]) -> Floats | None:
    """How far places x + iy of a picture, of any shape, lie from the middle of a head, as seen there, in radii of its
    skull; NaN lower than the ears, where hair may hang. None where too little of it shows."""
    view = _view(pose.points)
    if view is None:
        return None
    nearest, squared = view.around(places)
    return np.where(nearest[..., 1] + _MIDDLE[1] > 0, np.sqrt(squared), np.nan)


class _View(NamedTuple):
    """How a head is seen: its axes towards the picture's right, up, and towards the camera, in what is to its left, up
    and forwards, float64 (3, 3); and the similarity from breadths to pixels, x + iy."""

    axes: Floats
    ratio: complex
    offset: complex

    def seen(self, points: Floats) -> NDArray[np.complex128]:
        """Places (...) in the picture of points (..., 3) of the head."""
        return np.asarray(self.ratio * (points @ (self.axes[0] - 1j * self.axes[1])) + self.offset)

    def unseen(self, places: NDArray[np.complex128], depths: Floats) -> Floats:
        """Points (..., 3) of the head that are seen at these places, so far (...) towards the camera."""
        flat = (places - self.offset) / self.ratio
        return np.asarray(np.stack([flat.real, -flat.imag, depths], -1) @ self.axes)

    def around(self, places: NDArray[np.complex128]) -> tuple[Floats, Floats]:
        """Of what is seen at each place (...), the point (..., 3) that is nearest to the middle, as from there, and the
        square of how many radii it is away (...)."""
        nearest, _ = self._parted(self.unseen(places, np.zeros(places.shape)) - _MIDDLE)
        return nearest, np.asarray((nearest * _CURVED * nearest).sum(-1))

    def shown(self, points: Floats, size: float) -> Floats:
        """Points (..., 3) from the middle, on an ellipsoid of so many radii; where it hides them, those of its rim."""
        nearest, ahead = self._parted(points)
        radii = np.sqrt(np.maximum((nearest * _CURVED * nearest).sum(-1, keepdims=True), 1e-9))
        return np.where(ahead[..., None] < 0, nearest * size / radii, points)

    def _parted(self, points: Floats) -> tuple[Floats, Floats]:
        """Points (..., 3) from the middle as they would lie nearest to it, seen at the same places, and how far they
        lie towards the camera from there (...)."""
        curved = _CURVED * self.axes[2]
        ahead = points @ curved / (self.axes[2] @ curved)
        return points - ahead[..., None] * self.axes[2], ahead


def _view(points: NDArray[np.floating]) -> _View | None:
    """How a head (18, 2) is seen, or None where too little of it is."""
    seen = _complex(points)
    weights = _weights(~np.isnan(seen))
    if weights is None:
        return None
    seen = np.nan_to_num(seen)
    yaw = nod = np.zeros(())
    for turns, tips in _GRIDS:
        yaws, nods = yaw + turns, nod + tips
        costs, ratios, offsets = _explained(seen, weights, yaws, nods)
        best = np.unravel_index(costs.argmin(), costs.shape)
        yaw, nod = yaws[best[0]], nods[best[1]]
    ratio, offset = complex(ratios[best]), complex(offsets[best])
    return _View(_axes(yaw, nod), ratio, offset) if abs(ratio) > _DOT else None


def _axes(yaw: Floats, nod: Floats) -> Floats:
    """The axes of `_View`, (..., 3, 3), of a head that is turned by `yaw`, then nods by `nod`, both (...)."""
    (cos, sin), (up, down) = (np.cos(yaw), np.sin(yaw)), (np.cos(nod), np.sin(nod))
    rows = [[cos, 0 * cos, sin], [down * sin, up, -down * cos], [-up * sin, down, up * cos]]
    return np.stack([np.stack(np.broadcast_arrays(*row), -1) for row in rows], -2)


def _explained(
    seen: NDArray[np.complex128], weights: Floats, yaws: Floats, nods: Floats
) -> tuple[Floats, NDArray[np.complex128], NDArray[np.complex128]]:
    """How badly a head that is turned by each of `yaws`, then nods by each of `nods`, explains its joints, and the
    ratio and offset that lay it on them: (Y, N) each."""
    axes = _axes(*np.meshgrid(yaws, nods, indexing="ij"))
    shown = (axes[..., 0, :] - 1j * axes[..., 1, :]) @ _PLACES.T  # (Y, N, 6), y down
    ratio, offset, off = _laid(shown, seen, weights)
    misfit = off / np.maximum(np.abs(ratio) ** 2, 1e-9)
    unlikely = (nods / _NOD) ** 2 + (np.angle(ratio) / _TILT) ** 2
    return np.asarray(misfit + _UPRIGHT * unlikely), ratio, offset


def _complex(points: NDArray[np.floating]) -> NDArray[np.complex128]:
    """The head's joints as x + iy, (6,); NaN where one is missing."""
    return np.asarray(points[_JOINTS, 0] + 1j * points[_JOINTS, 1].astype(np.float64))


def _weights(known: NDArray[np.bool_]) -> Floats | None:
    """How much each of the head's joints counts, or None if too few of them are known."""
    if not (known[0] and known[-1]) or known[:-1].sum() < _FEWEST:
        return None
    weights = np.where(known, [1.0] * len(FACE) + [_NECK_TELLS], 0.0)
    return np.asarray(weights / weights.sum())


def _laid(
    start: NDArray[np.complex128], end: NDArray[np.complex128], weights: Floats
) -> tuple[NDArray[np.complex128], NDArray[np.complex128], Floats]:
    """Ratio and offset (complex) that lay joints (..., 6) on `end` (6,) best, and the mean squared distance left."""
    middle, goal = (weights * start).sum(-1, keepdims=True), (weights * end).sum()
    out, wanted = start - middle, end - goal
    size = np.maximum((weights * np.abs(out) ** 2).sum(-1, keepdims=True), 1e-9)
    ratio = (weights * wanted * out.conj()).sum(-1, keepdims=True) / size
    left = (weights * np.abs(wanted - ratio * out) ** 2).sum(-1)
    return np.asarray(ratio[..., 0]), np.asarray((goal - ratio * middle)[..., 0]), np.asarray(left)
