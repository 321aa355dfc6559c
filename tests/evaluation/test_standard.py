"""The standard metrics' code path with seeded networks; the published weights need internet."""

import importlib.util

import numpy as np
import pytest
import torch
from torch import nn

from rsagan.errors import AssetError
from rsagan.evaluation.intervals import Draws
from rsagan.evaluation.standard import Standard


class Seeded(nn.Module):
    """uint8 pictures to 8 numbers."""

    num_features = 8

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 8, 5, stride=4)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.layer(pictures.float() / 255).mean((2, 3)) * 10


class Difference(nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a - b).abs().mean((1, 2, 3), keepdim=True)


def test_rows_by_seeded_networks() -> None:
    random = np.random.default_rng(0)
    truths = [random.integers(0, 256, (32, 24, 3), np.uint8) for _ in range(20)]
    results = [each // 2 for each in truths]
    network = Seeded()
    standard = Standard(network, Difference(), network)
    draws = Draws(np.arange(20))
    rows = standard.rows(results, truths, draws)
    assert [name.split()[0] for name in rows] == ["LPIPS", "FID", "KID", "IS"]
    assert rows == standard.rows(results, truths, draws)
    expected = np.mean([np.abs(a / 127.5 - b / 127.5).mean() for a, b in zip(results, truths, strict=True)])
    lpips, fid, kid, score = rows.values()
    assert lpips["value"] == pytest.approx(expected, abs=1e-5)
    assert lpips["interval"][0] < lpips["value"] < lpips["interval"][1]
    assert fid["value"] > 0
    assert kid["value"] > 0
    assert score["value"] >= 1
    same = standard.rows(truths, truths, draws)
    assert next(iter(same.values()))["value"] == 0
    assert list(same.values())[1]["value"] == pytest.approx(0, abs=1e-3)


def test_lpips_of_a_seeded_alexnet() -> None:
    pytest.importorskip("torchvision")
    from torchmetrics.functional.image.lpips import _NoTrainLpips

    net = _NoTrainLpips(net="alex", pnet_rand=True)
    picture = [np.full((64, 64, 3), 90, np.uint8)] * 4
    noisy = [np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)] * 4
    standard = Standard(Seeded(), net, Seeded())
    rows = standard.rows(noisy, picture, Draws(np.arange(4)))
    assert rows["LPIPS (AlexNet, torchmetrics)"]["value"] > 0


def test_without_the_packages_a_sentence_says_what_to_install() -> None:
    if importlib.util.find_spec("torchvision"):
        pytest.skip("torchvision is there")
    with pytest.raises(AssetError, match="standard-metrics"):
        Standard.load()
