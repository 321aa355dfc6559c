"""Where results come from."""

from pathlib import Path

import numpy as np
import pytest

from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.evaluation.painters import Folder, Weights, named_pairs, painter_of
from rsagan.network import load_weights, save_weights
from rsagan.people import write_png

AT = np.array([0, 1])


def test_both_ends_of_the_scale(prepared: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = folder.pairs("test")[:2]
    for name, column in (("source", 0), ("truth", 1)):
        painted = painter_of(name).paint(folder, pairs, AT)
        for picture, view in zip(painted.pictures, pairs[:, column], strict=True):
            assert np.array_equal(picture, folder.picture(view))
        assert painted.parsings is None


def test_results_of_any_method(prepared: Path, tmp_path: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = folder.pairs("test")
    grey = np.zeros((*folder.size, 3), np.uint8)
    schemes = ("{}_to_{}.png", "{}_2_{}_vis.png")
    for k, names in enumerate(named_pairs(folder, pairs[:-1])):
        write_png(tmp_path / schemes[k % 2].format(*names), grey + k)
    with pytest.raises(InputError, match="lacks 1 of"):
        painter_of(tmp_path).paint(folder, pairs[:2], AT)
    last = tmp_path / "{}_to_{}.png".format(*named_pairs(folder, pairs[-1:])[0])
    write_png(last, grey[:32])
    with pytest.raises(InputError, match="32x48"):
        painter_of(tmp_path).paint(folder, pairs[:2], AT)
    write_png(last, grey + 9)
    painter = painter_of(tmp_path)
    assert [int(picture[0, 0, 0]) for picture in painter.paint(folder, pairs[:2], AT).pictures] == [0, 1]
    assert int(painter.paint(folder, pairs[-1:], AT[:1]).pictures[0][0, 0, 0]) == 9
    with pytest.raises(InputError, match="no folder"):
        Folder(tmp_path / "none")


def test_weights_of_another_size_are_refused(weights: Path, prepared: Path, tmp_path: Path) -> None:
    folder = PreparedFolder(prepared)
    save_weights(tmp_path / "larger.safetensors", load_weights(weights)[0], {"size": [128, 96]})
    with pytest.raises(InputError, match=r"larger\.safetensors paints 128x96 and .* holds 64x48"):
        Weights(tmp_path / "larger.safetensors").paint(folder, folder.pairs("test")[:2], AT)


def test_weights_of_an_odd_size_are_refused(weights: Path, tmp_path: Path) -> None:
    save_weights(tmp_path / "odd.safetensors", load_weights(weights)[0], {"size": [64, "48"]})
    with pytest.raises(InputError, match="must name the height and width"):
        Weights(tmp_path / "odd.safetensors")


def test_inputs_can_be_spoilt(weights: Path, prepared: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = folder.pairs("test")[:2]
    seen = []

    def spoil(position: int, parsing: np.ndarray, source: np.ndarray, target: np.ndarray) -> tuple:
        seen.append(position)
        return np.zeros_like(parsing), source, target

    spoilt = Weights(weights, spoil).paint(folder, pairs, np.array([5, 9]))
    assert seen == [5, 9]
    plain = Weights(weights).paint(folder, pairs, AT)
    assert not np.array_equal(spoilt.pictures[0], plain.pictures[0])
    assert plain.matches is not None
    assert plain.matches.shape == (2, 2, 8, 6)
    assert plain.flows is not None
    assert plain.flows.shape == (2, 2, 16, 12)
