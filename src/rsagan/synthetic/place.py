"""Where a picture is taken outdoors or in a room: a box of four walls or streets round the person, ray by ray.

Floor, two side walls, the wall behind and a ceiling or the sky each get one of a few procedural surfaces, laid out
in dm of the world, so perspective and scale agree with the person. Colours are linear light.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from rsagan.synthetic.fabric import noise
from rsagan.synthetic.mesh import Floats, floats

# surfaces: 0 plaster, 1 brick, 2 windows, 3 shop front, 4 hedge, 5 ridged metal, 6 tiles, 7 posters, 8 shelves
# floors: 20 asphalt, 21 slabs, 22 grass, 23 tiles, 24 planks, 25 earth
WALLS_OUT = (0, 1, 2, 2, 2, 3, 3, 4, 4, 5, 7)
WALLS_IN = (0, 0, 1, 6, 7, 8, 8, 5)
FLOORS_OUT = (20, 20, 21, 21, 22, 25)
FLOORS_IN = (23, 24, 23, 0)
COLUMNS = 10  # kind, colour (3), second colour (3), scale, seed, brightness


@dataclass(frozen=True)
class Place:
    """The surroundings as the kernel takes them, and the light in them."""

    room: Floats  # (10,) sine and cosine of the turn, left, right and back distance, heights of the three, ceiling, 0
    surfaces: Floats  # (5, COLUMNS) left, right, back, floor, ceiling
    sky: Floats  # (12,) zenith (3), horizon (3), clouds, skyline, its colour (3), seed
    shade: Floats  # (6,) a shadow's edge: direction x, z, offset, depth, softness in dm; dapple
    key: Floats  # (3,) direction towards sun or lamp
    key_colour: Floats  # (3,)
    ambient: float
    ground: float  # light that the floor throws back
    tint: Floats  # (3,) what all reflected light is coloured by
    soft: float  # how soft shadows are, 0 hard to 1 none


def colour(rng: np.random.Generator, low: float, high: float, vivid: float) -> Floats:
    """A linear colour of some brightness; `vivid` is the spread over the channels."""
    return floats(np.clip(np.exp(rng.uniform(np.log(low), np.log(high))) * np.exp(rng.normal(0, vivid, 3)), 0.01, 0.95))


def place_for(rng: np.random.Generator) -> Place:
    """A street, a square, a park or a room, with its light."""
    indoors = bool(rng.random() < 0.25)
    angle = float(rng.normal(0, 0.5))
    if indoors:
        sides, heights = rng.uniform(9, 35, 3), np.full(3, rng.uniform(24, 40))
        ceiling = float(heights[0])
    else:
        sides = np.exp(rng.uniform(np.log(10), np.log(160), 3))
        heights = np.where(rng.random(3) < 0.72, np.exp(rng.uniform(np.log(12), np.log(160), 3)), 0.0)
        ceiling = 0.0
    room = floats([np.sin(angle), np.cos(angle), *(sides + 3), *heights, ceiling, 0.0])
    surfaces = np.zeros((5, COLUMNS), np.float32)
    for k in range(5):
        kinds = (WALLS_IN if indoors else WALLS_OUT) if k < 3 else (FLOORS_IN if indoors else FLOORS_OUT)
        kind = float(rng.choice(kinds)) if k < 4 else 0.0
        first, second = colour(rng, 0.06, 0.75, 0.16), colour(rng, 0.04, 0.6, 0.3)
        if kind == 4 or kind == 22:
            first = colour(rng, 0.04, 0.16, 0.1) * floats([0.85, 1.15, 0.5])
            second = first * floats(rng.uniform(0.4, 1.6))
        elif kind in (20, 21, 23):
            first, second = colour(rng, 0.09, 0.5, 0.04), colour(rng, 0.05, 0.4, 0.06)
        elif kind in (24, 25):
            first = colour(rng, 0.1, 0.4, 0.05) * floats([1.3, 1.0, 0.7])
        elif kind == 1:
            first = colour(rng, 0.1, 0.4, 0.05) * floats([1.4, 0.85, 0.65])
        if k == 4:
            first = colour(rng, 0.5, 0.9, 0.03)
        light = 1.0 if k == 3 else float(rng.uniform(0.5, 1.15))
        surfaces[k] = [kind, *first, *second, np.exp(rng.normal(0, 0.3)), rng.uniform(0, 31), light]
    return Place(room, surfaces, *_light(rng, indoors))


def _light(
    rng: np.random.Generator, indoors: bool
) -> tuple[Floats, Floats, Floats, Floats, float, float, Floats, float]:
    blue = rng.random()
    zenith = floats([0.18, 0.32, 0.62]) * blue + floats([0.62, 0.65, 0.68]) * (1 - blue)
    horizon = floats([0.62, 0.72, 0.85]) * blue + floats([0.78, 0.79, 0.8]) * (1 - blue)
    sky = floats([*zenith, *horizon, rng.uniform(0, 1), rng.uniform(0, 0.16), *colour(rng, 0.04, 0.3, 0.15),
                  rng.uniform(0, 31)])  # fmt: skip
    turned = rng.uniform(-np.pi, np.pi) if rng.random() < 0.45 else rng.uniform(-1.3, 1.3)
    rise = rng.uniform(0.3, 1.3)
    key = floats([np.sin(turned) * np.cos(rise), np.sin(rise), np.cos(turned) * np.cos(rise)])
    sun = float(rng.random() ** 0.7) if not indoors else float(rng.uniform(0.15, 0.55))
    warm = floats([1.0, 0.93, 0.82]) ** np.float32(rng.uniform(0, 2.2))
    ambient = float(rng.uniform(0.3, 0.6) * (1.15 - 0.6 * sun))
    tint = floats(np.exp(rng.normal(0, 0.07, 3) + np.array([-0.06, 0.0, 0.08]) * rng.normal(0, 1)))
    edge = rng.uniform(0, 2 * np.pi)
    depth = float(rng.uniform(0.35, 0.75)) if rng.random() < 0.4 * sun + 0.1 else 0.0
    dapple = float(rng.uniform(0.2, 0.6)) if rng.random() < 0.15 and not indoors else 0.0
    shade = floats([np.cos(edge), np.sin(edge), rng.normal(0, 9), depth, rng.uniform(0.15, 3.0), dapple])
    soft = float(rng.uniform(0.6, 1.0) if indoors else np.clip(1 - sun + rng.normal(0, 0.1), 0, 1))
    return (
        sky,
        shade,
        key,
        (warm * (0.95 * sun)).astype(np.float32),
        ambient,
        float(rng.uniform(0.08, 0.25)),
        tint,
        soft,
    )


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def cell(table, i, j, seed):  # type: ignore[no-untyped-def]
    """A number in -1..1 for a cell of a grid."""
    return table[int(i) & 31, int(j) & 31, int(seed) & 31]


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def line(t, width, foot):  # type: ignore[no-untyped-def]
    """How much of a line between unit cells a pixel of size `foot` shows at t, all in cells."""
    f = t - np.floor(t)
    f = min(f, 1 - f)
    wide = max(width, foot)
    return (1.0 if f < 0.5 * wide else 0.0) * min(1.0, width / wide)


@njit(cache=True, nogil=True, fastmath=True)
def paint(row, u, v, foot, table, out):  # type: ignore[no-untyped-def]
    """The colour (3,) of a surface at u along and v up, dm; `foot` is a pixel's size there, dm."""
    kind, scale, seed = int(row[0]), row[7], row[8]
    mix, bright = 0.0, 1.0
    fade = max(0.0, 1 - foot / 3)
    rough = noise(table, u * 0.11, v * 0.11, seed) * 0.6 + noise(table, u * 0.43, v * 0.47, seed + 5) * 0.3
    rough += (noise(table, u * 1.9, v * 2.1, seed + 9) * 0.3 + noise(table, u * 7.1, v * 6.7, seed) * 0.22) * fade
    depth = 0.12
    if kind == 1:
        high, long = 0.75 * scale, 2.4 * scale
        course = np.floor(v / high)
        along = u / long + 0.5 * (course - 2 * np.floor(course / 2))
        bright = 1 + 0.25 * cell(table, np.floor(along), course, seed) * fade
        mix = max(line(along, 0.06, foot / long), line(v / high, 0.16, foot / high)) * 0.7
    elif kind == 2 or kind == 3:
        wide, high = 22 * scale, 32 * scale
        if kind == 3:
            wide, high = 34 * scale, 40 * scale
        a, b = u / wide, v / high
        i, j = np.floor(a), np.floor(b)
        a, b = a - i, b - j
        dice = cell(table, i, j, seed)
        edge = 0.2 if kind == 2 else 0.05
        low = 0.28 if kind == 2 else 0.12
        if edge < a < 1 - edge and low < b < 0.86:
            pane = 0.05 + 0.16 * b + 0.12 * abs(dice)
            if dice > 0.55:
                pane *= 5
            pane += 0.12 * noise(table, a * 5 + dice * 9, b * 5, seed)
            frame = max(line(a * 2, 0.04, foot / wide * 2), line(b * 2, 0.03, foot / high * 2))
            for k in range(3):
                glass = max(0.01, pane * (0.8 + 0.4 * cell(table, i + k, j, seed + 3)))
                if kind == 3:
                    goods = cell(table, np.floor(u / 2.7 + i), np.floor(v / 3.1), seed + k)
                    glass = max(0.01, glass + (0.25 * goods if goods > 0.1 else 0.0))
                out[k] = glass * (1 - frame) + row[4 + k] * frame
            return
        if kind == 3 and b > 0.9:
            mix = 1.0
            bright = 1 + 0.8 * (cell(table, np.floor(u / 1.1), 3, seed) > 0.2) * (0.92 < b < 0.97)
        elif kind == 2 and (low - 0.04 < b <= low and edge - 0.03 < a < 1.03 - edge):
            mix = 0.8
        mix = max(mix, line(v / high, 0.02, foot / high))
    elif kind == 4 or kind == 22:
        leaf = noise(table, u * 1.3, v * 1.3, seed) + 0.9 * noise(table, u * 3.4, v * 3.7, seed + 3) * fade
        leaf += 0.8 * noise(table, u * 0.21, v * 0.21, seed + 7)
        mix, depth = min(1.0, max(0.0, 0.5 + 0.6 * leaf)), 0.35
        bright = 1 + (0.45 if kind == 4 else 0.15) * leaf
    elif kind == 5:
        period = 1.1 * scale
        bright = 1 + 0.3 * np.sin(v / period * 6.28) * max(0.0, 1 - foot / period)
        mix = line(u / (27 * scale), 0.02, foot / 27)
    elif kind == 6 or kind == 23 or kind == 21:
        side = (2.0 if kind == 6 else 5.0) * scale
        i, j = np.floor(u / side), np.floor(v / side)
        bright = 1 + 0.12 * cell(table, i, j, seed)
        mix = 0.75 * max(line(u / side, 0.05, foot / side), line(v / side, 0.05, foot / side))
        if kind == 23 and seed > 20 and int(i + j) & 1:
            mix = 0.8
    elif kind == 7:
        i, j = np.floor(u / (9 * scale)), np.floor(v / (12 * scale))
        dice = cell(table, i, j, seed)
        a, b = u / (9 * scale) - i, v / (12 * scale) - j
        if dice > -0.2 and 0.1 < a < 0.9 and 0.08 < b < 0.92:
            block = cell(table, np.floor(u / 1.7), np.floor(v / 1.3), seed + 11)
            for k in range(3):
                hue = 0.4 + 0.35 * cell(table, i + 7 * k, j, seed + 2)
                out[k] = max(0.02, hue + (0.3 * block if block > 0.25 and b < 0.6 else 0.0) + 0.1 * rough)
            return
    elif kind == 8:
        high = 4.2 * scale
        j = np.floor(v / high)
        b = v / high - j
        long = 0.5 + 1.2 * abs(cell(table, j, 5, seed))
        i = np.floor(u / long)
        tall = 0.55 + 0.35 * cell(table, i, j, seed + 1)
        if b < 0.1:
            mix = 1.0
        elif b < tall:
            for k in range(3):
                out[k] = max(0.015, 0.22 + 0.24 * cell(table, i + 5 * k, j, seed + 4 + k)) * (1 + 0.2 * rough)
            return
        else:
            bright = 0.3
    elif kind == 24:
        side = 1.6 * scale
        i = np.floor(u / side)
        bright = 1 + 0.2 * cell(table, i, np.floor(v / 13 + 3 * cell(table, i, 1, seed)), seed)
        bright += 0.12 * noise(table, u * 2.6, v * 0.22, seed)
        mix = 0.6 * line(u / side, 0.04, foot / side)
    elif kind == 20:
        depth = 0.1
        lane = abs(u - 14 * scale)
        if seed < 14 and lane < 0.75 and v / 30 - np.floor(v / 30) < 0.6:
            bright = 3.0
        bright += 0.3 * noise(table, u * 9, v * 9, seed) * fade
    bright *= 1 + depth * 2 * rough
    for k in range(3):
        out[k] = (row[1 + k] + (row[4 + k] - row[1 + k]) * mix) * max(0.1, bright)


