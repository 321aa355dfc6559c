"""What the scripts of benchmarks/ count, and the pages they write."""

import importlib
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from rsagan.network import Config
from rsagan.people import Region
from rsagan.synthetic.body import figure
from rsagan.training.distributed import Group
from rsagan.training.recipe import Losses, Recipe

ROOT = Path(__file__).parents[1]
SMALL = Config(widths=(8, 8, 16, 16), heads=2, blocks=1, match_channels=8, key_channels=16)
LOSSES = Losses(backbone="vgg16_random", layers=("1_1",), head_layers=("1_1",), style_layers=("1_1",))


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A benchmark as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module(name)


@pytest.mark.parametrize("name", ["adaptation", "evenness", "real_photos", "several_photos"])
def test_pages_of_results_are_what_their_numbers_make(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ROOT / "docs" / "results" / name.replace("_", "-")
    report = json.loads(kept.with_suffix(".json").read_text(encoding="utf-8"))
    if name == "several_photos":
        report["rows"] = {int(count): row for count, row in report["rows"].items()}
    page = script(name, monkeypatch).page
    assert page(report) == kept.with_suffix(".md").read_text(encoding="utf-8")
    if name == "several_photos":  # of a single person there is no interval
        for row in report["rows"][2]["change"].values():
            row["interval"] = [None, None]
        assert "(- ... -)" in page(report)


def test_evenness_tells_skins_apart_and_says_whose_face_is_lightened(monkeypatch: pytest.MonkeyPatch) -> None:
    evenness = script("evenness", monkeypatch)
    tones = {"very light": (250, 228, 214), "intermediate": (209, 154, 114), "dark": (69, 40, 25)}
    parsing = np.zeros((16, 16), np.uint8)
    parsing[4:12, 4:12] = Region.FACE
    for name, tone in tones.items():
        picture = np.full((16, 16, 3), 255, np.uint8)
        picture[parsing > 0] = tone
        folder = SimpleNamespace(picture=lambda _, shown=picture: shown, parsing=lambda _: parsing)
        assert evenness.skin_class(folder, [0, 1]) == name
        results = [picture, np.minimum(picture, 245) + np.uint8(10)]
        found = evenness.faces(folder, np.array([(0, 1), (0, 1)]), results)
        assert found["face_off"][0] == found["face_lighter"][0] == 0
        assert found["face_off"][1] >= found["face_lighter"][1] > 1
    parsing[:] = Region.UPPER
    assert np.isnan(evenness.faces(folder, np.array([(0, 1)]), [picture])["face_off"]).all()


def test_build_is_the_hips_over_the_height(monkeypatch: pytest.MonkeyPatch) -> None:
    girth = script("evenness", monkeypatch).girth
    slender, broad = (
        girth(SimpleNamespace(figure=figure({f"universal-female-young-averagemuscle-{weight}weight": 1.0})))
        for weight in ("min", "max")
    )
    assert slender < broad


def test_training_speed_counts_the_penalty_too(monkeypatch: pytest.MonkeyPatch) -> None:
    training_speed = script("training_speed", monkeypatch)
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
