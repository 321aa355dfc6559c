"""Smoothing and in-betweens."""

import numpy as np
import pytest

from rsagan.errors import InputError
from rsagan.people import Pose, in_betweens, library, smoothed
from rsagan.people.motion import flicker

STAND = library.load("stand")
FPS = 25.0


def jittered(count: int, spread: float, seed: int = 0) -> list[Pose | None]:
    random = np.random.default_rng(seed)
    return [Pose(STAND.points + random.normal(0, spread, (18, 2)), (256, 176)) for _ in range(count)]


def tracks(poses: list[Pose]) -> np.ndarray:
    return np.stack([pose.points for pose in poses])


def test_smoothing_takes_most_of_the_jitter_and_keeps_the_place() -> None:
    noisy = jittered(60, 1.5)
    calm = smoothed(noisy, FPS)
    assert flicker(tracks(calm)) < 0.1 * flicker(tracks(noisy))
    np.testing.assert_allclose(tracks(calm)[10:-10].mean(axis=0), STAND.points, atol=0.9)


def test_smoothing_keeps_even_motion_to_its_ends() -> None:
    step = np.array([2.0, -1.0], np.float32)
    moving = [Pose(STAND.points + k * step, (256, 176)) for k in range(30)]
    np.testing.assert_allclose(tracks(smoothed(moving, FPS)), tracks(moving), atol=0.05)


def test_no_smoothing_still_takes_out_a_glitch() -> None:
    poses = jittered(11, 0.0)
    points = STAND.points.copy()
    points[4] += 60
    poses[5] = Pose(points, (256, 176))
    np.testing.assert_allclose(smoothed(poses, FPS, sigma=0)[5].points, STAND.points, atol=1e-4)


def test_short_gaps_are_filled_and_long_ones_left() -> None:
    poses = jittered(60, 0.0)
    for k in range(10, 18):  # 0.32 s
        points = STAND.points.copy()
        points[4] = np.nan
        poses[k] = Pose(points, (256, 176))
    for k in range(30, 50):  # 0.8 s
        points = STAND.points.copy()
        points[7] = np.nan
        poses[k] = Pose(points, (256, 176))
    out = tracks(smoothed(poses, FPS))
    np.testing.assert_allclose(out[:, 4], np.broadcast_to(STAND.points[4], (60, 2)), atol=1e-3)
    assert np.isnan(out[30:50, 7]).all()
    assert not np.isnan(out[:30, 7]).any()


def test_a_joint_seen_for_a_moment_only_is_not_believed() -> None:
    points = STAND.points.copy()
    points[14] = np.nan
    poses: list[Pose | None] = [Pose(points, (256, 176)) for _ in range(40)]
    poses[20] = STAND
    assert np.isnan(tracks(smoothed(poses, FPS))[:, 14]).all()


def test_frames_without_anybody_hold_the_pose() -> None:
    poses = jittered(60, 0.0)
    poses[:5] = [None] * 5
    poses[20:45] = [None] * 25
    out = smoothed(poses, FPS)
    assert len(out) == 60
    assert all(pose.usable() is None for pose in out)
    np.testing.assert_allclose(out[0].points, STAND.points, atol=1e-3)


def test_in_betweens_start_and_end_at_the_key_poses_and_keep_limbs() -> None:
    down, out = library.load("stand"), library.load("hand-raised")
    poses = in_betweens([down, out], 10)
    assert len(poses) == 11
    np.testing.assert_allclose(poses[0].points, down.points, atol=1e-3)
    np.testing.assert_allclose(poses[-1].points, out.points, atol=1e-3)
    for k, (a, b) in enumerate([(2, 3), (3, 4)]):
        ends = [np.linalg.norm(pose.points[b] - pose.points[a]) for pose in (down, out)]
        middle = np.linalg.norm(poses[5].points[b] - poses[5].points[a])
        assert middle > 0.8 * min(ends), k  # a straight way passes through the shoulder
    assert poses[5].points[3, 0] < poses[5].points[2, 0] - 15  # outside, not through the body


@pytest.mark.parametrize("steps", [0.5, 1.0, 2.5, 4.0])
def test_in_betweens_keep_the_pace_that_is_asked_for(steps: float) -> None:
    """2.5 pictures a key pose, five of them: 10 steps, not 8 or 12."""
    keys = [library.load("stand"), library.load("hand-raised")] * 2 + [library.load("stand")]
    poses = in_betweens(keys, steps)
    assert len(poses) == max(4, round(4 * steps)) + 1
    np.testing.assert_allclose(poses[-1].points, keys[-1].points, atol=1e-3)


@pytest.mark.parametrize(("size", "scale", "shift"), [((1080, 1920), 4.0, (700, 30)), ((300, 90), 1.0, (-40, 12))])
def test_in_betweens_stretch_no_body(size: tuple[int, int], scale: float, shift: tuple[int, int]) -> None:
    stand = library.load("stand")
    other = Pose(stand.points * scale + np.array(shift, np.float32), size)
    for poses in (in_betweens([stand, other], 4), in_betweens([other, stand], 4)):
        shoulders, torso = (
            [np.linalg.norm(pose.points[b] - pose.points[a]) for pose in poses] for a, b in ((2, 5), (1, 8))
        )
        np.testing.assert_allclose(shoulders, shoulders[0], rtol=1e-3)
        np.testing.assert_allclose(torso, torso[0], rtol=1e-3)
        np.testing.assert_allclose(poses[-1].points[8], poses[0].points[8], atol=0.1)


def test_in_betweens_of_front_and_back_show_the_face_half_the_time() -> None:
    poses = in_betweens([library.load("stand"), library.load("stand-back")], 10)
    face = [bool(pose.present[0]) for pose in poses]
    assert face == [True] * 5 + [False] * 6


def test_a_cycle_runs_evenly() -> None:
    keys = [library.load(name) for name in library.names("walk-cycle")] * 2
    fast = tracks(in_betweens(keys, 4))[:, [10, 13]]
    steps = np.linalg.norm(np.diff(fast, axis=0), axis=2)
    assert steps.max() < 4 * np.median(steps)


@pytest.mark.parametrize("values", [np.zeros((5, 3)), np.arange(15.0).reshape(5, 3)])
def test_even_motion_does_not_flicker(values: np.ndarray) -> None:
    assert flicker(list(values)) == pytest.approx(0)
    assert flicker([*values, values[-1] + 9]) > 0.5


def test_no_pose_at_all_is_one_sentence() -> None:
    with pytest.raises(InputError, match="no pose to smooth"):
        smoothed([None], 25)
    with pytest.raises(InputError, match="no key poses"):
        in_betweens([], 4)
