"""What a person does before a camera beyond standing: sit, lean, turn, run, crouch, kneel, jump, fold their arms.

Each family poses a skeleton and says how far its lowest point is off the floor and what it rests on. Lengths are dm,
angles radians.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rsagan.synthetic import poses
from rsagan.synthetic.mesh import floats
from rsagan.synthetic.poses import Girth
from rsagan.synthetic.skeleton import Skeleton, bent, turn


@dataclass(frozen=True)
class Block:
    """A box that a pose rests on, in the person's own frame, feet on y = 0: what is drawn as background."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    round: bool = False  # a cylinder of that half width instead


Rest = tuple[float, tuple[Block, ...]]


def _trunk(s: Skeleton, rng: np.random.Generator, lean: float, twist: float = 0.0, look: float = 0.0) -> None:
    """Pelvis, spine, neck, shoulders and fingers, with some chance in each."""
    side = rng.normal(0, 0.05)
    s.set("root", turn("y", float(rng.normal(0, 0.06))) @ turn("z", float(rng.normal(0, 0.03))))
    for bone in ("spine05", "spine04", "spine03", "spine02", "spine01"):
        s.set(bone, bent(twist / 5, side / 5, lean / 5))
    nod, tilt = rng.normal(-0.4 * lean, 0.08), rng.normal(0, 0.05)
    look = float(np.clip(look + rng.normal(0, 0.22), -0.95, 0.95))
    for bone in ("neck01", "neck02", "neck03", "head"):
        s.set(bone, bent(look / 4, float(tilt) / 4, float(nod) / 4))
    for hand in "LR":
        s.curl(hand, float(rng.uniform(0.1, 0.45)), float(rng.uniform(0.02, 0.09)))
        lift = float(rng.uniform(-0.12, -0.04)) * (1 if hand == "L" else -1)
        s.set(f"clavicle.{hand}", turn("z", lift))
        s.set(f"shoulder01.{hand}", turn("z", 1.5 * lift))
    s.solve()


def _sole(s: Skeleton) -> float:
    """Height of the ankle above the sole."""
    return float(s.rest[s.names["foot.L"]][1] - s.rest_floor)


def _hips(s: Skeleton, height: float, back: float = 0.0) -> None:
    """Put the hip joints at this height above the floor and so far back."""
    drop = float(s.at("upperleg01.L")[1] + s.at("upperleg01.R")[1]) / 2 - float(s.at("root")[1])
    s.place[0, 1] = height - drop
    s.place[0, 2] -= back
    s.solve()


def _plant(s: Skeleton, feet: Mapping[str, Sequence[float]]) -> None:
    """Send both ankles to x, y, z with toes turned out and the foot tipped."""
    for side in "LR":
        x, y, z, toes, pitch = feet[side]
        s.leg(side, floats([x, y, z]), toes, pitch)
    s.solve()


def _hands(s: Skeleton, g: Girth, rng: np.random.Generator, doing: Mapping[str, str], swing: float = 0.0) -> None:
    for side, sign in (("L", 1.0), ("R", -1.0)):
        s.solve()
        if doing[side] == "lap":
            _lap(s, rng, side, sign)
        elif doing[side] == "folded":
            _fold(s, g, rng, side, sign)
        elif doing[side] == "sprint":
            _sprint(s, rng, side, sign, swing * sign)
        elif doing[side] == "beside":
            hip = s.at(f"upperleg01.{side}")
            target = hip + floats([sign * (g.hips * 0.6 + rng.uniform(0.1, 0.7)), 0.35, rng.uniform(-1.3, -0.6)])
            s.arm(side, target, floats([sign * 0.5, 0, -1]))
        else:
            poses.arm(s, g, rng, side, sign, doing[side], 0.0)
    s.solve()


def _lap(s: Skeleton, rng: np.random.Generator, side: str, sign: float) -> None:
    hip, knee = s.at(f"upperleg01.{side}"), s.at(f"lowerleg01.{side}")
    along = float(rng.uniform(0.5, 0.9))
    target = hip + (knee - hip) * along + floats([-sign * rng.uniform(0.0, 0.3), rng.uniform(0.85, 1.05), 0.0])
    s.arm(side, target, floats([sign * 0.8, -0.4, -0.5]), sign * 0.5, 0.0)


