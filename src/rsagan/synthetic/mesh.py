"""Small mesh operations in plain numpy: subdivision, relaxation, normals, triangles.

Faces are quads, integer (F, 4), until `triangles` splits them. Values at vertices are float (N, C).
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


def floats(values: ArrayLike) -> Floats:
    """Numbers as float32."""
    return np.asarray(values, np.float32)


class Gather(NamedTuple):
    """A sparse linear map: new row i = sum over k of weight[i, k] * old[source[i, k]]."""

    source: Ints
    weight: Floats

    def __call__(self, values: Floats) -> Floats:
        """Map float (N, C) to float (M, C)."""
        mapped: Floats = _mapped(self.source, self.weight, values)
        return mapped

    def highest(self, values: Floats) -> Floats:
        """The largest of each row's own old values: float (N, 1) to (M, 1)."""
        taken: Floats = _highest(self.source, self.weight, values)
        return taken


@njit(cache=True, nogil=True)
def _highest(source, weight, values):  # type: ignore[no-untyped-def]
    out = np.full((len(source), 1), -np.inf, np.float32)
    for i in range(len(source)):
        for k in range(source.shape[1]):
            if weight[i, k] > 0:
                out[i, 0] = max(out[i, 0], values[source[i, k], 0])
    return out


@njit(cache=True, nogil=True)
def _mapped(source, weight, values):  # type: ignore[no-untyped-def]
    out = np.zeros((len(source), values.shape[1]), np.float32)
    for i in range(len(source)):
        for k in range(source.shape[1]):
            w = weight[i, k]
            if w != 0:
                for c in range(values.shape[1]):
                    out[i, c] += w * values[source[i, k], c]
    return out


@njit(cache=True, nogil=True)
def _normals(vertices, faces):  # type: ignore[no-untyped-def]
    sums = np.zeros(vertices.shape, np.float64)
    for t in range(len(faces)):
        i, j, k = faces[t, 0], faces[t, 1], faces[t, 2]
        ax, ay, az = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1], vertices[j, 2] - vertices[i, 2]
        bx, by, bz = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1], vertices[k, 2] - vertices[i, 2]
        x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (i, j, k):
            sums[v, 0] += x
            sums[v, 1] += y
            sums[v, 2] += z
    out = np.empty(vertices.shape, np.float32)
    for i in range(len(sums)):
        length = max(np.sqrt(sums[i, 0] ** 2 + sums[i, 1] ** 2 + sums[i, 2] ** 2), 1e-9)
        for c in range(3):
            out[i, c] = sums[i, c] / length
    return out


def _padded(rows: list[dict[int, float]]) -> Gather:
    """Keep each row's entries in as few columns as the longest row needs."""
    width = max(len(row) for row in rows)
    index = np.zeros((len(rows), width), np.int32)
    weight = np.zeros((len(rows), width), np.float32)
    for i, row in enumerate(rows):
        index[i, : len(row)] = list(row.keys())
        weight[i, : len(row)] = list(row.values())
    return Gather(index, weight)


def subdivide(quads: Ints, count: int) -> tuple[Gather, Ints]:
    """One Catmull-Clark step: the map from old to new vertices, and the new quads (4 F, 4)."""
    edges: dict[tuple[int, int], list[int]] = {}
    touching: list[list[int]] = [[] for _ in range(count)]
    corners: list[list[int]] = quads.tolist()
    for f, quad in enumerate(corners):
        for k in range(4):
            a, b = quad[k], quad[(k + 1) % 4]
            edges.setdefault((min(a, b), max(a, b)), []).append(f)
            touching[a].append(f)
    number = {edge: count + i for i, edge in enumerate(edges)}
    border: list[list[int]] = [[] for _ in range(count)]
    around: list[list[int]] = [[] for _ in range(count)]
    for (a, b), faces in edges.items():
        around[a].append(b)
        around[b].append(a)
        if len(faces) == 1:
            border[a].append(b)
            border[b].append(a)

    rows: list[dict[int, float]] = []
    for v in range(count):
        n = len(touching[v])
        if n == 0:
            rows.append({v: 1.0})
        elif border[v]:
            rows.append({v: 0.75, **{w: 0.25 / len(border[v]) for w in border[v]}})
        else:
            row = {v: (n - 3) / n}
            for f in touching[v]:
                for w in corners[f]:
                    row[w] = row.get(w, 0.0) + 0.25 / n / n
            for w in around[v]:
                row[v] += 1.0 / n / n
                row[w] = row.get(w, 0.0) + 1.0 / n / n
            rows.append(row)
    for (a, b), faces in edges.items():
        if len(faces) == 1:
            rows.append({a: 0.5, b: 0.5})
            continue
        row = {a: 0.25, b: 0.25}
        for f in faces:
            for w in corners[f]:
                row[w] = row.get(w, 0.0) + 0.25 / 4 * 2 / len(faces)
        rows.append(row)
    rows.extend(dict.fromkeys(quad, 0.25) for quad in corners)

    def between(a: int, b: int) -> int:
        return number[(min(a, b), max(a, b))]

    middle = count + len(edges)
    new = [
        [quad[k], between(quad[k], quad[(k + 1) % 4]), middle + f, between(quad[k - 1], quad[k])]
        for f, quad in enumerate(corners)
        for k in range(4)
    ]
    return _padded(rows), np.array(new, np.int32)


def neighbours(quads: Ints, count: int) -> Gather:
    """The map that replaces each vertex by the mean of its neighbours (itself where it has none)."""
    around: list[set[int]] = [set() for _ in range(count)]
    for a, b, c, d in quads.tolist():
        for p, q in ((a, b), (b, c), (c, d), (d, a)):
            around[p].add(q)
            around[q].add(p)
    return _padded([dict.fromkeys(sorted(s), 1 / len(s)) if s else {v: 1.0} for v, s in enumerate(around)])


def relaxed(vertices: Floats, mean: Gather, steps: int, amount: Floats) -> Floats:
    """Pull vertices (N, C <= 4) towards the mean of their neighbours, `amount` float (N, 1) or (1, 1) a step."""
    each = np.ascontiguousarray(np.broadcast_to(amount, (len(vertices), 1)), np.float32)
    out: Floats = _relaxed(mean.source, mean.weight, np.ascontiguousarray(vertices, np.float32), steps, each)
    return out


@njit(cache=True, nogil=True, fastmath=True)
def _relaxed(source, weight, values, steps, amount):  # type: ignore[no-untyped-def]
    columns = values.shape[1]
    now, then = values.copy(), values.copy()
    total = np.zeros(4, np.float32)
    moving = np.nonzero(amount[:, 0])[0]
    for _ in range(steps):
        for i in moving:
            total[:] = 0
            for k in range(source.shape[1]):
                w = weight[i, k]
                if w == 0:
                    break
                j = source[i, k]
                for c in range(columns):
                    total[c] += w * now[j, c]
            for c in range(columns):
                then[i, c] = now[i, c] + amount[i, 0] * (total[c] - now[i, c])
        now, then = then, now
    return now


def triangles(quads: Ints) -> Ints:
    """Both halves of every quad, int32 (2 F, 3), the halves of one quad side by side."""
    return np.ascontiguousarray(quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3), np.int32)


def normals(vertices: Floats, faces: Ints) -> Floats:
    """Unit normals (N, 3) from triangles (T, 3), weighted by area."""
    turned: Floats = _normals(vertices, faces)
    return turned
