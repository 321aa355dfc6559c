"""What cloth, skin, hair and shoes look like at one point, compiled by numba.

A layer's look is a row of floats (`Look` names the columns); colours are linear light. Patterns live in
rest-pose coordinates u, v in dm, so they stick to the cloth; `blur` is the size of a subpixel in dm, which
keeps fine patterns from flickering.
"""

from enum import IntEnum

import numpy as np
from numba import njit

from rsagan.synthetic.mesh import Floats


class Look(IntEnum):
    """Columns of a layer's row; colours take three (`Look.MAIN.colour`)."""

    KIND = 0
    MAIN = 1
    SECOND = 4  # of skin the lips, of eyes the iris
    TRIM = 7
    PATTERN = 10
    SCALE = 11  # of the pattern, dm, or how far strands of hair slant
    TRIM_WIDTH = 12
    GLOSS = 13
    WRINKLE = 14
    PRINT_WIDTH = 15
    PRINT_Y = 16  # or where a `BLOCK` begins
    PRINT = 17
    SEED = 20
    GRAIN = 21  # or how curly hair is
    ANGLE = 22
    BUTTONS = 23  # or laces
    STUBBLE = 24
    THIRD = 25
    BROW = 28
    BROW_HEIGHT = 31  # above the usual, dm
    PICTURE = 32  # 1 + slot of the layer's picture, 0 for none
    DENSITY = 33  # texels a dm
    CUTOUT = 34  # how the rasteriser thins the layer, a `Cutout`
    RECOLOUR = 35  # how a picture is recoloured, a `Recolour`
    WANTED = 36  # colour wanted, or the gain of a face
    USUAL = 39  # the picture's usual colour, or the gain of arms
    LEGS = 42  # the gain of legs
    SOFT = 45  # depth of a frayed edge, dm
    POCKETS = 46  # a `Pocket`
    COLUMNS = 48

    @property
    def colour(self) -> slice:
        """All three columns of the colour that begins here."""
        return slice(int(self), self + 3)


class Kind(IntEnum):
    """Which of the shading programs a layer uses."""

    SKIN = 0
    EYE = 1
    HAIR = 2
    CLOTH = 3
    SHOE = 4
    PICTURED_SKIN = 5
    PICTURED_EYE = 6
    PICTURED_HAIR = 7
    PICTURED_CLOTH = 8


class Cutout(IntEnum):
    """How a layer's edge is thinned: 2 x 2 subpixels have thresholds of their own."""

    NONE = 0
    HAIR = 1  # by the picture's alpha
    BROW = 2  # by alpha, keeping fainter strands
    FRAY = 3  # by the field, strand by strand


class Pocket(IntEnum):
    """Where a garment has pockets."""

    NONE = 0
    CHEST = 1
    HIPS = 2
    BELLY = 3  # one for both hands


class Recolour(IntEnum):
    """What happens to a picture's colours."""

    NONE = 0
    HUE = 1  # those near the usual hue
    TONE = 2  # all


class Pattern(IntEnum):
    """Weaves and prints that cover a whole garment."""

    PLAIN = 0
    STRIPES = 1
    PINSTRIPES = 2
    GINGHAM = 3
    TARTAN = 4
    DOTS = 5
    FLORAL = 6
    HEATHER = 7
    KNIT = 8
    DENIM = 9
    CAMO = 10
    BLOCK = 11
    ZIGZAG = 12
    WINDOW = 13


NOISE_SIZE = 32


def noise_table() -> Floats:
    """Random numbers in -1..1, float32 (32, 32, 32), the same in every process; `noise` reads it smoothly."""
    return np.random.default_rng(7).uniform(-1, 1, (NOISE_SIZE,) * 3).astype(np.float32)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def noise(table, x, y, z):  # type: ignore[no-untyped-def]
    """Smooth noise in about -1..1, period 32."""
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    i, j, k = int(fx) & 31, int(fy) & 31, int(fz) & 31
    a, b, c = x - fx, y - fy, z - fz
    a = a * a * (3 - 2 * a)
    b = b * b * (3 - 2 * b)
    c = c * c * (3 - 2 * c)
    p, q, r = (i + 1) & 31, (j + 1) & 31, (k + 1) & 31
    v00 = table[i, j, k] * (1 - c) + table[i, j, r] * c
    v01 = table[i, q, k] * (1 - c) + table[i, q, r] * c
    v10 = table[p, j, k] * (1 - c) + table[p, j, r] * c
    v11 = table[p, q, k] * (1 - c) + table[p, q, r] * c
    return (v00 * (1 - b) + v01 * b) * (1 - a) + (v10 * (1 - b) + v11 * b) * a


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def band(t, share, blur):  # type: ignore[no-untyped-def]
    """1 inside the first `share` of each unit of t, 0 elsewhere, with edges softened over `blur` units."""
    t = t - np.floor(t)
    inside = min(t, share - t) if t < share else -min(t - share, 1 - t)
    if blur > 0.6:
        return share
    return min(1.0, max(0.0, 0.5 + inside / max(blur, 1e-3)))


