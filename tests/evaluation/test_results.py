"""A results folder, whoever named its files, is scored on exactly the pairs of the list."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d

import layouts
from rsagan.data import PreparedFolder
from rsagan.data.prepare import prepare_deepfashion
from rsagan.data.prepared import file_hash
from rsagan.errors import InputError
from rsagan.evaluation.benchmark.measure import Distance, Network, Networks
from rsagan.evaluation.benchmark.networks import load_networks
from rsagan.evaluation.benchmark.results import score_method, score_results
from rsagan.evaluation.found import possible_pairs
from rsagan.evaluation.judges import EfficientNetLite0
from rsagan.people import Person, Picture, Pose

PEOPLE = layouts.figures(6, 2)
NETWORKS = Networks(
    Network("tiny", lambda pictures: adaptive_avg_pool2d(pictures, 2).flatten(1)),
    Distance("l2", lambda one, other: (one - other).square().mean((1, 2, 3))),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DeepFashion's layout, prepared: 6 people, 2 of them for testing, 4 test pairs."""
    folder = tmp_path_factory.mktemp("fashion")
    layouts.write_flat(folder / "pictures", PEOPLE)
    layouts.write_lists(folder, PEOPLE)
    layouts.write_maps(folder, PEOPLE, "pise", "SPL8")
    prepare_deepfashion(folder / "out", folder / "pictures", folder, folder, workers=1)
    return folder / "out"


def darker(picture: np.ndarray) -> np.ndarray:
    return (picture * 0.9).astype(np.uint8)


def strip(picture: np.ndarray) -> np.ndarray:
    """PATN's five pictures side by side; only the last is the result."""
    return np.concatenate([picture * 0] * 4 + [picture], axis=1)


def wide(picture: np.ndarray) -> np.ndarray:
    return np.pad(picture, ((0, 0), (40, 40), (0, 0)), constant_values=255)


def squashed(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (256, 256), interpolation=cv2.INTER_CUBIC)


def doubled(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (352, 512), interpolation=cv2.INTER_NEAREST)


def nested(figure: layouts.Figure) -> str:
    """As NTED and PIDM make names of paths: the category keeps its underscore, the item does not."""
    return layouts.listed_name(figure, "fashion").removesuffix(".jpg")


SCHEMES: dict[str, tuple[Callable[..., str], Callable[..., np.ndarray]]] = {
    "PATN": (lambda a, b: f"{layouts.listed_name(a)}___{layouts.listed_name(b)}_vis.png", strip),
    "GFLA": (lambda a, b: f"{layouts.listed_name(a)[:-4]}_2_{layouts.listed_name(b)[:-4]}_vis.png", lambda p: p),
    "NTED": (lambda a, b: f"{nested(a)}_2_{nested(b)}_vis.png", doubled),
    "PISE": (lambda a, b: f"{layouts.listed_name(a)[:-4]}_{layouts.listed_name(b)[:-4]}_vis.png", wide),
    "PIDM": (lambda a, b: f"deep{nested(a)}_2_{nested(b)}_vis.png", squashed),
    "others": (lambda a, b: f"{layouts.flat_name(a)}_to_{layouts.flat_name(b)}.png", lambda p: p),
}
FORMS = {
    "PATN": "the last of five panels",
    "NTED": "reduced from a larger size",
    "PISE": "the middle of a square",
    "PIDM": "squashed squares, stretched back",
}


