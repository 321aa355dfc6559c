"""Joints that agree, on made-up poses."""

import numpy as np
import pytest

from rsagan.people import Pose
from rsagan.photo.agreement import joints_right

POINTS = np.array(
    [
        (44, 20), (44, 31), (33, 32), (30, 48), (28, 63), (55, 32), (58, 48), (60, 63), (37, 71),
        (36, 88), (35, 112), (51, 71), (52, 88), (53, 112), (42, 18), (46, 18), (39, 19), (49, 19),
    ],
    np.float32,
)  # fmt: skip
SIZE = (128, 88)


def test_a_pose_agrees_with_itself() -> None:
    assert joints_right(Pose(POINTS, SIZE), Pose(POINTS, SIZE)) == (13, 13)


@pytest.mark.parametrize(("shift", "right"), [(9.9, 13), (10.1, 0)])
def test_the_threshold_is_a_quarter_of_the_torso(shift: float, right: int) -> None:
    """Neck (44, 31) to the hips' middle (44, 71) is 40 pixels."""
    moved = Pose(POINTS + np.array([shift, 0], np.float32), SIZE)
    assert joints_right(moved, Pose(POINTS, SIZE)) == (right, 13)


def test_joints_missing_in_the_result_are_wrong_and_those_missing_in_the_truth_do_not_count() -> None:
    lacking = POINTS.copy()
    lacking[[4, 10]] = np.nan
    assert joints_right(Pose(lacking, SIZE), Pose(POINTS, SIZE)) == (11, 13)
    assert joints_right(Pose(POINTS, SIZE), Pose(lacking, SIZE)) == (11, 11)


def test_without_a_torso_nothing_is_counted() -> None:
    lacking = POINTS.copy()
    lacking[8] = np.nan
    assert joints_right(Pose(POINTS, SIZE), Pose(lacking, SIZE)) == (0, 0)
