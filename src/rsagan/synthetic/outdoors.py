"""A person somewhere: before streets and rooms, among other people and things, through a camera with faults."""

from dataclasses import replace

import cv2
import numpy as np

from rsagan.people.regions import Region
from rsagan.synthetic import crowd, greenery, raster
from rsagan.synthetic.body import Figure
from rsagan.synthetic.framing import Framing, frame_up
from rsagan.synthetic.lens import expose
from rsagan.synthetic.mesh import Floats, floats
from rsagan.synthetic.outfit import Mesh
from rsagan.synthetic.place import Place, colour, look_around, place_for
from rsagan.synthetic.posture import PASSING, RigPose, strike
from rsagan.synthetic.scene import (
    MOST_HIDDEN,
    NOISE,
    SUPERSAMPLING,
    Seen,
    View,
    degrees,
    overlay,
    photographed,
    see,
    stand,
    yaw_of,
)
from rsagan.synthetic.skeleton import turn
from rsagan.synthetic.styles import Style
from rsagan.synthetic.things import Drawn, Solid, draw


def render(
    figure: Figure,
    mesh: Mesh,
    ink: Floats,
    seed: tuple[int, int],
    size: tuple[int, int],
    style: Style,
    how: str | RigPose | None,
    same_place: bool,
    photograph: crowd.Photograph,
) -> View:
    """One picture; `seed` is (identity, view), `size` (height, width). The same arguments give the same bytes."""
    rng = np.random.default_rng((*seed, 0x0D7))
    posture = strike(figure, rng, how, style.families)
    yaw = yaw_of(rng)
    body = stand(figure, mesh, posture, yaw)
    camera = frame_up(style.framing, body.position, body.points, rng, size)
    place = place_for(np.random.default_rng((seed[0], 0x91ACE)) if same_place else rng)
    light = _light(place, yaw, camera)

    rests = [
        Solid(_turned(block.centre, yaw), block.half, block.round, yaw, colour(rng, 0.08, 0.7, 0.15))
        for block in posture.blocks
    ]
    before = _before(rng, camera) if rng.random() < style.solids else []
    seen, drawn = _see_among(mesh, ink, body.position, body.normal, camera, light, size, rests, before, rng)

    surroundings = _background(style, place, camera, body.position, body.feet, rng, size, photograph)
    tint = place.tint * floats(np.exp(rng.normal(0, 0.05)))
    colour_ = seen.colour * tint * _half_shade(place, rng, size)
    cover = seen.coverage
    if drawn is not None:
        colour_, cover = overlay(replace(seen, colour=colour_), drawn, place.tint)
    picture = surroundings * (1 - cover)[..., None] + colour_
    regions, surface = seen.regions, seen.surface
    points, visible = photographed(body.points, camera, _front(seen, drawn), regions, size)
    if rng.random() < style.passer:
        passed, alpha = picture.copy(), np.zeros(size, np.float32)
        crowd.in_front(passed, alpha, camera, rng, photograph, _level(place))
        before_us, person = alpha > 0.5, regions > 0
        if (before_us & person).sum() <= MOST_HIDDEN * person.sum():  # else nobody photographs it
            picture = passed
            _hide(before_us, regions, surface, points, visible)
    return View(expose(floats(picture), style.lens, rng), regions, points, visible, surface, degrees(yaw))


def _light(place: Place, yaw: float, camera: Floats) -> Floats:
    """The row of 16 numbers that `shade.shade` takes."""
    fill = floats([-np.sign(place.key[0]) * 0.6, 0.25, 0.75])
    return np.concatenate(
        [place.key, place.key_colour, fill, [0.35 * place.ambient], [place.ambient], [place.ground],
         turn("y", -yaw) @ place.key, [camera[10]]]
    ).astype(np.float32)  # fmt: skip


def _level(place: Place) -> float:
    """How bright other people are, whose own light is a studio's."""
    return float(0.7 * (place.key_colour.mean() * max(0.2, float(place.key[2])) + place.ambient + 0.1))