def write_results(folder: Path, scheme: str) -> list[Path]:
    folder.mkdir()
    name_of, shape = SCHEMES[scheme]
    paths = []
    for a, b in layouts.deepfashion.pairs_of([figure for figure in PEOPLE if figure.split == "test"]):
        path = folder / name_of(a, b)
        cv2.imwrite(str(path), shape(darker(b.picture))[..., ::-1])
        paths.append(path)
    return paths


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_naming_gives_the_same_numbers(scheme: str, data: Path, tmp_path: Path) -> None:
    paths = write_results(tmp_path / "results", scheme)
    report = score_results(tmp_path / "results", data, tmp_path / "report", networks=NETWORKS)
    numbers = report["numbers"]
    targets = [figure for figure in PEOPLE if figure.split == "test"]
    truth = np.mean([np.abs(figure.picture / 255 - darker(figure.picture) / 255).mean() for figure in targets])
    assert numbers["L1"]["value"] == pytest.approx(truth, abs=1e-2 if scheme in ("NTED", "PIDM") else 1e-5)
    assert report["results taken"] == [FORMS.get(scheme, "as they are")]
    assert numbers["L1"]["interval"][0] <= numbers["L1"]["value"] <= numbers["L1"]["interval"][1]
    assert "Fréchet distance (tiny)" in numbers
    assert report["counts"]["pairs"] == 4
    assert report["counts"]["reference"] == 8
    assert any("biased" in warning for warning in report["warnings"])
    assert {row["file"]: row["sha256"] for row in report["files"]} == {path.name: file_hash(path) for path in paths}
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == report
    assert "clean-v1" in (tmp_path / "report" / "report.md").read_text()
    assert (tmp_path / "report" / "grid.png").stat().st_size > 1000


def test_what_no_method_can_honestly_reach_is_said(data: Path, tmp_path: Path) -> None:
    """Training pictures as results are nearer to the training pictures than the true test pictures are."""
    paths, folder = write_results(tmp_path / "results", "GFLA"), PreparedFolder(data)
    for at, path in enumerate(paths):
        cv2.imwrite(str(path), folder.picture(int(folder.pairs("train")[at][0]))[..., ::-1])
    report = score_results(tmp_path / "results", data, tmp_path / "report", networks=NETWORKS)
    assert any("below that of the true pictures" in warning for warning in report["warnings"])


def test_equal_pictures_have_no_psnr(data: Path, tmp_path: Path) -> None:
    """And JSON has no word for infinity."""
    folder = PreparedFolder(data)
    (tmp_path / "results").mkdir()
    for a, b in folder.pairs("test"):
        name = f"{folder.entries[a].name}_to_{folder.entries[b].name}.png"
        cv2.imwrite(str(tmp_path / "results" / name), folder.picture(b)[..., ::-1])
    report = score_results(tmp_path / "results", data, tmp_path / "report", networks=NETWORKS)
    assert report["numbers"]["PSNR"] == {"value": None, "is": "infinite"}
    assert report["numbers"]["SSIM"]["value"] == pytest.approx(1)
    assert "| PSNR | infinite |" in (tmp_path / "report" / "report.md").read_text()
    json.loads((tmp_path / "report" / "report.json").read_text(), parse_constant=lambda word: pytest.fail(word))
    assert not any("below that of the true pictures" in warning for warning in report["warnings"])


def test_an_interval_belongs_to_the_pairs_its_value_is_of(data: Path, tmp_path: Path) -> None:
    write_results(tmp_path / "results", "GFLA")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rsagan.evaluation.benchmark.measure.whole_batches", lambda count: count - 1)
        report = score_results(tmp_path / "results", data, tmp_path / "report", "gfla-legacy", networks=NETWORKS)
    assert "interval" in report["numbers"]["SSIM"]
    assert "interval" not in report["numbers"]["perceptual distance (l2)"]
    assert report["counts"]["left out"]["perceptual distance (l2)"] == 1


def test_people_called_2_are_found_in_plain_names(prepared: Path) -> None:
    """`2_1_2_2_vis.png` can be parted at `_2_` and at a plain stroke."""
    folder = PreparedFolder(prepared)
    folder.index = {"2_1": 0, "2_2": 1}
    assert possible_pairs("2_1_2_2_vis.png", folder) == [("2_1", "2_2")]


def remove(paths: list[Path]) -> None:
    paths[0].unlink()


def double(paths: list[Path]) -> None:
    paths[0].with_suffix(".jpg").write_bytes(paths[0].read_bytes())


def stranger(paths: list[Path]) -> None:
    paths[0].with_name("somebody_2_else_vis.png").write_bytes(paths[0].read_bytes())


def backwards(paths: list[Path]) -> None:
    a, b = (layouts.flat_name(figure) for figure in PEOPLE[:2])
    paths[0].with_name(f"{a}_2_{b}_vis.png").write_bytes(paths[0].read_bytes())


def shrink(paths: list[Path]) -> None:
    cv2.imwrite(str(paths[0]), np.zeros((64, 64, 3), np.uint8))


