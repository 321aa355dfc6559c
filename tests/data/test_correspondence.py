"""The true flow against a search without any shortcut."""

import numpy as np
import pytest

from rsagan.data.correspondence import NEAR, true_flow


def _random_views(seed: int) -> tuple[np.ndarray, ...]:
    """A plane and its moved copy, in regions, with holes."""
    random = np.random.default_rng(seed)
    height, width = 32, 24
    parsings, surfaces = [], []
    for shift in ((0, 0), (5, -3)):
        y, x = np.mgrid[:height, :width]
        at = np.stack([200 + 6 * (x - shift[1]), 200 + 6 * (y - shift[0]), 300 + 0 * x], 2)
        parsing = 1 + ((x - shift[1]) // 8 + (y - shift[0]) // 8) % 7
        hole = random.random((height, width)) < 0.05
        parsing[hole] = 0
        at[hole] = 0
        parsings.append(parsing.astype(np.uint8))
        surfaces.append(at.astype(np.uint16))
    return surfaces[0], parsings[0], surfaces[1], parsings[1]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_finds_the_same_point(seed: int) -> None:
    source, source_parsing, target, target_parsing = _random_views(seed)
    flow = true_flow(source, source_parsing, target, target_parsing)
    assert flow.shape == (2, 8, 6)
    assert flow.dtype == np.float32
    for i in range(8):
        for j in range(6):
            square = (slice(4 * i + 1, 4 * i + 3), slice(4 * j + 1, 4 * j + 3))
            regions = np.unique(target_parsing[square])
            if len(regions) > 1 or regions[0] == 0:
                assert np.isnan(flow[:, i, j]).all()
                continue
            point = target[square].reshape(4, 3).astype(float).mean(0)
            distance = np.linalg.norm(source.astype(float) - point, axis=2)
            distance[source_parsing != regions[0]] = np.inf
            if distance.min() > NEAR:
                assert np.isnan(flow[:, i, j]).all()
            else:  # the truth is known here: the plane moved by (5, -3)
                y, x = np.unravel_index(distance.argmin(), distance.shape)
                assert np.abs(flow[:, i, j] - (x, y)).max() <= 1
                assert np.abs(flow[:, i, j] - (4 * j + 1.5 + 3, 4 * i + 1.5 - 5)).max() <= 1


def test_an_unmoved_view_maps_to_itself() -> None:
    surface, parsing, _, _ = _random_views(5)
    parsing = np.where(parsing > 0, 3, 0).astype(np.uint8)
    flow = true_flow(surface, parsing, surface, parsing)
    y, x = np.mgrid[:8, :6]
    known = ~np.isnan(flow[0])
    assert known.mean() > 0.7
    assert np.abs(flow[0] - (4 * x + 1.5))[known].max() < 0.5
    assert np.abs(flow[1] - (4 * y + 1.5))[known].max() < 0.5


def test_another_region_is_another_place() -> None:
    surface, parsing, _, _ = _random_views(1)
    other = np.where(parsing > 0, 1, 0).astype(np.uint8)
    assert np.isnan(true_flow(surface, other, surface, np.where(parsing > 0, 2, 0).astype(np.uint8))).all()
