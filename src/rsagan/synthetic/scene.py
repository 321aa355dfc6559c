"""From a dressed person and a seed to a picture with everything that is known about it.

Integer coordinates are pixel centres throughout. Lengths in the world are decimetres.
"""

from dataclasses import dataclass
from typing import overload

import cv2
import numpy as np
from numba import njit

from rsagan.people.head import FACE
from rsagan.people.regions import Region
from rsagan.synthetic import raster, shade
from rsagan.synthetic.bags import hangers, settle
from rsagan.synthetic.body import Figure
from rsagan.synthetic.fabric import noise_table
from rsagan.synthetic.framing import frame_up
from rsagan.synthetic.mesh import Floats, floats
from rsagan.synthetic.outfit import Mesh, charts
from rsagan.synthetic.poses import pose
from rsagan.synthetic.posture import CATALOGUE, Posture, RigPose, strike
from rsagan.synthetic.skeleton import Skeleton, turn
from rsagan.synthetic.styles import Style
from rsagan.synthetic.things import Drawn, Solid, draw

SUPERSAMPLING = 2
MOST_HIDDEN = 0.45  # what stands before a person is taken away if it hides more
JOINT_BONES = (
    *("upperarm01.R", "lowerarm01.R", "wrist.R", "upperarm01.L", "lowerarm01.L", "wrist.L"),
    *("upperleg01.R", "lowerleg01.R", "foot.R", "upperleg01.L", "lowerleg01.L", "foot.L"),
)
# how much nearer than a joint the surface in front of it may be, dm, in OpenPose order
DEPTH_OF_JOINT = floats([0.35, 1.7, 1.35, 0.8, 0.6, 1.35, 0.8, 0.6, 1.9, 1.0, 0.9, 1.9, 1.0, 0.9, 0.4, 0.4, 0.5, 0.5])
NOISE = noise_table()


@dataclass(frozen=True, eq=False)
class View:
    """One picture of an identity, H by W pixels, and what is exactly known about it."""

    picture: np.ndarray  # uint8 (H, W, 3) RGB
    parsing: np.ndarray  # uint8 (H, W), a Region
    points: np.ndarray  # float32 (18, 2) x, y of the joints; NaN out of frame, or a face point behind the head
    visible: np.ndarray  # bool (18,) whether nothing lies in front of the joint
    surface: np.ndarray  # uint16 (H, W, 3) rest-pose place in 2 mm steps, 1..4095; 0 on the background
    yaw: float  # degrees the body is turned away from facing the camera, left positive, in -180..180


@dataclass(frozen=True)
class Stage:
    """A camera and a light."""

    camera: Floats  # (15,), see raster.project
    light: Floats  # (16,), see shade.shade
    wall: Floats  # (3,) linear colour of the backdrop
    feet: Floats  # (3, 2) where on the floor the person stands: feet and middle
    shadow: float


def yaw_of(rng: np.random.Generator) -> float:
    """Facing most often, then half turned, from behind, and from the side; radians."""
    centre, spread = [(0.0, 0.22), (0.75, 0.25), (np.pi, 0.25), (1.57, 0.2), (2.4, 0.25)][
        int(rng.choice(5, p=[0.4, 0.25, 0.15, 0.12, 0.08]))
    ]
    return float(rng.choice([-1.0, 1.0]) * (centre + spread * rng.normal()))


def joints(skeleton: Skeleton, figure: Figure) -> Floats:
    """The 18 joints in the world, float32 (18, 3), OpenPose order. Nose and ears lie 1 cm inside the skin."""
    out = np.zeros((18, 3), np.float32)
    for place, bone in zip((2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), JOINT_BONES, strict=True):
        out[place] = skeleton.at(bone)
    out[1] = (out[2] + out[5]) / 2
    inset = floats([[0.0, 0.0, -0.1], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]])
    for place, point in zip(FACE, figure.landmarks + inset, strict=True):
        out[place] = skeleton.to_world("head", point)
    return out


