"""Motion as other tools write it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsagan.errors import InputError
from rsagan.people import Pose, library, read_motion, to_json, write_pose

WALK = [library.load(name) for name in library.names("walk-cycle")]


def moved(pose: Pose, x: float, scale: float = 1.0) -> list[float]:
    """OpenPose's flat list of a pose that stands `x` pixels to the right, in pixels of no particular picture."""
    triples = np.column_stack([pose.points * scale + [x, 0], np.ones(18)])
    triples[~pose.present] = 0
    return [float(value) for value in triples.ravel()]


def picture(*people: list[float]) -> dict[str, Any]:
    return {"version": 1.3, "people": [{"pose_keypoints_2d": each} for each in people]}


def shifts(motion: list[Pose | None], x: float) -> list[np.ndarray]:
    """By how much each pose of the walk, standing `x` to the right, is moved in the motion."""
    return [
        np.nanmean(each.points - pose.points, axis=0) - [x, 0]
        for each, pose in zip(motion, WALK, strict=True)
        if each is not None
    ]


def test_a_folder_as_openpose_writes_it(tmp_path: Path) -> None:
    for k, pose in enumerate(WALK):  # not padded: 10 comes after 9
        (tmp_path / f"walk_{k + 5}_keypoints.json").write_text(json.dumps(picture(moved(pose, 300))))
    (tmp_path / "walk_6_keypoints.json").write_text(json.dumps(picture()))
    motion = read_motion(tmp_path)
    assert motion is not None
    assert [each is None for each in motion] == [k == 1 for k in range(len(WALK))]
    first = motion[0]
    assert first is not None
    assert {each.size for each in motion if each} == {first.size}
    for shift in shifts(motion, 300):  # in one frame: what moved goes on moving
        np.testing.assert_allclose(shift, shifts(motion, 300)[0], atol=1e-3)
    for each, pose in zip(motion, WALK, strict=True):
        assert each is None or (each.present == pose.present).all()


def test_a_file_of_many_pictures_and_their_canvas(tmp_path: Path) -> None:
    canvas = {"canvas_height": 256, "canvas_width": 400}
    data = [picture(moved(pose, 100)) | canvas for pose in WALK]
    data[2]["people"] = [{"pose_keypoints_2d": [], "face_keypoints_2d": None}]
    path = tmp_path / "dance.json"
    path.write_text(json.dumps(data))
    motion = read_motion(path)
    assert motion is not None
    assert motion[2] is None
    assert motion[0] is not None
    assert motion[0].size == (256, 400)
    np.testing.assert_allclose(shifts(motion, 100), 0, atol=1e-3)


def test_the_largest_is_followed_whatever_their_order(tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    data = []
    for k, pose in enumerate(WALK):
        two = [moved(pose, 500 + 4 * k), moved(pose, 20, 0.6)]
        data.append(picture(*(two if k % 2 else two[::-1])))
    data[3] = picture(moved(WALK[3], 20, 0.6))  # alone: somebody else
    path.write_text(json.dumps(data))
    notes: list[str] = []
    motion = read_motion(path, notes)
    assert notes == [f"The motion {path} begins with 2 people; the largest is taken."]
    assert motion is not None
    assert [k for k, each in enumerate(motion) if each is None] == [3]
    ways = shifts(motion, 500)
    steps = [4 * k for k in range(len(WALK)) if k != 3]
    np.testing.assert_allclose(np.array(ways)[:, 0] - ways[0][0], steps, atol=1e-2)


def test_people_listed_one_by_one_belong_to_their_picture(tmp_path: Path) -> None:
    order = [0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]  # COCO's, by our numbers
    data = []
    for k, pose in enumerate(WALK):
        for x, scale in ((20, 0.6), (400, 1.0)):
            triples = np.array(moved(pose, x, scale)).reshape(18, 3)[order]
            data.append({"image_id": f"{k}.jpg", "keypoints": triples.ravel().tolist(), "score": 1.0})
    path = tmp_path / "alphapose-results.json"
    path.write_text(json.dumps(data))
    motion = read_motion(path)
    assert motion is not None
    assert len(motion) == len(WALK)
    assert np.ptp(np.array(shifts(motion, 400))[:, 0]) < 10  # the neck is none of COCO's
    path.write_text(json.dumps([each for each in data if each["image_id"] not in ("2.jpg", "3.jpg")]))
    again = read_motion(path)
    assert again is not None
    assert [each is None for each in again] == [k in (2, 3) for k in range(len(WALK))]
    path.write_text(json.dumps([each | {"image_id": int(each["image_id"][0]) * 1000} for each in data]))
    assert len(read_motion(path) or []) == len(WALK)  # these numbers are no order in time


def test_what_is_no_motion(tmp_path: Path) -> None:
    write_pose(tmp_path / "pose.json", WALK[0])
    (tmp_path / "one.json").write_text(json.dumps([to_json(WALK[0])]))
    (tmp_path / "empty").mkdir()
    for path in (tmp_path, tmp_path / "pose.json", tmp_path / "one.json", tmp_path / "empty", tmp_path / "none.json"):
        assert read_motion(path) is None


@pytest.mark.parametrize(
    ("pictures", "word"),
    [
        ([picture(moved(WALK[0], 0))], "one picture only"),
        ([picture(), picture()], "nobody in any of its 2 pictures"),
        ([picture(moved(WALK[0], 0)), {}], "1.json has no list `people`"),
        ([picture([1.0, 2.0]), picture()], "0.json: joints must be a flat list"),
        ([picture([0.1, 0.2, 1.0] * 18)] * 2, "shares of a picture"),
        ([picture(moved(WALK[0], 0)) | {"height": 300, "width": w} for w in (200, 300)], "several sizes"),
    ],
)
def test_a_motion_that_cannot_be_used(tmp_path: Path, pictures: list[dict[str, Any]], word: str) -> None:
    for k, each in enumerate(pictures):
        (tmp_path / f"{k}.json").write_text(json.dumps(each))
    with pytest.raises(InputError, match=word):
        read_motion(tmp_path)
