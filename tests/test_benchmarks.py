"""The scripts of benchmarks/ that no other test runs, at the smallest size."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rsagan.network import Config
from rsagan.training.distributed import Group
from rsagan.training.recipe import Losses, Recipe

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SMALL = Config(widths=(8, 8, 16, 16), heads=2, blocks=1, match_channels=8, key_channels=16)
LOSSES = Losses(backbone="vgg16_random", layers=("1_1",), head_layers=("1_1",), style_layers=("1_1",))


def test_training_speed_counts_the_penalty_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import training_speed

    monkeypatch.setattr(training_speed, "peak", lambda *_: 1e12)
    recipe = Recipe(network=SMALL, losses=LOSSES, batch=2, threads=0)
    counted = []
    for r1_every in (1, 2):
        adversary = replace(recipe.adversary, r1_every=r1_every)
        found = training_speed.measure(
            replace(recipe, adversary=adversary), (64, 48), 1, Group(0, 1, torch.device("cpu"))
        )
        assert found["steps"] == r1_every
        counted.append(found["gigaflop_per_pair"])
    assert counted[0] > counted[1] > 0
    del sys.modules["training_speed"]
