"""Which way a head is turned, by its joints alone."""

import numpy as np
import pytest

from rsagan.people import Pose
from rsagan.people.head import FACE, camera_of, head_breadth, head_radii, head_turn, turned_apart
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
    dot = Pose(np.full((18, 2), 60.0), SIZE)
    assert camera_of(dot) is None
    here = np.array([88 + 100j])
    assert head_turn(seen(0), dot, here, 1) is None
    assert head_turn(seen(0), seen(0, missing=(NECK,)), here, 1) is None
    assert head_turn(seen(0, missing=(0, 14, 16)), seen(0, missing=(15, 17)), here, 1) is None
    assert head_radii(seen(0, missing=(NECK,)), here) is None
    assert np.isnan(head_breadth(seen(0, missing=(NECK,)).points))


def complex_of(pose: Pose, joints: list[int]) -> np.ndarray:
    return pose.points[joints, 0] + 1j * pose.points[joints, 1]


@pytest.mark.parametrize("size", [0.0, 1.0])
def test_a_head_that_has_not_turned_is_laid_on_the_other_as_it_is(size: float) -> None:
    start, end = seen(10), seen(10, tilt=30, scale=1.5)
    found = head_turn(start, end, complex_of(start, FACE), size)
    assert found is not None
    np.testing.assert_allclose(found.places, complex_of(end, FACE), atol=1e-3)
    assert found.ratio == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("turned", [-30, 15, 35])
def test_eyes_move_as_on_a_head_that_turns_and_hair_stays(turned: float) -> None:
    start, end, eyes = seen(0), seen(turned), [14, 15]
    above = np.array([88 + 60j])
    found = head_turn(start, end, np.concatenate([complex_of(start, eyes), above]), 1.0)
    flat = head_turn(start, end, complex_of(start, eyes), 0.0)
    assert found is not None
    assert flat is not None
    off, if_flat = (np.abs(each - complex_of(end, eyes)) for each in (found.places[:2], flat.places))
    assert (off < 0.1 * BREADTH).all()
    assert off.max() < 0.6 * if_flat.max()
    assert abs(found.places[2] - above[0]) < 0.1 * BREADTH


def test_radii_of_a_skull() -> None:
    places = np.array([88 + 98j, 88 + 0.52 * BREADTH + 98j, 88 + 80j, 88 + 120j])
    middle, beside, above, below = head_radii(seen(0), places)
    assert middle < 0.1
    assert beside == pytest.approx(1, abs=0.15)
    assert above == pytest.approx(1.06, abs=0.15)
    assert np.isnan(below)


@pytest.mark.parametrize("yaw", [0, 30, 60, 90])
def test_a_heads_breadth_does_not_depend_on_the_view(yaw: float) -> None:
    assert head_breadth(seen(yaw, tilt=10, scale=1.3).points) == pytest.approx(1.3 * BREADTH, rel=0.08)
