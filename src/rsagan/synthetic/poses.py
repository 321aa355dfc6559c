"""Families of poses people take before a camera: how the feet stand, and what the arms do.

A pose is drawn for a figure from a random generator; feet are always put on the ground and hands are sent to
places measured on that figure, so the same family fits every build. Lengths are dm, angles radians.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rsagan.synthetic.body import Figure, template
from rsagan.synthetic.mesh import Floats, floats
from rsagan.synthetic.skeleton import Skeleton, bent, turn

FAMILIES = {
    "stand": 5.0,
    "walk": 2.5,
    "step": 1.5,
    "hip": 1.5,
    "hips": 1.0,
    "pockets": 1.2,
    "hair": 0.8,
    "behind": 0.7,
    "crossed": 0.6,
    "raised": 0.5,
    "reach": 0.7,
}


@dataclass(frozen=True)
class Girth:
    """How wide and deep a figure is at waist, hips and chest: half widths and front and back, dm."""

    waist: float
    hips: float
    chest_front: float
    back: float


@lru_cache(maxsize=64)
def girth(figure: Figure) -> Girth:
    """Measure the torso on the garment mesh, away from the arms."""
    points, heads = figure.vertices["tights"], figure.heads
    bones = template().bone_names
    hip_y, neck_y = (heads[bones.index(name), 1] for name in ("upperleg01.L", "neck01"))
    inside = np.abs(points[:, 0]) < 2.4

    def band(low: float, high: float) -> Floats:
        level = (points[:, 1] - hip_y) / (neck_y - hip_y)
        chosen: Floats = points[inside & (level > low) & (level < high)]
        return chosen

    waist, hips, chest = band(0.26, 0.36), band(-0.1, 0.06), band(0.5, 0.68)
    torso = chest[np.abs(chest[:, 0]) < 1.2]
    return Girth(
        float(np.abs(waist[:, 0]).max()),
        float(np.abs(hips[:, 0]).max()),
        float(torso[:, 2].max()),
        float(band(0.0, 0.3)[:, 2].min()),
    )


def pose(figure: Figure, rng: np.random.Generator, family: str | None = None) -> tuple[Skeleton, str]:
    """A posed skeleton, facing +z with its lowest foot about on y = 0, and the family it was drawn from."""
    if family is None:
        weights = np.array(list(FAMILIES.values()))
        family = str(rng.choice(list(FAMILIES), p=weights / weights.sum()))
    skeleton = Skeleton(figure)
    torso(skeleton, rng, family)
    legs(skeleton, rng, family)
    size = girth(figure)
    for side in "LR":
        skeleton.curl(side, float(rng.uniform(0.1, 0.4)), float(rng.uniform(0.02, 0.09)))
        lift = rng.uniform(0.0, 0.1) if family == "raised" else rng.uniform(-0.12, -0.04)
        for bone, share in (("clavicle", 1.0), ("shoulder01", 1.5)):
            skeleton.set(f"{bone}.{side}", turn("z", (share if side == "L" else -share) * float(lift)))
    skeleton.solve()
    arms(skeleton, size, rng, family)
    skeleton.solve()
    return skeleton, family


def torso(s: Skeleton, rng: np.random.Generator, family: str) -> None:
    """Turn pelvis, spine, neck and head by chance."""
    lively = 1.4 if family in ("hip", "walk", "step", "reach", "hair") else 1.0
    lean, side, twist = rng.normal(0, [0.035, 0.05 * lively, 0.09 * lively])
    s.set("root", turn("y", float(rng.normal(0, 0.06))) @ turn("z", float(rng.normal(0, 0.03))))
    for bone in ("spine05", "spine04", "spine03", "spine02", "spine01"):
        s.set(bone, bent(twist / 5, side / 5, lean / 5))
    nod, tilt, look = rng.normal(0, [0.08, 0.05, 0.28])
    look = float(np.clip(look, -0.75, 0.75))
    for bone in ("neck01", "neck02", "neck03", "head"):
        s.set(bone, bent(look / 4, tilt / 4, nod / 4))


def legs(s: Skeleton, rng: np.random.Generator, family: str) -> None:
    """Put both feet on the ground as the family stands, and the pelvis as high as they allow."""
    ankle_height = float(s.rest[s.names["foot.L"]][1] - s.rest_floor)
    stance = rng.uniform(0.75, 1.35)
    if family in ("hips", "raised"):
        stance += rng.uniform(0.1, 0.7)
    feet: dict[str, list[float]] = {}
    for side, sign in (("L", 1.0), ("R", -1.0)):
        toes = sign * rng.uniform(0.02, 0.35)
        feet[side] = [sign * stance, ankle_height, rng.normal(0, 0.12), toes, 0.0]
    ahead, behind = ("L", "R") if rng.random() < 0.5 else ("R", "L")
    if family == "walk":
        stride = rng.uniform(1.5, 3.0)
        feet[ahead] = [(0.5 if ahead == "L" else -0.5), ankle_height + 0.12, stride, 0.0, -0.22]
        lift = rng.uniform(0.25, 0.6)
        heel = ankle_height + 1.3 * np.sin(lift)
        feet[behind] = [(0.5 if behind == "L" else -0.5), heel, -stride + 0.3, 0.0, lift]
    elif family == "step":
        feet[ahead][2] += rng.uniform(0.8, 1.7)
        feet[behind][2] -= rng.uniform(0.2, 0.6)
        feet[ahead][0] *= 0.75
    elif rng.random() < 0.45:  # one knee loose
        feet[ahead][2] += rng.uniform(0.3, 0.9)
        feet[ahead][0] *= rng.uniform(0.85, 1.3)
    s.solve()
    reach = s.leg_length * (0.985 if family == "walk" else 0.997)
    lowest = min(
        feet[side][1]
        + np.sqrt(max(reach**2 - _flat(s.at(f"upperleg01.{side}"), feet[side]) ** 2, 1.0))
        - (s.at(f"upperleg01.{side}")[1] - s.at("root")[1])
        for side in "LR"
    )
    s.place[0, 1] = lowest
    s.solve()
    for side in "LR":
        x, y, z, toes, pitch = feet[side]
        s.leg(side, floats([x, y, z]), toes, pitch)
    s.solve()


def _flat(hip: Floats, foot: list[float]) -> float:
    return float(np.hypot(hip[0] - foot[0], hip[2] - foot[2]))


def arms(s: Skeleton, g: Girth, rng: np.random.Generator, family: str) -> None:
    """Both arms as the family has them."""
    both = {"hips", "pockets", "behind", "crossed", "raised"}
    doing = {"L": "down", "R": "down"}
    if family in both:
        doing = {"L": family, "R": family}
    elif family in ("hip", "hair", "reach"):
        chosen = "L" if rng.random() < 0.5 else "R"
        doing[chosen] = family
        if rng.random() < 0.25:
            doing["L" if chosen == "R" else "R"] = "pockets" if family != "hip" else "down"
    swing = 0.0
    if family == "walk":
        left_ahead = s.at("foot.L")[2] > s.at("foot.R")[2]
        swing = rng.uniform(0.5, 1.5) * (-1 if left_ahead else 1)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        s.solve()
        arm(s, g, rng, side, sign, doing[side], swing * sign)


def arm(s: Skeleton, g: Girth, rng: np.random.Generator, side: str, sign: float, doing: str, swing: float) -> None:
    """Bring one hand where it belongs; targets are rest-pose points carried by pelvis, chest or head."""
    hip = s.rest[s.names["upperleg01.L"]]
    chest = s.rest[s.names["spine01"]]
    head = s.rest[s.names["head"]]
    long = s.arm_length

    def jitter(spread: float) -> Floats:
        return rng.normal(0, spread, 3).astype(np.float32)

    carrier, roll, bend = "root", 0.0, 0.0
    if doing == "hips" or doing == "hip":
        point = [sign * (g.waist + 0.5), hip[1] + 1.25, 0.2]
        pole = [sign, -0.1, -0.45]
        roll, bend = sign * 0.5, sign * 0.35
    elif doing == "pockets":
        point = [sign * (g.hips + 0.35), hip[1] + 0.45, 0.55]
        pole = [sign * 0.8, 0, -0.8]
    elif doing == "hair":
        carrier, pole = "head", [sign, 0.15, 0.35]
        point = [sign * 1.25, head[1] + rng.uniform(0.1, 0.7), rng.uniform(-0.2, 0.5)]
        roll = sign * -0.6
    elif doing == "behind":
        point = [sign * 0.55, hip[1] + rng.uniform(0.2, 0.9), g.back - 0.75]
        pole = [sign, 0, -0.5]
    elif doing == "crossed":
        carrier, pole = "spine01", [sign * 0.9, -0.6, 0.35]
        over = 0.35 if side == "L" else -0.35
        point = [-sign * 0.75, chest[1] - 1.55 + over, g.chest_front + 0.75 + 0.3 * (side == "L")]
        s.curl(side, 0.3)
    elif doing == "raised":
        carrier, pole = "spine01", [sign, -0.3, 0.1]
        point = [sign * rng.uniform(1.6, 3.4), chest[1] + rng.uniform(2.4, 4.2), rng.uniform(0.0, 1.2)]
    elif doing == "reach":
        carrier, pole = "spine01", [sign * 0.6, -0.9, -0.3]
        point = [sign * rng.uniform(0.8, 2.6), chest[1] + rng.uniform(-1.2, 1.2), rng.uniform(2.4, 3.9)]
    else:
        carrier = "spine01"
        out = rng.uniform(0.05, 0.5)
        shoulder = s.rest[s.names[f"upperarm01.{side}"]]
        drop = long * rng.uniform(0.95, 0.985)
        point = [
            sign * max(abs(float(shoulder[0])) + out, g.hips + 0.55),
            shoulder[1] - drop,
            shoulder[2] + rng.uniform(0.1, 0.7) + swing,
        ]
        pole = [sign * 0.25, 0, -1]
    b = s.names[carrier]
    target = s.to_world(carrier, floats(point)) + jitter(0.08)
    s.arm(side, target, s.rotation[b] @ floats(pole) + jitter(0.08), roll, bend)
