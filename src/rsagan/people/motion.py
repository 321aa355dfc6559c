"""Poses over time: smoothing an estimator's jitter, filling its gaps, and in-betweens of key poses."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.errors import InputError
from rsagan.people.pose import NECK, Pose, same_shape
from rsagan.people.retarget import root, torso_length

Tracks = NDArray[np.float64]

SMOOTHING: Final = 0.08  # seconds, the Gaussian's sigma
LONGEST_GAP: Final = 0.5  # seconds that a joint may be lost and still be filled in
SHORTEST_SIGHT: Final = 0.15  # seconds that it must be seen to count
# Limbs turn about the joint they hang from; what hangs from the trunk's middle is foreshortened instead.
_TURNING: Final = ((2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (11, 12), (12, 13))
_SHIFTING: Final = ((NECK, 0), (NECK, 2), (NECK, 5), (NECK, 14), (NECK, 15), (NECK, 16), (NECK, 17))
_ROUNDING = 0.2  # of the time between two key poses
_SAME_SHAPE = 0.01  # of frames
_WIDE = np.radians(130)  # a limb that swings further may as well go round the other way


def smoothed(poses: Sequence[Pose | None], fps: float, sigma: float = SMOOTHING) -> list[Pose]:
    """A steady sequence from an estimator's: glitches out, gaps filled, jitter smoothed by a Gaussian.

    Args:
        poses: in one frame; None where nobody was found. fps: poses a second. sigma: in seconds, 0 to leave jitter be.

    Returns:
        as many poses. Where the body is lost for longer than a joint may be, it holds its last pose (at the beginning,
        its first).

    Raises:
        InputError: no pose at all.
    """
    known = [pose for pose in poses if pose is not None]
    if not known:
        raise InputError("There is no pose to smooth.")
    size = known[0].size
    blank = np.full((18, 2), np.nan)
    tracks = np.stack([blank if pose is None else pose.points for pose in poses]).astype(np.float64)
    for joint in range(tracks.shape[1]):
        tracks[:, joint] = _steady(tracks[:, joint], fps, sigma)
    return held([Pose(points.astype(np.float32), size) for points in tracks]) or [known[0]] * len(tracks)


def held(poses: Sequence[Pose]) -> list[Pose]:
    """The poses, each that is not usable replaced by the last that is before it, else by the first; [] without any."""
    usable = [pose if pose.usable() is None else None for pose in poses]
    last = next((pose for pose in usable if pose is not None), None)
    out: list[Pose] = []
    for pose in usable:
        last = last if pose is None else pose
        if last is not None:
            out.append(last)
    return out


def _steady(track: Tracks, fps: float, sigma: float) -> Tracks:
    """One joint's way (T, 2)."""
    seen = ~np.isnan(track[:, 0])
    for start, end in _runs(seen):
        if (end - start) / fps < SHORTEST_SIGHT and end - start < len(track):
            seen[start:end] = False
    if not seen.any():
        return np.full_like(track, np.nan)
    filled = _gaussian(_median(_filled(track, seen)), sigma * fps)
    lost = ~seen
    for start, end in _runs(lost):
        inside = start > 0 and end < len(track)
        if inside and (end - start) / fps <= LONGEST_GAP:
            lost[start:end] = False
    filled[lost] = np.nan
    return filled


def _filled(track: Tracks, seen: NDArray[np.bool_]) -> Tracks:
    """Straight ways where a joint is not seen; before its first and after its last sight it stands."""
    times = np.arange(len(track))
    return np.stack([np.interp(times, times[seen], track[seen, axis]) for axis in range(2)], axis=1)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one past the last position of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _median(track: Tracks) -> Tracks:
    """Of three neighbours: takes out a glitch of one frame."""
    padded = np.pad(track, ((1, 1), (0, 0)), mode="edge")
    return np.asarray(np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0))


