"""Recipes: built in, own, and refused by name."""

from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest

from rsagan.errors import InputError
from rsagan.training.recipe import Recipe, load_recipe

BUILT_IN = sorted(path.name.removesuffix(".toml") for path in (files("rsagan.training") / "recipes").iterdir())


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_recipes_load(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.pictures % recipe.batch == 0
    assert set(recipe.losses.style_layers) <= set(recipe.losses.layers)
    assert recipe.batch % 8 == 0  # so many cards of one machine share it


def test_real_pictures_are_compared_by_what_is_carried_over() -> None:
    """No folder of photographs knows where a pixel came from."""
    for name in BUILT_IN:
        losses = load_recipe(name).losses
        assert (losses.correspondence == losses.flow == 0) == (not name.startswith(("people", "ablation")))
        assert losses.carried > 0


def test_an_own_recipe_changes_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "batch = 2\nlearning_rate = 1\nbetas = [0.0, 0.9]\n"
        "[network]\nsemantics = false\nmatch = false\n[losses]\nstyle = 3\nlayers = ['1_2', '2_2']\n"
        "[corruption]\nblobs = 0\n"
    )
    recipe = load_recipe(path)
    assert (recipe.name, recipe.batch, recipe.learning_rate, recipe.betas) == ("mine", 2, 1.0, (0.0, 0.9))
    assert recipe.losses.style == 3.0
    assert recipe.losses.layers == ("1_2", "2_2")
    assert not recipe.network.semantics
    assert recipe.corruption.blobs == 0
    assert recipe.augmentation == Recipe().augmentation


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[losses]\nlpips = 1\npixle = 2\n", ["lpips, pixle", "losses", "perceptual"]),
        ("speed = 9\n", ["speed", "batch"]),
        ("batch = 'eight'\n", ["batch", "eight", "int"]),
        ("batch = true\n", ["batch"]),
        ("batch = 0\n", ["batch", "at least 1"]),
        ("losses = 3\n", ["losses", "table"]),
        ("precision = 'float8'\n", ["float8"]),
        ("batch = \n", ["not TOML"]),
        ("[network]\nwidths = [1, 2, 3, 4]\n", ["widths"]),
        ("[network]\nwidths = 3\n", ["widths"]),
        ("betas = [0.5]\n", ["betas"]),
        ("betas = 0.5\n", ["betas"]),
        ("betas = [0.5, 1.0]\n", ["betas", "below 1"]),
        ("learning_rate = nan\n", ["learning_rate", "above 0"]),
        ("final_rate = nan\n", ["final_rate", "from 0 to 1"]),
        ("threads = -1\n", ["threads", "at least 0"]),
        ("[losses]\nlayers = ['9_9']\n", ["9_9"]),
        ("[losses]\nlayers = ['3_3', '1_2']\n", ["layers", "shallow ones first"]),
        ("[losses]\nhead_layers = []\n", ["head_layers", "at least one"]),
        ("[adversary]\nr1_every = 0\n", ["r1_every", "at least 1"]),
        ("seed = 20250101\n", ["seed", "below 16777216"]),
        ("[losses]\nbackbone = 'vgg19'\n", ["vgg19"]),
        ("[losses]\nlayers = ['1_2']\n", ["style", "style_layers", "layers"]),
        ("[losses]\nperceptual = -1\n", ["losses", "perceptual", "at least 0"]),
        ("[losses]\nalone = 1.5\n", ["alone", "from 0 to 1"]),
        ("[losses]\nstyle = inf\n", ["style", "at least 0"]),
        ("[corruption]\nlimb = 7\n", ["corruption", "limb", "from 0 to 1"]),
        ("[corruption]\nblobs = -2\n", ["blobs", "at least 0"]),
        ("[augmentation]\nflip = nan\n", ["augmentation", "flip"]),
        ("[adversary]\nlearning_rate = -1e-3\n", ["adversary", "learning_rate"]),
    ],
)
def test_broken_recipes_get_one_sentence(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert all(word in str(caught.value) for word in words)


def test_unknown_recipes_name_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=", ".join(BUILT_IN)):
        load_recipe("people-64")
    with pytest.raises(InputError, match=r"none\.toml cannot be read: No such file"):
        load_recipe(tmp_path / "none.toml")


def test_every_field_is_explained() -> None:
    assert Recipe.__doc__
    assert all(each.name in Recipe.__doc__ for each in fields(Recipe) if each.name != "name")
