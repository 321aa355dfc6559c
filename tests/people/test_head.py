"""Which way a head is turned, by its joints alone."""

import numpy as np
import pytest

from rsagan.people import Pose
from rsagan.people.head import FACE, camera_of, head_breadth, head_motion, turned_apart
from rsagan.people.pose import NECK
from rsagan.synthetic.body import template
from rsagan.synthetic.skeleton import turn

SIZE = (256, 176)
BREADTH = 20.0


def seen(yaw: float, nod: float = 0.0, tilt: float = 0.0, scale: float = 1.0, missing: tuple[int, ...] = ()) -> Pose:
    """The rig's own head, turned to the person's left, nodding and tilted in the picture, by degrees."""
    body = template()
    bones = body.base[body.points :]
    landmarks = bones[len(body.bone_names) :][:5]
    shoulders = [bones[body.bone_names.index(f"upperarm01.{side}")] for side in "LR"]
    inside = np.array([(0, 0, -0.1), (0, 0, 0), (0, 0, 0), (0.1, 0, 0), (-0.1, 0, 0)])  # as pictures have the joints
    rows = np.stack([*(landmarks + inside), np.mean(shoulders, axis=0)]) - landmarks[3:].mean(0)
    rows = rows * BREADTH / np.linalg.norm(landmarks[3] - landmarks[4])
    way = turn("z", np.radians(tilt)) @ turn("x", np.radians(nod)) @ turn("y", np.radians(yaw))
    turned = rows @ np.asarray(way, np.float64).T * scale
    points = np.full((18, 2), np.nan, np.float32)
    points[[*FACE, NECK]] = np.stack([turned[:, 0] + 88, 100 - turned[:, 1]], 1)
    points[list(missing)] = np.nan
    return Pose(points, SIZE)


def apart(one: Pose, other: Pose) -> float | None:
    return turned_apart(camera_of(one), camera_of(other))


@pytest.mark.parametrize("yaw", [0, 20, 45, 80])
@pytest.mark.parametrize("nod", [-10, 0, 10])
def test_how_far_heads_are_turned_from_each_other(yaw: float, nod: float) -> None:
    found = apart(seen(0), seen(yaw, nod))
    assert found is not None
    assert abs(found - np.hypot(yaw, nod)) < 10
    again = apart(seen(yaw, nod), seen(yaw, nod, tilt=25, scale=2.5))
    assert again is not None
    assert again < 8


def test_left_is_not_right() -> None:
    assert (apart(seen(40), seen(-40)) or 0) > 60


def test_who_shows_too_little_cannot_be_compared() -> None:
    assert apart(seen(0), seen(0, missing=(NECK,))) is None
    assert apart(seen(0), seen(180, missing=(0, 14, 15))) is None
    assert apart(seen(0), seen(0, missing=(14, 15, 16, 17))) is None
    assert head_motion(seen(0), seen(0, missing=(NECK,))) is None
    assert head_motion(seen(0, missing=(0, 14, 16)), seen(0, missing=(15, 17))) is None
    assert np.isnan(head_breadth(seen(0, missing=(NECK,)).points))


def test_the_motion_lays_one_head_on_the_other() -> None:
    start, end = seen(10), seen(10, tilt=30, scale=1.5)
    motion = head_motion(start, end)
    assert motion is not None
    moved = start.points[FACE] @ motion[:, :2].T + motion[:, 2]
    np.testing.assert_allclose(moved, end.points[FACE], atol=1e-3)


@pytest.mark.parametrize("yaw", [0, 30, 60, 90])
def test_a_heads_breadth_does_not_depend_on_the_view(yaw: float) -> None:
    assert head_breadth(seen(yaw, tilt=10, scale=1.3).points) == pytest.approx(1.3 * BREADTH, rel=0.08)