def cut(paths: list[Path]) -> None:
    paths[0].write_bytes(paths[0].read_bytes()[:100])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (remove, "lacks 1 of 4"), (double, "same pair"), (stranger, "no pair of the list"),
        (backwards, "no pair of the list"), (shrink, "64x64"), (cut, "damaged"),
        (lambda paths: [path.unlink() for path in paths], "No file"),
    ],
)  # fmt: skip
def test_unequal_pairings_are_refused(change: Callable, word: str, data: Path, tmp_path: Path) -> None:
    change(write_results(tmp_path / "results", "GFLA"))
    with pytest.raises(InputError, match=word) as caught:
        score_results(tmp_path / "results", data, tmp_path / "report", networks=NETWORKS)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "report").exists()


def test_a_list_of_pairs_makes_a_subset_a_whole(data: Path, tmp_path: Path) -> None:
    paths = write_results(tmp_path / "results", "GFLA")
    test = [figure for figure in PEOPLE if figure.split == "test"]
    (tmp_path / "pairs.csv").write_text(f"from,to\n{layouts.listed_name(test[0])},{layouts.listed_name(test[1])}\n\n")
    for path in paths:
        if not path.name.startswith(layouts.listed_name(test[0])[:-4]):
            path.unlink()
    report = score_results(
        tmp_path / "results", data, tmp_path / "report", "gfla-legacy", tmp_path / "pairs.csv",
        NETWORKS,
    )  # fmt: skip
    assert report["counts"]["pairs"] == 1
    assert report["protocol"]["name"] == "gfla-legacy"
    for text, word in (("to,from\n", "from,to"), ("from,to\na,b\n", "line 2"), ("from,to\n", "no pairs")):
        (tmp_path / "pairs.csv").write_text(text)
        with pytest.raises(InputError, match=word):
            score_results(tmp_path / "results", data, tmp_path / "other", pairs=tmp_path / "pairs.csv")
    with pytest.raises(InputError, match="no protocol"):
        score_results(tmp_path / "results", data, tmp_path / "other", "fid")


class Copied:
    """A method that says its version."""

    version = "1"

    def __call__(self, person: Person, pose: Pose) -> Picture:
        return person.picture


def test_any_method_is_painted_timed_and_scored(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside.py").write_text(
        "class Copy:\n    def __call__(self, person, pose):\n        return person.picture\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    report = score_method("outside:Copy", data, tmp_path / "report", networks=NETWORKS)
    assert report["speed"]["painted"] == 4
    assert report["method"] == "outside:Copy"
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == report
    folder = PreparedFolder(data)
    copied = np.mean(
        [np.abs(folder.picture(a) / 255 - folder.picture(b) / 255).mean() for a, b in folder.pairs("test")]
    )
    assert report["numbers"]["L1"]["value"] == pytest.approx(copied, abs=1e-5)
    again = score_method("outside:Copy", data, tmp_path / "report", networks=NETWORKS)
    assert "speed" not in again
    assert again["numbers"] == report["numbers"]
    told = "4 of 4 pictures were painted by an earlier call"
    assert [told in warning for warning in again["warnings"]].count(True) == 1
    assert told in (tmp_path / "report" / "report.md").read_text()
    assert not any(told in warning for warning in report["warnings"])
    # What says its version is painted anew under another one, or refused.
    method = Copied()
    for _ in range(2):
        report = score_method(method, data, tmp_path / "versioned", networks=NETWORKS)
        assert not any("earlier call" in warning for warning in report["warnings"])


def test_the_packages_networks_carry_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsagan.evaluation.benchmark.networks.efficientnet_lite0", EfficientNetLite0)
    networks = load_networks("vgg16_random")
    assert networks.features is not None
    assert networks.perceptual is not None
    assert (networks.features.name, networks.perceptual.name) == ("efficientnet_lite0_random", "vgg16_random")
    pictures = torch.rand(2, 3, 32, 32) * 2 - 1
    assert networks.features.run(pictures).shape == (2, 1280)
    assert float(networks.perceptual.run(pictures[:1], pictures[:1])) == pytest.approx(0, abs=1e-6)
