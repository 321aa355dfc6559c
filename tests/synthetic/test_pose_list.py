"""Lists of poses of the rig: read, or refused in one sentence that says which pose is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from rsagan.errors import InputError
from rsagan.synthetic.pose_list import read_rig_poses
from rsagan.synthetic.posture import RigPose


def test_poses_are_read(tmp_path: Path) -> None:
    path = tmp_path / "poses.json"
    path.write_text(json.dumps([{"turns": {}}, {"turns": {"head": [0, 1, 0.5]}, "lift": 2}]))
    assert read_rig_poses(path) == [RigPose({}), RigPose({"head": (0.0, 1.0, 0.5)}, 2.0)]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({}, "no list of poses"),
        ([], "no list of poses"),
        ([{"turns": {}}, 3], "Pose 1 of"),
        ([{"turn": {}}], "Pose 0 of"),
        ([{"turns": {"tail": [0, 0, 0]}}], "'tail'"),
        ([{"turns": {"head": [0, 0]}}], "three angles"),
        ([{"turns": {"head": 1}}], "three angles"),
        ([{"turns": {"head": [0, "a", 0]}}], "no number from -1000 to 1000"),
        ([{"turns": {"head": [0, float("nan"), 0]}}], "no number from -1000 to 1000"),
        ([{"turns": {}, "lift": None}], "no number from -1000 to 1000"),
        ([{"turns": {}, "lift": 10**400}], "no number from -1000 to 1000"),
        ([{"turns": {}, "lift": -1e30}], "no number from -1000 to 1000"),
        ([{"turns": {"head": [0, 1001, 0]}}], "no number from -1000 to 1000"),
        ([{"turns": {"head": [0, 0, 1e39]}}], "no number from -1000 to 1000"),
    ],
)
def test_others_are_refused(content: Any, word: str, tmp_path: Path) -> None:
    path = tmp_path / "poses.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=word):
        read_rig_poses(path)


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "poses.json").write_text("[")
    for name in ("poses.json", "none.json"):
        with pytest.raises(InputError, match="cannot be read"):
            read_rig_poses(tmp_path / name)
