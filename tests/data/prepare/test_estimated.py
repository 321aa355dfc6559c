"""What comes without joints or regions: folders of photos, clips, and benchmark pictures without parsing maps."""

import re
from importlib.resources import files
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import layouts
from rsagan.data import PreparedFolder
from rsagan.data.prepare import prepare_clips, prepare_folder
from rsagan.data.prepare.clips import frames, moved, plan_clips
from rsagan.data.prepare.photos import pairs_by_identity, plan_folder
from rsagan.data.prepare.report import Counts, _warnings
from rsagan.data.prepare.tasks import NobodyFound, estimated_regions
from rsagan.data.prepared import Entry
from rsagan.errors import InputError
from rsagan.people import Pose, Region, read_picture

SAMPLES = Path(str(files("rsagan") / "samples"))
_NOBODY = "nobody of these has two pictures that can be used"
_HOW_NAMED = "pictures of one person are called PERSON_1.jpg, PERSON_2.jpg, or lie in a folder of their own"


def sample(name: str) -> np.ndarray:
    return read_picture(SAMPLES / f"{name}.jpg")


def write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture[..., ::-1])


def write_clip(path: Path, frames: list[np.ndarray]) -> None:
    """Ten frames a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width = (side // 2 * 2 for side in frames[0].shape[:2])
        stream.bit_rate = 4_000_000
        for frame in frames:
            even = np.ascontiguousarray(frame[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, "rgb24")))
        container.mux(stream.encode())


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_photos_named_by_identity(tmp_path: Path) -> None:
    woman, man = sample("woman-walking"), sample("man-standing")
    photos = tmp_path / "photos"
    for name, picture in (("ann/1", woman), ("ann/2", woman[:, ::-1]), ("bob/1", man), ("bob/2", man[:, ::-1])):
        write(photos / f"{name}.png", picture)
    write(photos / "bob" / "sky.png", np.full((300, 300, 3), 180, np.uint8))
    (photos / "ann" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    report = prepare_folder(tmp_path / "out", photos, (128, 88), workers=1)
    folder = PreparedFolder(tmp_path / "out")
    assert {entry.name: entry.identity for entry in folder.entries} == {
        "ann_1": "ann", "ann_2": "ann", "bob_1": "bob", "bob_2": "bob",
    }  # fmt: skip
    assert len(folder.pairs("train")) == len(folder.pairs("test")) == 2
    assert "sky.png" in report["problems"]["pictures in which no person was found"][0]
    assert "cut.jpg" in report["problems"]["broken files"][0]
    assert np.isfinite(folder.entries[0].points[:, 0]).sum() > 10
    assert report["counts"]["pictures"]["found"] == 4
    assert not any("label set" in warning for warning in report["warnings"])


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_a_clip_gives_a_view_a_pose(tmp_path: Path) -> None:
    woman = sample("woman-walking")
    write_clip(tmp_path / "walk.mp4", [woman] * 10 + [np.ascontiguousarray(woman[:, ::-1])] * 10)
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "walk.mp4").read_bytes()[:3000])
    write_clip(tmp_path / "still.mp4", [woman] * 5)
    report = prepare_clips(tmp_path / "out", tmp_path, (128, 88), every=0.3, workers=1)
    folder = PreparedFolder(tmp_path / "out")
    assert [entry.name for entry in folder.entries] == ["walk-000000", "walk-000004"]
    assert {entry.identity for entry in folder.entries} == {"walk"}
    assert "cut.mp4" in report["problems"]["broken files"][0]
    assert "still.mp4" in report["problems"]["pictures in which no person was found"][0]
    assert len(list((tmp_path / "out" / "images").iterdir())) == 2
    (tmp_path / "cut.mp4").unlink()
    (tmp_path / "still.mp4").unlink()
    report = prepare_clips(tmp_path / "out", tmp_path, (128, 88), every=0.3, workers=1)
    assert not report["problems"]
    write_clip(tmp_path / "still.mp4", [woman] * 5)
    with pytest.raises(InputError, match="prepared from other files"):
        prepare_clips(tmp_path / "out", tmp_path, (128, 88), every=0.3, workers=1)


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_regions_are_estimated_in_the_pictures_own_frame() -> None:
    from rsagan.photo import analyse

    man = sample("man-standing")
    small = cv2.resize(man, (round(man.shape[1] * 256 / man.shape[0]), 256), interpolation=cv2.INTER_AREA)
    shifted = np.pad(small, ((0, 0), (40, 0), (0, 0)), mode="edge")
    plain, moved_right = estimated_regions(small, "a"), estimated_regions(shifted, "b")
    assert plain.shape == small.shape[:2]
    a, b = plain > 0, moved_right[:, 40:] > 0
    assert (a & b).sum() / (a | b).sum() > 0.9
    found = analyse(man, (512, 352))
    hips = found.fit.pose_to_photo(found.person.pose).points[[8, 11]].mean(0) * 256 / man.shape[0]
    assert plain[round(float(hips[1])), round(float(hips[0]))] in (Region.UPPER, Region.PANTS, Region.DRESS)
    with pytest.raises(NobodyFound):
        estimated_regions(np.full((256, 176, 3), 128, np.uint8), "c")


def test_frames_of_a_clip_keep_their_distance(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", [np.full((64, 48, 3), 10 * i, np.uint8) for i in range(20)])
    shown = list(frames(str(tmp_path / "clip.mp4"), 0.5))
    assert [round(frame.mean() / 10) for frame in shown] == [0, 5, 10, 15]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda path: None, "no clips"),
        (lambda path: (path / "a.mp4").write_bytes(b"x"), "Nothing could be prepared"),
        (lambda path: [(path / n).mkdir() or (path / n / "a.mp4").write_bytes(b"") for n in "xy"], "same name"),
    ],
)
def test_clips_that_make_no_folder(make: object, word: str, tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    make(clips)  # type: ignore[operator]
    with pytest.raises(InputError, match=word):
        prepare_clips(tmp_path / "out", clips, workers=1)
    assert not (tmp_path / "out").is_dir() or not list((tmp_path / "out").iterdir())
    for every in (0, 1e-6, 3600, float("nan")):
        with pytest.raises(InputError, match="--every is a number of seconds from 1/60"):
            prepare_clips(tmp_path / "out", clips, every=every, workers=1)


def test_folders_that_make_no_pairs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures"):
        prepare_folder(tmp_path / "out", tmp_path, workers=1)
    write(tmp_path / "one" / "a.png", layouts.draw(0, 0)[0])
    with pytest.raises(InputError, match="1 identities"):
        prepare_folder(tmp_path / "out", tmp_path, workers=1)
    write(tmp_path / "two b" / "a.png", layouts.draw(0, 0)[0])
    write(tmp_path / "two-b" / "b.png", layouts.draw(0, 0)[0])
    with pytest.raises(InputError, match=r"'two-b' and 'two b' .* both be called two-b"):
        prepare_folder(tmp_path / "out", tmp_path, workers=1)
    (tmp_path / "two-b").rename(tmp_path / "three")
    write(tmp_path / "three" / "b" / "1.png", layouts.draw(0, 0)[0])
    write(tmp_path / "three" / "b_1.png", layouts.draw(0, 0)[0])
    with pytest.raises(InputError, match="both be called three_b_1"):
        prepare_folder(tmp_path / "out", tmp_path, workers=1)


def test_what_is_made_is_no_source(tmp_path: Path) -> None:
    for name in ("one/a.png", "two/a.png", "made/images/one_a.png"):
        write(tmp_path / name, layouts.draw(0, 0)[0])
    plan = plan_folder(tmp_path, (128, 88), without=tmp_path / "made")
    assert [task.name for task in plan.tasks] == ["one_a", "two_a"]


def test_one_clip_is_to_train_on_and_to_test(tmp_path: Path) -> None:
    clip = tmp_path / "walk.mp4"
    clip.write_bytes(b"")
    assert len(plan_clips(clip, (128, 88)).tasks) == 1
    with pytest.raises(InputError, match="only clip"):
        plan_clips(clip, (128, 88), test_identities=1)


@pytest.mark.parametrize(
    ("train", "test", "plan", "expected"),
    [
        (0, 2, {}, f"No train pairs: {_NOBODY}."),
        (0, 2, {"layout": "folder"}, f"No train pairs: {_NOBODY}; {_HOW_NAMED}."),
        (2, 0, {}, "No test pairs: the only person with two pictures that can be used is kept for training."),
        (2, 0, {"pairs": {"train": 2}}, "No test pairs: their list is missing."),
        (2, 0, {"pairs": {"test": 3}}, "No test pairs: of those listed none has two pictures that can be used."),
    ],
)
def test_folders_without_pairs_stand_out(train: int, test: int, plan: dict, expected: str) -> None:
    counts = {"train pairs": {"found": train, "known": None}, "test pairs": {"found": test, "known": None}}
    assert _warnings({"counts": counts, "plan": plan, "joints on a likely region": None}, Counts(), False) == [expected]


@pytest.mark.parametrize(
    ("plan", "fixed", "options"),
    [({"labels": "lip"}, False, {"--labels", "--frame"}), ({"labels": "lip"}, True, {"--labels"}), ({}, True, set())],
)
def test_only_options_that_there_are_are_named(plan: dict, fixed: bool, options: set[str]) -> None:
    regions = {region.name.lower(): {"of all pictures": 1} for region in Region}
    report = {"counts": {}, "plan": plan, "joints on a likely region": 0.5, "regions": regions}
    for name in ("train pairs", "test pairs"):
        report["counts"][name] = {"found": 1, "known": None}  # type: ignore[index]
    warnings = _warnings(report, Counts(joints=9, outside=1), fixed)
    assert len(warnings) == 2
    assert set(re.findall(r"--\w+", " ".join(warnings))) == options


def test_test_identities_are_in_test_pairs_only() -> None:
    points = np.zeros((18, 2), np.float32)
    entries = [Entry(f"{who}{i}", who, points, np.ones(18, bool), None, {}) for who in "abcdef" for i in range(3)]
    train, test, _ = pairs_by_identity(list("abcdef"), 2)(entries)
    assert {a[0] for pair in test for a in pair} == {"a", "f"}
    assert {a[0] for pair in train for a in pair} == set("bcde")
    assert len(train) == 4 * 6


def test_who_has_one_view_alone_is_not_kept_for_testing() -> None:
    points = np.zeros((18, 2), np.float32)
    entries = [Entry(f"{i}", who, points, np.ones(18, bool), None, {}) for i, who in enumerate("abbbcccdeef")]
    train, test, _ = pairs_by_identity(list("abcdef"), 2)(entries)
    assert {name for pair in test for name in pair} == {"1", "2", "3", "8", "9"}
    assert {name for pair in train for name in pair} == {"4", "5", "6"}
    alone = [entry for entry in entries if entry.identity in "ac"]
    train, test, _ = pairs_by_identity(["a", "c"], None)(alone)
    assert len(train) == 6
    assert not test


def test_movement_is_in_torso_lengths() -> None:
    points = layouts.draw(0, 0)[2].astype(np.float32)
    torso = np.linalg.norm(points[1] - points[[8, 11]].mean(0))
    one, other = Pose(points, (256, 176)), Pose(points + np.array([3, 4], np.float32), (256, 176))
    assert moved(other, one) == pytest.approx(5 / torso, rel=1e-5)
    assert moved(other, Pose(np.full((18, 2), np.nan, np.float32), (256, 176))) == float("inf")


def test_hidden_files_and_folders_are_no_clips(tmp_path: Path) -> None:
    for name in ("ann.mp4", "._ann.mp4", ".hidden/ann.mp4", "bea.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.mp4").mkdir()
    assert [task.name for task in plan_clips(tmp_path, (128, 88)).tasks] == ["ann", "bea"]
