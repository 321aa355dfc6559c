"""Corruption to order."""

from pathlib import Path

import numpy as np
import pytest

from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.evaluation import fire


def test_disagreement_counts_the_person_only() -> None:
    one, other = np.zeros((4, 5), np.uint8), np.zeros((4, 5), np.uint8)
    one[0, :4] = 3
    other[0, 2:] = 3
    assert fire.disagreement(one, other) == pytest.approx(3 / 5)
    assert fire.disagreement(one, one) == 0
    assert fire.disagreement(np.zeros_like(one), np.zeros_like(one)) == 0


def test_levels_are_met_by_connected_errors(prepared: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = folder.pairs("test")
    found = {level: fire.calibrated(folder, pairs, level) for level in fire.LEVELS}
    for level, (how, measured) in found.items():
        assert measured == pytest.approx(level, abs=0.06)
        assert how.shift <= 0.06
        assert how.clean == 0
    assert found[0.4][0].blobs > found[0.1][0].blobs
    spoil = fire.spoiler("parsing", 0.4, found[0.4][0], folder, pairs)
    parsing, points = folder.parsing(pairs[0, 0]), folder.entries[pairs[0, 0]].points
    wrong, same_points, _ = spoil(0, parsing, points, points)
    errors = wrong != parsing
    alone = errors.copy()
    alone[1:] &= ~errors[:-1]
    alone[:-1] &= ~errors[1:]
    alone[:, 1:] &= ~errors[:, :-1]
    alone[:, :-1] &= ~errors[:, 1:]
    assert errors.sum() > 20
    assert alone.sum() < 0.05 * errors.sum()
    assert same_points is points


def test_too_much_is_refused(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fire, "_STRONGEST", 0.1)
    folder = PreparedFolder(prepared)
    with pytest.raises(InputError, match="wrong by 40%"):
        fire.calibrated(folder, folder.pairs("test"), 0.4)


def test_only_the_source_joints_are_spoilt_and_the_same_every_time(prepared: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = folder.pairs("test")
    spoil = fire.spoiler("joints", 0.4, fire.at_strength(1), folder, pairs)
    parsing = folder.parsing(pairs[3, 0])
    source, target = (folder.entries[view].points for view in pairs[3])
    kept, moved, wanted = spoil(3, parsing, source, target)
    assert kept is parsing
    assert wanted is target
    shift = np.linalg.norm(moved - source, axis=1)
    assert 0.5 < np.nanmedian(shift) < 12
    np.testing.assert_array_equal(moved, spoil(3, parsing, source, target)[1])
    assert not np.array_equal(moved, spoil(4, parsing, source, target)[1], equal_nan=True)
