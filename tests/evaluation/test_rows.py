"""The rows: equal but for what they say."""

from dataclasses import replace

import pytest
import torch

from rsagan.errors import InputError
from rsagan.evaluation.rows import ROWS, recipe_of
from rsagan.network import Config, Generator
from rsagan.training.recipe import Recipe

BASE = Recipe(network=Config(widths=(8, 16, 24, 32), heads=2))


def test_a_row_changes_the_switches_that_it_names_and_no_other() -> None:
    networks = {name: recipe_of(name, BASE, 0, 1e-3).network.to_dict() for name in ROWS}
    assert networks["full"] == BASE.network.to_dict()
    for name, row in ROWS.items():
        assert networks[name] == {**BASE.network.to_dict(), **row.network}
        assert all(networks[name] != networks[other] for other in ROWS if other != name)


@pytest.mark.parametrize("name", list(ROWS))
def test_width_data_and_schedule_are_equal(name: str) -> None:
    recipe = recipe_of(name, BASE, seed=3, learning_rate=2e-4)
    assert recipe.network.widths == BASE.network.widths
    assert (recipe.seed, recipe.learning_rate) == (3, 2e-4)
    same = replace(recipe, network=BASE.network, losses=BASE.losses, name=BASE.name)
    assert same == replace(BASE, seed=3, learning_rate=2e-4, snapshot_every=BASE.pictures)
    Generator(recipe.network)


@pytest.mark.parametrize("name", list(ROWS))
def test_every_row_is_told_where_the_joints_of_the_source_are(name: str) -> None:
    torch.manual_seed(0)
    generator = Generator(recipe_of(name, BASE, 0, 1e-3).network).eval()
    picture, parsing = torch.randn(1, 3, 64, 48), torch.randn(1, 8, 64, 48).softmax(1)
    here, elsewhere, target = torch.rand(3, 1, 18, 2) * 40
    with torch.no_grad():
        painted = [generator(picture, parsing, points, target).picture for points in (here, elsewhere)]
    assert (painted[0] - painted[1]).abs().max() > 1e-4


def test_rivals_once_with_ours_and_once_as_published() -> None:
    for name in ("pose_only", "semantic_baseline"):
        ours, published = (recipe_of(each, BASE, 0, 1e-3) for each in (name, f"{name}_published"))
        assert ours.losses == BASE.losses
        assert ours.network.detail
        assert published.network == replace(ours.network, detail=False)
        assert (published.losses.correspondence, published.losses.head_perceptual) == (0, 0)
        assert published.losses.perceptual == BASE.losses.perceptual
        assert published.losses.adversarial == BASE.losses.adversarial
    assert not recipe_of("pose_only_published", BASE, 0, 1e-3).network.semantics


def test_unknown_rows_are_refused() -> None:
    with pytest.raises(InputError, match="no row 'fulll'"):
        recipe_of("fulll", BASE, 0, 1e-3)
