import numpy as np
import pytest

from rsagan.errors import InputError
from rsagan.people import library


def test_at_least_a_dozen_poses() -> None:
    assert len(library.names()) >= 12
    assert len(set(library.names())) == len(library.names())


@pytest.mark.parametrize("name", library.names())
def test_poses_are_whole_people_in_the_frame(name: str) -> None:
    pose = library.load(name)
    assert pose.size == (256, 176)
    assert pose.usable() is None
    assert pose.present[1:14].all()
    assert library.describe(name)
    ys = pose.points[:, 1]
    assert np.nanmin(ys) > 5
    assert np.nanmax(ys) < 250
    assert np.nanmin(pose.points[[10, 13], 1]) > np.nanmax(pose.points[[8, 11], 1])  # ankles below hips


@pytest.mark.parametrize("name", ["stand-back", "walk-away", "three-quarter-back"])
def test_backs_have_no_face(name: str) -> None:
    pose = library.load(name)
    assert not pose.present[[0, 14, 15]].any()
    assert pose.points[5, 0] < pose.points[2, 0]  # the left shoulder is on the picture's left


def test_fronts_have_one() -> None:
    pose = library.load("stand")
    assert pose.present[[0, 14, 15]].all()
    assert pose.points[5, 0] > pose.points[2, 0]


def test_mirrored_pair() -> None:
    left, right = library.load("walk-left"), library.load("walk-right")
    np.testing.assert_allclose(left.flipped().points, right.points, atol=1e-3)


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(InputError, match="stand-back"):
        library.load("fly")
