"""Placing somebody else's pose in a person's frame: same size of body, same place of neck."""

from dataclasses import replace

import numpy as np

from rsagan.people.pose import LIMBS, NECK, Pose

_MARGIN = 0.03  # of the frame's height, kept free around a whole body
_ANKLES = (10, 13)


def placed(pose: Pose, like: Pose) -> Pose:
    """The joints of `pose`, scaled and moved into the frame of `like`.

    The scale makes bones that both poses show as long in the middle as those of `like` (in the picture, so a
    foreshortened bone counts little); the neck (or the middle of the joints both know) comes to the same height, the
    body to the middle of the frame. If `like` shows a whole body, all of the placed pose is kept in the frame, smaller
    if need be; else joints that leave the frame become missing.
    """
    height, width = like.size
    scale = _scale(pose, like)
    points = pose.points * scale
    middle = (np.nanmin(points[:, 0]) + np.nanmax(points[:, 0])) / 2 if pose.present.any() else 0.0
    common = pose.present & like.present
    anchor = [NECK] if common[NECK] else np.flatnonzero(common)
    if len(anchor):
        down = float(np.mean(like.points[anchor, 1]) - np.mean(points[anchor, 1]))
    else:
        down = 0.0
    points = points + np.array([(width - 1) / 2 - middle, down], np.float32)
    if like.present[list(_ANKLES)].all():
        points = _inside(points, height, width)
    return replace(pose, points=points, size=like.size).without_outside()


def _scale(pose: Pose, like: Pose) -> float:
    """Median ratio of the bones both show, weighing long ones more; frame ratio if they share none."""
    known = [(a, b) for a, b in LIMBS[:13] if all(p.present[[a, b]].all() for p in (pose, like))]
    ours = np.array([np.linalg.norm(like.points[a] - like.points[b]) for a, b in known])
    theirs = np.array([np.linalg.norm(pose.points[a] - pose.points[b]) for a, b in known])
    usable = (ours > 1) & (theirs > 1)
    if not usable.any():
        return like.size[0] / pose.size[0]
    ratios, weights = ours[usable] / theirs[usable], np.minimum(ours[usable], theirs[usable])
    order = np.argsort(ratios)
    passed = np.cumsum(weights[order]) / weights.sum()
    return float(ratios[order][np.searchsorted(passed, 0.5)])


def _inside(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Shrink (never grow) and shift so that all joints lie in the frame with a margin."""
    margin = _MARGIN * height
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    room = np.array([width, height]) - 1 - 2 * margin
    shrink = min(1.0, *(room / np.maximum(high - low, 1)))
    points = (points - low) * shrink
    extent = (high - low) * shrink
    centre = (low + high) / 2
    start = np.clip(centre - extent / 2, margin, np.array([width, height]) - 1 - margin - extent)
    return (points + start).astype(np.float32)
