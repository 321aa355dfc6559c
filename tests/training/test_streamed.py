"""Training on people who are rendered on the way."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rsagan.data import stream
from rsagan.errors import InputError
from rsagan.network import Config
from rsagan.training.checkpoint import load_newest
from rsagan.training.loop import train
from rsagan.training.recipe import Losses, Recipe

RECIPE = Recipe(
    pictures=64,
    batch=4,
    warmup=8,
    log_every=4,
    snapshot_every=1000,
    checkpoint_every=1000,
    network=Config(widths=(8, 8, 16, 16), heads=2, blocks=1, match_channels=8, key_channels=16),
    losses=Losses(
        backbone="vgg16_random",
        layers=("1_1",),
        head_layers=("1_1",),
        style_layers=("1_1",),
        adversarial=0.0,
        head_adversarial=0.0,
    ),
)
DATA = "synthetic:4:64x48"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of two people, so that little is rendered."""
    monkeypatch.setattr(stream, "GROUP", 2)


@pytest.mark.slow
def test_it_trains_without_a_folder(tmp_path: Path) -> None:
    train(RECIPE, DATA, tmp_path / "run", until=8)
    saved = load_newest(tmp_path / "run")
    assert saved is not None
    assert saved["seen"] == 8
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["flow"] > 0  # known truth reaches the losses
    with pytest.raises(InputError, match="another data set"):
        train(RECIPE, "synthetic:5:64x48", tmp_path / "run", until=12)


@pytest.mark.slow
def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    train(RECIPE, DATA, tmp_path / "one", until=16)
    train(RECIPE, DATA, tmp_path / "two", until=8)
    train(replace(RECIPE, loaders=2), DATA, tmp_path / "two", until=16)
    one, two = (load_newest(tmp_path / name) for name in ("one", "two"))
    assert one is not None
    assert two is not None
    for name, weight in one["generator"].items():
        assert torch.equal(weight, two["generator"][name]), name