def camera_for(position: Floats, points: Floats, rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """A camera (15,) that frames the full body, three quarters or the upper half."""
    height, width = size
    kind = ("full", "three", "half")[int(rng.choice(3, p=[0.58, 0.2, 0.22]))]
    distance = float(rng.uniform(32, 55))
    top = float(position[:, 1].max())
    middle = top * (0.55 if kind == "full" else 0.7)
    eye = floats([0, middle + rng.normal(0.5, 1.2), distance])
    pitch = float(np.arctan2(eye[1] - middle, distance))
    rotation = turn("x", pitch)
    flat = raster.flattened(position, eye, rotation)
    marks = (points - eye) @ rotation.T
    marks = marks[:, :2] / -marks[:, 2:3]
    high = float(flat[:, 1].max())
    if kind == "full":
        low, chosen = float(flat[:, 1].min()), np.ones(len(flat), bool)
    else:
        hip, knee = float(marks[[8, 11], 1].mean()), float(marks[[9, 12], 1].min())
        low = hip + (knee - hip) * float(rng.uniform(0.55, 1.05) if kind == "three" else rng.uniform(-0.1, 0.45))
        chosen = flat[:, 1] > low
    left, right = float(flat[chosen, 0].min()), float(flat[chosen, 0].max())
    margin = rng.uniform(0.03, 0.08), (rng.uniform(0.03, 0.08) if kind == "full" else 0.0)
    focal = height * (1 - margin[0] - margin[1]) / (high - low)
    if kind == "full":
        focal = min(focal, width * 0.94 / (right - left))
    else:
        focal = min(focal, width * 1.12 / (right - left))
    cx = (width - 1) / 2 - focal * (left + right) / 2 + width * float(rng.normal(0, 0.015))
    used = focal * (high - low)
    above = margin[0] * height + (height * (1 - sum(margin)) - used) * (0.5 if kind == "full" else 0.0)
    cy = above + focal * high - 0.5
    return np.concatenate([rotation.ravel(), eye, [focal, cx, cy]]).astype(np.float32)


def stage_for(camera: Floats, yaw: float, feet: Floats, rng: np.random.Generator) -> Stage:
    """Key, fill and sky light, a backdrop mostly off white, and where the shadows fall.

    `rng` is the identity's, not the view's: all pictures of a person are of one shoot, with one light and one wall.
    """
    angle, rise = rng.uniform(-1.0, 1.0), rng.uniform(0.35, 0.95)
    key = np.array([np.sin(angle) * np.cos(rise), np.sin(rise), np.cos(angle) * np.cos(rise)], np.float32)
    fill = np.array([-np.sign(angle) * 0.7, 0.15, 0.7], np.float32)
    strength = rng.uniform(0.62, 0.86)
    warm = 1 + floats([0.035, 0.0, -0.045]) * rng.normal()
    rest_key = turn("y", -yaw) @ key
    light = np.concatenate(
        [key, strength * warm, fill, [rng.uniform(0.1, 0.2)], [rng.uniform(0.26, 0.36)], [0.13], rest_key, [camera[10]]]
    )
    if rng.random() < 0.78:
        wall = np.full(3, rng.uniform(0.74, 0.93)) * (1 + rng.normal(0, 0.012, 3))
    else:
        wall = rng.uniform(0.35, 0.75) * (1 + rng.normal(0, 0.09, 3))
    return Stage(camera, light.astype(np.float32), np.clip(wall, 0.1, 0.95).astype(np.float32),
                 feet, float(rng.uniform(0.25, 0.5)))  # fmt: skip


@dataclass(frozen=True)
class Body:
    """A person posed in the world, on the floor."""

    position: Floats  # (N, 3)
    normal: Floats  # (N, 3)
    points: Floats  # (18, 3) joints
    whole: Floats  # (3, 3) the turn away from the camera
    feet: Floats  # (3, 2) x, z on the floor: both feet and the middle


@dataclass(frozen=True)
class Seen:
    """A person as the camera sees them; nearest is at the supersampled size."""

    colour: Floats  # (H, W, 3) linear, times coverage
    coverage: Floats  # (H, W)
    regions: np.ndarray  # uint8 (H, W)
    surface: np.ndarray  # uint16 (H, W, 3)
    nearest: Floats  # (sH, sW) inverse depth of the person alone


def stand(figure: Figure, mesh: Mesh, posture: Posture, yaw: float) -> Body:
    """Skin a posture and put its lowest point on the floor, or as far above as the posture says."""
    skeleton = posture.skeleton
    whole = turn("y", yaw)
    motion = np.concatenate([skeleton.motion(), hangers(skeleton)])
    motion = np.einsum("ij,bjk->bik", whole, motion).astype(np.float32)
    position, normal = raster.skin(mesh.rest, mesh.normal, mesh.bones, mesh.weights, motion)
    if mesh.hung < len(position):
        settle(mesh, position, skeleton, whole)
    lowest = float(position[: mesh.hung, 1].min()) - posture.lift
    position[:, 1] -= lowest
    points = joints(skeleton, figure) @ whole.T - floats([0, lowest, 0])
    feet = np.stack([whole @ skeleton.at(b) for b in ("foot.L", "foot.R", "root")])[:, [0, 2]]
    feet[:2] += 0.6 * floats([np.sin(yaw), np.cos(yaw)])
    return Body(position, normal, points, whole, feet.astype(np.float32))


@overload
def see(
    mesh: Mesh, ink: Floats, position: Floats, normal: Floats, camera: Floats, light: Floats, size: tuple[int, int]
) -> Seen: ...


@overload
def see(
    mesh: Mesh, ink: Floats, position: Floats, normal: Floats, camera: Floats, light: Floats, size: tuple[int, int],
    before: Floats | None, most_hidden: float,
) -> Seen | None: ...  # fmt: skip


def see(
    mesh: Mesh, ink: Floats, position: Floats, normal: Floats, camera: Floats, light: Floats, size: tuple[int, int],
    before: Floats | None = None, most_hidden: float = 1.0,
) -> Seen | None:  # fmt: skip
    """Photograph a posed mesh. `before` is the inverse depth (sH, sW) of things that may hide it; None is returned
    where they would hide more than `most_hidden` of the person."""
    scale = SUPERSAMPLING
    height, width = size
    screen = raster.project(position, mesh.bias, camera, float(scale))
    dm = float(camera[12]) / float(np.hypot(camera[11], 0))  # final pixels a decimetre
    nearest, winner, bary = raster.rasterise_layers(
        screen,
        mesh.faces,
        mesh.field,
        mesh.double,
        height * scale,
        width * scale,
        mesh.face_layer,
        mesh.looks,
        mesh.uv,
        mesh.pictures,
        1 / (dm * scale),
    )
    open_ = shade.occlusion(nearest, scale, max(1.5, 0.75 * dm))
    open_ = cv2.blur(open_, (3, 3))
    if before is not None:
        hidden = (before > nearest) & (winner >= 0)
        if np.count_nonzero(hidden) > most_hidden * np.count_nonzero(winner >= 0):
            return None
        winner[hidden] = -1
    colour, coverage, regions, surface = shade.shade(
        winner, bary, open_, scale, mesh.faces, mesh.face_layer, mesh.face_region, mesh.face_chart, mesh.canon,
        mesh.anchor, normal, mesh.field, mesh.lips, mesh.looks, ink, NOISE, CHARTS(), light, 1 / (dm * scale),
        mesh.uv, mesh.pictures,
    )  # fmt: skip
    return Seen(colour, coverage, regions, surface, nearest)


def render(
    figure: Figure,
    mesh: Mesh,
    ink: Floats,
    seed: tuple[int, int],
    size: tuple[int, int],
    how: str | RigPose | None = None,
    style: Style | None = None,
) -> View:
    """Pose, light, photograph before a backdrop. `seed` is (identity, view); `size` is (height, width).

    `how` names a pose family or gives the pose; without it one is drawn. A style says by which weights, and how the
    camera is held: else at the height of the waist.
    """
    rng = np.random.default_rng((*seed, 0x5EED))
    if how is None and style is None:
        posture = Posture(*pose(figure, rng))
    else:
        posture = strike(figure, rng, how, style.families if style else CATALOGUE)
    yaw = yaw_of(rng)
    body = stand(figure, mesh, posture, yaw)
    if style is None:
        camera = camera_for(body.position, body.points, rng, size)
    else:
        camera = frame_up(style.framing, body.position, body.points, rng, size)
    stage = stage_for(camera, yaw, body.feet, np.random.default_rng((seed[0], 0x570D10)))
    things = None
    if posture.blocks:
        tone = stage.wall * floats(rng.uniform(0.35, 1.0))
        solids = [
            Solid(tuple((body.whole @ floats(b.centre)).tolist()), b.half, b.round, yaw, tone) for b in posture.blocks
        ]
        things = draw(solids, camera, stage.light, size, SUPERSAMPLING, int(rng.integers(1 << 30)))
    before = None if things is None else things.nearest
    seen = see(mesh, ink, body.position, body.normal, camera, stage.light, size, before, MOST_HIDDEN)
    if seen is None:  # seen from where the wall they lean on is in the way: without it, then
        things = None
        seen = see(mesh, ink, body.position, body.normal, camera, stage.light, size)
    colour, coverage, front = seen.colour, seen.coverage, seen.nearest
    if things is not None:
        front = np.maximum(seen.nearest, things.nearest)
        colour, coverage = overlay(seen, things, floats([1, 1, 1]))
    sigma = np.float32(rng.uniform(0.0, 2.2))
    picture = develop(colour, coverage, stage.camera, stage.wall, stage.feet, stage.shadow, GAMMA, GRAIN, sigma,
                      int(rng.integers(GRAIN.size)))  # fmt: skip
    flat, visible = photographed(body.points, camera, front, seen.regions, size)
    return View(picture, seen.regions, flat, visible, seen.surface, degrees(yaw))


def overlay(seen: Seen, things: Drawn, tint: Floats) -> tuple[Floats, Floats]:
    """Colour (H, W, 3) and coverage (H, W) of the person and of the things that stand there, together."""
    shown = (things.nearest > 0) & (things.nearest > seen.nearest)
    size = seen.coverage.shape[::-1]
    colour = cv2.resize(things.colour * shown[..., None] * tint, size, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(shown.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return floats(seen.colour + colour), floats(np.minimum(seen.coverage + cover, 1))


def degrees(yaw: float) -> float:
    """Radians as degrees in -180..180."""
    return float((np.degrees(yaw) + 180) % 360 - 180)


def photographed(
    points: Floats, camera: Floats, nearest: Floats, regions: np.ndarray, size: tuple[int, int]
) -> tuple[Floats, np.ndarray]:
    """Joints in pixels (18, 2), NaN where missing, and which of them are in plain sight (18,)."""
    height, width = size
    zero = np.zeros(len(points), np.float32)
    seen = raster.project(points, zero, camera, 1.0)
    flat = seen[:, :2].copy()
    column, row = np.round(flat[:, 0]).astype(int), np.round(flat[:, 1]).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    visible = np.zeros(18, bool)
    scale = nearest.shape[0] // height
    for k in np.nonzero(inside)[0]:
        window = nearest[row[k] * scale : (row[k] + 1) * scale, column[k] * scale : (column[k] + 1) * scale]
        front = float(window.max())
        depth = 1 / float(seen[k, 2])
        visible[k] = front > 0 and depth - 1 / front < DEPTH_OF_JOINT[k]
        near = regions[max(0, row[k] - 1) : row[k] + 2, max(0, column[k] - 1) : column[k] + 2]
        visible[k] &= bool(near.any())  # or a bag lies on it
        # a face point behind the head itself is missing; behind a raised hand it is only hidden
        on_head = regions[row[k], column[k]] in (Region.HAIR, Region.FACE)
        if k in FACE and not visible[k] and front > 0 and on_head:
            inside[k] = False
    flat[~inside] = np.nan
    return flat, visible & inside


@njit(cache=True, nogil=True, fastmath=True)
def develop(colour, coverage, camera, wall, feet, shadow, gamma, grain, sigma, start):  # type: ignore[no-untyped-def]
    """The person over a seamless backdrop with soft shadows, gamma and sensor noise: uint8 (H, W, 3)."""
    height, width = coverage.shape
    out = np.empty((height, width, 3), np.uint8)
    focal, cx, cy = camera[12], camera[13], camera[14]
    for i in range(height):
        for j in range(width):
            cover = coverage[i, j]
            back = 1.0
            if cover < 0.999:
                x, y = (j - cx) / focal, -(i - cy) / focal
                # into the world: the view matrix is a rotation, so its transpose leads back
                wx = camera[0] * x + camera[3] * y - camera[6]
                wy = camera[1] * x + camera[4] * y - camera[7]
                wz = camera[2] * x + camera[5] * y - camera[8]
                away = x * focal / width
                back = 1.0 - 0.10 * (away * away * 4) - 0.05 * ((i / height - 0.4) ** 2)
                if wy < -1e-3:
                    t = -camera[10] / wy
                    gx, gz = camera[9] + t * wx, camera[11] + t * wz
                    if gz > -25:
                        dark = 0.0
                        for k in range(3):
                            spread = 1.1 if k < 2 else 6.0
                            dx, dz = gx - feet[k, 0], gz - feet[k, 1]
                            dark += (shadow if k < 2 else shadow * 0.35) * np.exp(-(dx * dx + dz * dz) / spread)
                        back *= max(0.25, 1 - dark)
                        back *= 0.97
            for k in range(3):
                value = colour[i, j, k] + (1 - cover) * back * wall[k]
                value = min(0.9999, max(0.0, value))
                level = gamma[int(value * 4095)]
                level += sigma * grain[((i * width + j) * 3 + k + start) & (grain.size - 1)] + 0.5
                out[i, j, k] = np.uint8(min(255.0, max(0.0, level)))
    return out


def _gamma() -> Floats:
    value = np.linspace(0, 1, 4096)
    value = np.where(value > 0.8, 0.8 + (1 - np.exp(-(value - 0.8) * 3.5)) * 0.28, value)
    srgb = np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)
    return np.clip(srgb * 255, 0, 255).astype(np.float32)


GAMMA = _gamma()
GRAIN = np.random.default_rng(11).standard_normal(1 << 18, np.float32)  # every picture begins somewhere else in it
_CHARTS: list[Floats] = []


def CHARTS() -> Floats:
    """The pattern charts, made once."""
    if not _CHARTS:
        _CHARTS.append(charts())
    return _CHARTS[0]