@njit(cache=True, nogil=True, fastmath=True)
def look_around(camera, room, surfaces, sky, shade, feet, contact, lit, table, height, width):  # type: ignore[no-untyped-def]
    """The empty place: linear colour (H, W, 3), and what share of each pixel is floor (H, W).

    `feet` (F, 3) are x, z and radius of the soft shadows beneath the person, `contact` how dark they are; `lit` is
    the light that falls on walls and floor.
    """
    out = np.zeros((height, width, 3), np.float32)
    floor = np.zeros((height, width), np.float32)
    c = np.zeros(3, np.float32)
    focal, cx, cy = camera[12], camera[13], camera[14]
    sine, cosine = room[0], room[1]
    ex, ey, ez = camera[9], camera[10], camera[11]
    for i in range(height):
        for j in range(width):
            x, y = (j - cx) / focal, -(i - cy) / focal
            wx = camera[0] * x + camera[3] * y - camera[6]
            wy = camera[1] * x + camera[4] * y - camera[7]
            wz = camera[2] * x + camera[5] * y - camera[8]
            dx, dz = cosine * wx - sine * wz, sine * wx + cosine * wz
            px, pz = cosine * ex - sine * ez, sine * ex + cosine * ez
            best, hit = 1e9, -1
            if dx < -1e-6:
                t = (-room[2] - px) / dx
                v = ey + t * wy
                if 0 < t < best and v < room[5]:
                    best, hit = t, 0
            if dx > 1e-6:
                t = (room[3] - px) / dx
                v = ey + t * wy
                if 0 < t < best and v < room[6]:
                    best, hit = t, 1
            if dz < -1e-6:
                t = (-room[4] - pz) / dz
                v = ey + t * wy
                if 0 < t < best and v < room[7]:
                    best, hit = t, 2
            if wy < -1e-6 and -ey / wy < best:
                best, hit = -ey / wy, 3
            if room[8] > 0 and wy > 1e-6 and (room[8] - ey) / wy < best:
                best, hit = (room[8] - ey) / wy, 4
            level = 1.0
            if hit < 0 or best > 2500:
                up = wy / np.sqrt(wx * wx + wz * wz + 1e-9)
                round_ = np.arctan2(wx, -wz)
                line_ = sky[7] * (0.6 + 0.4 * noise(table, round_ * 9, 1.5, sky[11]))
                line_ += 0.02 * noise(table, round_ * 55, 2.5, sky[11])
                if up < line_:
                    dark = 0.8 + 0.4 * noise(table, round_ * 40, up * 40, sky[11])
                    for k in range(3):
                        c[k] = sky[8 + k] * dark
                else:
                    mix = min(1.0, max(0.0, up * 1.6))
                    cloud = noise(table, round_ * 2.1, up * 5, sky[11]) + 0.5 * noise(table, round_ * 5.3, up * 12, 3)
                    cloud = min(1.0, max(0.0, cloud * 0.9 + sky[6] - 0.4))
                    for k in range(3):
                        c[k] = sky[3 + k] + (sky[k] - sky[3 + k]) * mix
                        c[k] += (0.82 - c[k]) * cloud
            else:
                hx, hy, hz = px + best * dx, ey + best * wy, pz + best * dz
                foot = best / focal
                if hit == 3:
                    paint(surfaces[3], hx, hz, foot * (1 + 1.0 / (abs(wy) + 0.15)), table, c)
                elif hit == 4:
                    paint(surfaces[4], hx, hz, foot, table, c)
                elif hit == 2:
                    paint(surfaces[2], hx, hy, foot, table, c)
                else:
                    paint(surfaces[hit], hz, hy, foot, table, c)
                level = surfaces[hit, 9] * lit
                away = hx * shade[0] + hz * shade[1] + 0.5 * hy - shade[2]
                dark = min(1.0, max(0.0, 0.5 + away / shade[4]))
                level *= 1 - shade[3] * dark
                if shade[5] > 0:
                    spot = noise(table, hx * 0.35 + 0.2 * hy, hz * 0.35, 7) + 0.6 * noise(table, hx * 0.9, hz * 0.9, 3)
                    level *= 1 - shade[5] * min(1.0, max(0.0, 0.5 + 2.5 * spot))
                if hit == 3:
                    floor[i, j] = 1.0
                    gx, gz = ex + best * wx, ez + best * wz
                    dim = 0.0
                    for k in range(len(feet)):
                        fx, fz = gx - feet[k, 0], gz - feet[k, 1]
                        dim += contact * np.exp(-(fx * fx + fz * fz) / feet[k, 2])
                    level *= max(0.25, 1 - dim)
                elif hit < 3:
                    level *= min(1.0, 0.7 + 0.3 * hy / 6)
                haze = min(0.6, best / 2500)
                for k in range(3):
                    c[k] = c[k] * (1 - haze) + 0.6 * haze
            for k in range(3):
                out[i, j, k] = c[k] * level
    return out, floor