def _gaussian(track: Tracks, sigma: float) -> Tracks:
    """Smoothed along time, sigma in poses; at both ends the way goes on as it came."""
    if sigma < 0.2 or len(track) < 3:
        return track
    reach = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.pad(track, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    columns = [np.convolve(padded[:, axis], weights / weights.sum(), mode="valid") for axis in range(2)]
    return np.stack(columns, axis=1)


def in_betweens(poses: Sequence[Pose], steps: float) -> list[Pose]:
    """Key poses and what lies between them, `steps` to each but the last, in even motion whose corners are rounded.

    First and last are key poses; where `steps` is no whole number, most of the others are passed between two.

    Limbs turn about their joints and keep their length; breadths go straight. All poses are brought to the frame of
    the first, those of a frame of another shape to the size and place of its body. A joint that only one of two key
    poses has is there in that pose's half.

    Raises:
        InputError: no pose at all.
    """
    if not poses:
        raise InputError("There are no key poses to go between.")
    frames = in_one_frame(poses)
    last = len(frames) - 1
    places = np.linspace(0, last, max(last, round(last * steps)) + 1)
    ways = [_between(frames[int(place)], frames[int(place) + 1], place % 1) for place in places[:-1]]
    tracks = np.stack([*ways, frames[-1].points])
    for joint in range(tracks.shape[1]):
        seen = ~np.isnan(tracks[:, joint, 0])
        if seen.any():
            tracks[seen, joint] = _gaussian(_filled(tracks[:, joint], seen), _ROUNDING * steps)[seen]
    return [Pose(points.astype(np.float32), frames[0].size) for points in tracks]


def in_one_frame(poses: Sequence[Pose]) -> list[Pose]:
    """All in the frame of the first, never stretched: from one of another shape to the size and place of its body."""
    return [_in_frame_of(poses[0], pose) for pose in poses]


def _in_frame_of(first: Pose, pose: Pose) -> Pose:
    if same_shape(pose.size, first.size, _SAME_SHAPE):
        return pose.resized(first.size)
    theirs, ours = torso_length(pose), torso_length(first)
    scale = first.size[0] / pose.size[0] if theirs is None or ours is None else ours / theirs
    points = pose.points.astype(np.float64) * scale
    points += np.asarray(root(first.points.astype(np.float64)) - root(points))
    return replace(pose, points=points.astype(np.float32), size=first.size)


def _between(one: Pose, two: Pose, share: float) -> Tracks:
    """Joints (18, 2) between two poses."""
    a, b = one.points.astype(np.float64), two.points.astype(np.float64)
    nearer = a if share < 0.5 else b
    out = np.where(np.isnan(a) | np.isnan(b), nearer, a + (b - a) * share)
    for start, end in _SHIFTING:  # what only one pose shows goes along with the neck
        if np.isnan(a[end, 0]) != np.isnan(b[end, 0]) and not np.isnan(nearer[end, 0]):
            out[end] = out[start] + nearer[end] - nearer[start]
    for start, end in _TURNING:
        u, v = a[end] - a[start], b[end] - b[start]
        if np.isnan([*u, *v]).any():
            continue
        turn = (np.arctan2(v[1], v[0]) - np.arctan2(u[1], u[0]) + np.pi) % (2 * np.pi) - np.pi
        middle = np.arctan2(u[1], u[0]) + turn / 2
        if abs(turn) > _WIDE and np.cos(middle) * (a[start, 0] - a[NECK, 0]) < 0:  # swing outside, not through the body
            turn -= np.copysign(2 * np.pi, turn)
        angle = np.arctan2(u[1], u[0]) + turn * share
        length = np.hypot(*u) + (np.hypot(*v) - np.hypot(*u)) * share
        out[end] = out[start] + length * np.array([np.cos(angle), np.sin(angle)])
    return np.asarray(out, np.float64)


def flicker(tracks: Sequence[NDArray[np.floating]]) -> float:
    """Mean absolute second difference over time of arrays of one shape, NaN left out: 0 for even motion."""
    return float(np.nanmean(np.abs(np.diff(np.stack(tracks).astype(np.float64), n=2, axis=0))))
