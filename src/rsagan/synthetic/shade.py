"""Deferred shading in one numba pass over the picture: light, colour, regions and surface coordinates.

numba's cache on the disk watches only the file of the function it compiled: after a change in fabric.py alone,
save this file, photo.py and raster.py too, or the old colours stay.
"""

import numpy as np
from numba import njit

from rsagan.synthetic.fabric import Kind, Look, Pattern, cloth, eye, face, noise, pocket
from rsagan.synthetic.photo import photo_skin, pictured

ORDER = np.array([0, 3, 1, 2])  # of the subpixels
STEP = 0.02  # surface coordinates are stored in steps of 2 mm
ZERO = 2048


@njit(cache=True, nogil=True, fastmath=True)
def occlusion(nearest, scale, reach):  # type: ignore[no-untyped-def]
    """How open each final pixel is, float32 (H, W) in about 0.4..1, from pairs of opposite depth samples.

    `reach` is the far radius in final pixels.
    """
    height, width = nearest.shape[0] // scale, nearest.shape[1] // scale
    out = np.ones((height, width), np.float32)
    last_y, last_x = nearest.shape[0] - 1, nearest.shape[1] - 1
    for i in range(height):
        for j in range(width):
            y, x = i * scale, j * scale
            w = nearest[y, x]
            if w <= 0:
                continue
            depth = 1 / w
            turn = ((i * 7 + j * 3) & 7) * 0.0981
            total = 0.0
            for k in range(6):
                angle = turn + k * 0.5236
                radius = reach * scale * (0.35 + 0.65 * ((k * 5 + i + 2 * j) % 6) / 5.0)
                dx, dy = int(radius * np.cos(angle)), int(radius * np.sin(angle))
                y0, x0 = min(last_y, max(0, y + dy)), min(last_x, max(0, x + dx))
                y1, x1 = min(last_y, max(0, y - dy)), min(last_x, max(0, x - dx))
                a = depth - 1 / nearest[y0, x0] if nearest[y0, x0] > 0 else -0.6
                b = depth - 1 / nearest[y1, x1] if nearest[y1, x1] > 0 else -0.6
                a = max(-0.6, a) if a < 1.6 else 0.3
                b = max(-0.6, b) if b < 1.6 else 0.3
                total += min(1.0, max(0.0, (a + b) * 0.9))
            out[i, j] = 1 - 0.6 * total / 6
    return out


