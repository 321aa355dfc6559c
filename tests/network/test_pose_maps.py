"""Maps of joints and limbs, and rigid bone motion, against loops over cells, joints and bones."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rsagan.network.pose_maps import POSE_CHANNELS, heading, pose_maps, rigid_motion
from rsagan.people import FLIP, LIMBS
from rsagan.synthetic import identity, render_view

SIZE = (48, 32)
NAN = math.nan


def cases(figure: Any) -> dict[str, Tensor]:
    """Poses that pull at the edges of the definition, each (1, 18, 2)."""
    standing = figure(SIZE)
    one_limb = torch.full_like(standing, NAN)
    one_limb[0, [2, 3]] = standing[0, [2, 3]]
    no_bone = torch.full_like(standing, NAN)
    no_bone[0, [4, 10]] = standing[0, [4, 10]]
    collapsed = standing.clone()
    collapsed[0, 3] = collapsed[0, 2]  # a limb of no length
    half_missing = standing.clone()
    half_missing[0, 7, 1] = NAN  # one coordinate alone is no joint
    half_missing[0, 9:14] = NAN
    outside = standing.clone()
    outside[0, 13] += 200  # a bone longer than the frame
    return {
        "standing": standing,
        "one limb": one_limb,
        "no bone": no_bone,
        "all missing": torch.full_like(standing, NAN),
        "collapsed": collapsed,
        "half missing": half_missing,
        "far away and tiny": 3 + standing / 60,
        "outside": outside,
    }


NAMES = ["standing", "one limb", "no bone", "all missing", "collapsed", "half missing", "far away and tiny", "outside"]


@pytest.mark.parametrize("name", NAMES)
def test_maps_equal_the_loops(name: str, figure: Any, literal: Any) -> None:
    points = cases(figure)[name]
    maps = pose_maps(points, SIZE, stride=4)
    assert maps.shape == (1, POSE_CHANNELS, 12, 8)
    assert maps.dtype == torch.float32
    np.testing.assert_allclose(literal.array(maps[0]), literal.pose_maps(literal.array(points[0]), SIZE, 4), atol=2e-5)


def test_a_batch_is_one_by_one(figure: Any) -> None:
    poses = torch.cat(list(cases(figure).values()))
    together = pose_maps(poses, SIZE, stride=8)
    alone = torch.cat([pose_maps(pose[None], SIZE, stride=8) for pose in poses])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)


def test_a_missing_joint_takes_its_limbs_along_and_nothing_else(figure: Any) -> None:
    whole = figure(SIZE)
    lacking = whole.clone()
    lacking[0, 4] = NAN
    before, after = pose_maps(whole, SIZE, 4)[0], pose_maps(lacking, SIZE, 4)[0]
    limb = LIMBS.index((3, 4))
    gone = [4, 18 + limb, 18 + 17 + limb, 18 + 34 + limb]
    assert (before[gone].abs().amax((1, 2)) > 0).all()
    assert not after[gone].any()
    kept = [c for c in range(POSE_CHANNELS) if c not in gone]
    assert torch.equal(before[kept], after[kept])


def test_coordinates_along_a_forearm_look_alike_in_any_pose(figure: Any) -> None:
    """Halfway down the left forearm is halfway down the left forearm, wherever it points."""
    limb = LIMBS.index((6, 7))
    seen = []
    for angle in (0.0, 1.0, 2.5):
        points = figure((64, 64))
        elbow = torch.tensor([31.5, 31.5])
        points[0, 6] = elbow
        points[0, 7] = elbow + 14 * torch.tensor([math.cos(angle), math.sin(angle)])
        maps = pose_maps(points, (64, 64), 1)[0]
        x, y = (elbow + 7 * torch.tensor([math.cos(angle), math.sin(angle)])).round().int().tolist()
        seen.append([float(maps[18 + kind * 17 + limb, y, x]) for kind in range(3)])
    for near, along, across in seen:
        assert near > 0.95
        assert abs(along) < 0.1
        assert abs(across) < 0.2


@pytest.mark.parametrize("value", [1e20, -1e20, math.inf, -math.inf, NAN])
@pytest.mark.parametrize("joint", [1, 3, 4])  # where five bones start, where one starts, where one ends
def test_no_joint_however_wild_makes_a_map_wild(joint: int, value: float, figure: Any) -> None:
    points = figure(SIZE)
    points[0, joint] = value
    assert pose_maps(points, SIZE, 4).isfinite().all()
    for pair in ((points, figure(SIZE)), (figure(SIZE), points), (points, points)):
        assert all(part.isfinite().all() for part in rigid_motion(*pair, SIZE, 8))


def literal_motion(
    literal: Any, source: np.ndarray, target: np.ndarray, size: tuple[int, int], stride: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cell by cell and bone by bone."""

    def facing(points: np.ndarray) -> float:
        """How far the person's left is to the right of the person's right, shoulders and hips together."""
        gaps = [points[left][0] - points[right][0] for right, left in ((2, 5), (8, 11))]
        known = [gap for gap in gaps if not math.isnan(gap)]
        return sum(known) / literal.scale(points, size[0]) if known else math.nan

    product = facing(source) * facing(target)
    side = 1.0 if math.isnan(product) else math.tanh(8 * product)
    here, there = literal.scale(target, size[0]), literal.scale(source, size[0])
    places, sure = [], []
    for row in range(size[0] // stride):
        for column in range(size[1] // stride):
            x, y = literal.centre(row, column, stride)
            total, sum_x, sum_y = 0.0, 0.0, 0.0
            for a, b in LIMBS:
                if np.isnan(target[[a, b]]).any() or np.isnan(source[[a, b]]).any():
                    continue
                along, across, distance = literal.bone(target[a], target[b], x, y)
                near = math.exp(-(distance**2) / (2 * (0.15 * here) ** 2)) ** 2
                dx, dy = source[b] - source[a]
                length = max(1.0, math.hypot(dx, dy))
                aside = across / here * there * side
                along = min(max(along, -0.3), 1.3)
                total += near
                sum_x += near * (source[a][0] + along * dx - aside * dy / length)
                sum_y += near * (source[a][1] + along * dy + aside * dx / length)
            places.append((sum_x / max(total, 1e-6), sum_y / max(total, 1e-6)))
            sure.append(min(total, 1.0))
    return np.array(places), np.array(sure)


@pytest.mark.parametrize("target_name", NAMES)
@pytest.mark.parametrize("source_name", ["standing", "half missing", "one limb", "turned"])
def test_rigid_motion_equals_the_loops(source_name: str, target_name: str, figure: Any, literal: Any) -> None:
    poses = cases(figure)
    poses["turned"] = figure(SIZE) * torch.tensor([-1.0, 1.0]) + torch.tensor([SIZE[1] - 1.0, 0.0])
    source, target = poses[source_name], poses[target_name]
    guess, sure = rigid_motion(source, target, SIZE, stride=8)
    expected, expected_sure = literal_motion(literal, literal.array(source[0]), literal.array(target[0]), SIZE, 8)
    np.testing.assert_allclose(literal.array(sure[0]), expected_sure, atol=1e-5)
    # Where nothing is known the guess means nothing; there its confidence is 0.
    known = expected_sure > 1e-4
    np.testing.assert_allclose(literal.array(guess[0])[known], expected[known], atol=2e-2, rtol=1e-4)


def centres(size: tuple[int, int], stride: int, literal: Any) -> Tensor:
    cells = [(row, column) for row in range(size[0] // stride) for column in range(size[1] // stride)]
    return torch.tensor([literal.centre(*cell, stride) for cell in cells])


def long_bones(figure: Any, size: tuple[int, int]) -> Tensor:
    """The figure below the neck: past the ends of the short bones of the face the position along is clamped."""
    points = figure(size)
    points[0, [0, 14, 15, 16, 17]] = NAN
    return points


def test_the_same_pose_moves_nothing(figure: Any, literal: Any) -> None:
    points = long_bones(figure, (64, 64))
    guess, sure = rigid_motion(points, points, (64, 64), 4)
    near = sure[0] > 0.5
    assert near.sum() > 40
    torch.testing.assert_close(guess[0][near], centres((64, 64), 4, literal)[near], atol=0.3, rtol=0)


def test_a_person_who_moved_and_shrank_is_read_where_it_was(figure: Any, literal: Any) -> None:
    source = long_bones(figure, (64, 64))
    target = source / 2 + torch.tensor([20.0, 5.0])
    guess, sure = rigid_motion(source, target, (64, 64), 2)
    near = sure[0] > 0.5
    expected = (centres((64, 64), 2, literal) - torch.tensor([20.0, 5.0])) * 2
    torch.testing.assert_close(guess[0][near], expected[near], atol=0.5, rtol=0)


def test_a_person_seen_from_the_other_side_is_mirrored(figure: Any, literal: Any) -> None:
    """The same joints with x reversed and the names kept: what was outside of an arm stays outside."""
    size = (64, 64)
    source = long_bones(figure, size)
    target = source * torch.tensor([-1.0, 1.0]) + torch.tensor([63.0, 0.0])
    guess, sure = rigid_motion(source, target, size, 4)
    near = sure[0] > 0.5
    expected = centres(size, 4, literal) * torch.tensor([-1.0, 1.0]) + torch.tensor([63.0, 0.0])
    torch.testing.assert_close(guess[0][near], expected[near], atol=0.3, rtol=0)


def test_confidence_is_0_far_from_bones_that_both_poses_know(figure: Any) -> None:
    source, target = figure((64, 64)), figure((64, 64))
    source[0, 4] = NAN
    target[0, 9] = NAN
    _, all_known = rigid_motion(figure((64, 64)), figure((64, 64)), (64, 64), 4)
    _, sure = rigid_motion(source, target, (64, 64), 4)
    wrist, knee = (int(p[1] // 4) * 16 + int(p[0] // 4) for p in figure((64, 64))[0, [4, 10]].tolist())
    assert all_known[0, wrist] > 0.5
    assert sure[0, wrist] < 0.1
    assert all_known[0, knee] > 0.5
    assert sure[0, knee] < 0.1
    assert sure[0, 0] < 1e-3  # a corner
    _, none = rigid_motion(torch.full_like(source, NAN), target, (64, 64), 4)
    assert not none.any()


def test_no_number_is_subnormal() -> None:
    """Many processors compute with such numbers, and with products that are such, a hundred times as slowly."""
    points = torch.full((1, 18, 2), 8.0)
    points[0, 8:14] += torch.arange(6)[:, None]
    maps = pose_maps(points, (256, 176), stride=4)
    assert float(maps[maps != 0].abs().min()) > 1e-30


def test_a_heading_is_the_turn_that_was_rendered() -> None:
    """In degrees, of 40 views of five people: the nearest of eight directions for nearly all of them."""
    views = [render_view(identity(k), view, (128, 88)) for k in range(5) for view in range(8)]
    found = heading(torch.tensor(np.stack([view.points for view in views])))
    turn = torch.rad2deg(torch.atan2(found[:, 1], found[:, 0]))
    away = ((turn - torch.tensor([view.yaw for view in views]) + 180) % 360 - 180).abs()
    shown = ~torch.tensor(np.stack([np.isnan(view.points[0, 0]) for view in views]))  # who shows no nose faces away
    assert away[shown].median() < 12
    assert (away < 45).float().mean() > 0.85


def test_a_heading_lies_down_with_the_person(figure: Any) -> None:
    standing = figure(SIZE)
    lying = torch.stack([-standing[..., 1], standing[..., 0]], -1)
    torch.testing.assert_close(heading(lying), heading(standing), atol=1e-5, rtol=0)
    back = standing[:, list(FLIP)]
    assert heading(standing)[0, 0] > 0.95
    assert heading(back)[0, 0] < -0.95


def test_no_heading_without_joints_and_a_finite_one_of_any() -> None:
    assert heading(torch.full((1, 18, 2), NAN)).tolist() == [[0.0, 0.0]]
    assert heading(torch.full((1, 18, 2), 1e38) * torch.randn(1, 18, 2).sign()).isfinite().all()
