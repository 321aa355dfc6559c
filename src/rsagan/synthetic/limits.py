"""Whether a body can do that: joint limits, and hands, forearms and shins that stay out of the rest of it.

The trunk is taken for a stack of ellipses as wide and deep as the figure, carried by the spine; thighs, shins and
the head for capsules and a ball. Everything is cheap enough to draw a pose again and again.
"""

import numpy as np

from rsagan.synthetic.mesh import Floats
from rsagan.synthetic.poses import Girth
from rsagan.synthetic.skeleton import Skeleton

THIGH, SHIN, HEAD = 0.68, 0.42, 0.95  # radii, dm
TOUCHING = {"hips", "hip", "pockets", "pocket", "behind", "leaning", "turning"}  # hands belong on the hips here
NECK, SPINE = 1.15, 1.0  # most that head turns against chest and chest against pelvis, radians
OVERSTRETCHED = 1.0  # dm of trouble a radian beyond a limit counts as


def trouble(s: Skeleton, g: Girth, family: str) -> float:
    """The worst fault of a solved skeleton in dm: 0 is fine, 0.1 a hand pressed into soft cloth."""
    return max(_stretched(s), _sunk(s, g, family), _crossed(s))


def _stretched(s: Skeleton) -> float:
    worst = 0.0
    for a, b, limit in (("spine01", "head", NECK), ("root", "spine01", SPINE)):
        between = s.rotation[s.names[a]].T @ s.rotation[s.names[b]]
        angle = float(np.arccos(np.clip((np.trace(between) - 1) / 2, -1, 1)))
        worst = max(worst, (angle - limit) * OVERSTRETCHED)
    chest = s.rotation[s.names["spine01"]]
    for side, sign in (("L", 1.0), ("R", -1.0)):
        way = s.at(f"lowerarm01.{side}") - s.at(f"upperarm01.{side}")
        x, _, z = (chest.T @ (way / np.linalg.norm(way))).tolist()
        worst = max(worst, -z - 0.85, -sign * x - 0.6)  # too far back, too far across the chest
        shin = s.at(f"foot.{side}") - s.at(f"lowerleg01.{side}")
        thigh = s.at(f"lowerleg01.{side}") - s.at(f"upperleg01.{side}")
        fold = float(thigh @ shin) / float(np.linalg.norm(thigh) * np.linalg.norm(shin))
        worst = max(worst, -fold - 0.9)  # a knee bends by 155 degrees at most
    return worst


def _sunk(s: Skeleton, g: Girth, family: str) -> float:
    worst = 0.0
    head = s.at("head") + s.rotation[s.names["head"]] @ np.array([0, 0.75, 0.35], np.float32)
    for side in "LR":
        elbow, wrist = s.at(f"lowerarm01.{side}"), s.at(f"wrist.{side}")
        knuckle = s.at(f"finger3-1.{side}")
        if family not in TOUCHING:
            for point in (elbow * 0.4 + wrist * 0.6, wrist, knuckle):
                worst = max(worst, _inside_trunk(s, g, point) - (0.1 if family == "folded" else 0.0))
        worst = max(worst, HEAD - float(np.linalg.norm(knuckle - head)), HEAD - float(np.linalg.norm(wrist - head)))
        for leg in "LR":
            hip, knee = s.at(f"upperleg01.{leg}"), s.at(f"lowerleg01.{leg}")
            if family not in TOUCHING:
                gap = between(wrist, knuckle, hip + (knee - hip) * np.float32(0.25), knee)
                worst = max(worst, THIGH + 0.1 - gap)
    return worst


def _crossed(s: Skeleton) -> float:
    knees = [s.at(f"lowerleg01.{side}") for side in "LR"]
    feet = [s.at(f"foot.{side}") for side in "LR"]
    return 2 * SHIN - between(knees[0], feet[0], knees[1], feet[1])


def _inside_trunk(s: Skeleton, g: Girth, point: Floats) -> float:
    """How deep a point lies in the trunk, dm; negative outside."""
    deepest = -9.0
    levels = {"root": g.hips, "spine03": g.waist, "spine01": max(g.waist, 1.35)}
    for bone, wide in levels.items():
        b = s.names[bone]
        local = s.rotation[b].T @ (point - s.place[b]) + s.rest[b]
        low, high = float(s.rest[b, 1]) - 1.0, float(s.rest[b, 1]) + 1.0
        if not low < float(local[1]) < high:
            continue
        middle = (g.chest_front + g.back) / 2
        deep = (g.chest_front - g.back) / 2 * 0.85
        share = float(np.hypot(local[0] / (wide * 0.92), (local[2] - middle) / deep))
        deepest = max(deepest, (1 - share) * min(wide, deep))
    return deepest


def between(a: Floats, b: Floats, c: Floats, d: Floats) -> float:
    """Shortest distance between the segments a-b and c-d, each point (3,)."""
    u, v, w = b - a, d - c, a - c
    uu, uv, vv = float(u @ u), float(u @ v), float(v @ v)
    uw, vw = float(u @ w), float(v @ w)
    denominator = uu * vv - uv * uv
    s = float(np.clip((uv * vw - vv * uw) / denominator, 0, 1)) if denominator > 1e-8 else 0.0
    t = (uv * s + vw) / vv if vv > 1e-8 else 0.0
    t = min(1.0, max(0.0, t))
    s = float(np.clip((uv * t - uw) / uu, 0, 1)) if uu > 1e-8 else 0.0
    return float(np.linalg.norm(w + u * np.float32(s) - v * np.float32(t)))
