"""BlazePose's joints, moved to where rendered people have them."""

from dataclasses import replace

import numpy as np

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
    assert as_rendered(back) is back
    low = Pose(STAND.points, (int(STAND.points[SHOULDERS, 1].min()) + 2, STAND.size[1]))
    np.testing.assert_array_equal(as_rendered(low).points[SHOULDERS], STAND.points[SHOULDERS])
    nothing = Pose(np.full((18, 2), np.nan, np.float32), (64, 64))
    assert as_rendered(nothing) is nothing


def test_rendered_people_are_met_better(analysis: None) -> None:
    off = []
    for seed in range(6):
        view = render_view(identity(seed), seed, (256, 176), pose="stand")
        found, true = estimate(view.picture), view.points
        joints = [1, *SHOULDERS, *EARS]
        off.append([np.linalg.norm(pose.points[joints] - true[joints], axis=1) for pose in (found, as_rendered(found))])
    before, after = np.nanmean(off, axis=0).mean(1)
    assert after < 0.7 * before