def _turned(point: tuple[float, float, float], yaw: float) -> tuple[float, float, float]:
    x, y, z = (turn("y", yaw) @ floats(point)).tolist()
    return x, y, z


def _before(rng: np.random.Generator, camera: Floats) -> list[Solid]:
    """A pole, a post, a box or a railing between camera and person."""
    away = float(rng.uniform(2.5, 0.55 * camera[11]))
    shrink = 1 - away / float(camera[11])
    x = float(rng.normal(0, 2.2)) * shrink
    kind, tone = int(rng.integers(4)), colour(rng, 0.03, 0.6, 0.25)
    if kind == 0:
        radius = float(rng.uniform(0.15, 0.75)) * shrink
        return [Solid((x, 25.0, away), (radius, 25.0, radius), True, 0.0, tone)]
    if kind == 1:
        high = float(rng.uniform(2.0, 4.5))
        return [Solid((x, high, away), (rng.uniform(0.4, 1.2), high, 0.6), bool(rng.random() < 0.5), 0.0, tone)]
    if kind == 2:
        high = float(rng.uniform(1.2, 3.6)) * (0.5 + 0.5 * shrink)
        return [Solid((x, high, away), (rng.uniform(1.0, 5.0) * shrink, high, 1.5), False, rng.normal(0, 0.5), tone)]
    top = float(rng.uniform(5, 9.5))
    bars = [Solid((0.0, h, away), (20.0, 0.12, 0.12), False, 0.0, tone) for h in (top, top * 0.55)]
    gap = float(rng.uniform(3, 12))
    return bars + [Solid((k * gap + x, top / 2, away), (0.14, top / 2, 0.14), False, 0.0, tone) for k in range(-2, 3)]


def _see_among(
    mesh: Mesh, ink: Floats, position: Floats, normal: Floats, camera: Floats, light: Floats, size: tuple[int, int],
    rests: list[Solid], before: list[Solid], rng: np.random.Generator,
) -> tuple[Seen, Drawn | None]:  # fmt: skip
    """The person with what they rest on and what stands before them, unless that would hide too much."""
    seed = int(rng.integers(1 << 30))
    for things in ([*rests, *before], rests):
        drawn = draw(things, camera, light, size, SUPERSAMPLING, seed) if things else None
        hiding = None if drawn is None else drawn.nearest
        seen = see(mesh, ink, position, normal, camera, light, size, hiding, MOST_HIDDEN)
        if seen is not None:
            return seen, drawn
    return see(mesh, ink, position, normal, camera, light, size), None


def _front(seen: Seen, drawn: Drawn | None) -> Floats:
    return seen.nearest if drawn is None else np.maximum(seen.nearest, drawn.nearest)


def _background(
    style: Style, place: Place, camera: Floats, position: Floats, feet: Floats,
    rng: np.random.Generator, size: tuple[int, int], photograph: crowd.Photograph,
) -> Floats:  # fmt: skip
    lit = place.ambient + 0.55 * float(place.key_colour.mean()) + 0.1
    spots = np.concatenate([feet, floats([[1.1], [1.1], [6.0]])], 1)
    contact = float(rng.uniform(0.25, 0.5))
    scene, floor = look_around(
        camera, place.room, place.surfaces, place.sky, place.shade, spots, contact, lit, NOISE, *size
    )
    scene = scene * place.tint
    greenery.scatter(scene, camera, rng, int(rng.poisson(style.greenery)) if not place.room[8] else 0, _level(place))
    crowd.behind(scene, camera, rng, int(rng.poisson(style.crowd)), photograph, _level(place))
    sigma = float(rng.random() ** 2) * style.depth * size[0]
    if sigma > 0.3:
        scene = cv2.GaussianBlur(scene, (0, 0), sigma)
    strength = float(place.key_colour.mean()) / (float(place.key_colour.mean()) + place.ambient) * (1 - place.soft)
    if place.key[1] > 0.2 and strength > 0.05:
        scene *= 1 - (strength * floor * _cast(position, place, camera, size))[..., None]
    return floats(scene)


