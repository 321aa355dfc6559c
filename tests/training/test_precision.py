"""Steps compute in bfloat16 where that is fast, and in float32 elsewhere."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rsagan.network.weights import read_metadata
from rsagan.training import precision
from rsagan.training.loop import State, load_backbone, train
from rsagan.training.recipe import Losses, Recipe

CPU = torch.device("cpu")
SMALL = Recipe(losses=Losses(backbone="vgg16_random", layers=("1_1",), head_layers=("1_1",), style_layers=("1_1",)))


@pytest.fixture
def pays(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(precision, "bfloat16_pays", lambda device: request.param)
    return bool(request.param)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [({torch.float32: 2.0, torch.bfloat16: 1.0}, True), ({torch.float32: 1.0, torch.bfloat16: 1.9}, False)],
)
def test_a_processor_is_tried(
    monkeypatch: pytest.MonkeyPatch, seconds: dict[torch.dtype, float], expected: bool
) -> None:
    monkeypatch.setattr(precision, "seconds_of_products", lambda *kinds: {kind: seconds[kind] for kind in kinds})
    assert precision.bfloat16_pays.__wrapped__(CPU) is expected


@pytest.mark.parametrize("pays", [True, False], indirect=True)
def test_everything_computes_in_it(pays: bool) -> None:
    expected = torch.bfloat16 if pays else torch.float32
    assert State(SMALL, CPU).kind == expected
    backbone = load_backbone(SMALL, CPU, expected)
    assert backbone is not None
    assert {parameter.dtype for parameter in backbone.parameters()} == {expected}
    with precision.autocast(expected, CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == expected


@pytest.mark.parametrize("pays", [True], indirect=True)
def test_float32_is_kept_where_it_is_asked_for(pays: bool) -> None:
    assert pays
    assert State(replace(SMALL, precision="float32"), CPU).kind == torch.float32


def test_a_run_keeps_what_it_began_in(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(SMALL, batch=2, pictures=4, checkpoint_every=2, adversary=replace(SMALL.adversary, start=9))
    monkeypatch.setattr(precision, "bfloat16_pays", lambda device: True)
    train(recipe, prepared, tmp_path, until=2)
    monkeypatch.setattr(precision, "bfloat16_pays", lambda device: False)
    assert read_metadata(train(recipe, prepared, tmp_path))["training"]["precision"] == "bfloat16"


@pytest.mark.parametrize("pays", [True, False], indirect=True)
def test_weights_say_what_they_were_trained_in(pays: bool, prepared: Path, tmp_path: Path) -> None:
    weights = train(
        replace(SMALL, batch=2, pictures=2, adversary=replace(SMALL.adversary, start=9)), prepared, tmp_path
    )
    assert read_metadata(weights)["training"]["precision"] == ("bfloat16" if pays else "float32")
