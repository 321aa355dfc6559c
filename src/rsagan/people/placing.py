"""Placing somebody else's pose in a person's frame: same size and limbs of body, same place."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.people.head import FACE
from rsagan.people.pose import NECK, Pose
from rsagan.people.retarget import TORSO, Lengths, bone_lengths, retargeted, root

Tracks = NDArray[np.float64]

_MARGIN = 0.03  # of the frame's height, kept free around a whole body
_ANKLES: Final = [10, 13]
_LEGS: Final = ((TORSO, ((NECK, 8), (NECK, 11))), ("thigh", ((8, 9), (11, 12))), ("shin", ((9, 10), (12, 13))))
_HIP_BREADTH: Final = 0.6  # of the shoulders'
# What a body shows beyond its last joints, in lengths of the bone that leads there.
_HAND: Final = 0.6
_CROWN: Final = 0.5
_FOOT: Final = 0.35
_FOLLOWING = 15.0  # poses; a body that leaves the frame is followed as slowly as that


def placed(pose: Pose, like: Pose, retarget: bool = True, on_ground: bool = False) -> Pose:
    """One pose in the frame of `like`; see `placed_sequence`."""
    return placed_sequence([pose], like, retarget, on_ground)[0]


def placed_sequence(poses: Sequence[Pose], like: Pose, retarget: bool = True, on_ground: bool = False) -> list[Pose]:
    """Poses as the person of `like` would strike them, in that person's frame.

    All are moved and scaled together, so that the body's way through the picture is kept: to the size of `like`, the
    neck at its height, the whole in the middle of the frame. A body that walks out of the frame is followed. If `like`
    shows a whole body, all poses are kept in the frame, smaller if need be, and stand where they show no legs; else
    joints that leave the frame become missing.

    Args:
        poses: of one body, in one frame of any size.
        like: the person's own joints.
        retarget: bones take the person's lengths; otherwise the body is scaled as one.
        on_ground: the feet, rather than the neck, come to the height at which the person has them.
    """
    if not poses:
        return []
    height, width = like.size
    tracks = np.stack([pose.points for pose in poses]).astype(np.float64)
    roots = np.asarray(root(tracks), np.float64)
    theirs, ours = bone_lengths(poses), bone_lengths([like])
    if theirs is None or ours is None:
        scale = height / poses[0].size[0]
        bodies = tracks * scale
    else:
        scale = ours[TORSO] / theirs[TORSO]
        bodies = np.stack([retargeted(points, theirs, ours) for points in tracks]) if retarget else tracks * scale
    tracks = bodies - root(bodies)[:, None] + (roots * scale)[:, None]
    for axis, side in enumerate((width, height)):
        tracks[..., axis] -= _astray(tracks[..., axis], roots[:, axis] * scale, side)[:, None]
    tracks[..., 0] += (width - 1) / 2 - _middle(tracks[..., 0])
    tracks[..., 1] += _down(tracks, like, on_ground)
    if like.present[_ANKLES].all() and not np.isnan(tracks).all():
        usable = np.array([pose.usable() is None for pose in poses])
        tracks[usable] = _with_legs(tracks[usable], ours) if ours else tracks[usable]
        tracks = _inside(tracks, height, width, on_ground)
    return [
        replace(pose, points=points.astype(np.float32), size=like.size).without_outside()
        for points, pose in zip(tracks, poses, strict=True)
    ]


def _middle(tracks: Tracks) -> float:
    """Between the least and the largest coordinate (T, 18) of all."""
    return 0.0 if np.isnan(tracks).all() else float((np.nanmin(tracks) + np.nanmax(tracks)) / 2)


def _astray(tracks: Tracks, way: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """By how much to follow each pose along an axis: (T,); not at all if all coordinates (T, 18) fit into the side."""
    if len(tracks) == 1 or np.isnan(tracks).all() or np.nanmax(tracks) - np.nanmin(tracks) < side:
        return np.zeros(len(tracks))
    # Gaussian mean of the way; at both ends it goes on as it came.
    reach = int(3 * _FOLLOWING)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _FOLLOWING) ** 2)
    padded = np.pad(way, reach, mode="reflect", reflect_type="odd")
    return np.asarray(np.convolve(padded, weights / weights.sum(), mode="valid"))


def _down(tracks: Tracks, like: Pose, on_ground: bool) -> float:
    """How far the poses must move down to stand, or hold their neck, where `like` does."""
    theirs = tracks[..., 1]
    if on_ground and like.present[_ANKLES].any() and not np.isnan(theirs[:, _ANKLES]).all():
        lowest = np.nanmax(theirs[:, _ANKLES], axis=1, initial=-np.inf)
        return float(np.nanmax(like.points[_ANKLES, 1]) - np.median(lowest[np.isfinite(lowest)]))
    common = like.present & ~np.isnan(theirs).all(axis=0)
    anchor = [NECK] if common[NECK] else np.flatnonzero(common)
    if not len(anchor):
        return 0.0
    return float(np.mean(like.points[anchor, 1]) - np.mean(np.nanmedian(theirs[:, anchor], axis=0)))


def lacks_legs(poses: Sequence[Pose], like: Pose) -> bool:
    """Whether no ankle is seen in any of the poses, so that `placed_sequence` gives a whole `like` legs that stand."""
    return bool(like.present[_ANKLES].all()) and not any(pose.present[_ANKLES].any() for pose in poses)


def _with_legs(tracks: Tracks, ours: Lengths) -> Tracks:
    """Hips, knees or ankles that a pose shows neither of, as the others of the sequence have them, else upright."""
    out = tracks.copy()
    for bone, pairs in _LEGS:
        cut = np.isnan(tracks[:, [end for _, end in pairs], 0]).all(axis=1)
        for (start, end), shoulder in zip(pairs, (2, 5), strict=True):
            own = tracks[:, end] - tracks[:, start]
            seen = own[~np.isnan(own[:, 0])]
            out[cut, end] = out[cut, start] + (np.median(seen, axis=0) if len(seen) else (0, ours[bone]))
            if bone == TORSO and not len(seen):
                out[cut, end, 0] += _HIP_BREADTH * np.nan_to_num(tracks[cut, shoulder, 0] - tracks[cut, NECK, 0])
    return out


def _inside(tracks: Tracks, height: int, width: int, on_ground: bool) -> Tracks:
    """Shrink (never grow) and shift so that the whole body lies in the frame, the joints with a margin.

    Args:
        on_ground: shrink towards the lowest point rather than the middle.
    """
    margin = _MARGIN * height
    reached = np.concatenate([tracks - margin, tracks + margin, _ends(tracks)], axis=1)
    low, high = (choose(reached, axis=(0, 1)) for choose in (np.nanmin, np.nanmax))
    room = np.array([width, height]) - 1
    shrink = min(1.0, *(room / np.maximum(high - low, 1)))
    held = (low + high) / 2
    if on_ground:
        held[1] = high[1]
    start = np.clip(held + (low - held) * shrink, 0, room - (high - low) * shrink)
    return np.asarray((tracks - low) * shrink + start)


def _ends(tracks: Tracks) -> Tracks:
    """Finger tips, soles and crown (T, 5, 2), where the joints before them are known."""
    face = tracks[:, FACE]
    known = ~np.isnan(face[..., :1])
    head = np.where(known, face, 0).sum(axis=1) / np.where(known.any(axis=1), known.sum(axis=1), np.nan)
    bones = ((3, 4, _HAND), (6, 7, _HAND), (9, 10, _FOOT), (12, 13, _FOOT))
    limbs = [tracks[:, b] + share * (tracks[:, b] - tracks[:, a]) for a, b, share in bones]
    return np.stack([*limbs, head + _CROWN * (head - tracks[:, NECK])], axis=1)
