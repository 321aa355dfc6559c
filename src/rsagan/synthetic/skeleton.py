"""Rotations of bones in, motions of points out; two-bone limbs are solved in closed form.

Every bone's rest frame is the world's, so a bone's rotation is simply how far it has turned from the rest pose.
"""

import math
from functools import cache

import numpy as np
from numba import njit

from rsagan.synthetic.body import Figure, Template, template
from rsagan.synthetic.mesh import Floats, Ints, floats


def turn(axis: str, angle: float) -> Floats:
    """Rotation (3, 3) about x, y or z by an angle in radians."""
    c, s = math.cos(angle), math.sin(angle)
    if axis == "x":
        return floats([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    if axis == "y":
        return floats([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    return floats([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def bent(about_y: float, about_z: float, about_x: float) -> Floats:
    """A turn to the side, then a tilt, then a nod, (3, 3)."""
    return floats(turn("y", about_y) @ turn("z", about_z) @ turn("x", about_x))


# Single vectors and matrices go through plain Python numbers, which is several times faster than numpy's calls.


def turn_about(axis: Floats, angle: float) -> Floats:
    """Rotation (3, 3) about any unit axis (3,)."""
    x, y, z = axis.tolist()
    c, s = math.cos(angle), math.sin(angle)
    d = 1 - c
    return floats(
        [
            [c + d * x * x, d * x * y - s * z, d * x * z + s * y],
            [d * x * y + s * z, c + d * y * y, d * y * z - s * x],
            [d * x * z - s * y, d * y * z + s * x, c + d * z * z],
        ]
    )


def unit(v: Floats) -> Floats:
    """The vector (3,) at length 1."""
    x, y, z = v.tolist()
    length = max(math.sqrt(x * x + y * y + z * z), 1e-6)
    return floats([x / length, y / length, z / length])


def frame(main: Floats, other: Floats) -> Floats:
    """Orthonormal columns: along `main`, along the part of `other` across it, and their cross product."""
    first = unit(main)
    second = unit(other - first * float(first @ other))
    columns: Floats = np.array([first, second, cross(first, second)]).T
    return columns


def cross(a: Floats, b: Floats) -> Floats:
    """Cross product of two vectors (3,)."""
    x, y, z = a.tolist()
    p, q, r = b.tolist()
    return floats([y * r - z * q, z * p - x * r, x * q - y * p])


@cache
def _order(parents: tuple[int, ...]) -> tuple[int, ...]:
    order: list[int] = []
    while len(order) < len(parents):
        order += [b for b, p in enumerate(parents) if b not in order and (p < 0 or p in order)]
    return tuple(order)


def _outwards(parents: Ints) -> Ints:
    """Bones in an order that puts every parent before its children."""
    return np.array(_order(tuple(parents.tolist())), np.int32)


@njit(cache=True, nogil=True)
def _chain(order, parents, rest, local, fixed, place, rotation):  # type: ignore[no-untyped-def]
    for b in order:
        p = parents[b]
        if p < 0 or fixed[b]:
            rotation[b] = local[b]
        else:
            for i in range(3):
                for j in range(3):
                    rotation[b, i, j] = (
                        rotation[p, i, 0] * local[b, 0, j]
                        + rotation[p, i, 1] * local[b, 1, j]
                        + rotation[p, i, 2] * local[b, 2, j]
                    )
        if p >= 0:
            x, y, z = rest[b, 0] - rest[p, 0], rest[b, 1] - rest[p, 1], rest[b, 2] - rest[p, 2]
            for i in range(3):
                place[b, i] = place[p, i] + rotation[p, i, 0] * x + rotation[p, i, 1] * y + rotation[p, i, 2] * z


class Skeleton:
    """A figure's bones under construction: set rotations from the root outwards, then ask for `motion`."""

    def __init__(self, figure: Figure) -> None:
        body: Template = template()
        self.rest = figure.heads
        self.names = {name: i for i, name in enumerate(body.bone_names)}
        self.parents = body.parents
        count = len(self.names)
        self.local = np.tile(np.eye(3, dtype=np.float32), (count, 1, 1))
        self.fixed = np.zeros(count, np.bool_)  # bones whose rotation in the world is set outright
        self.rotation = np.tile(np.eye(3, dtype=np.float32), (count, 1, 1))
        self.place = self.rest.copy()
        self.order = _outwards(self.parents)
        self.rest_floor = float(figure.vertices["tights"][:, 1].min())

    @property
    def leg_length(self) -> float:
        """Hip to ankle, straight."""
        hip, knee, foot = (self.rest[self.names[b + ".L"]] for b in ("upperleg01", "lowerleg01", "foot"))
        return float(np.linalg.norm(knee - hip) + np.linalg.norm(foot - knee))

    @property
    def arm_length(self) -> float:
        """Shoulder to wrist, straight."""
        a, b, c = (self.rest[self.names[n + ".L"]] for n in ("upperarm01", "lowerarm01", "wrist"))
        return float(np.linalg.norm(b - a) + np.linalg.norm(c - b))

    def solve(self) -> None:
        """Recompute every bone's rotation and place in the world."""
        _chain(self.order, self.parents, self.rest, self.local, self.fixed, self.place, self.rotation)

    def set(self, bone: str, rotation: Floats) -> None:
        """Turn a bone relative to its parent."""
        self.fixed[self.names[bone]] = False
        self.local[self.names[bone]] = rotation

    def fix(self, bone: str, rotation: Floats) -> None:
        """Turn a bone to this rotation in the world."""
        self.fixed[self.names[bone]] = True
        self.local[self.names[bone]] = rotation

    def at(self, bone: str) -> Floats:
        """Where a bone begins, posed."""
        return self.place[self.names[bone]]

    def to_world(self, bone: str, point: Floats) -> Floats:
        """A rest-pose point carried along with a bone."""
        b = self.names[bone]
        return self.place[b] + self.rotation[b] @ (np.asarray(point, np.float32) - self.rest[b])

    def limb(self, names: list[str], target: Floats, pole: Floats) -> tuple[Floats, Floats]:
        """Directions of both bones (start, middle, end) that bring the end to `target`, bent towards `pole`."""
        r = [self.rest[self.names[n]] for n in names]
        upper, lower = float(np.linalg.norm(r[1] - r[0])), float(np.linalg.norm(r[2] - r[1]))
        way = target - self.at(names[0])
        distance = float(np.clip(np.linalg.norm(way), abs(upper - lower) + 0.3, (upper + lower) * 0.995))
        along = unit(way)
        across = unit(pole - along * float(along @ pole))
        ahead = (upper**2 - lower**2 + distance**2) / (2 * distance)
        aside = max(upper**2 - ahead**2, 0.0) ** 0.5
        knee = along * ahead + across * aside
        return unit(knee), unit(along * distance - knee)

    def arm(self, side: str, target: Floats, pole: Floats, roll: float = 0.0, bend: float = 0.0) -> None:
        """Bring a wrist to a point of the world. `roll` turns the hand about the forearm, `bend` flexes it."""
        names = [f"{b}.{side}" for b in ("upperarm01", "lowerarm01", "wrist")]
        shoulder, elbow, wrist = (self.rest[self.names[n]] for n in names)
        u0, l0 = unit(elbow - shoulder), unit(wrist - elbow)
        self._shrug(side, target)
        u, lower = self.limb(names, target, pole)
        parent = self.rotation[self.names[f"shoulder01.{side}"]]
        start = parent @ u0
        hinge = cross(start, u)
        angle = np.arctan2(np.linalg.norm(hinge), start @ u)
        least = turn_about(unit(hinge), float(angle)) @ parent
        upper = frame(u, cross(u, lower)) @ frame(u0, cross(u0, l0)).T
        twist = upper @ least.T
        spin = float(np.arctan2(u @ _axial(twist), (np.trace(twist) - 1) / 2))
        self.fix(names[0], turn_about(u, spin / 2) @ least)
        self.fix(f"upperarm02.{side}", upper)
        forearm = frame(lower, cross(u, lower)) @ frame(l0, cross(u0, l0)).T
        self.fix(names[1], forearm)
        self.fix(f"lowerarm02.{side}", turn_about(lower, roll / 2) @ forearm)
        hand = turn_about(lower, roll) @ forearm
        palm = unit(hand @ cross(u0, l0))
        self.fix(names[2], turn_about(palm, bend) @ hand)

    def _shrug(self, side: str, target: Floats) -> None:
        """Raise collar bone and shoulder with an arm that reaches up: without it the skin caves in above the joint."""
        way = unit(target - self.at(f"upperarm01.{side}"))
        rise = 0.4 * max(0.0, float(way @ self.rotation[self.names["spine01"]][:, 1]) + 0.15)
        if rise > 0:
            for bone, share in (("clavicle", 0.4), ("shoulder01", 0.6)):
                b = self.names[f"{bone}.{side}"]
                self.local[b] = turn("z", rise * share * (1 if side == "L" else -1)) @ self.local[b]
            self.solve()

    def leg(self, side: str, ankle: Floats, toes: float, pitch: float) -> None:
        """Bring an ankle to a point of the world, the foot pointing `toes` radians about y and tipped by `pitch`."""
        names = [f"{b}.{side}" for b in ("upperleg01", "lowerleg01", "foot")]
        hip, knee, foot = (self.rest[self.names[n]] for n in names)
        ahead = turn("y", toes) @ floats([0, 0, 1])
        across = turn("y", toes) @ floats([1, 0, 0])
        u, lower = self.limb(names, ankle, ahead)
        x = floats([1, 0, 0])
        thigh = frame(u, across) @ frame(knee - hip, x).T
        shin = frame(lower, across) @ frame(foot - knee, x).T
        for bone, rotation in (("upperleg01", thigh), ("upperleg02", thigh), ("lowerleg01", shin)):
            self.fix(f"{bone}.{side}", rotation)
        self.fix(f"lowerleg02.{side}", shin)
        self.fix(f"foot.{side}", turn("y", toes) @ turn("x", pitch))

    def curl(self, side: str, amount: float, spread: float = 0.0) -> None:
        """Bend the fingers towards the palm by `amount` radians a joint."""
        wrist = self.rest[self.names[f"wrist.{side}"]]
        index, little = (self.rest[self.names[f"finger{f}-1.{side}"]] for f in (2, 5))
        middle = self.rest[self.names[f"finger3-1.{side}"]]
        knuckles = unit(index - little)
        palm = unit(cross(middle - wrist, knuckles))
        for f in range(2, 6):
            for k in range(1, 4):
                bend = amount * (1.0 + 0.12 * (f - 3))
                self.set(f"finger{f}-{k}.{side}", turn_about(knuckles, -bend if side == "L" else bend))
            if spread:
                base = self.local[self.names[f"finger{f}-1.{side}"]]
                self.set(
                    f"finger{f}-1.{side}", turn_about(palm, spread * (f - 3.5) * (1 if side == "L" else -1)) @ base
                )

    def motion(self) -> Floats:
        """float32 (B, 3, 4): the map of each bone from rest to posed points."""
        moved = self.place - np.einsum("bij,bj->bi", self.rotation, self.rest)
        return np.concatenate([self.rotation, moved[:, :, None]], 2).astype(np.float32)


def _axial(rotation: Floats) -> Floats:
    """Sine of the angle times the axis."""
    r = rotation
    return floats([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]]) * np.float32(0.5)