def _fold(s: Skeleton, g: Girth, rng: np.random.Generator, side: str, sign: float) -> None:
    chest = s.rest[s.names["spine01"]]
    above = 1.0 if side == "L" else 0.0
    front = g.chest_front + 0.5 + 0.5 * above
    point = floats([-sign * rng.uniform(0.4, 0.7), chest[1] - 1.75 + 0.3 * above, front])
    b = s.names["spine01"]
    s.curl(side, 0.45)
    s.arm(side, s.to_world("spine01", point), s.rotation[b] @ floats([sign * 0.75, -0.75, -0.1]), -sign * 0.5)


def _sprint(s: Skeleton, rng: np.random.Generator, side: str, sign: float, swing: float) -> None:
    shoulder = s.rest[s.names[f"upperarm01.{side}"]]
    s.curl(side, 0.9)
    if swing > 0:
        out = [sign * (abs(float(shoulder[0])) - rng.uniform(0.2, 0.8)), float(shoulder[1]) - rng.uniform(0.9, 1.8)]
        point = floats([*out, float(shoulder[2]) + rng.uniform(2.3, 2.9)])
    else:
        out = [sign * (abs(float(shoulder[0])) + rng.uniform(0.3, 0.7)), float(shoulder[1]) - rng.uniform(3.0, 3.5)]
        point = floats([*out, float(shoulder[2]) - rng.uniform(0.2, 0.9)])
    b = s.names["spine01"]
    s.arm(side, s.to_world("spine01", point), s.rotation[b] @ floats([sign * 0.4, -0.3, -1]))


def _seated(s: Skeleton, g: Girth, rng: np.random.Generator) -> Rest:
    _trunk(s, rng, float(rng.uniform(-0.12, 0.4)), float(rng.normal(0, 0.12)))
    sole = _sole(s)
    thigh = float(np.linalg.norm(s.rest[s.names["lowerleg01.L"]] - s.rest[s.names["upperleg01.L"]]))
    shin = s.leg_length - thigh
    seat = (shin + sole) * float(rng.uniform(0.82, 1.3))
    _hips(s, seat + 0.85)
    wide, ahead = rng.uniform(0.6, 1.7), thigh * float(rng.uniform(0.75, 1.15))
    feet = {k: [e * wide, sole, ahead + rng.normal(0, 0.3), e * 0.15, 0.0] for k, e in (("L", 1.0), ("R", -1.0))}
    if rng.random() < 0.3:  # one foot further out
        feet["L" if rng.random() < 0.5 else "R"][2] += 1.3
    _plant(s, feet)
    kind = str(rng.choice(["lap", "beside", "folded", "hair", "lap"]))
    one = {"L": kind, "R": kind}
    if kind == "hair":
        one["L" if rng.random() < 0.5 else "R"] = "lap"
    _hands(s, g, rng, one)
    half = float(rng.uniform(1.5, 2.6))
    deep = float(rng.uniform(1.4, 2.0))
    return 0.0, (Block((0.0, seat / 2, -deep + 1.3), (half, seat / 2, deep), bool(rng.random() < 0.4)),)