@njit(cache=True, nogil=True, fastmath=True)
def cloth(look, table, u, v, blur):  # type: ignore[no-untyped-def]
    """How much of the second and third colour the pattern shows at (u, v), and a factor of brightness."""
    pattern = int(look[Look.PATTERN])
    angle = look[Look.ANGLE]
    if angle != 0.0:
        c, s = np.cos(angle), np.sin(angle)
        u, v = c * u - s * v, s * u + c * v
    p = look[Look.SCALE]
    soft = blur / p * 1.5
    seed = look[Look.SEED]
    second, third, bright = 0.0, 0.0, 1.0
    if pattern == Pattern.STRIPES:
        second = band(v / p, 0.5, soft)
    elif pattern == Pattern.PINSTRIPES:
        second = band(u / p, 0.14, soft)
    elif pattern == Pattern.GINGHAM:
        second = 0.5 * (band(u / p, 0.5, soft) + band(v / p, 0.5, soft))
    elif pattern == Pattern.TARTAN:
        wide = 0.5 * (band(u / p, 0.4, soft) + band(v / p, 0.4, soft))
        line = max(band(u / p + 0.3, 0.07, soft), band(v / p + 0.3, 0.07, soft))
        second, third = wide, 0.8 * line
    elif pattern == Pattern.DOTS:
        row = np.floor(v / p)
        a = u / p + 0.5 * (int(row) & 1)
        a, b = a - np.floor(a) - 0.5, v / p - row - 0.5
        inside = 0.27 - np.sqrt(a * a + b * b)
        second = 0.23 if soft > 0.7 else min(1.0, max(0.0, 0.5 + inside / max(soft, 1e-3)))
    elif pattern == Pattern.FLORAL:
        for k in range(2):
            a, b = u / p + 0.37 * k, v / p + 0.61 * k
            i, j = np.floor(a), np.floor(b)
            h = table[int(i + seed) & 31, int(j) & 31, 3 + k]
            g = table[int(i) & 31, int(j + seed) & 31, 9 + k]
            x, y = a - i - 0.5 - 0.18 * h, b - j - 0.5 - 0.18 * g
            r = np.sqrt(x * x + y * y)
            petal = 0.27 + 0.07 * np.cos(5 * np.arctan2(y, x) + 3 * h) + 0.08 * g
            amount = min(1.0, max(0.0, 0.5 + (petal - r) / max(soft, 1e-3)))
            if k == 0:
                second = amount
                if r < 0.09:
                    third = 1.0
            elif g > 0.0:
                third = max(third, amount * 0.9)
    elif pattern == Pattern.HEATHER:
        n = noise(table, u * 14 + seed, v * 34, seed) + 0.7 * noise(table, u * 31, v * 47 + seed, seed)
        second = min(1.0, max(0.0, 0.3 + 0.4 * n * max(0.1, 1 - blur * 6)))
    elif pattern == Pattern.KNIT:
        bright = 1 + 0.2 * (band(u / p, 0.55, soft) - 0.55) + 0.08 * (band(v / p * 1.5, 0.5, soft) - 0.5)
    elif pattern == Pattern.DENIM:
        second = min(1.0, max(0.0, 0.16 + 0.2 * noise(table, u * 34, v * 14, seed) * max(0.1, 1 - blur * 6)))
    elif pattern == Pattern.CAMO:
        n = noise(table, u / p + seed, v / p, seed) + 0.4 * noise(table, 2.1 * u / p, 2.1 * v / p + seed, seed)
        m = noise(table, u / p, v / p + seed, seed + 5)
        second = min(1.0, max(0.0, 0.5 + (n - 0.05) * 8))
        third = min(1.0, max(0.0, 0.5 + (m - 0.28) * 8))
    elif pattern == Pattern.BLOCK:
        second = 1.0 if v > look[Look.PRINT_Y] else 0.0
    elif pattern == Pattern.ZIGZAG:
        t = u / p - np.floor(u / p)
        second = band(v / p + 0.6 * abs(t - 0.5), 0.4, soft)
    elif pattern == Pattern.WINDOW:
        second = max(band(u / p, 0.07, soft), band(v / p, 0.07, soft))
    return second, third, bright


