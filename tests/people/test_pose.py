import numpy as np
import pytest

from rsagan.errors import InputError
from rsagan.people import FLIP, JOINTS, LIMBS, NUM_JOINTS, Pose, fit_box


def test_pose_copies_and_completes_missing_joints() -> None:
    points = np.zeros((NUM_JOINTS, 2))
    points[3, 1] = np.nan
    points[4, 0] = np.inf
    pose = Pose(points, (10, 20), np.ones(NUM_JOINTS))
    points[:] = 7
    assert pose.points.dtype == np.float32
    assert np.isnan(pose.points[[3, 4]]).all()
    assert pose.present.sum() == NUM_JOINTS - 2
    assert pose.confidence is not None
    assert pose.confidence[[3, 4]].sum() == 0
    assert pose.points[0, 0] == 0


@pytest.mark.parametrize("shape", [(17, 2), (18, 3), (18,)])
def test_pose_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="18 joints"):
        Pose(np.zeros(shape, np.float32), (10, 10))


def test_pose_refuses_bad_frame_and_confidence() -> None:
    with pytest.raises(InputError, match="positive height"):
        Pose(np.zeros((18, 2), np.float32), (0, 10))
    with pytest.raises(InputError, match="confidence"):
        Pose(np.zeros((18, 2), np.float32), (10, 10), np.ones(17))


def test_flip_table_swaps_sides_and_is_its_own_inverse() -> None:
    for joint, twin in enumerate(FLIP):
        assert FLIP[twin] == joint
        swapped = JOINTS[joint].replace("right", "@").replace("left", "right").replace("@", "left")
        assert JOINTS[twin] == swapped


def test_limbs_cover_every_joint_and_keep_sides() -> None:
    assert {joint for limb in LIMBS for joint in limb} == set(range(NUM_JOINTS))
    assert not any({"left", "right"} <= {JOINTS[joint].split("_")[0] for joint in limb} for limb in LIMBS)


def test_flipping_twice_is_nothing(pose: Pose) -> None:
    twice = pose.flipped().flipped()
    np.testing.assert_allclose(twice.points, pose.points, atol=1e-4)
    np.testing.assert_array_equal(twice.confidence, pose.confidence)


def test_flipping_keeps_the_persons_own_sides(pose: Pose) -> None:
    """In the mirrored picture the left wrist is where the right wrist's mirror image is."""
    flipped = pose.flipped()
    left, right = JOINTS.index("left_wrist"), JOINTS.index("right_wrist")
    np.testing.assert_allclose(flipped.points[left], [pose.size[1] - 1 - pose.points[right, 0], pose.points[right, 1]])


def test_flip_agrees_with_the_picture() -> None:
    """A joint on a marked pixel is on the marked pixel after both are mirrored."""
    picture = np.zeros((8, 11))
    picture[5, 2] = 1
    points = np.full((18, 2), np.nan, np.float32)
    points[4] = 2, 5
    x, y = Pose(points, (8, 11)).flipped().points[7]
    assert picture[:, ::-1][int(y), int(x)] == 1


def test_resizing_moves_pixel_centres_right() -> None:
    points = np.full((18, 2), np.nan, np.float32)
    points[0] = 0, 0
    points[1] = 9, 19
    pose = Pose(points, (20, 10)).resized((40, 30))
    np.testing.assert_allclose(pose.points[0], [1, 0.5])
    np.testing.assert_allclose(pose.points[1], [28, 38.5])
    np.testing.assert_allclose(pose.resized((20, 10)).points[:2], points[:2], atol=1e-6)


def test_joints_outside_become_missing() -> None:
    points = np.zeros((18, 2), np.float32)
    points[0] = -0.5, 9.5
    points[1] = -0.6, 0
    points[2] = 0, 9.6
    assert Pose(points, (10, 10)).without_outside().present.tolist() == [True, False, False] + [True] * 15


def test_usable_says_why_not(pose: Pose) -> None:
    assert pose.usable() is None
    few = pose.points.copy()
    few[3:] = np.nan
    assert "only 3 of its 18 joints" in str(Pose(few, pose.size).usable())
    limbs_only = pose.points.copy()
    limbs_only[[0, 1, 2, 5, 8, 11]] = np.nan
    assert "torso" in str(Pose(limbs_only, pose.size).usable())


def test_facing_goes_along_and_turns_in_a_mirror() -> None:
    points = np.zeros((18, 2), np.float32)
    for facing, mirrored in (("front", "front"), ("back", "back"), ("left", "right"), ("right", "left"), (None, None)):
        pose = Pose(points, (10, 20), None, facing)
        assert pose.flipped().facing == mirrored
        assert pose.resized((20, 40)).facing == pose.without_outside().facing == facing
        fit = fit_box((0, 0, 20, 10), (10, 20), (64, 48))
        assert fit.pose_to_photo(fit.pose_to_frame(pose)).facing == facing
    with pytest.raises(InputError, match="not 'up'"):
        Pose(points, (10, 20), None, "up")