def _leaning(s: Skeleton, g: Girth, rng: np.random.Generator) -> Rest:
    sole = _sole(s)
    if rng.random() < 0.5:  # back against a table or a low wall
        _trunk(s, rng, float(rng.uniform(-0.12, 0.12)))
        ahead = float(rng.uniform(0.9, 2.3))
        _hips(s, sole + float(np.sqrt((s.leg_length * 0.99) ** 2 - ahead**2)))
        wide = rng.uniform(0.5, 1.1)
        feet = {k: [e * wide, sole, ahead + rng.normal(0, 0.15), e * 0.15, 0.0] for k, e in (("L", 1.0), ("R", -1.0))}
        _plant(s, feet)
        kind = str(rng.choice(["beside", "folded", "pockets"]))
        _hands(s, g, rng, {"L": kind, "R": kind})
        top = float(s.at("upperleg01.L")[1]) + 0.2
        wide = float(rng.uniform(2.0, 9.0))
        return 0.0, (Block((0.0, top / 2, g.back - 1.5), (wide, top / 2, 1.5)),)
    side = 1.0 if rng.random() < 0.5 else -1.0
    tilt = float(rng.uniform(0.09, 0.17))
    _trunk(s, rng, float(rng.normal(0, 0.03)))
    s.set("root", turn("z", -side * tilt))
    s.solve()
    _hips(s, sole + s.leg_length * 0.975)
    shift = -side * 1.3
    feet = {k: [e * 0.75 + shift, sole, rng.normal(0, 0.25), e * 0.15, 0.0] for k, e in (("L", 1.0), ("R", -1.0))}
    _plant(s, feet)
    free = str(rng.choice(["down", "pockets", "hip"]))
    kinds = {"L": free, "R": free}
    kinds["L" if side > 0 else "R"] = "pockets"
    _hands(s, g, rng, kinds)
    edge = abs(float(s.at("upperarm01.L" if side > 0 else "upperarm01.R")[0])) + 0.75
    high = float(rng.uniform(9, 16))
    return 0.0, (Block((side * (edge + 1.0), high, rng.normal(0, 0.5)), (1.0, high, rng.uniform(1.0, 6.0))),)


def _turning(s: Skeleton, g: Girth, rng: np.random.Generator) -> Rest:
    side = 1.0 if rng.random() < 0.5 else -1.0
    twist = side * float(rng.uniform(0.35, 0.75))
    poses.legs(s, rng, "step")
    _trunk_over(s, rng, twist, side * float(rng.uniform(0.3, 0.75)))
    kind = str(rng.choice(["down", "down", "pocket", "hip"]))
    kinds = {"L": "down", "R": "down"}
    kinds["L" if side < 0 else "R"] = {"pocket": "pockets"}.get(kind, kind)
    _hands(s, g, rng, kinds)
    return 0.0, ()


def _trunk_over(s: Skeleton, rng: np.random.Generator, twist: float, look: float) -> None:
    """Turn the upper body of a skeleton that stands already; feet and pelvis stay."""
    pelvis = s.local[s.names["root"]].copy()
    _trunk(s, rng, float(rng.normal(0.02, 0.04)), twist, look)
    s.set("root", pelvis)
    s.solve()


def _pocket(s: Skeleton, g: Girth, rng: np.random.Generator) -> Rest:
    poses.torso(s, rng, "stand")
    poses.legs(s, rng, str(rng.choice(["stand", "step"])))
    _trunk_over(s, rng, float(rng.normal(0, 0.1)), float(rng.normal(0, 0.2)))
    kinds = {"L": "down", "R": "down"}
    kinds["L" if rng.random() < 0.5 else "R"] = "pockets"
    _hands(s, g, rng, kinds)
    return 0.0, ()


def _folded(s: Skeleton, g: Girth, rng: np.random.Generator) -> Rest:
    poses.torso(s, rng, "stand")
    poses.legs(s, rng, "stand")
    _trunk_over(s, rng, float(rng.normal(0, 0.08)), float(rng.normal(0, 0.15)))
    _hands(s, g, rng, {"L": "folded", "R": "folded"})
    return 0.0, ()


def _running(s: Skeleton, g: Girth, rng: np.random.Generator) -> Rest:
    sole = _sole(s)
    ahead, behind = ("L", "R") if rng.random() < 0.5 else ("R", "L")
    way = -1.0 if ahead == "L" else 1.0
    _trunk(s, rng, float(rng.uniform(0.08, 0.28)), -way * 0.2)  # against the legs
    hips = sole + s.leg_length * float(rng.uniform(0.93, 1.0))
    _hips(s, hips)
    near = {"L": 0.45, "R": -0.45}
    feet = {ahead: [near[ahead], hips - rng.uniform(5.0, 6.4), rng.uniform(0.6, 2.4), 0.0, rng.uniform(-0.2, 0.5)]}
    if rng.random() < 0.6:  # pushing off
        pitch = float(rng.uniform(0.5, 0.9))
        feet[behind] = [near[behind], sole + 1.3 * np.sin(pitch), -rng.uniform(1.6, 2.8), 0.0, pitch]
        lift = 0.0
    else:  # in the air, the shin folded up behind
        feet[behind] = [near[behind], hips - rng.uniform(4.2, 5.8), -rng.uniform(2.6, 4.2), 0.0, rng.uniform(0.9, 1.5)]
        feet[ahead][1] = sole + rng.uniform(0.2, 1.2)
        lift = 0.0
    _plant(s, feet)
    _hands(s, g, rng, {"L": "sprint", "R": "sprint"}, way)
    return lift, ()