def _cast(position: Floats, place: Place, camera: Floats, size: tuple[int, int]) -> Floats:
    """The person's shadow on the floor, 0..1, float32 (H, W)."""
    key = place.key
    fallen = position - key * (position[:, 1:2] / key[1])
    fallen = fallen[fallen[:, 2] < camera[11] - 3]
    screen = raster.project(fallen, np.zeros(len(fallen), np.float32), camera, 0.5)
    height, width = size[0] // 2, size[1] // 2
    x, y = np.round(screen[:, 0]).astype(np.int32), np.round(screen[:, 1]).astype(np.int32)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    mask = np.zeros((height, width), np.float32)
    mask[y[inside], x[inside]] = 1
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    mask = cv2.GaussianBlur(mask, (0, 0), 0.5 + 3 * place.soft)
    return floats(cv2.resize(mask, (size[1], size[0]), interpolation=cv2.INTER_LINEAR))


def _half_shade(place: Place, rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """A shadow's edge or the play of leaves over the person, (H, W, 1); ones mostly."""
    if place.shade[3] <= 0 or rng.random() < 0.5:
        return np.ones((1, 1, 1), np.float32)
    angle, offset, soft = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.35), rng.uniform(0.02, 0.3)
    y = np.linspace(-1, 1, size[0], dtype=np.float32)[:, None]
    x = np.linspace(-0.7, 0.7, size[1], dtype=np.float32)[None]
    edge = np.clip(0.5 + (x * np.cos(angle) + y * np.sin(angle) - offset) / soft, 0, 1)
    return floats(1 - 0.8 * place.shade[3] * edge)[..., None]


def _hide(mask: np.ndarray, regions: np.ndarray, surface: np.ndarray, points: Floats, visible: np.ndarray) -> None:
    """Take away, in place, what the mask (H, W) covers."""
    regions[mask] = 0
    surface[mask] = 0
    for k in range(len(points)):
        if visible[k] and mask[round(float(points[k, 1])), round(float(points[k, 0]))]:
            visible[k] = False


def cut_out(figure: Figure, mesh: Mesh, ink: Floats, seed: int, size: tuple[int, int]) -> crowd.CutOut:
    """A person for the background: full body, plain light, nothing else."""
    rng = np.random.default_rng((seed, 0xC07))
    posture = strike(figure, rng, None, PASSING)
    yaw = yaw_of(rng)
    body = stand(figure, mesh, posture, yaw)
    camera = frame_up(
        Framing((1, 0, 0), (60, 60), (4, 8), (0.96, 0.96), 0.0, 0.0, 0.0), body.position, body.points, rng, size
    )
    key = floats([rng.uniform(-0.6, 0.6), 0.7, 0.6])
    light = np.concatenate([key, [0.8, 0.8, 0.8], [0.0, 0.2, 0.9], [0.15], [0.35], [0.15], turn("y", -yaw) @ key, [0]])
    seen = see(mesh, ink, body.position, body.normal, camera, light.astype(np.float32), size)
    scale = float(camera[12]) / float(np.hypot(camera[11], camera[10] - 9))
    rows = np.nonzero(seen.coverage.max(1) > 0.5)[0]
    skin = np.isin(seen.regions, (Region.FACE, Region.ARMS, Region.LEGS))
    cloth = np.isin(seen.regions, (Region.UPPER, Region.PANTS, Region.DRESS))
    tones = [np.log(seen.colour[mask].mean(0) + 0.02) if mask.any() else np.zeros(3) for mask in (skin, cloth)]
    bare = float(np.abs(tones[0] - tones[1]).max()) < 0.6
    return crowd.CutOut(seen.colour, seen.coverage, scale, float(rows[-1]) + 1, bare)
