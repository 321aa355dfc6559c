"""Linear blend skinning, perspective and the z-buffer, compiled by numba.

Subpixel (i, j) of a picture supersampled s times has its centre at ((j + 0.5) / s - 0.5, (i + 0.5) / s - 0.5)
in the final picture, where integers are pixel centres.
"""

import numpy as np
from numba import njit

from rsagan.synthetic.fabric import Cutout, Look
from rsagan.synthetic.mesh import Floats, Ints
from rsagan.synthetic.pictures import NO_PICTURES, level_for, opacity

# by `Cutout` and subpixel; alpha is in 0..255, a fray's reach in 0..1
THRESHOLD = np.array([[0, 0, 0, 0], [56, 148, 178, 87], [26, 110, 148, 64], [0.2, 0.7, 0.9, 0.45]], np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def skin(rest: Floats, normal: Floats, bones: Ints, weights: Floats, motion: Floats) -> tuple[Floats, Floats]:
    """Posed positions and normals, both (N, 3). `motion` float32 (B, 3, 4) takes rest points to posed points."""
    count, width = bones.shape
    position = np.empty((count, 3), np.float32)
    turned = np.empty((count, 3), np.float32)
    m = np.empty((3, 4), np.float32)
    for i in range(count):
        w = weights[i, 0]
        b = bones[i, 0]
        for r in range(3):
            for c in range(4):
                m[r, c] = w * motion[b, r, c]
        for k in range(1, width):
            w = weights[i, k]
            if w <= 0:
                break
            b = bones[i, k]
            for r in range(3):
                for c in range(4):
                    m[r, c] += w * motion[b, r, c]
        x, y, z = rest[i, 0], rest[i, 1], rest[i, 2]
        p, q, s = normal[i, 0], normal[i, 1], normal[i, 2]
        for r in range(3):
            position[i, r] = m[r, 0] * x + m[r, 1] * y + m[r, 2] * z + m[r, 3]
            turned[i, r] = m[r, 0] * p + m[r, 1] * q + m[r, 2] * s
    return position, turned


@njit(cache=True, nogil=True, fastmath=True)
def project(position: Floats, bias: Floats, camera: Floats, scale: float) -> Floats:
    """Subpixel x, y and inverse depth, float32 (N, 3).

    `camera` is 15 numbers: rotation (9, row-major, from world to view), eye (3), focal length in final pixels
    and the final picture's principal point x, y. `bias` (N,) dm brings a vertex nearer in depth only.
    """
    out = np.empty((len(position), 3), np.float32)
    focal, cx, cy = camera[12], camera[13], camera[14]
    for i in range(len(position)):
        x = position[i, 0] - camera[9]
        y = position[i, 1] - camera[10]
        z = position[i, 2] - camera[11]
        vx = camera[0] * x + camera[1] * y + camera[2] * z
        vy = camera[3] * x + camera[4] * y + camera[5] * z
        depth = -(camera[6] * x + camera[7] * y + camera[8] * z)
        out[i, 0] = (cx + focal * vx / depth + 0.5) * scale - 0.5
        out[i, 1] = (cy - focal * vy / depth + 0.5) * scale - 0.5
        out[i, 2] = 1.0 / (depth - bias[i])
    return out


@njit(cache=True, nogil=True, fastmath=True)
def flattened(position: Floats, eye: Floats, rotation: Floats) -> Floats:
    """Where a camera of focal length 1 at `eye` sees points (N, 3): right and up, float32 (N, 2)."""
    out = np.empty((len(position), 2), np.float32)
    for i in range(len(position)):
        x, y, z = position[i, 0] - eye[0], position[i, 1] - eye[1], position[i, 2] - eye[2]
        depth = -(rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z)
        out[i, 0] = (rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z) / depth
        out[i, 1] = (rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z) / depth
    return out


@njit(cache=True, nogil=True, fastmath=True)
def rasterise_layers(
    screen: Floats,
    faces: Ints,
    field: Floats,
    double: Ints,
    height: int,
    width: int,
    face_layer: Ints,
    looks: Floats,
    uv: Floats,
    pictures: np.ndarray,
    blur: float,
) -> tuple[Floats, Ints, Floats]:
    """Inverse depth (H, W), triangle or -1 (H, W) and two barycentric weights (H, W, 2) of the nearest surface.

    `field` (N,) cuts a surface where its interpolated value is negative; `double` (T,) is 1 for triangles seen
    from both sides. Layers whose look asks for it are thinned by a 2 x 2 pattern of thresholds, which makes an edge
    soft once subpixels are averaged; `blur` is the size of a subpixel, dm.
    """
    nearest = np.zeros((height, width), np.float32)
    winner = np.full((height, width), -1, np.int32)
    bary = np.zeros((height, width, 2), np.float32)
    for t in range(len(faces)):
        i, j, k = faces[t, 0], faces[t, 1], faces[t, 2]
        x0, y0, x1, y1 = screen[i, 0], screen[i, 1], screen[j, 0], screen[j, 1]
        x2, y2 = screen[k, 0], screen[k, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area > -1e-9 and (double[t] == 0 or area < 1e-9):  # y runs down, so front faces have negative area
            continue
        left = max(0, int(np.ceil(min(x0, x1, x2))))
        right = min(width - 1, int(np.floor(max(x0, x1, x2))))
        top = max(0, int(np.ceil(min(y0, y1, y2))))
        bottom = min(height - 1, int(np.floor(max(y0, y1, y2))))
        if left > right or top > bottom:
            continue
        inv = 1.0 / area
        f0, f1, f2 = field[i], field[j], field[k]
        d0, d1, d2 = screen[i, 2], screen[j, 2], screen[k, 2]
        look = looks[face_layer[t]]
        cutout = int(look[Look.CUTOUT])
        slot, level, soft = int(look[Look.PICTURE]) - 1, level_for(look[Look.DENSITY], blur), look[Look.SOFT]
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                a = ((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)) * inv
                b = ((x2 - x) * (y0 - y) - (x0 - x) * (y2 - y)) * inv
                c = np.float32(1.0) - a - b
                if a < 0 or b < 0 or c < 0:
                    continue
                depth = a * d0 + b * d1 + c * d2
                if depth <= nearest[y, x] or a * f0 + b * f1 + c * f2 < 0:
                    continue
                if cutout != Cutout.NONE:
                    threshold = THRESHOLD[cutout, (y & 1) * 2 + (x & 1)]
                    u = a * uv[i, 0] + b * uv[j, 0] + c * uv[k, 0]
                    v = a * uv[i, 1] + b * uv[j, 1] + c * uv[k, 1]
                    if cutout == Cutout.FRAY:
                        strand = int(np.floor(u * 40)) * 747796405
                        reach = ((strand ^ (strand >> 13)) & 255) * 0.003 + 0.25 * threshold
                        if a * f0 + b * f1 + c * f2 < soft * reach:
                            continue
                    elif opacity(pictures, slot, level, u, v) < threshold:
                        continue
                nearest[y, x] = depth
                winner[y, x] = t
                bary[y, x, 0] = a
                bary[y, x, 1] = b
    return nearest, winner, bary


def rasterise(
    screen: Floats, faces: Ints, field: Floats, double: Ints, height: int, width: int
) -> tuple[Floats, Ints, Floats]:
    """`rasterise_layers` where nothing is thinned and there are no pictures."""
    layers, looks, uv = np.zeros(len(faces), np.int32), np.zeros((1, Look.COLUMNS), np.float32), screen[:, :2]
    out: tuple[Floats, Ints, Floats] = rasterise_layers(
        screen, faces, field, double, height, width, layers, looks, np.ascontiguousarray(uv), NO_PICTURES, 1.0
    )
    return out
