"""Poses people can take: within joint limits, out of their own way, on the floor, and by name or as given."""

import numpy as np
import pytest

from rsagan.synthetic import identity, poses, render_view, scene
from rsagan.synthetic.body import Figure, adult_shape, figure
from rsagan.synthetic.limits import between, trouble
from rsagan.synthetic.mesh import floats
from rsagan.synthetic.posture import FAMILIES, TOLERATED, WIDE, RigPose, rig_pose, strike
from rsagan.synthetic.skeleton import Skeleton, turn_about


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return [identity(number).figure for number in range(4)]


def test_the_standing_poses_are_what_they_were() -> None:
    """The catalogue style is frozen: its poses, camera and stage, to a hundredth of a decimetre."""
    rng = np.random.default_rng(5)
    person = figure(adult_shape(np.random.default_rng(1), "female"))
    places = [poses.pose(person, rng)[0].place for _ in range(6)]
    joints = scene.joints(poses.pose(person, rng)[0], person)
    camera = scene.camera_for(places[0], joints, rng, (128, 88))
    stage = scene.stage_for(camera, 0.3, floats(np.zeros((3, 2))), rng)
    found = [float(np.abs(place).sum()) for place in places] + [float(np.abs(camera[9:]).sum())]
    found += [float(stage.light.sum()), float(stage.wall.sum()), stage.shadow]
    np.testing.assert_allclose(found, EXPECTED, atol=0.02)


EXPECTED = [763.684, 665.775, 765.248, 651.613, 660.478, 654.330, 450.528, 12.638, 2.436, 0.295]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_had(figures: list[Figure], family: str) -> None:
    worst = []
    for number, person in enumerate(figures):
        posture = strike(person, np.random.default_rng(number), family)
        assert posture.family == family
        assert np.isfinite(posture.skeleton.motion()).all()
        worst.append(posture.trouble)
    assert np.median(worst) <= TOLERATED
    assert max(worst) < 0.5


def test_families_come_by_weight(figures: list[Figure]) -> None:
    rng = np.random.default_rng(0)
    drawn = [strike(figures[0], rng, None, {"stand": 3.0, "seated": 1.0}).family for _ in range(60)]
    assert 0.1 < drawn.count("seated") / 60 < 0.42
    assert set(drawn) == {"stand", "seated"}
    assert set(WIDE) == set(FAMILIES)


def test_hands_stay_out_of_the_body(figures: list[Figure]) -> None:
    rng = np.random.default_rng(1)
    left = np.array([strike(figures[k % 4], rng).trouble for k in range(120)])
    assert (left <= TOLERATED).mean() > 0.93


def test_a_hand_in_the_belly_is_trouble(figures: list[Figure]) -> None:
    size = poses.girth(figures[0])
    s = Skeleton(figures[0])
    s.solve()
    assert trouble(s, size, "stand") < 0.2
    s.arm("L", s.at("spine03").copy(), floats([1, 0, -1]))
    s.solve()
    assert trouble(s, size, "stand") > 0.3


def test_distance_between_segments() -> None:
    a, b, c, d = (floats(p) for p in ([0, 0, 0], [1, 0, 0], [0.5, 1, -1], [0.5, 1, 1]))
    assert between(a, b, c, d) == pytest.approx(1)
    assert between(a, b, floats([2, 0, 0]), floats([3, 0, 0])) == pytest.approx(1)
    assert between(a, a, c, c) == pytest.approx(1.5)


def test_a_given_pose_is_taken_as_it_is(figures: list[Figure]) -> None:
    posture = strike(figures[0], np.random.default_rng(2), "running")
    again = strike(figures[0], np.random.default_rng(9), rig_pose(posture.skeleton))
    one, other = (scene.joints(p.skeleton, figures[0]) for p in (posture, again))
    np.testing.assert_allclose(one - one[1], other - other[1], atol=0.01)


@pytest.mark.parametrize("angle", [1e-3, 1.0, 3.0, 3.1415, np.pi])
@pytest.mark.parametrize("axis", [(1, 0, 0), (0, -1, 0), (0.6, 0, -0.8), (-2 / 3, 1 / 3, 2 / 3)])
def test_half_turns_survive_the_way_back(figures: list[Figure], axis: tuple[float, ...], angle: float) -> None:
    turned = Skeleton(figures[0])
    turned.set("head", turn_about(floats(axis), angle))
    turned.solve()
    again = strike(figures[0], np.random.default_rng(0), rig_pose(turned)).skeleton
    np.testing.assert_allclose(again.rotation, turned.rotation, atol=1e-5)


@pytest.mark.parametrize("pose", [RigPose({"head": (0, 1e39, 0)}), RigPose({"root": (1e8, 0, 0)}), RigPose({}, np.nan)])
def test_what_no_pose_can_mean_is_refused(figures: list[Figure], pose: RigPose) -> None:
    with pytest.raises(ValueError, match="from -1000 to 1000"):
        strike(figures[0], np.random.default_rng(0), pose)


def test_unknown_families_and_bones_are_refused(figures: list[Figure]) -> None:
    with pytest.raises(ValueError, match="no pose family 'flying'"):
        strike(figures[0], np.random.default_rng(0), "flying")
    with pytest.raises(ValueError, match="no bone 'tail'"):
        strike(figures[0], np.random.default_rng(0), RigPose({"tail": (0, 0, 1)}))


def test_a_named_pose_is_shown(figures: list[Figure]) -> None:
    """Seated, the hips are hardly higher than the knees; standing they are half a leg above."""
    who = identity(1)
    for family, low, high in (("seated", -0.6, 1.1), ("stand", 0.6, 1.6)):
        ratios = []
        for view in range(6):
            points = render_view(who, view, (128, 88), "studio", family).points
            thigh, shin = points[[9, 12], 1] - points[[8, 11], 1], points[[10, 13], 1] - points[[9, 12], 1]
            ratios += list(thigh / shin)
        assert low < np.nanmedian(ratios) < high, family


@pytest.mark.parametrize("family", ["stand", "walk", "seated", "kneeling", "running", "crouching"])
def test_feet_are_on_the_floor(figures: list[Figure], family: str) -> None:
    who = identity(2)
    for number in range(3):
        posture = strike(who.figure, np.random.default_rng(number), family)
        body = scene.stand(who.figure, who.mesh, posture, 0.0)
        assert body.position[:, 1].min() == pytest.approx(0, abs=1e-4)
        ankles = body.points[[10, 13], 1]
        assert ankles.min() < 2.4
