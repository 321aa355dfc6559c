"""Metrics at known points, and the report on a tiny network."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rsagan.backbones import random_vgg16
from rsagan.errors import InputError
from rsagan.evaluation import score
from rsagan.evaluation.metrics import PERCEPTUAL_LAYERS, bootstrap, mean_iou, overlap, perceptual_distance
from rsagan.network import Config, Generator, save_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, Generator(Config(widths=(8, 8, 16, 16), heads=2, blocks=1, key_channels=16)), {"size": [64, 48]})
    return path


def test_distance_against_the_literal_formula() -> None:
    judge = random_vgg16(1, "5_3")
    a, b = torch.rand(2, 3, 32, 32) * 2 - 1, torch.rand(2, 3, 32, 32) * 2 - 1
    expected = np.zeros(2)
    for layer in PERCEPTUAL_LAYERS:
        (one,), (other,) = (judge.features(each, [layer]) for each in (a, b))
        _, _, height, width = one.shape
        for i in range(2):
            for y in range(height):
                for x in range(width):
                    u, v = (each[i, :, y, x].double().numpy() for each in (one, other))
                    u, v = (each / max(np.linalg.norm(each), 1e-6) for each in (u, v))
                    expected[i] += ((u - v) ** 2).sum() / (height * width) / len(PERCEPTUAL_LAYERS)
    np.testing.assert_allclose(perceptual_distance(judge, a, b).numpy(), expected, rtol=1e-3)
    assert perceptual_distance(judge, a, a).abs().max() < 1e-6


def test_overlap_and_iou() -> None:
    truth = np.array([[0, 0, 3, 3]], np.uint8)
    both, either = overlap(np.array([[0, 3, 3, 3]], np.uint8), truth)
    assert both.tolist() == [1, 0, 0, 2, 0, 0, 0, 0]
    assert either.tolist() == [2, 0, 0, 3, 0, 0, 0, 0]
    assert mean_iou(both[None], either[None]) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_bootstrap_draws_whole_identities() -> None:
    values = np.repeat([0.0, 1.0, 2.0, 3.0], 50)
    groups = np.repeat(np.arange(4), 50)
    low, high = bootstrap(lambda at: float(values[at].mean()), groups)
    assert low < 0.7
    assert high > 2.3
    assert bootstrap(lambda at: float(values[at].mean()), groups) == (low, high)
    alone = bootstrap(lambda at: float(values[at].mean()), np.arange(200))
    assert alone[1] - alone[0] < 0.4


def test_the_report_is_whole(weights: Path, prepared: Path, tmp_path: Path) -> None:
    counts: list[tuple[int, int]] = []
    report = score(
        weights,
        prepared,
        tmp_path,
        joints=False,
        backbone="vgg16_random",
        batch=5,
        progress=lambda *c: counts.append(c),
    )
    assert counts == [(5, 12), (10, 12), (12, 12)]
    assert json.loads((tmp_path / "report.json").read_text()) == report
    metric = "perceptual distance (vgg16_random)"
    rows = report["metrics"]
    ratio = rows[f"{metric}, ratio to copied source"]["value"]
    assert ratio == pytest.approx(rows[metric]["value"] / rows[f"{metric}, copied source"]["value"], rel=1e-4)
    assert all(row["interval"][0] <= row["value"] <= row["interval"][1] for row in rows.values())
    assert 0 <= rows["region IoU of the predicted parsing"]["value"] <= 1
    assert report["counts"] == {"pairs": 12, "identities": 2, "test_pairs_in_folder": 12}
    assert len(report["pairs"]) == 12
    assert np.mean([pair[metric] for pair in report["pairs"]]) == pytest.approx(rows[metric]["value"], rel=1e-3)
    text = (tmp_path / "report.md").read_text()
    assert metric in text
    assert "LPIPS" not in text
    assert (tmp_path / "grid.png").stat().st_size > 1000


def test_batches_do_not_change_the_numbers(weights: Path, prepared: Path, tmp_path: Path) -> None:
    one = score(weights, prepared, tmp_path / "a", limit=2, joints=False, backbone="vgg16_random", batch=1)
    other = score(weights, prepared, tmp_path / "b", limit=2, joints=False, backbone="vgg16_random", batch=2)
    for name, row in one["metrics"].items():
        assert row["value"] == pytest.approx(other["metrics"][name]["value"], rel=1e-3)
    assert one["counts"]["pairs"] == 2


def test_bad_orders_get_one_sentence(weights: Path, prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="At least one"):
        score(weights, prepared, tmp_path, limit=0)
    with pytest.raises(InputError, match="not a prepared folder"):
        score(weights, tmp_path, tmp_path)
    with pytest.raises(InputError):
        score(tmp_path / "none.safetensors", prepared, tmp_path)


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_joints_are_scored_by_the_estimator(weights: Path, prepared: Path, tmp_path: Path) -> None:
    rows = score(weights, prepared, tmp_path, limit=2, backbone="vgg16_random")["metrics"]
    for name in ("joint accuracy (blazepose)", "joint accuracy (blazepose), the estimator's own ceiling"):
        assert 0 <= rows[name]["value"] <= 1
