"""`animate`: from key poses and from clips, and what it refuses."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from layouts.clips import SAMPLE, walking
from rsagan.cli.main import main
from rsagan.network import Config, Generator, save_weights
from rsagan.people import Picture, library, read_picture, write_pose
from rsagan.video import open_clip, read_frames, write_clip


def run(*arguments: object) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as error:
        return int(error.code or 0)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "clip.mp4"


def refused(capsys: pytest.CaptureFixture[str], out: Path, *arguments: object) -> str:
    """The one sentence; and nothing is written."""
    capsys.readouterr()
    assert run("animate", *arguments, "--out", out) == 2
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert captured.out == ""
    assert len(lines) == 1
    assert lines[0].startswith("rsagan: ")
    assert not out.parent.exists()
    return lines[0]


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert run(*arguments) == 2
    return capsys.readouterr().err


def frames_of(path: Path) -> list[Picture]:
    return [frame.picture for frame in read_frames(open_clip(path))]


def test_from_pose_to_pose(person: Path, weights: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["animate", person, "--driving", "stand", "--driving", "wave", "--weights", weights, "--out", out]
    assert run(*given, "--fps", 8, "--pace", 2, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"clip": str(out), "frames": 5, "fps": 8.0, "notes": []}
    frames = frames_of(out)
    assert len(frames) == 5
    assert frames[0].shape == (256, 176, 3)
    with av.open(str(out)) as container:
        assert "AI-generated" in container.metadata["comment"]
        assert weights.stem in container.metadata["comment"]


def test_a_category_and_a_pose_file_drive_too(person: Path, weights: Path, out: Path) -> None:
    given = ["animate", person, "--driving", "walk-cycle", "--driving", person / "pose.json", "--weights", weights]
    assert run(*given, "--fps", 8, "--pace", 8, "--background", "keep", "--out", out) == 0
    assert len(frames_of(out)) == 9


def test_a_motion_of_pose_files_drives(
    person: Path, weights: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    motion = tmp_path / "walk"
    motion.mkdir()
    for k, name in enumerate(library.names("walk-cycle")):
        write_pose(motion / f"{k:012d}_keypoints.json", library.load(name))
    poses = len(list(motion.iterdir()))
    given = ["animate", person, "--weights", weights, "--out", out, "--json", "--driving", motion]
    for pace, frames, fps in (([], poses, 25), (["--pace", 10], poses, 10), (["--pace", 10, "--fps", 5], poses / 2, 5)):
        assert run(*given, *pace, "--smoothing", 0) == 0
        made = json.loads(capsys.readouterr().out)
        assert made["frames"] == pytest.approx(frames, abs=1)
        assert made["fps"] == fps
    alone = [person, "--weights", weights, "--driving", motion, "--driving", "stand"]
    assert "is a motion; it must be the only thing that drives" in refused(capsys, tmp_path / "new" / "c.mp4", *alone)
    assert "give each pose file in it as --pose" in said(
        capsys, "generate", person, "--pose", motion, "--out", tmp_path
    )
    for file in sorted(motion.iterdir())[:-2]:
        file.write_text('{"people": []}')
    rare = refused(capsys, tmp_path / "new" / "c.mp4", person, "--weights", weights, "--driving", motion)
    assert f"shows a person in 2 of its {poses} frames only" in rare


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_a_clip_drives(
    person: Path, weights: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "walk.mp4"
    write_clip(clip, walking(), 10)
    assert run("animate", person, "--driving", clip, "--weights", weights, "--out", out) == 0
    made = open_clip(out)
    assert made.fps == pytest.approx(10)
    assert len(list(read_frames(made))) == 6
    assert run("animate", person, "--driving", clip, "--weights", weights, "--out", out, "--fps", 5) == 0
    assert open_clip(out).fps == pytest.approx(5)
    given = ["--weights", weights, "--driving", clip, "--pace", 9]
    assert main([str(each) for each in ("animate", person, *given, "--out", tmp_path / "other.mp4")]) == 2
    assert "leave pace out" in capsys.readouterr().err


def test_a_clip_drives_alone_and_is_no_source(
    person: Path, weights: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "walk.mp4"
    write_clip(clip, walking(2), 10)
    given = [person, "--weights", weights, "--driving", "stand", "--driving", clip]
    assert "only thing" in refused(capsys, out, *given)
    assert "is a clip and no picture" in refused(capsys, out, clip, "--driving", clip)


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_a_clip_that_rarely_shows_anybody(
    person: Path, weights: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = read_picture(SAMPLE)
    write_clip(tmp_path / "rare.mp4", [photo] + [np.full_like(photo, 128)] * 5, 10)
    given = [person, "--weights", weights, "--driving", tmp_path / "rare.mp4"]
    assert "1 of its 6" in refused(capsys, out, *given)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--driving", "stand"), "One pose"),
        ((), "name each with --driving, or give a clip"),
        (("--driving", "stand", "--driving", "no-such-pose"), "neither"),
        (("--driving", "wav"), "did you mean wave? `rsagan generate --pose list`"),
        (("--driving", "walk-cycl"), "did you mean walk-cycle or"),
        (("--driving", "walk-cycle,wave"), "--driving walk-cycle --driving wave."),
        (("--driving", "stand", "--driving", "clip.mp4"), "There is no clip clip.mp4."),
        (("--driving", "stand", "--driving", "."), ". is neither a person folder nor a folder of pose files"),
        (("--driving", "stand", "--driving", "wave", "--audio", "keep"), "sound"),
        (("--driving", "stand", "--driving", "wave", "--audio", "loud"), "none or keep"),
        (("--driving", "stand", "--driving", "wave", "--fps", "0"), "fps"),
        (("--driving", "stand", "--driving", "wave", "--pace", "nan"), "pace"),
        (("--driving", "stand", "--driving", "wave", "--fps", "0.0004"), "from 1 to 60"),
        (("--driving", "stand", "--driving", "wave", "--pace", "1e-9"), "from 0.1 to 60"),
        (("--driving", "stand", "--driving", "wave", "--fps", "1"), "A pace of 2 key poses"),
        (("--driving", "stand", "--driving", "wave", "--background", "beach"), "keep"),
        (("--driving", "stand", "--driving", "wave", "--person", "1"), "With a person folder, --person"),
        (("--driving", "stand", "--driving", "wave", "--smoothing", "1.5"), "leave smoothing out"),
        (("--driving", "stand", "--driving", "wave", "--size", "128x88"), "With a person folder, --size"),
    ],
)
def test_bad_arguments(
    arguments: tuple[str, ...],
    word: str,
    person: Path,
    weights: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert word in refused(capsys, out, person, "--weights", weights, *arguments)


def test_weights_are_looked_at_before_the_clip_is_followed(
    person: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsagan.photo.clip_poses", lambda *_, **__: pytest.fail("the clip was followed"))
    write_clip(tmp_path / "walk.mp4", walking(2), 10)
    without = tmp_path / "without.safetensors"
    config = Config(widths=(8, 8, 16, 16), heads=2, blocks=1, key_channels=8, semantics=False, match=False)
    save_weights(without, Generator(config), {"size": [128, 88]})
    square = tmp_path / "square.safetensors"
    save_weights(square, Generator(config), {"size": [128, 128]})
    for weights, word in ((tmp_path / "none.safetensors", "none.safetensors"), (square, "128x128"), (without, "plain")):
        given = [person, "--driving", tmp_path / "walk.mp4", "--weights", weights, "--background", "keep"]
        assert word in refused(capsys, out, *given)


def test_the_result_must_be_an_mp4(
    person: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--weights", weights, "--driving", "stand", "--driving", "wave"]
    assert "mp4" in refused(capsys, tmp_path / "new" / "clip.gif", person, *given)
