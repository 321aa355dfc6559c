"""Following one person through a clip."""

import numpy as np
import pytest

from rsagan.errors import InputError
from rsagan.people import Picture
from rsagan.photo import clip_poses
from rsagan.photo.driving import _voted

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("analysis")]


def shifted(photo: Picture, step: int) -> Picture:
    return np.roll(photo, step, axis=1)


def test_a_person_is_followed_and_gaps_are_told(woman: Picture) -> None:
    empty = np.full_like(woman, 128)
    frames = [woman, shifted(woman, 6), shifted(woman, 12), empty, empty, shifted(woman, 12), shifted(woman, 12)]
    done: list[int] = []
    poses = clip_poses(frames, progress=done.append)
    assert done == list(range(1, 8))
    assert [pose is None for pose in poses[:5]] == [False, False, False, True, True]
    assert poses[-1] is not None
    first, third = poses[0], poses[2]
    assert first is not None
    assert third is not None
    moved = (third.points - first.points)[[1, 2, 5, 8, 11]]
    np.testing.assert_allclose(np.nanmedian(moved, axis=0), [12, 0], atol=3)


def test_a_clip_of_nobody_is_refused(scenery: Picture) -> None:
    with pytest.raises(InputError, match="No person was found in the clip; take"):
        clip_poses([scenery] * 2)
    with pytest.raises(InputError, match="no frames"):
        clip_poses([])


def test_no_such_person(woman: Picture) -> None:
    with pytest.raises(InputError, match="no person 3"):
        clip_poses([woman], person=3)


def test_whom_it_follows_of_several_is_told(woman: Picture) -> None:
    small = np.full_like(woman, 128)
    half = woman[::2, ::2]
    small[-half.shape[0] :, : half.shape[1]] = half
    notes: list[str] = []
    poses = clip_poses([np.concatenate([small, woman], axis=1)] * 2, notes=notes)
    assert notes == ["The clip shows 2 people; the largest is taken."]
    assert poses[1] is not None
    assert np.nanmedian(poses[1].points[:, 0]) > woman.shape[1]
    clip_poses([woman], notes=notes)
    assert len(notes) == 1


def test_a_frame_that_errs_is_outvoted() -> None:
    assert _voted(["front", "front", "back", "front", None, "front"]) == ["front"] * 4 + [None, "front"]
    assert _voted(["front"] * 9 + ["back"] * 9) == ["front"] * 9 + ["back"] * 9


def test_somebody_elsewhere_is_somebody_else(woman: Picture) -> None:
    wide = np.full((woman.shape[0], woman.shape[1] * 4, 3), 128, np.uint8)
    left, right = wide.copy(), wide.copy()
    left[:, : woman.shape[1]] = woman
    right[:, -woman.shape[1] :] = woman
    poses = clip_poses([left, wide, right, right, right, right])
    assert [pose is None for pose in poses] == [False] + [True] * 5
