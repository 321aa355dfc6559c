"""Where results come from."""

from pathlib import Path

import numpy as np
import pytest

from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.evaluation.painters import Folder, Weights, painter_of
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
    pairs = folder.pairs("test")[:2]
    names = [[folder.entries[view].name for view in pair] for pair in pairs]
    grey = np.full((*folder.size, 3), 7, np.uint8)
    write_png(tmp_path / "{}_to_{}.png".format(*names[0]), grey)
    with pytest.raises(InputError, match="none is left out"):
        painter_of(tmp_path).paint(folder, pairs, AT)
    write_png(tmp_path / "{}_2_{}_vis.png".format(*names[1]), grey + 1)
    painted = painter_of(tmp_path).paint(folder, pairs, AT)
    assert [int(picture[0, 0, 0]) for picture in painted.pictures] == [7, 8]
    write_png(tmp_path / "{}_to_{}.png".format(*names[0]), grey[:32])
    with pytest.raises(InputError, match=r"\(32, 48\)"):
        painter_of(tmp_path).paint(folder, pairs, AT)
    with pytest.raises(InputError, match="no folder"):
        Folder(tmp_path / "none")


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
