"""Where a point of the target's body lies in the source: truth for the correspondence losses."""

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

# Rest-pose coordinates are in steps of 2 mm: points nearer than 2 cm are taken for the same.
NEAR: Final = 10.0


def true_flow(
    source_surface: NDArray[np.uint16],
    source_parsing: NDArray[np.uint8],
    target_surface: NDArray[np.uint16],
    target_parsing: NDArray[np.uint8],
    near: float = NEAR,
) -> NDArray[np.float32]:
    """For the centre of every 4x4 cell of the target, where the source shows the same point of the surface.

    The four pixels round the centre say which point it is (they must be of one region and lie together); the nearest
    source pixel of the same region is looked for, and refined below a pixel by its neighbours, weighted by nearness.

    Args:
        source_surface, target_surface: uint16 (H, W, 3), rest-pose coordinates in 2 mm steps, 0 = background.
        source_parsing, target_parsing: uint8 (H, W) of regions.
        near: largest distance, in those steps, of two points called the same.

    Returns:
        float32 (2, H // 4, W // 4): x and y in source pixels; NaN where the target shows no surface or the source
        does not show that point.
    """
    height, width = target_parsing.shape
    flow = np.full((2, height // 4, width // 4), np.nan, np.float32)
    step = max(int(np.ceil(near)), 1)
    layers = int(source_surface[..., 1].max()) // step + 1
    order, starts = _sorted(source_surface, source_parsing, step, layers)
    sorted_surface = source_surface.reshape(-1, 3)[order].astype(np.float32)
    _search(
        source_surface, source_parsing, sorted_surface, order, starts, step, layers, target_surface, target_parsing,
        np.float32(near), flow,
    )  # fmt: skip
    return flow


@numba.njit(cache=True, nogil=True)
def _sorted(surface, parsing, step, layers):  # type: ignore[no-untyped-def]
    """The person's pixels by region, within it by layers of height `step`, within them in the picture's order; and
    where each layer of each region begins. A search then reads three layers of its own region."""
    width = parsing.shape[1]
    starts = np.zeros(9 * layers + 1, np.int32)
    for y in range(parsing.shape[0]):
        for x in range(width):
            if parsing[y, x] > 0:
                starts[parsing[y, x] * layers + surface[y, x, 1] // step + 1] += 1
    starts = np.cumsum(starts).astype(np.int32)
    place = starts.copy()
    order = np.empty(starts[-1], np.int32)
    for y in range(parsing.shape[0]):
        for x in range(width):
            if parsing[y, x] > 0:
                k = parsing[y, x] * layers + surface[y, x, 1] // step
                order[place[k]] = y * width + x
                place[k] += 1
    return order, starts


@numba.njit(cache=True, nogil=True, fastmath=True)
def _search(  # type: ignore[no-untyped-def]
    source_surface,
    source_parsing,
    sorted_surface,
    order,
    starts,
    step,
    layers,
    target_surface,
    target_parsing,
    near,
    flow,
):
    height, width = source_parsing.shape
    for i in range(flow.shape[1]):
        for j in range(flow.shape[2]):
            y, x = 4 * i + 1, 4 * j + 1
            region = target_parsing[y, x]
            if region == 0 or not (
                target_parsing[y, x + 1] == region
                and target_parsing[y + 1, x] == region
                and target_parsing[y + 1, x + 1] == region
            ):
                continue
            a, b, c = np.float32(0), np.float32(0), np.float32(0)
            known, spread = True, np.float32(0)
            for v in range(y, y + 2):
                for u in range(x, x + 2):
                    p, q, r = target_surface[v, u, 0], target_surface[v, u, 1], target_surface[v, u, 2]
                    known = known and (p > 0 or q > 0 or r > 0)
                    a += p
                    b += q
                    c += r
                    spread = max(
                        spread,
                        abs(np.float32(p) - np.float32(target_surface[y, x, 0])),
                        abs(np.float32(q) - np.float32(target_surface[y, x, 1])),
                        abs(np.float32(r) - np.float32(target_surface[y, x, 2])),
                    )
            if not known or spread > 4 * near:
                continue
            a *= np.float32(0.25)
            b *= np.float32(0.25)
            c *= np.float32(0.25)
            best, found = np.float32(near * near), -1
            layer = int(b) // step
            # The target may show what lies above all of the source.
            first, last = min(max(layer - 1, 0), layers), min(layer + 2, layers)
            for k in range(starts[region * layers + first], starts[region * layers + last]):
                d = (sorted_surface[k, 0] - a) ** 2 + (sorted_surface[k, 1] - b) ** 2 + (sorted_surface[k, 2] - c) ** 2
                if d < best or (d == best and found >= 0 and order[k] < order[found]):
                    best, found = d, k
            if found < 0:
                continue
            at_y, at_x = order[found] // width, order[found] % width
            total, sum_x, sum_y = np.float32(0), np.float32(0), np.float32(0)
            for v in range(max(at_y - 1, 0), min(at_y + 2, height)):
                for u in range(max(at_x - 1, 0), min(at_x + 2, width)):
                    if source_parsing[v, u] != region:
                        continue
                    p = np.float32(source_surface[v, u, 0]) - a
                    q = np.float32(source_surface[v, u, 1]) - b
                    r = np.float32(source_surface[v, u, 2]) - c
                    d = p * p + q * q + r * r
                    if d <= near * near:
                        weight = np.float32(1) / (d + np.float32(1)) ** 2
                        total += weight
                        sum_x += weight * u
                        sum_y += weight * v
            flow[0, i, j] = sum_x / total
            flow[1, i, j] = sum_y / total