@njit(cache=True, nogil=True, fastmath=True)
def shade(  # type: ignore[no-untyped-def]
    winner, bary, open_, scale, faces, face_layer, face_region, face_chart, canon, rest, normal, field, lips,
    looks, text, table, charts, light, blur, uv, pictures,
):  # fmt: skip
    """Linear colour times coverage (H, W, 3), coverage (H, W), regions (H, W) and surface (H, W, 3).

    `light` is 16 numbers: key direction (3), key colour (3), fill direction (3), fill strength, sky, ground,
    and the key direction in the rest pose's own frame (3), eye's height. A pixel belongs to the region that
    most of its subpixels show, of equally many to that of the lower number; where half of them or more show
    the person, the background has no vote.
    """
    height, width = winner.shape[0] // scale, winner.shape[1] // scale
    colour = np.zeros((height, width, 3), np.float32)
    coverage = np.zeros((height, width), np.float32)
    regions = np.zeros((height, width), np.uint8)
    surface = np.zeros((height, width, 3), np.uint16)
    votes = np.zeros(8, np.int32)
    where = np.zeros((scale * scale, 3), np.float32)
    owner = np.zeros(scale * scale, np.int32)
    lit_layer = np.zeros(scale * scale, np.int32)  # the layer whose colour a subpixel has, -1 for none
    lit_colour = np.zeros((scale * scale, 3), np.float32)
    c = np.zeros(3, np.float32)
    base = np.zeros(3, np.float32)
    share = np.float32(1.0 / (scale * scale))
    for i in range(height):
        for j in range(width):
            for k in range(8):
                votes[k] = 0
            count = 0
            folded = -1  # the layer and chart whose folds were last worked out in this pixel
            fold = 0.0
            for n in range(scale * scale):
                s = ORDER[n]
                si, sj = i * scale + s // scale, j * scale + s % scale
                t = winner[si, sj]
                lit_layer[n] = -1
                if t < 0:
                    votes[0] += 1
                    continue
                a, b = bary[si, sj, 0], bary[si, sj, 1]
                d = 1 - a - b
                v0, v1, v2 = faces[t, 0], faces[t, 1], faces[t, 2]
                look = looks[face_layer[t]]
                region = face_region[t]
                votes[region] += 1
                for k in range(3):
                    c[k] = a * canon[v0, k] + b * canon[v1, k] + d * canon[v2, k]
                if region > 0:  # a bag is shown, but it is no part of the person
                    owner[count] = region
                    for k in range(3):
                        where[count, k] = a * rest[v0, k] + b * rest[v1, k] + d * rest[v2, k]
                    count += 1
                # two diagonal subpixels are worth shading; the others show the same cloth
                layer = face_layer[t]
                lit_layer[n] = layer
                like = -1
                if n > 1:
                    like = 0 if lit_layer[0] == layer else 1 if lit_layer[1] == layer else -1
                if like >= 0:
                    for k in range(3):
                        lit_colour[n, k] = lit_colour[like, k]
                        colour[i, j, k] += lit_colour[n, k]
                    coverage[i, j] += share
                    continue
                nx = a * normal[v0, 0] + b * normal[v1, 0] + d * normal[v2, 0]
                ny = a * normal[v0, 1] + b * normal[v1, 1] + d * normal[v2, 1]
                nz = a * normal[v0, 2] + b * normal[v1, 2] + d * normal[v2, 2]
                length = 1 / np.sqrt(nx * nx + ny * ny + nz * nz + 1e-9)
                nx, ny, nz = nx * length, ny * length, nz * length
                inside = False
                if nz < -0.25:  # the inner side of an open coat or a skirt
                    nx, ny, nz = -nx, -ny, -nz
                    inside = True

                kind = int(look[Look.KIND])
                if kind >= Kind.PICTURED_SKIN:
                    tu = a * uv[v0, 0] + b * uv[v1, 0] + d * uv[v2, 0]
                    tv = a * uv[v0, 1] + b * uv[v1, 1] + d * uv[v2, 1]
                    pictured(look, pictures, blur, tu, tv, base)
                    if kind == Kind.PICTURED_SKIN:
                        share_ = a * lips[v0] + b * lips[v1] + d * lips[v2]
                        scalp = a * field[v0] + b * field[v1] + d * field[v2] - 1
                        photo_skin(look, c, share_, scalp, table, base)
                        kind = Kind.SKIN
                    elif kind == Kind.PICTURED_EYE:
                        kind = Kind.EYE
                    elif kind == Kind.PICTURED_HAIR:
                        kind = Kind.HAIR
                bump, gloss, sharp = 0.0, look[Look.GLOSS], 18.0
                if int(look[Look.KIND]) >= Kind.PICTURED_SKIN and kind < Kind.CLOTH:
                    pass
                elif kind == Kind.SKIN:
                    face(look, c, a * lips[v0] + b * lips[v1] + d * lips[v2], table, base)
                elif kind == Kind.EYE:
                    eye(look, c, base)
                elif kind == Kind.HAIR:
                    turn = np.arctan2(c[0], c[2] - 0.2)
                    flow = look[Look.SCALE]
                    streak = noise(table, turn * 14 + c[1] * flow, c[1] * 0.8, look[Look.SEED])
                    fine = noise(table, turn * 40 + c[1] * flow * 2, c[1] * 1.5, look[Look.SEED] + 9)
                    curl = noise(table, c[0] * 6, c[1] * 6, c[2] * 6) * look[Look.GRAIN]
                    tone = 1 + 0.28 * streak + 0.22 * fine * max(0.0, 1 - 4 * blur) + curl
                    mix = min(1.0, max(0.0, 0.4 + 0.5 * streak))
                    for k in range(3):
                        base[k] = (look[Look.MAIN + k] * (1 - mix) + look[Look.SECOND + k] * mix) * tone
                    bump = 0.25 * streak + 0.6 * curl
                else:
                    chart = face_chart[t]
                    if chart == 0:
                        u, v = c[0], c[1]  # front and back are flat pieces, joined to side pieces by a seam
                        across, ahead = abs(c[0]), abs(c[2] - 0.1)
                        if across > 1.9 * ahead:
                            u = (1.6 - (c[2] - 0.1)) * (1.0 if c[0] > 0 else -1.0)
                    else:
                        m = charts[chart]
                        x, y, z = c[0] - m[0], c[1] - m[1], c[2] - m[2]
                        v = x * m[3] + y * m[4] + z * m[5] + m[13]
                        p = x * m[6] + y * m[7] + z * m[8]
                        q = x * m[9] + y * m[10] + z * m[11]
                        u = np.arctan2(p, q) * m[12]
                    bright = 1.0
                    if kind != Kind.PICTURED_CLOTH:
                        second, third, bright = cloth(look, table, u, v, blur)
                        for k in range(3):
                            base[k] = look[Look.MAIN + k] + (look[Look.SECOND + k] - look[Look.MAIN + k]) * second
                            base[k] += (look[Look.THIRD + k] - base[k]) * third
                    edge = a * field[v0] + b * field[v1] + d * field[v2]
                    if edge < look[Look.TRIM_WIDTH]:
                        for k in range(3):
                            base[k] = look[Look.TRIM + k]
                    elif edge < look[Look.TRIM_WIDTH] + 0.025 and blur < 0.09:
                        bright *= 0.85
                    if int(look[Look.PATTERN]) == Pattern.DENIM:  # denim is worn pale at the front of the thigh
                        worn = np.exp(-((c[1] + 1.9) ** 2) / 3.0) * max(0.0, c[2] - 0.2) * 0.5
                        bright *= 1 + min(0.6, worn)
                        if abs(u - 1.35) < 0.03 and chart > 4:
                            bright *= 0.75
                    if look[Look.PRINT_WIDTH] > 0 and chart == 0 and c[2] > 0.2 and not inside:
                        tu = c[0] / look[Look.PRINT_WIDTH] * 0.5 + 0.5
                        tv = (look[Look.PRINT_Y] - c[1]) / look[Look.PRINT_WIDTH] + 0.5
                        if 0 <= tu < 1 and 0 <= tv < 1:
                            ink = text[int(tv * text.shape[0]), int(tu * text.shape[1])]
                            for k in range(3):
                                base[k] += (look[Look.PRINT + k] - base[k]) * ink
                    if look[Look.BUTTONS] > 0 and chart == 0 and c[2] > 0.2 and abs(c[0]) < 0.22:
                        if abs(abs(c[0]) - 0.17) < 0.012 + 0.3 * blur and c[1] < 5.2:
                            bright *= 0.8
                        by = c[1] / 0.72 - np.floor(c[1] / 0.72) - 0.5
                        if c[0] ** 2 + (by * 0.72) ** 2 < 0.0036:
                            for k in range(3):
                                base[k] = look[Look.TRIM + k] * 0.7
                    if look[Look.POCKETS] > 0 and chart == 0 and c[2] > 0.2 and blur < 0.12:
                        bright *= pocket(int(look[Look.POCKETS]), c[0], c[1], 0.016 + 0.35 * blur)
                    grain = look[Look.GRAIN] * noise(table, u * 28 + 3, v * 28, look[Look.SEED])
                    bright *= 1 + grain * max(0.0, 1 - 5 * blur)
                    if kind == Kind.SHOE:
                        sharp = 30.0
                        if c[1] < -7.93 or (
                            look[Look.BUTTONS] > 0 and c[2] > 0.75 and c[2] < 1.5 and c[1] > -7.75 and lace(c[2])
                        ):
                            for k in range(3):
                                base[k] = look[Look.TRIM + k]
                    if look[Look.WRINKLE] > 0:
                        # folds: how the height of the cloth changes towards the key light, once a pixel
                        if folded != face_layer[t] * 8 + chart:
                            folded = face_layer[t] * 8 + chart
                            fold = folds(look, c, v, chart, light, table)
                        bump = fold
                    for k in range(3):
                        base[k] *= bright * (0.6 if inside else 1.0)

                key = nx * light[0] + ny * light[1] + nz * light[2] + bump
                wrap = 0.42 if kind == Kind.SKIN else 0.3
                lit = max(0.0, (key + wrap) / (1 + wrap))
                fill = max(0.0, nx * light[6] + ny * light[7] + nz * light[8]) * light[9]
                sky = light[11] + (light[10] - light[11]) * (0.5 + 0.5 * ny)
                opened = open_[i, j]
                shine = 0.0
                if gloss > 0:
                    # half-way vector between the key light and the camera (along +z)
                    hx, hy, hz = light[0], light[1], light[2] + 1
                    hl = 1 / np.sqrt(hx * hx + hy * hy + hz * hz)
                    if kind == Kind.HAIR:
                        up = ny - 0.45 + 0.25 * bump
                        shine = gloss * np.exp(-up * up * 14) * max(0.0, lit)
                    else:
                        shine = gloss * max(0.0, (nx * hx + ny * hy + nz * hz) * hl) ** sharp
                weight = share * opened
                for k in range(3):
                    value = base[k] * (lit * light[3 + k] + fill + sky) + shine * light[3 + k]
                    if kind == Kind.SKIN and k == 0:
                        value += base[0] * 0.10 * max(0.0, 1 - abs(key - 0.05) * 3)
                    lit_colour[n, k] = max(0.0, value) * weight
                    colour[i, j, k] += lit_colour[n, k]
                coverage[i, j] += share
            best = 0
            for k in range(1, 8):
                if votes[k] > votes[best] or (best == 0 and votes[k] > 0 and 2 * count >= scale * scale):
                    best = k
            if best == 0 or count == 0:
                continue
            regions[i, j] = best
            x, y, z, n = 0.0, 0.0, 0.0, 0
            first = -1
            for s in range(count):
                if owner[s] != best:
                    continue
                if first < 0:
                    first = s
                far = abs(where[s, 0] - where[first, 0]) + abs(where[s, 1] - where[first, 1])
                if far + abs(where[s, 2] - where[first, 2]) < 0.6:
                    x, y, z, n = x + where[s, 0], y + where[s, 1], z + where[s, 2], n + 1
            surface[i, j, 0] = min(4095, max(1, int(np.floor(x / n / STEP + 0.5)) + ZERO))
            surface[i, j, 1] = min(4095, max(1, int(np.floor(y / n / STEP + 0.5)) + ZERO))
            surface[i, j, 2] = min(4095, max(1, int(np.floor(z / n / STEP + 0.5)) + ZERO))
    return colour, coverage, regions, surface


