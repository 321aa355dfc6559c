import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from rsagan.errors import InputError
from rsagan.people import library

UPRIGHT = ("standing", "walking", "walk-cycle", "fashion", "gesture")


def test_sixty_poses_of_every_kind() -> None:
    assert len(library.names()) >= 60
    assert set(library.categories()) == {*UPRIGHT, "sport", "seated"}
    assert [name for category in library.categories() for name in library.names(category)] == library.names()
    assert library.category_of("sit") == "seated"


def test_no_two_poses_are_alike() -> None:
    names = [name for name in library.names() if library.category_of(name) != "walk-cycle"]
    known = np.stack([library.load(name).points[1:14] for name in names])
    apart = np.linalg.norm(known[:, None] - known[None], axis=3).max(axis=2) + 99 * np.eye(len(known))
    assert apart.min() > 6


@pytest.mark.parametrize("name", library.names())
def test_poses_are_whole_people_in_the_frame(name: str) -> None:
    pose = library.load(name)
    assert pose.size == (256, 176)
    assert pose.usable() is None
    assert pose.present[1:14].all()
    assert library.describe(name)
    ys = pose.points[:, 1]
    assert np.nanmin(ys) > 5
    assert np.nanmax(ys) < 250
    if library.category_of(name) in UPRIGHT:
        assert np.nanmin(pose.points[[10, 13], 1]) > np.nanmax(pose.points[[8, 11], 1])  # ankles below hips


@pytest.mark.parametrize("name", [name for name in library.names() if "right" in name and "left" not in name])
def test_right_and_left_face_as_they_say(name: str) -> None:
    twin = name.replace("right", "left")
    if twin in library.names():
        np.testing.assert_allclose(library.load(name).flipped().points, library.load(twin).points, atol=1e-3)
    pose = library.load(name)
    face = pose.points[[0, 14, 15], 0]
    if not np.isnan(face).all() and not name.startswith(("lean", "side-lunge")):
        ears = pose.points[[16, 17], 0]
        assert np.nanmean(face) > np.nanmean(ears)  # the face is nearer to the picture's right


@pytest.mark.parametrize("name", ["stand-back", "walk-away", "three-quarter-back", "sit-back", "hand-on-hip-back"])
def test_backs_have_no_face(name: str) -> None:
    pose = library.load(name)
    assert not pose.present[[0, 14, 15]].any()
    assert pose.points[5, 0] < pose.points[2, 0]  # the left shoulder is on the picture's left


def test_fronts_have_one() -> None:
    pose = library.load("stand")
    assert pose.present[[0, 14, 15]].all()
    assert pose.points[5, 0] > pose.points[2, 0]


def test_the_walk_cycle_puts_the_other_foot_forward_halfway() -> None:
    first, fifth = library.load("walk-cycle-1").points, library.load("walk-cycle-5").points
    assert first[13, 0] > first[10, 0] + 30
    assert fifth[10, 0] > fifth[13, 0] + 30


def test_unknown_name_says_what_is_near() -> None:
    with pytest.raises(InputError, match="stand-back"):
        library.load("stand-bak")


def test_the_file_is_what_its_tool_makes() -> None:
    path = Path(__file__).parents[2] / "tools" / "make_pose_library.py"
    spec = importlib.util.spec_from_file_location("make_pose_library", path)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tool  # dataclasses look their module up
    spec.loader.exec_module(tool)
    told = [pair for entry in tool.ENTRIES for pair in tool.expanded(entry)]
    assert [entry.name for entry, _ in told] == library.names()
    for entry, mirror in told[:: len(told) // 4]:
        np.testing.assert_allclose(tool.make(entry, mirror).points, library.load(entry.name).points, atol=0.05)
