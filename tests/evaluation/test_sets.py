"""Distances between sets against torchmetrics and against loops."""

import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from rsagan.evaluation.intervals import Draws, jackknife
from rsagan.evaluation.sets import frechet_distance, frechet_distances, kernel_distances


class Given(nn.Module):
    """Takes features for pictures."""

    num_features = 6

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.fixture
def features() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(0, 1, (40, 6)).astype("f"), random.normal(0.3, 1.2, (40, 6)).astype("f")


def test_kernel_distance_is_torchmetrics_without_subsets(features: tuple[np.ndarray, np.ndarray]) -> None:
    found, truth = features
    groups = np.random.default_rng(1).integers(10, size=40)
    groups[:10] = np.arange(10)
    kid = KernelInceptionDistance(feature=Given(), subsets=1, subset_size=40)
    kid.update(torch.from_numpy(truth), real=True)
    kid.update(torch.from_numpy(found), real=False)
    values = kernel_distances(found, truth, Draws(groups))
    assert values[0] == pytest.approx(float(kid.compute()[0]), abs=1e-5)
    assert values[1:].min() < values[0] < values[1:].max()


def test_a_draw_never_compares_copies(features: tuple[np.ndarray, np.ndarray]) -> None:
    found, truth = (each[:6].astype(float) for each in features)
    groups = np.array([0, 0, 1, 2, 2, 2])
    draws = Draws(groups, rounds=1)
    times = draws.weights[1]

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 6 + 1) ** 3)

    parts = {"xx": [0.0, 0.0], "yy": [0.0, 0.0], "xy": [0.0, 0.0]}
    for i in range(6):
        for j in range(6):
            weight = times[i] * times[j] if i != j else 0
            for name, x, y in (("xx", found, found), ("yy", truth, truth), ("xy", found, truth)):
                extra = times[i] if name == "xy" and i == j else 0
                parts[name][0] += (weight + extra) * kernel(x[i], y[j])
                parts[name][1] += weight + extra
    value = {name: total / count for name, (total, count) in parts.items()}
    assert kernel_distances(found, truth, draws)[1] == pytest.approx(
        value["xx"] + value["yy"] - 2 * value["xy"], abs=1e-5
    )


@pytest.mark.parametrize("count", [40, 5])
def test_frechet_distance_is_torchmetrics(features: tuple[np.ndarray, np.ndarray], count: int) -> None:
    found, truth = (each[:count] for each in features)
    fid = FrechetInceptionDistance(feature=Given())
    fid.update(torch.from_numpy(truth), real=True)
    fid.update(torch.from_numpy(found), real=False)
    assert frechet_distance(found, truth) == pytest.approx(float(fid.compute()), rel=1e-3, abs=1e-4)
    assert frechet_distance(truth, truth) == pytest.approx(0, abs=1e-6)


def test_frechet_row_has_an_interval_round_its_value(features: tuple[np.ndarray, np.ndarray]) -> None:
    row = jackknife(frechet_distances(*features, np.arange(40)))
    assert row["interval"][0] < row["value"] < row["interval"][1]
