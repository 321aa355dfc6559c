"""Retargeting: a pose keeps the direction of every bone and takes another body's limb lengths.

A picture shows bones foreshortened, so how long they are is judged from the longest views and from usual proportions.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.people.head import FACE, head_breadth
from rsagan.people.pose import LEFT_HIP, NECK, NOSE, RIGHT_HIP, Pose

Points = NDArray[np.floating]
Lengths = Mapping[str, float]

TORSO: Final = "torso"
# Bones of both sides as (from, to), from the trunk outwards, and their usual length in torsos (neck to middle of hips).
_BONES: Final[dict[str, tuple[tuple[tuple[int, int], ...], float]]] = {
    "head": (((NECK, NOSE),), 0.55),
    "upper arm": (((2, 3), (5, 6)), 0.56),
    "forearm": (((3, 4), (6, 7)), 0.49),
    "thigh": (((8, 9), (11, 12)), 0.85),
    "shin": (((9, 10), (12, 13)), 0.92),
}
_BREADTH: Final = "breadth of the head"
_USUAL: Final = {TORSO: 1.0} | {name: share for name, (_, share) in _BONES.items()} | {_BREADTH: 0.43}
_HIPS: Final = [RIGHT_HIP, LEFT_HIP]
_SHOULDERS: Final = [2, 5]
_TOLERANCE = 1.25  # a bone is at most that much longer or shorter than usual
_WELL_SEEN = 80  # percentile, over the bones, of length by usual length: the size of a body partly foreshortened


def bone_lengths(poses: Sequence[Pose]) -> dict[str, float] | None:
    """The lengths, in pixels, of torso, head, upper arm, forearm, thigh and shin of a body, and its head's breadth.

    Args:
        poses: of one body at one size; the more, the surer.

    Returns:
        by name; None if hardly a bone is seen.
    """
    breadths = np.array([head_breadth(pose.points) for pose in poses])
    return _judged(_views(poses) | {_BREADTH: breadths})


def torso_length(pose: Pose) -> float | None:
    """The length of a body's torso in pixels, as `bone_lengths` judges it; None if hardly a bone is seen."""
    lengths = _judged(_views([pose]))
    return None if lengths is None else lengths[TORSO]


def _views(poses: Sequence[Pose]) -> dict[str, Points]:
    """What each bone measures in the pictures, in pixels: the torso once a pose, limbs twice; NaN where hidden."""
    tracks = np.stack([pose.points for pose in poses])
    bones: dict[str, list[Points]] = {TORSO: [tracks[:, NECK] - middle_of_hips(tracks)]}
    bones |= {name: [tracks[:, b] - tracks[:, a] for a, b in pairs] for name, (pairs, _) in _BONES.items()}
    return {name: np.linalg.norm(np.concatenate(vectors), axis=1) for name, vectors in bones.items()}


def _judged(views: dict[str, Points]) -> dict[str, float] | None:
    """The lengths that explain such views, of whatever has none the usual one; None if hardly a bone is seen."""
    seen: dict[str, float] = {}
    for name, lengths in views.items():
        known = lengths[~np.isnan(lengths)]
        if len(known):
            seen[name] = float(np.percentile(known, 90) if len(views[TORSO]) > 1 else known.max())
    ratios = [length / _USUAL[name] for name, length in seen.items() if name not in ("head", _BREADTH)]
    if not ratios or max(ratios) < 1:
        return None
    size = float(np.percentile(ratios, _WELL_SEEN))
    return {
        name: float(np.clip(seen.get(name, usual * size), usual * size / _TOLERANCE, usual * size * _TOLERANCE))
        for name, usual in _USUAL.items()
    }


def retargeted(points: Points, theirs: Lengths, ours: Lengths) -> Points:
    """Joints (18, 2) of a body of bone lengths `theirs` as one of `ours` has them; the neck stays where it is.

    Breadths, but that of the head, change with the torso. A joint whose bone has no known beginning does so, too.
    """
    ratio = {name: ours[name] / theirs[name] for name in theirs}
    start = root(points)
    out = np.asarray(start + (points - start) * ratio[TORSO])
    if not np.isnan(points[NECK]).any():
        middle = points[NOSE] if not np.isnan(points[NOSE]).any() else _middle(points[FACE])
        out[FACE] = out[NECK] + (middle - points[NECK]) * ratio["head"] + (points[FACE] - middle) * ratio[_BREADTH]
    for name, (pairs, _) in _BONES.items():
        for a, b in pairs[: 0 if name == "head" else 2]:
            moved = out[a] + (points[b] - points[a]) * ratio[name]
            if not np.isnan(moved).any():
                out[b] = moved
    return out


def root(points: Points) -> Points:
    """What holds a body (..., 18, 2) together: the neck, or where there is none the middle of the known joints."""
    known = ~np.isnan(points[..., NECK, :1])
    return np.where(known, points[..., NECK, :], _middle(points))


def _middle(points: Points) -> Points:
    """Of the known ones of some joints: (..., K, 2) to (..., 2); 0 if there are none."""
    known = ~np.isnan(points[..., :1])
    return np.asarray(np.where(known, points, 0).sum(axis=-2) / np.maximum(known.sum(axis=-2), 1))


def middle_of_hips(points: Points) -> Points:
    """(..., 18, 2) to (..., 2); NaN if a hip is missing."""
    return np.asarray(points[..., _HIPS, :].mean(axis=-2))
