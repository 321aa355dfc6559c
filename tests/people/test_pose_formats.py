import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsagan.errors import InputError
from rsagan.people import JOINTS, Pose, from_json, from_order, read_pose, to_json, write_pose
from rsagan.people.pose_formats import BLAZEPOSE_33, COCO_17, OPENPOSE_25, from_nted_text

# The public orders, by name, to check the index tables against.
COCO_NAMES = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
BODY_25_NAMES = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye",
    "left_eye", "right_ear", "left_ear", "left_big_toe", "left_small_toe", "left_heel", "right_big_toe",
    "right_small_toe", "right_heel",
)  # fmt: skip
BLAZE_NAMES = {
    0: "nose", 2: "left_eye", 5: "right_eye", 7: "left_ear", 8: "right_ear", 11: "left_shoulder",
    12: "right_shoulder", 13: "left_elbow", 14: "right_elbow", 15: "left_wrist", 16: "right_wrist", 23: "left_hip",
    24: "right_hip", 25: "left_knee", 26: "right_knee", 27: "left_ankle", 28: "right_ankle",
}  # fmt: skip


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (COCO_17, dict(enumerate(COCO_NAMES))),
        (OPENPOSE_25, dict(enumerate(BODY_25_NAMES))),
        (BLAZEPOSE_33, BLAZE_NAMES),
    ],
    ids=["coco", "openpose-25", "blazepose"],
)
def test_order_tables_keep_every_joints_name(order: Any, names: dict[int, str]) -> None:
    assert len(order) == len(JOINTS)
    for joint, index in zip(JOINTS, order, strict=True):
        if isinstance(index, int):
            assert names[index] == joint
        else:
            assert joint == "neck"
            assert {names[i] for i in index} == {"left_shoulder", "right_shoulder"}


def foreign(pose: Pose, order: Any, count: int) -> list[float]:
    """The pose's joints as a foreign flat list x, y, confidence of `count` joints."""
    triples = np.zeros((count, 3))
    for joint, index in enumerate(order):
        if isinstance(index, int) and pose.present[joint]:
            triples[index] = [*pose.points[joint], 0.9]
    return [float(value) for value in triples.ravel()]


def test_own_json_round_trip(pose: Pose, tmp_path: Path) -> None:
    write_pose(tmp_path / "pose.json", pose)
    back = read_pose(tmp_path / "pose.json")
    assert back.size == pose.size
    np.testing.assert_allclose(back.points, pose.points, atol=1e-3)
    np.testing.assert_allclose(back.confidence, pose.confidence, atol=1e-3)


def test_own_json_keeps_joints_without_confidence(pose: Pose) -> None:
    zero = Pose(pose.points, pose.size, np.zeros(18, np.float32))
    assert (from_json(to_json(zero)).present == pose.present).all()
    none = from_json(to_json(Pose(pose.points, pose.size)))
    assert (none.present == pose.present).all()


def test_a_joint_at_the_origin_is_a_joint() -> None:
    points = np.zeros((18, 2), np.float32)
    assert from_json(to_json(Pose(points, (20, 20)))).present.all()


def test_openpose_18_and_25(pose: Pose) -> None:
    for order, count in ((tuple(range(18)), 18), (OPENPOSE_25, 25)):
        data = {"version": 1.3, "people": [{"pose_keypoints_2d": foreign(pose, order, count)}]}
        back = from_json(data, size=pose.size)
        np.testing.assert_allclose(back.points, pose.points, atol=1e-4)


def test_coco_17_recovers_all_but_the_neck(pose: Pose) -> None:
    back = from_json({"keypoints": foreign(pose, COCO_17, 17)}, size=pose.size)
    others = [i for i in range(18) if i != 1]
    np.testing.assert_allclose(back.points[others], pose.points[others], atol=1e-4)
    np.testing.assert_allclose(back.points[1], (pose.points[2] + pose.points[5]) / 2, atol=1e-4)


def test_neck_is_missing_if_a_shoulder_is() -> None:
    points = np.random.default_rng(0).uniform(0, 50, (33, 2))
    visibility = np.ones(33)
    visibility[12] = 0.4
    pose = from_order(points, BLAZEPOSE_33, (64, 64), visibility, threshold=0.5)
    assert not pose.present[[1, 2]].any()
    assert pose.present.sum() == 16


def test_frame_without_size_is_the_joints_box(pose: Pose) -> None:
    data = {"people": [{"pose_keypoints_2d": foreign(pose, tuple(range(18)), 18)}]}
    back = from_json(data)
    shift = back.points - pose.points
    assert np.nanmax(np.abs(shift - np.nanmean(shift, axis=0))) < 1e-3
    assert (back.present == pose.present).all()


def test_shares_of_a_picture_are_not_taken_for_pixels(pose: Pose) -> None:
    data = {"people": [{"pose_keypoints_2d": foreign(pose.resized((1, 1)), tuple(range(18)), 18)}]}
    with pytest.raises(InputError, match="must be pixels"):
        from_json(data)


