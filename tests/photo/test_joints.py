"""BlazePose's joints, moved to where rendered people have them."""

from dataclasses import replace

import numpy as np
import pytest

from rsagan.people import Pose, library
from rsagan.photo.agreement import estimate
from rsagan.photo.joints import as_rendered
from rsagan.synthetic import identity, render_view

SHOULDERS, EARS, REST = [2, 5], [16, 17], [3, 4, 6, 7, 8, 9, 10, 11, 12, 13]
STAND = library.load("stand")


def test_shoulders_sink_and_ears_move_apart() -> None:
    moved = as_rendered(STAND)
    assert (moved.points[SHOULDERS, 1] > STAND.points[SHOULDERS, 1] + 2).all()
    ears = [np.linalg.norm(np.diff(points[EARS], axis=0)) for points in (STAND.points, moved.points)]
    np.testing.assert_allclose(ears[1] / ears[0], 1.26, rtol=1e-3)
    np.testing.assert_array_equal(moved.points[REST], STAND.points[REST])


def test_it_follows_the_pictures_scale_and_the_bodys_direction() -> None:
    large = as_rendered(STAND.resized((512, 352)))
    np.testing.assert_allclose(large.resized(STAND.size).points, as_rendered(STAND).points, atol=1e-3)
    lying = Pose(STAND.points[:, ::-1] * (-1, 1) + (200, 0), (200, 300))  # turned clockwise: what was down is left
    moved = as_rendered(lying)
    assert (moved.points[SHOULDERS, 0] < lying.points[SHOULDERS, 0] - 2).all()


def test_backs_and_what_would_leave_the_frame_stay() -> None:
    back = replace(STAND, facing="back")
    np.testing.assert_array_equal(as_rendered(back).points, back.points)
    low = Pose(STAND.points, (int(STAND.points[SHOULDERS, 1].min()) + 2, STAND.size[1]))
    np.testing.assert_array_equal(as_rendered(low).points[SHOULDERS], STAND.points[SHOULDERS])
    nothing = Pose(np.full((18, 2), np.nan, np.float32), (64, 64))
    assert as_rendered(nothing) is nothing


def shortened(legs: float, thigh: float = 1.0, bent: float = 0.0, facing: str = "back") -> Pose:
    """Somebody whose legs are drawn `legs` times as long, the thighs `thigh` times more, knees `bent` pixels aside."""
    points = STAND.points.copy()
    for hip, knee, ankle in ((8, 9, 10), (11, 12, 13)):
        upper, lower = legs * thigh * (points[knee] - points[hip]), legs * (points[ankle] - points[knee])
        points[knee] = points[hip] + upper + (bent, 0)
        points[ankle] = points[hip] + upper + lower
    return replace(STAND, points=points, facing=facing)


def test_hips_rise_where_straight_legs_come_out_short() -> None:
    def raised(pose: Pose) -> float:
        moved = as_rendered(pose)
        assert (moved.points[8, 1] - pose.points[8, 1]) == pytest.approx(
            moved.points[11, 1] - pose.points[11, 1], abs=1
        )
        np.testing.assert_array_equal(moved.points[9:11], pose.points[9:11])
        return float(
            (pose.points[[8, 11], 1] - moved.points[[8, 11], 1]).mean() / (pose.points[8, 1] - pose.points[1, 1])
        )

    assert raised(shortened(1.0)) == 0
    rises = [raised(shortened(legs)) for legs in (0.7, 0.6, 0.5)]
    assert 0 < rises[0] < rises[1] < rises[2] <= 0.201
    assert raised(shortened(0.6, facing="front")) == pytest.approx(rises[1], abs=1e-3)
    # Who sits or bends the knees has short legs for another reason.
    assert raised(shortened(0.7, thigh=0.4)) == 0
    assert raised(shortened(0.6, bent=30)) == 0


def test_rendered_people_are_met_better(analysis: None) -> None:
    off = []
    for seed in range(6):
        view = render_view(identity(seed), seed, (256, 176), pose="stand")
        found, true = estimate(view.picture), view.points
        joints = [1, *SHOULDERS, *EARS]
        off.append([np.linalg.norm(pose.points[joints] - true[joints], axis=1) for pose in (found, as_rendered(found))])
    before, after = np.nanmean(off, axis=0).mean(1)
    assert after < 0.7 * before