@njit(cache=True, nogil=True, fastmath=True)
def folds(look, c, v, chart, light, table):  # type: ignore[no-untyped-def]
    """How much a fold at template position c turns the cloth towards the key light."""
    x, y, z = c[0] * 0.9, c[1] * 1.6 + 0.35 * c[0], c[2] * 0.9 + look[Look.SEED]
    if chart == 0:
        x, z = x * 1.15, z * 1.15
        deep = 0.45 + 0.75 * np.exp(-((c[1] - 1.9) ** 2))
    elif chart < 5:
        deep = 0.4 + 0.9 * np.exp(-((v - 2.28) ** 2) * 2)
    else:
        deep = np.exp(-((c[1] + 3.7) ** 2) * 1.2) + np.exp(-((c[1] + 7.1) ** 2) * 1.2)
        deep = 0.3 + 0.8 * deep + 0.6 * np.exp(-((c[1] + 0.4) ** 2) * 2)
        y *= 1.25
    e = 0.3
    here = noise(table, x, y, z) + 0.5 * noise(table, 2.3 * x, 2.1 * y, 2.3 * z)
    x, y, z = x + e * light[12], y + e * light[13], z + e * light[14]
    there = noise(table, x, y, z) + 0.5 * noise(table, 2.3 * x, 2.1 * y, 2.3 * z)
    return look[Look.WRINKLE] * deep * (here - there)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def lace(z):  # type: ignore[no-untyped-def]
    """Whether a shoe lace crosses here."""
    t = z / 0.16
    return t - np.floor(t) < 0.35