def _crouching(s: Skeleton, g: Girth, rng: np.random.Generator) -> Rest:
    sole = _sole(s)
    _trunk(s, rng, float(rng.uniform(0.25, 0.6)), float(rng.normal(0, 0.1)))
    _hips(s, sole + s.leg_length * float(rng.uniform(0.38, 0.6)), 0.6)
    wide, heel = rng.uniform(0.8, 1.6), float(rng.uniform(0.0, 0.6))
    feet = {
        k: [e * wide, sole + 1.3 * np.sin(heel), rng.uniform(0.0, 0.7), e * rng.uniform(0.1, 0.4), heel]
        for k, e in (("L", 1.0), ("R", -1.0))
    }
    _plant(s, feet)
    _hands(s, g, rng, {"L": "lap", "R": "lap"})
    return 0.0, ()


def _kneeling(s: Skeleton, g: Girth, rng: np.random.Generator) -> Rest:
    sole = _sole(s)
    thigh = float(np.linalg.norm(s.rest[s.names["lowerleg01.L"]] - s.rest[s.names["upperleg01.L"]]))
    shin = s.leg_length - thigh
    _trunk(s, rng, float(rng.uniform(-0.05, 0.25)), float(rng.normal(0, 0.1)))
    both = rng.random() < 0.3
    _hips(s, 0.55 + thigh * float(rng.uniform(0.9, 0.985)))
    down, up = ("L", "R") if rng.random() < 0.5 else ("R", "L")
    near = {"L": 1.0, "R": -1.0}
    feet = {down: [near[down] * 0.9, 0.75, -shin * rng.uniform(0.8, 0.97), near[down] * 0.05, 1.15]}
    if both:
        feet[up] = [near[up] * 0.9, 0.75, feet[down][2], near[up] * 0.05, 1.15]
    else:
        feet[up] = [near[up] * rng.uniform(0.9, 1.4), sole, thigh * rng.uniform(0.75, 1.0), near[up] * 0.15, 0.0]
    _plant(s, feet)
    kind = str(rng.choice(["lap", "lap", "hips", "folded"]))
    _hands(s, g, rng, {"L": kind, "R": kind})
    return 0.0, ()


def _jumping(s: Skeleton, g: Girth, rng: np.random.Generator) -> Rest:
    sole = _sole(s)
    _trunk(s, rng, float(rng.uniform(-0.2, 0.15)), float(rng.normal(0, 0.1)))
    hips = sole + s.leg_length
    _hips(s, hips)
    wide = rng.uniform(0.5, 2.6)
    feet = {}
    for k, e in (("L", 1.0), ("R", -1.0)):
        fold = rng.uniform(0.3, 3.2)
        feet[k] = [e * wide, sole + fold, -rng.uniform(0.0, 0.9) * fold, e * 0.2, rng.uniform(0.3, 0.9)]
    _plant(s, feet)
    kind = str(rng.choice(["raised", "down", "reach"]))
    _hands(s, g, rng, {"L": kind, "R": kind})
    return float(rng.uniform(0.4, 3.0)), ()


ACTIONS: dict[str, Callable[[Skeleton, Girth, np.random.Generator], Rest]] = {
    "seated": _seated,
    "leaning": _leaning,
    "turning": _turning,
    "pocket": _pocket,
    "folded": _folded,
    "running": _running,
    "crouching": _crouching,
    "kneeling": _kneeling,
    "jumping": _jumping,
}
