"""Placing and retargeting poses, one at a time and in sequences."""

import numpy as np
import pytest

from rsagan.people import LIMBS, Pose, lacks_legs, library, placed, placed_sequence
from rsagan.people.head import head_breadth
from rsagan.people.retarget import bone_lengths, retargeted

STAND = library.load("stand")


def lengths(points: np.ndarray) -> np.ndarray:
    return np.array([np.linalg.norm(points[a] - points[b]) for a, b in LIMBS[:13]])


def long_legged(factor: float) -> Pose:
    """The standing pose with legs of another length, arms and trunk as they were."""
    points = STAND.points.copy()
    for hip, knee, ankle in ((8, 9, 10), (11, 12, 13)):
        thigh, shin = points[knee] - points[hip], points[ankle] - points[knee]
        points[knee] = points[hip] + factor * thigh
        points[ankle] = points[knee] + factor * shin
    return Pose(points, (400, 300))


def test_retargeting_gives_the_persons_own_legs() -> None:
    like = long_legged(1.2)
    short = placed(STAND, like, retarget=False)
    own = placed(STAND, like)
    np.testing.assert_allclose(lengths(own.points), lengths(like.points), rtol=0.03)
    assert lengths(short.points)[7:9].sum() < 0.9 * lengths(like.points)[7:9].sum()


def test_retargeting_keeps_every_direction() -> None:
    walk, ours = library.load("walk-right"), bone_lengths([long_legged(1.15)])
    theirs = bone_lengths([STAND])
    assert ours is not None
    assert theirs is not None
    moved = retargeted(walk.points, theirs, ours)
    for a, b in LIMBS[:13]:
        before, after = walk.points[b] - walk.points[a], moved[b] - moved[a]
        cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
        assert cosine > 0.98, (a, b)
    np.testing.assert_allclose(moved[1], walk.points[1])


def test_foreshortened_limbs_are_not_taken_for_short_ones() -> None:
    standing, sitting = bone_lengths([STAND]), bone_lengths([library.load("sit")])
    assert standing is not None
    assert sitting is not None
    scale = standing["torso"] / sitting["torso"]
    assert sitting["thigh"] * scale == pytest.approx(standing["thigh"], rel=0.3)
    shown = np.linalg.norm(np.diff(library.load("sit").points[[8, 9]], axis=0))
    assert shown < 0.5 * sitting["thigh"]


def test_half_a_body_has_lengths_too_and_missing_joints_stay_missing() -> None:
    points = STAND.points.copy()
    points[[3, 9, 10]] = np.nan
    half = Pose(points, STAND.size)
    found = bone_lengths([half])
    assert found is not None
    assert found["shin"] > 20
    np.testing.assert_array_equal(placed(half, long_legged(1.2)).present, half.present)
    assert bone_lengths([Pose(np.full((18, 2), np.nan, np.float32), (9, 9))]) is None


@pytest.mark.parametrize("cut", [[10, 13], [9, 10, 12, 13], [8, 9, 10, 11, 12, 13]])
def test_a_whole_person_stands_where_a_pose_shows_no_legs(cut: list[int]) -> None:
    points = library.load("arms-out").points.copy()
    points[cut] = np.nan
    half, like = Pose(points, (256, 176)), long_legged(1.1)
    assert lacks_legs([half], like)
    assert not lacks_legs([half, STAND], like)
    out = placed(half, like)
    np.testing.assert_allclose(lengths(out.points)[7:9], lengths(like.points)[7:9], rtol=0.1)
    assert out.points[10, 1] > out.points[9, 1] > out.points[8, 1]
    assert out.points[8, 0] < out.points[1, 0] < out.points[11, 0]
    headless = like.points.copy()
    headless[[10, 13]] = np.nan
    assert not placed(half, Pose(headless, like.size)).present[cut].any()


def test_legs_lost_for_a_while_are_those_of_the_sequence() -> None:
    points = library.load("walk").points.copy()
    points[[9, 10, 12, 13]] = np.nan
    walk, lost = library.load("walk"), Pose(points, (256, 176))
    one, other = placed_sequence([walk, lost], STAND)
    np.testing.assert_allclose(other.points, one.points, atol=1e-2)


@pytest.mark.parametrize("name", [*library.names("gesture"), "arms-out", "stretch-up"])
def test_hands_and_feet_of_a_whole_person_stay_in_the_frame(name: str) -> None:
    pose = placed(library.load(name), STAND)
    shown = pose.points[pose.present]
    assert (shown >= 6).all()
    assert (shown <= np.array(STAND.size[::-1]) - 7).all()
    for start, end, share in ((3, 4, 0.55), (6, 7, 0.55), (9, 10, 0.2), (12, 13, 0.2)):
        tip = pose.points[end] + share * (pose.points[end] - pose.points[start])
        assert (tip >= 0).all()
        assert (tip <= np.array(STAND.size[::-1])).all()


def test_standing_is_not_made_smaller_by_its_hands_and_crown() -> None:
    np.testing.assert_allclose(lengths(placed(STAND, STAND).points), lengths(STAND.points), rtol=1e-3)


def test_feet_stay_on_the_ground_if_asked() -> None:
    like = long_legged(1.1)
    ground = np.nanmax(like.points[[10, 13], 1])
    sitting = library.load("sit")
    assert np.nanmax(placed(sitting, like, on_ground=True).points[[10, 13], 1]) == pytest.approx(ground, abs=0.5)
    assert np.nanmax(placed(sitting, like).points[[10, 13], 1]) < ground - 10


def moving(step: float, count: int = 40) -> list[Pose]:
    offset = np.array([step, 0], np.float32)
    return [Pose(STAND.points + offset * k, (400, 2000)) for k in range(count)]


def test_a_sequence_keeps_the_bodys_own_way() -> None:
    out = np.stack([pose.points for pose in placed_sequence(moving(1), STAND)])
    np.testing.assert_allclose(np.diff(out[:, 1, 0]), 1, atol=0.02)
    np.testing.assert_allclose(out[:, :, 1], np.broadcast_to(STAND.points[:, 1], (40, 18)), atol=0.5)
    assert (out[..., 0].min() + out[..., 0].max()) / 2 == pytest.approx(87.5, abs=0.5)


def test_a_body_that_leaves_the_frame_is_followed() -> None:
    out = placed_sequence(moving(20), STAND)
    assert all(pose.present[1:14].all() for pose in out)
    assert lengths(out[20].points) == pytest.approx(lengths(STAND.points), rel=0.3)


def test_an_arm_that_moves_does_not_move_the_body() -> None:
    wave, rest = library.load("arms-out").points, STAND.points
    shifted = wave + rest[1] - wave[1]
    out = placed_sequence([Pose(rest, (256, 300)), Pose(shifted, (256, 300))], STAND)
    np.testing.assert_allclose(out[0].points[1], out[1].points[1], atol=1e-3)


def test_a_head_keeps_its_breadth_whatever_the_shoulders_do() -> None:
    raised = library.load("arms-raised")
    theirs, ours = bone_lengths([raised]), bone_lengths([STAND])
    assert theirs is not None
    assert ours is not None
    moved = retargeted(raised.points, theirs, ours)
    assert head_breadth(moved) == pytest.approx(head_breadth(STAND.points), rel=0.03)
    shrunk = raised.points * ours["torso"] / theirs["torso"]
    assert head_breadth(shrunk) < 0.85 * head_breadth(STAND.points)