def test_editors_name_a_canvas_and_may_give_shares_of_it(pose: Pose) -> None:
    height, width = pose.size
    for given in (pose, replace(pose, points=pose.points / (width, height))):
        drawn = {"people": [{"pose_keypoints_2d": foreign(given, tuple(range(18)), 18), "face_keypoints_2d": None}]}
        back = from_json([drawn | {"canvas_height": height, "canvas_width": width}])
        assert back.size == pose.size
        assert (back.present == pose.present).all()
        np.testing.assert_allclose(back.points, pose.points, atol=1e-3)
    with pytest.raises(InputError, match="holds 2 poses"):
        from_json([drawn, drawn])


def test_joints_of_nted_are_of_a_wider_frame(pose: Pose, tmp_path: Path) -> None:
    text = "".join("-1 -1\n" if np.isnan(x) else f"{x + 40:.3f} {y:.3f}\n" for x, y in pose.points)
    (tmp_path / "pose.txt").write_text(text)
    np.testing.assert_allclose(read_pose(tmp_path / "pose.txt", pose.size).points, pose.points, atol=1e-3)
    half = from_nted_text(text, "it", (128, 88))
    np.testing.assert_allclose(half.points, pose.points / 2, atol=1e-2)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "not valid JSON"),
        ("[1, 2]", "not an object"),
        ("{}", "no list `people`"),
        ('{"people": []}', "no person"),
        ('{"people": [{}]}', "pose_keypoints_2d"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "flat list"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, 3]}]}', "1 joints"),
        ('{"people": [{"pose_keypoints_2d": ["a", 2, 3]}]}', "not a number"),
        ('{"people": [{"pose_keypoints_2d": [true, 2, 3]}]}', "not a number"),
        ('{"people": [{"pose_keypoints_2d": [1e400, 2, 3]}]}', "sensible"),
        ('{"people": [{"pose_keypoints_2d": [NaN, 2, 3]}]}', "sensible"),
        ('{"keypoints": [1, 2, 3]}', "expected 17"),
        ('{"height": 0, "width": 3, "people": [{"pose_keypoints_2d": ' + json.dumps([1] * 54) + "}]}", "whole numbers"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_bad_json_is_one_sentence(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "pose.json"
    path.write_text(text)
    with pytest.raises(InputError, match=part) as error:
        read_pose(path)
    assert "\n" not in str(error.value)


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Cannot read"):
        read_pose(tmp_path / "none.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not text"):
        read_pose(tmp_path / "binary.json")
    (tmp_path / "large.json").write_text(" " * (2 << 20))
    with pytest.raises(InputError, match="1 MiB"):
        read_pose(tmp_path / "large.json")
    (tmp_path / "short.txt").write_text("1 2\n")
    with pytest.raises(InputError, match="18 rows"):
        read_pose(tmp_path / "short.txt")
    (tmp_path / "words.txt").write_text("a b\n" * 18)
    with pytest.raises(InputError, match="not a number"):
        read_pose(tmp_path / "words.txt")


def test_json_is_plain_text(pose: Pose, tmp_path: Path) -> None:
    write_pose(tmp_path / "pose.json", pose)
    assert "NaN" not in (tmp_path / "pose.json").read_text()
    assert json.loads((tmp_path / "pose.json").read_text())["format"] == "rsagan-pose"


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1" + "0" * 5000, "NaN", "-Infinity", "1e308"])
def test_numbers_beyond_all_measure_are_one_sentence(pose: Pose, tmp_path: Path, number: str) -> None:
    path = tmp_path / "pose.json"
    data = to_json(pose)
    data["people"][0]["pose_keypoints_2d"][0] = "HERE"
    path.write_text(json.dumps(data).replace('"HERE"', number), encoding="utf-8")
    with pytest.raises(InputError, match=r"pose\.json"):
        read_pose(path)


def test_a_byte_order_mark_is_passed_over(pose: Pose, tmp_path: Path) -> None:
    path = tmp_path / "pose.json"
    path.write_text(json.dumps(to_json(pose)), encoding="utf-8-sig")
    np.testing.assert_allclose(read_pose(path).points, pose.points, atol=1e-3)


def test_facing_is_kept_where_it_is_known() -> None:
    pose = Pose(np.full((18, 2), 5, np.float32), (10, 20), None, "back")
    data = to_json(pose)
    assert data["facing"] == "back"
    assert from_json(data).facing == "back"
    assert "facing" not in to_json(Pose(pose.points, (10, 20)))
    del data["facing"]  # as every file of the time before
    assert from_json(data).facing is None
    for wrong in ("up", 3, ["back"]):
        with pytest.raises(InputError, match="`facing` must be one of front, left, back, right"):
            from_json({**data, "facing": wrong})
