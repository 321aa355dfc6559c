"""The public API on a tiny untrained network."""

import re
from typing import Any

import numpy as np
import pytest
import torch

from rsagan.errors import InputError
from rsagan.network import Config, Generator
from rsagan.people import Person, Pose, Region, placed
from rsagan.synthetic import identity, render_view
from rsagan.transfer import Model, analyse, load, shipped_weights

POINTS = np.array(
    [
        (44, 20), (44, 31), (33, 32), (30, 48), (28, 63), (55, 32), (58, 48), (60, 63), (37, 65),
        (36, 88), (35, 112), (51, 65), (52, 88), (53, 112), (42, 18), (46, 18), (39, 19), (49, 19),
    ],
    np.float32,
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    config = Config(widths=(8, 8, 16, 16), heads=2, blocks=1, match_channels=4, key_channels=8)
    return Model(Generator(config), {"size": [128, 88]})


def make_person(size: tuple[int, int], seed: int = 0) -> Person:
    random = np.random.default_rng(seed)
    pose = Pose(POINTS, (128, 88)).resized(size)
    return Person(random.integers(0, 256, (*size, 3), np.uint8), pose, random.integers(0, 8, size, np.uint8))


@pytest.mark.parametrize("size", [(128, 88), (256, 176), (384, 264)])
def test_the_result_is_as_large_as_the_person(model: Model, size: tuple[int, int]) -> None:
    result = model.prepare(make_person(size)).pose(Pose(POINTS, (128, 88)).flipped())
    assert result.picture.shape == (*size, 3)
    assert result.picture.dtype == np.uint8
    assert result.parsing is not None
    assert result.parsing.shape == size
    assert result.outline is not None
    assert result.outline.shape == size
    assert 0 <= result.outline.min() < result.outline.max() <= 1
    assert result.pose.size == size
    assert result.painted_at == (128, 88)


def test_a_prepared_subject_gives_the_same_again(model: Model) -> None:
    subject = model.prepare(make_person((128, 88)))
    pose, other = Pose(POINTS, (128, 88)), Pose(POINTS, (128, 88)).flipped()
    first = subject.pose(pose).picture
    subject.pose(other)
    np.testing.assert_array_equal(subject.pose(pose).picture, first)


def test_a_prepared_person_keeps_head_and_colours_and_an_encoded_one_is_the_networks() -> None:
    view = render_view(identity(3), 0, (128, 88), pose="stand")
    person, shipped = Person(view.picture, Pose(view.points, (128, 88)), view.parsing), load(shipped_weights((128, 88)))
    x, y = np.round(view.points[0]).astype(int)
    face = np.s_[y - 3 : y + 3, x - 3 : x + 3]
    painted, whole = shipped.encode(person).paint(person.pose), shipped.prepare(person).paint(person.pose)
    off = [np.abs(each.picture[face].astype(int) - person.picture[face]).mean() for each in (painted, whole)]
    assert off[1] < 1 < off[0]
    assert painted.parsing is not None
    shirts = [each[parsing == Region.UPPER].mean(0) for each, parsing in (
        (person.picture, person.parsing), (painted.picture, painted.parsing), (whole.picture, painted.parsing)
    )]  # fmt: skip
    assert np.abs(shirts[2] - shirts[0]).max() < 0.5 * np.abs(shirts[1] - shirts[0]).max()


def test_the_outline_is_what_the_parsing_calls_person(model: Model) -> None:
    result = model.prepare(make_person((128, 88))).pose(Pose(POINTS, (128, 88)))
    assert result.outline is not None
    assert result.parsing is not None
    assert (result.parsing[result.outline < 0.45] == 0).all()  # not half person: background is likelier than any region


def test_a_sequence_is_placed_together_and_bad_poses_give_way(model: Model) -> None:
    subject = model.prepare(make_person((128, 88)))
    far = Pose(POINTS + 1000, (128, 88))
    nobody = Pose(np.full((18, 2), np.nan, np.float32), (128, 88))
    shifted = Pose(POINTS + np.array([6, 0], np.float32), (128, 88))
    poses = subject.place([Pose(POINTS, (128, 88)), nobody, shifted])
    np.testing.assert_array_equal(poses[0].points, poses[1].points)
    np.testing.assert_allclose(poses[2].points - poses[0].points, np.broadcast_to([6, 0], (18, 2)), atol=0.01)
    results = list(subject.animate([Pose(POINTS, (128, 88)), shifted]))
    np.testing.assert_allclose(results[0].pose.points, poses[0].points, atol=0.01)
    late = subject.place([nobody, Pose(POINTS, (128, 88))])
    np.testing.assert_array_equal(late[0].points, late[1].points)
    assert subject.place([far])[0].present.any()
    with pytest.raises(InputError, match="cannot be used"):
        subject.place([nobody])
    with pytest.raises(InputError, match="none"):
        subject.place([])


def test_frames_of_another_shape_are_refused(model: Model) -> None:
    with pytest.raises(InputError, match=r"128x64.*128x88"):
        model.prepare(make_person((128, 64)))


def test_poses_without_a_body_are_refused(model: Model) -> None:
    points = np.full((18, 2), np.nan, np.float32)
    points[:3] = POINTS[:3]
    with pytest.raises(InputError, match="joints"):
        model.prepare(make_person((128, 88))).pose(Pose(points, (128, 88)))


def test_placing_a_pose_on_itself_changes_nothing() -> None:
    pose = Pose(POINTS, (128, 88))
    np.testing.assert_allclose(placed(pose, pose).points, pose.points, atol=0.51)


def test_placing_undoes_scale_and_shift() -> None:
    pose = Pose(POINTS, (128, 88))
    large = Pose(POINTS * 7 + np.array([300, 100], np.float32), (1080, 1920))
    np.testing.assert_allclose(placed(large, pose).points, pose.points, atol=0.51)


def test_placing_keeps_a_whole_body_in_the_frame() -> None:
    stretched = POINTS.copy()
    stretched[[4, 7], 1] = -30  # hands high above the head
    inside = placed(Pose(stretched, (128, 88)), Pose(POINTS, (128, 88)))
    assert inside.present.all()
    assert inside.points.min() >= 0


def test_placing_on_half_a_body_leaves_the_legs_out() -> None:
    close = Pose(POINTS * 2 - np.array([44, 20], np.float32), (128, 88)).without_outside()
    result = placed(Pose(POINTS, (128, 88)), close)
    assert not result.present[[10, 13]].any()
    assert result.present[[1, 2, 5]].all()
    np.testing.assert_allclose(result.points[1], close.points[1], atol=1)


def test_joints_in_one_spot_are_refused() -> None:
    assert "one spot" in str(Pose(np.full((18, 2), 5, np.float32), (128, 88)).usable())


@pytest.mark.parametrize(
    "size", [None, 5, "ab", [1], [0, 0], [128, 88, 3], [float("inf"), 1], [True, 1], [10**9, 10**9]]
)
def test_weights_of_no_sensible_size_are_refused(model: Model, size: object) -> None:
    with pytest.raises(InputError, match="height and width"):
        Model(model.generator, {"size": size})


def test_an_enlarged_result_keeps_the_photo_s_own_detail() -> None:
    """Of the shipped weights, in the photo's own pose: finer than it was painted, and no further from the photo."""
    view = render_view(identity(4), 0, (256, 176))
    person = Person(view.picture, Pose(view.points, (256, 176)), view.parsing)
    subject = load(shipped_weights((128, 88))).encode(person)
    detailed = subject.paint(person.pose).picture.astype(int)
    subject._large = None
    plain = subject.paint(person.pose).picture.astype(int)
    inside = view.parsing > 0
    steps = [np.abs(np.diff(each, axis=1))[inside[:, 1:]].mean() for each in (detailed, plain)]
    assert steps[0] > 1.03 * steps[1]
    away = [np.abs(each - view.picture)[inside].mean() for each in (detailed, plain)]
    assert away[0] < away[1]


def test_a_second_picture_shows_what_the_first_hides() -> None:
    """Of the shipped weights: from the front and from behind, nearer to the true third view than from one of them."""
    away: dict[str, list[float]] = {"one": [], "two": []}
    model = load(shipped_weights((128, 88)))
    for k in range(6):
        views = sorted((render_view(identity(k), view, (128, 88)) for view in range(8)), key=lambda view: abs(view.yaw))
        front, *others, back = [Person(each.picture, Pose(each.points, (128, 88)), each.parsing) for each in views]
        for name, subject in (("one", model.encode(front)), ("two", model.encode(front, back))):
            for person in others[-3:]:  # turned away
                inside = person.parsing > 0
                painted = subject.paint(person.pose).picture.astype(int)
                away[name].append(float(np.abs(painted - person.picture)[inside].mean()))
    assert np.mean(away["two"]) < 0.98 * np.mean(away["one"])


def test_further_pictures_are_checked_as_the_first(model: Model) -> None:
    first = make_person((128, 88))
    nobody = Person(first.picture, Pose(np.full((18, 2), np.nan), (128, 88)), first.parsing)
    with pytest.raises(InputError, match="source person cannot be used"):
        model.prepare(first, nobody)
    with pytest.raises(InputError, match="does not fit these weights"):
        model.prepare(first, make_person((128, 128)))
    assert model.prepare(first, make_person((256, 176), 1)).pose(first.pose).picture.shape == (128, 88, 3)
    assert model.prepare(make_person((256, 176), 1), first).pose(first.pose).picture.shape == (256, 176, 3)


PHOTO = np.zeros((64, 48, 3), np.uint8)


@pytest.mark.parametrize(
    ("photo", "more", "word"),
    [
        (np.zeros((64, 48, 4), np.uint8), {}, "not uint8 (64, 48, 4)"),
        (np.zeros((64, 48), np.uint8), {}, "not uint8 (64, 48)"),
        (np.zeros((64, 48, 3)), {}, "not float64"),
        (np.zeros((0, 48, 3), np.uint8), {}, "(0, 48, 3)"),
        (PHOTO, {"size": (0, 0)}, "0x0"),
        (PHOTO, {"parsing": np.full((64, 48), 50, np.uint8)}, "to 50"),
        (PHOTO, {"parsing": np.full((64, 48), -1)}, "from -1"),
        (PHOTO, {"joints": "openpose"}, "'openpose'"),
    ],
)
def test_what_is_no_photo_is_one_sentence(photo: Any, more: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=re.escape(word)):
        analyse(photo, **more)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_device_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(InputError, match="The device cuda cannot be used"):
        load(device="cuda")