@njit(cache=True, nogil=True, fastmath=True)
def face(look, c, lip, table, out):  # type: ignore[no-untyped-def]
    """Paint skin at template position c into out: lips, brows, lashes, blush, stubble, freckled tone."""
    x, y, z = abs(c[0]), c[1], c[2]
    tone = 1 + 0.05 * noise(table, c[0] * 1.3, y * 1.3, z * 1.3) + 0.03 * noise(table, c[0] * 7, y * 7, z * 7)
    for k in range(3):
        out[k] = look[Look.MAIN + k] * tone
    if y < 5.8 or z < 0.2:
        return
    blush = np.exp(-((x - 0.5) ** 2 + (y - 6.95) ** 2) / 0.06) * 0.22
    out[1] *= 1 - blush
    out[2] *= 1 - blush
    if look[Look.STUBBLE] > 0:
        low = min(1.0, max(0.0, (6.78 - y + 0.35 * max(0.0, x - 0.45)) * 6)) * min(1.0, max(0.0, (z - 0.35) * 4))
        low *= min(1.0, max(0.0, (y - 6.0) * 6))
        amount = look[Look.STUBBLE] * low * (1 + 0.13 * noise(table, c[0] * 25, y * 25, z * 25))
        for k in range(3):
            out[k] += (look[Look.BROW + k] - out[k]) * min(1.0, amount)
    if lip > 0.02:
        for k in range(3):
            out[k] += (look[Look.SECOND + k] - out[k]) * min(1.0, lip * 1.1)
        if abs(y - 6.615) < 0.017 and x < 0.22:
            for k in range(3):
                out[k] *= 0.55
    if z > 0.7:
        arch = 7.56 + look[Look.BROW_HEIGHT] + 0.05 * np.sin((x - 0.12) * 6.0) - 0.10 * max(0.0, x - 0.40)
        thick = 0.055 * (1 - 0.55 * max(0.0, (x - 0.3) / 0.3))
        across = 1 - abs(y - arch) / thick
        ends = min(min((x - 0.10) * 14, (0.60 - x) * 9), 1.0)
        amount = min(1.0, max(0.0, across * 2.0)) * max(0.0, ends) * 0.85
        if amount > 0:
            for k in range(3):
                out[k] += (look[Look.BROW + k] * 0.8 - out[k]) * amount
        # lids: dark along the rim of the eye opening
        a, b = (x - 0.315) / 0.205, (y - 7.268) / 0.088
        r = a * a + b * b
        if r < 1.9:
            amount = 0.55 * max(0.0, 1 - abs(r - 0.9) / 0.6) * (1.0 if b > 0 else 0.45)
            for k in range(3):
                out[k] *= 1 - amount


@njit(cache=True, nogil=True, fastmath=True)
def eye(look, c, out):  # type: ignore[no-untyped-def]
    """Paint an eyeball at template position c into out."""
    x, y = abs(c[0]) - 0.308, c[1] - 7.284
    r = np.sqrt(x * x + y * y)
    white = min(1.0, max(0.0, (r - 0.072) / 0.012))
    pupil = min(1.0, max(0.0, (0.034 - r) / 0.01))
    shadow = 1 - 0.45 * min(1.0, max(0.0, (y - 0.01) / 0.07))
    for k in range(3):
        iris = look[Look.SECOND + k] * (1 - pupil) + 0.004 * pupil
        out[k] = (iris + (look[Look.MAIN + k] - iris) * white) * shadow


@njit(cache=True, nogil=True, fastmath=True)
def pocket(kind, x, y, thin):  # type: ignore[no-untyped-def]
    """How much darker the seams of pockets, `thin` dm wide, make a front at template position (x, y)."""
    x = abs(x)
    if kind == Pocket.CHEST:  # a patch
        a, b = abs(x - 0.72) - 0.27, abs(y - 3.85) - 0.32
    elif kind == Pocket.HIPS:  # flaps
        a, b = abs(x - 0.95) - 0.36, abs(y - 1.05) - 0.13
    else:  # a pouch with slanting ends
        a, b = x - 0.75 - 0.45 * (0.9 - y), abs(y - 1.1) - 0.42
    edge = max(a, b)
    if abs(edge) < thin:
        return 0.72
    return 1.0 if edge > 0 or kind != Pocket.HIPS else 0.93
