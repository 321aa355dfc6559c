"""Which way a head is turned, and how one picture's head lies on another's, from nose, eyes, ears and neck."""

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
_NECK_TELLS: Final = 0.1  # of what a joint of the face does: heads nod and tilt on it, and shoulders are shrugged
_FEWEST: Final = 2  # joints of the face, the nose being one of them: two ears and a neck tell next to nothing
_UPRIGHT: Final = 0.02  # squared breadths: what a nod by 30 degrees, or a tilt by 73, must gain to be believed
_NOD, _TILT = np.radians((30, 73))
_FARTHEST, _COARSE, _FINE = np.radians((95, 5, 1))  # a nose is not seen beyond


def camera_of(pose: Pose) -> Floats | None:
    """The direction towards the camera as a head has it, float64 (3,) of length 1: to its left, up, forwards.

    How it is tilted in the picture does not count. None where it shows too little of itself: neck, nose and another
    joint of the face are asked.
    """
    view = _view(pose.points)
    return None if view is None else view.camera


def turned_apart(one: Floats | None, other: Floats | None) -> float | None:
    """By how many degrees two heads show themselves from different sides, 0..180, by `camera_of` each; None if one
    of these is."""
    if one is None or other is None:
        return None
    return float(np.degrees(np.arccos(np.clip(one @ other, -1, 1))))


def head_breadth(points: NDArray[np.floating]) -> float:
    """Pixels between the ears of a head (18, 2), as it would show from the front; NaN where too little of it shows."""
    view = _view(points)
    return float("nan") if view is None else view.breadth


def head_motion(start: Pose, end: Pose) -> Floats | None:
    """How a head lies on another one as if both were flat: turned, scaled and moved.

    Returns:
        (2, 3), from pixels of `start` to those of `end`; None where they do not share neck, nose and another joint of
        the face.
    """
    here, there = (_complex(pose.points) for pose in (start, end))
    weights = _weights(~np.isnan(here) & ~np.isnan(there))
    if weights is None:
        return None
    ratio, offset, _ = _laid(np.nan_to_num(here), np.nan_to_num(there), weights)
    return np.array([[ratio.real, -ratio.imag, offset.real], [ratio.imag, ratio.real, offset.imag]])


class _View(NamedTuple):
    """The direction towards the camera, as `camera_of` gives it, and the head's breadth in pixels."""

    camera: Floats
    breadth: float


def _view(points: NDArray[np.floating]) -> _View | None:
    """How a head (18, 2) is seen, or None where too little of it is."""
    seen = _complex(points)
    weights = _weights(~np.isnan(seen))
    if weights is None:
        return None
    seen = np.nan_to_num(seen)
    yaws, nods = np.arange(-_FARTHEST, _FARTHEST + _FINE, _COARSE), np.arange(-9, 10) * _COARSE
    for fine in (False, True):
        costs, breadths = _explained(seen, weights, yaws, nods)
        best = np.unravel_index(costs.argmin(), costs.shape)
        yaw, nod = yaws[best[0]], nods[best[1]]
        if not fine:
            around = np.arange(-4, 5) * _FINE
            yaws, nods = yaw + around, nod + around
    camera = np.array([-np.sin(yaw) * np.cos(nod), np.sin(nod), np.cos(yaw) * np.cos(nod)])
    return _View(camera, float(breadths[best]))


def _explained(seen: NDArray[np.complex128], weights: Floats, yaws: Floats, nods: Floats) -> tuple[Floats, Floats]:
    """How badly a head that is turned by each of `yaws`, then nods by each of `nods`, explains its joints, and how
    broad it would be: (Y, N) each."""
    x, y, z = _PLACES.T
    yaw, nod = yaws[:, None, None], nods[None, :, None]
    ahead = z * np.cos(yaw) - x * np.sin(yaw)
    shown = x * np.cos(yaw) + z * np.sin(yaw) - 1j * (y * np.cos(nod) - ahead * np.sin(nod))  # (Y, N, 6), y down
    ratio, _, off = _laid(shown, seen, weights)
    misfit = off / np.maximum(np.abs(ratio) ** 2, 1e-9)
    unlikely = (nods / _NOD) ** 2 + (np.angle(ratio) / _TILT) ** 2
    return np.asarray(misfit + _UPRIGHT * unlikely), np.abs(ratio)


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
