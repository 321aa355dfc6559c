"""The command line from outside: exit codes, one sentence on bad input, nothing half-written, quick and light."""

import errno
import json
import shutil
import socket
import struct
import subprocess
import sys
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsagan.cli.console import Console
from rsagan.cli.main import main
from rsagan.cli.verbs import Assets
from rsagan.jobs import read_source
from rsagan.network import Config, Generator, save_weights
from rsagan.people import Person, Pose, library, read_person, read_picture, write_person, write_pose
from rsagan.photo import cut_out, soft_outline

FORBIDDEN_AT_IMPORT = ("torch", "cv2", "numba", "ai_edge_litert", "torchmetrics", "tensorboard", "fastapi", "PIL")


def run(*arguments: object) -> int:
    """The exit code of `rsagan ARGUMENTS`, however it ends."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as error:
        return int(error.code or 0)


def refused(capsys: pytest.CaptureFixture[str], out: Path, *arguments: object) -> str:
    """Runs the command, checks that it ends in one sentence and leaves nothing, and returns the sentence."""
    before = sorted(out.parent.rglob("*"))
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("rsagan: ")
    assert lines[0].endswith(".")
    assert "Traceback" not in captured.err
    assert sorted(out.parent.rglob("*")) == before
    return lines[0]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_generate_writes_a_picture_a_pose_and_a_grid(person: Path, weights: Path, out: Path) -> None:
    first, second = library.names()[:2]
    assert run("generate", person, "--pose", first, "--pose", second, "--weights", weights, "--out", out) == 0
    assert sorted(path.name for path in out.iterdir()) == sorted([f"{first}.png", f"{second}.png", "grid.png"])
    assert read_picture(out / f"{first}.png").shape == (256, 176, 3)
    with Image.open(out / f"{first}.png") as image:
        assert "AI-generated" in image.info["Description"]


def test_generate_is_repeatable(person: Path, weights: Path, tmp_path: Path) -> None:
    pose = library.names()[0]
    for name in "ab":
        assert run("generate", person, "--pose", pose, "--weights", weights, "--out", tmp_path / name) == 0
    assert (tmp_path / "a" / f"{pose}.png").read_bytes() == (tmp_path / "b" / f"{pose}.png").read_bytes()


def test_generate_prints_json(person: Path, weights: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pose = library.names()[0]
    assert run("generate", person, "--pose", pose, "--weights", weights, "--out", out, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["pictures"] == [{"pose": pose, "picture": str(out / f"{pose}.png")}]
    assert any("enlarged" in note for note in result["notes"])


def test_the_same_pose_twice_gives_two_files(person: Path, weights: Path, tmp_path: Path) -> None:
    pose, out = library.names()[0], tmp_path / "out"
    shouted = tmp_path / f"{pose.upper()}.json"  # many disks do not tell letters' case apart
    write_pose(shouted, library.load(pose))
    poses = [part for each in (pose, pose, shouted) for part in ("--pose", each)]
    assert run("generate", person, *poses, "--weights", weights, "--out", out) == 0
    assert {path.name for path in out.iterdir()} == {
        f"{pose}.png",
        f"{pose}-2.png",
        f"{pose.upper()}-3.png",
        "grid.png",
    }


@pytest.mark.parametrize("arguments", [["generate", "--pose", "list"], ["generate", "x.jpg", "--pose=list"]])
def test_pose_list_names_the_library(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(" ")] == library.names()
    assert [line.rstrip(":") for line in lines if not line.startswith(" ")] == library.categories()


def test_pose_list_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("generate", "--pose", "list", "--json") == 0
    poses = json.loads(capsys.readouterr().out)
    assert [pose["name"] for pose in poses] == library.names()
    assert all(pose["category"] in library.categories() and pose["about"] for pose in poses)


def test_a_pose_with_half_its_joints_works(person: Path, weights: Path, out: Path, tmp_path: Path) -> None:
    pose = read_person(person).pose
    points = pose.points.copy()
    points[[0, 3, 4, 9, 10, 14, 15, 16, 17]] = np.nan
    write_pose(tmp_path / "half.json", Pose(points, pose.size))
    assert run("generate", person, "--pose", tmp_path / "half.json", "--weights", weights, "--out", out) == 0
    assert (out / "half.png").is_file()


def test_a_pose_that_does_not_fit_is_named_before_anything_is_learnt(
    person: Path, weights: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("rsagan.training.adapt.refine", lambda *_: pytest.fail("learnt for nothing"))
    found = read_person(person)
    half = tmp_path / "half"
    points = found.pose.points.copy()
    points[:, 1] += found.size[0] * 0.8 - points[8, 1]  # hips near the lower border, legs below it
    write_person(half, Person(found.picture, Pose(points, found.size).without_outside(), found.parsing))
    legs = found.pose.points.copy()
    legs[[*range(8), 14, 15, 16, 17]] = np.nan
    write_pose(tmp_path / "legs.json", Pose(legs, found.size))
    given = ["--pose", "walk", "--pose", tmp_path / "legs.json", "--refine", "--weights", weights, "--out", out]
    assert "legs: The target pose cannot be used" in refused(capsys, out, "generate", half, *given)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"{ this is not JSON", "JSON"),
        (b"\xff\xfe\x00", "not text"),
        (b"[1, 2]", "people"),
        (b'{"people": []}', "no person"),
        (b'{"people": [{"pose_keypoints_2d": [1, 2, 1]}]}', "joints"),
        (b'{"people": [{"pose_keypoints_2d": ["a", "b", "c"]}]}', "number"),
        (json.dumps({"people": [{"pose_keypoints_2d": [5, 5, 1] * 2 + [0] * 48}]}).encode(), "joints"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_bad_poses_are_one_sentence(
    content: bytes,
    word: str,
    person: Path,
    weights: Path,
    tmp_path: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "pose.json").write_bytes(content)
    pose = tmp_path / "pose.json"
    assert word in refused(capsys, out, "generate", person, "--pose", pose, "--weights", weights, "--out", out)


def header_bomb() -> bytes:
    """A PNG of a few bytes that claims 12,000 x 12,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 12_000, 12_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def bad_pictures(folder: Path) -> dict[str, tuple[Path, str]]:
    """Files that are no usable pictures, and a word of the sentence that says so."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 150, 3), np.uint8))
    noise.save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "bomb.png").write_bytes(header_bomb())
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    Image.new("RGB", (2000, 20)).save(folder / "long.png")
    noise.save(folder / "moving.gif")
    (folder / "text.jpg").write_text("no picture")
    (folder / "empty.png").touch()
    words = {
        "bomb.png": "12000 x 12000",
        "cut.jpg": "damaged",
        "dot.png": "1 x 1",
        "long.png": "long",
        "moving.gif": "JPEG, PNG or WebP",
        "text.jpg": "JPEG, PNG or WebP",
        "empty.png": "JPEG, PNG or WebP",
        "absent.jpg": "There is no file",
    }
    return {name: (folder / name, word) for name, word in words.items()}


@pytest.mark.parametrize(
    "name", ["bomb.png", "cut.jpg", "dot.png", "long.png", "moving.gif", "text.jpg", "empty.png", "absent.jpg"]
)
def test_bad_pictures_are_one_sentence(
    name: str, weights: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, word = bad_pictures(tmp_path)[name]
    pose = library.names()[0]
    assert word in refused(capsys, out, "generate", path, "--pose", pose, "--weights", weights, "--out", out)
    assert word in refused(capsys, out, "analyse", path, "--out", out)


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_a_picture_of_nobody_is_one_sentence(
    weights: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slope = np.linspace(0, 255, 300).astype(np.uint8)
    Image.fromarray(np.broadcast_to(slope[:, None, None], (300, 200, 3)).copy()).save(tmp_path / "wall.png")
    pose = library.names()[0]
    sentence = refused(
        capsys, out, "generate", tmp_path / "wall.png", "--pose", pose, "--weights", weights, "--out", out
    )
    assert "person" in sentence


def test_bad_arguments_are_one_sentence(
    person: Path, weights: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pose = library.names()[0]
    given = ["generate", person, "--weights", weights, "--out", out]
    assert "neither" in refused(capsys, out, *given, "--pose", "no-such-pose")
    assert "--pose" in refused(capsys, out, *given)
    (tmp_path / "photo.jpg").touch()
    of_a_photo = ["generate", tmp_path / "photo.jpg", "--out", out, "--pose", pose]
    assert "take 128x88, 256x176," in refused(capsys, out, *of_a_photo, "--size", "176x256")
    assert "HEIGHTxWIDTH" in refused(capsys, out, *of_a_photo, "--size", "big")
    assert "multiples of 8" in refused(capsys, out, *of_a_photo, "--size", "250x170")
    assert "1024x704" in refused(capsys, out, *of_a_photo, "--size", "2048x1408")
    (tmp_path / "file").touch()
    assert "is a file" in refused(
        capsys, out, "generate", person, "--pose", pose, "--weights", weights, "--out", tmp_path / "file"
    )
    (tmp_path / "folder").mkdir()
    assert "person folder" in refused(
        capsys, out, "generate", tmp_path / "folder", "--pose", pose, "--weights", weights, "--out", out
    )


def test_backgrounds(
    person: Path, weights: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    behind = tmp_path / "wall.png"
    Image.new("RGB", (300, 300), (0, 200, 0)).save(behind)
    given = ["generate", person, "--pose", "stand", "--weights", weights, "--out"]
    trained = ["generate", person, "--pose", "stand", "--out"]  # the untrained find no background
    for background, verb in (("keep", given), ("plain", given), (behind, trained)):
        assert run(*verb, tmp_path / Path(background).stem, "--background", background) == 0
        assert read_picture(tmp_path / Path(background).stem / "stand.png").shape == (256, 176, 3)
    kept, plain, wall = (read_picture(tmp_path / name / "stand.png") for name in ("keep", "plain", "wall"))
    assert (kept != plain).any()
    given_person, painted = read_person(person), read_source(person, (256, 176)).person
    assert (painted.picture == cut_out(given_person.picture, soft_outline(given_person.parsing))).all()
    assert (painted.picture != given_person.picture).any()  # as for a photo: the weights were trained on that backdrop
    assert (wall[:20, :20] == (0, 200, 0)).all()
    assert (wall != (0, 200, 0)).any()
    capsys.readouterr()
    assert "keep" in refused(capsys, out, *given, out, "--background", "beach")
    behind.write_text("no picture")
    assert "JPEG" in refused(capsys, out, *given, out, "--background", behind)


def test_more_pictures_of_the_person(
    person: Path, weights: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = read_person(person)
    write_person(tmp_path / "back", replace(first, picture=255 - first.picture, pose=first.pose.flipped()))
    given = ["generate", person, "--pose", "stand-back", "--weights", weights, "--out"]
    assert run(*given, tmp_path / "one") == run(*given, tmp_path / "two", "--also", tmp_path / "back") == 0
    one, two = (read_picture(tmp_path / name / "stand-back.png") for name in ("one", "two"))
    assert one.shape == two.shape
    assert (one != two).any()
    film = [
        "animate",
        person,
        "--driving",
        "stand-back",
        "--driving",
        "walk",
        "--fps",
        4,
        "--weights",
        weights,
        "--out",
    ]
    assert run(*film, tmp_path / "one.mp4") == run(*film, tmp_path / "two.mp4", "--also", tmp_path / "back") == 0
    assert (tmp_path / "one.mp4").read_bytes() != (tmp_path / "two.mp4").read_bytes()
    capsys.readouterr()
    assert "nothing.jpg" in refused(capsys, out, *given, out, "--also", tmp_path / "nothing.jpg")
    rival = tmp_path / "rival.safetensors"
    config = Config(widths=(8, 8, 16, 16), injection="none", integration="convolution")
    save_weights(rival, Generator(config), {"size": [128, 88]})
    given = ["generate", person, "--pose", "walk", "--weights", rival, "--also", person]
    assert "one picture of a person" in refused(capsys, out, *given, "--out", out)
    given = ["generate", person, "--pairs", "test", "--also", person, "--out", out]
    assert "--also has no meaning" in refused(capsys, out, *given)


def test_what_a_result_is_made_from_is_not_replaced(
    person: Path, weights: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(person, out)
    shutil.copy(out / "picture.png", out / "walk.png")
    before = {path: path.read_bytes() for path in out.iterdir()}
    for arguments in (
        ("generate", person, "--pose", out / "walk.png", "--weights", weights),
        ("generate", out / "walk.png", "--pose", "walk", "--weights", weights),
        ("generate", person, "--pose", "walk", "--background", out / "walk.png", "--weights", weights),
        ("generate", person, "--pose", "walk", "--also", out / "walk.png", "--weights", weights),
        ("analyse", out / "picture.png"),
    ):
        assert "it is made from" in refused(capsys, out, *arguments, "--out", out)
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    film = out / "film.mp4"
    film.write_bytes(b"a film")
    assert "it is made from" in refused(capsys, out, "animate", person, "--driving", film, "--out", film)


def test_regions_of_another_picture_than_the_folders_are_named(
    person: Path, weights: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.eye(128, 88, dtype=np.uint8)).save(tmp_path / "regions.png")
    given = ["generate", person, "--pose", "walk", "--weights", weights, "--parsing", tmp_path / "regions.png"]
    said = refused(capsys, out, *given, "--out", out)
    assert "128x88" in said
    assert str(person) in said


def test_a_path_that_cannot_be_looked_at_is_one_sentence(
    person: Path, weights: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, out, "generate", person, "--pose", "x" * 300, "--weights", weights, "--out", out)
    assert "File name too long" in said


def test_no_retarget_is_another_picture(person: Path, weights: Path, tmp_path: Path) -> None:
    given = ["generate", person, "--pose", "walk-right", "--weights", weights, "--out"]
    assert run(*given, tmp_path / "a") == run(*given, tmp_path / "b", "--no-retarget") == 0
    assert (tmp_path / "a" / "walk-right.png").read_bytes() != (tmp_path / "b" / "walk-right.png").read_bytes()


def test_foreign_weights_are_one_sentence(
    person: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"\x80\x04pickle")
    pose = library.names()[0]
    bad = tmp_path / "bad.safetensors"
    assert "safetensors" in refused(capsys, out, "generate", person, "--pose", pose, "--weights", bad, "--out", out)


def test_usage_errors_end_with_code_two() -> None:
    assert run("generate") == 2
    assert run("no-such-verb") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("genrate", "photo.jpg"), "did you mean generate? The verbs are generate, animate,"),
        (("photo.jpg",), "no verb 'photo.jpg'; the verbs are generate,"),
        (("generate", "photo.jpg", "walk"), "walk belongs to no option; a pose is given as `--pose walk`."),
        (
            ("analyse", "photo.jpg", "other.jpg", "--out", "x"),
            "other.jpg belongs to no option; `rsagan analyse --help`",
        ),
        (("generate", "photo.jpg", "--pose", "wlak"), "did you mean walk? `rsagan generate --pose list`"),
        (("generate", "photo.jpg", "--pose", "walk,wave"), "an option of its own: --pose walk --pose wave."),
        (("generate", "photo.jpg", "--pose", "walk", "--weights", "mine"), "There is no weights file mine;"),
        (("generate", "photo.jpg", "--pose", "walk", "--also", "back.jpg"), "There is no file back.jpg;"),
        (("generate", "clip.mkv", "--pose", "walk"), "`rsagan animate PHOTO --driving clip.mkv` takes clips."),
        (("generate", "photo.jpg", "--pose", "clip.mkv"), "`rsagan animate PHOTO --driving clip.mkv` takes clips."),
        (("generate", "person.zip", "--pose", "walk"), "is a ZIP file; unpack it"),
        (("adapt", "--photos", "absent.jpg", "--out", "x.safetensors"), "There is no photo absent.jpg."),
        (("animate", "photo.jpg", "--driving", "wav", "--out", "x.mp4"), "did you mean wave?"),
    ],
)
def test_slips_are_named_at_once(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for room in ("rsagan.transfer", "rsagan.training.adapt", "rsagan.network"):  # what loads torch
        monkeypatch.setitem(sys.modules, room, None)
    Image.new("RGB", (80, 120)).save("photo.jpg")
    Path("clip.mkv").touch()
    with zipfile.ZipFile("person.zip", "w") as archive:
        archive.writestr("pose.json", "{}")
    assert said in refused(capsys, tmp_path / "rsagan-results", *arguments)


def test_a_port_in_use_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert f"Port {port} is in use" in refused(capsys, tmp_path / "out", "web", "--port", port)


def test_usage_errors_are_json_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("generate", "--nope", "--json") == 2
    assert "rsagan generate --help" in json.loads(capsys.readouterr().out)["error"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("assets",), ("assets", "--json"), ("generate", "--pose", "list")])
def test_an_output_that_is_full_is_one_sentence(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "rsagan", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert ended.returncode == 2
    assert ended.stderr == "rsagan: cannot write the output: No space left on device.\n"


@pytest.mark.parametrize("debug", ["", "1"])
def test_errors_of_a_verb_are_not_taken_for_those_of_the_output(
    debug: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RSAGAN_DEBUG", debug)
    for error, code, says in (
        (PermissionError(errno.EACCES, "Permission denied", "/some/where"), 2, "cannot use /some/where: Permission"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "a fault of this program"),
    ):

        def failing(verb: Assets, console: Console, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(Assets, "run", failing)
        assert run("assets") == code
        told = capsys.readouterr().err
        assert f"rsagan: {says}" in told
        assert ("Traceback" in told) is bool(debug)


def test_brackets_in_a_path_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RSAGAN_CACHE", str(tmp_path / "x[" / "y]"))
    assert run("assets") == 0
    assert "x[/y]" in capsys.readouterr().out.replace("\n", "")


def test_help_is_light() -> None:
    code = (
        "import sys\n"
        "from rsagan.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"heavy = [name for name in {FORBIDDEN_AT_IMPORT} if name in sys.modules]\n"
        "sys.exit(' '.join(heavy) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    assert "generate" in done.stdout


def test_rooms_import_without_what_they_may_not_need() -> None:
    code = (
        "import sys\n"
        "import rsagan, rsagan.people, rsagan.network, rsagan.transfer, rsagan.photo, rsagan.data, rsagan.training\n"
        "names = ('ai_edge_litert', 'torchmetrics', 'tensorboard', 'fastapi', 'gradio', 'h5py')\n"
        "sys.exit(' '.join(name for name in names if name in sys.modules) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_person_folder_or_a_photo_without_an_ending_may_be_the_pose(
    person: Path, weights: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("generate", person, "--pose", person, "--weights", weights, "--out", out) == 0
    assert (out / f"{person.name}.png").is_file()
    capsys.readouterr()
    (tmp_path / "photo").write_bytes(b"no picture")
    sentence = refused(
        capsys, out, "generate", person, "--pose", tmp_path / "photo", "--weights", weights, "--out", out
    )
    assert "not a readable JPEG" in sentence


def test_many_poses_make_several_bands(person: Path, weights: Path, out: Path) -> None:
    poses = [part for name in library.names()[:9] for part in ("--pose", name)]
    assert run("generate", person, *poses, "--weights", weights, "--out", out) == 0
    with Image.open(out / "grid.png") as image:
        assert image.size == (9 * 180 + 4, 4 * 260 + 4)
        assert weights.stem in image.info["Description"]


@pytest.mark.parametrize("arguments", [("generate", "--pose", "list"), ("assets",), ("assets", "--json")])
def test_a_reader_that_has_seen_enough_is_no_fault(arguments: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rsagan", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait() == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "--benchmark"),
        (("--identities", 3), "--views"),
        (("--benchmark", "people-512"), "people-128"),
        (("--benchmark", "people-128", "--seed", "3", "--views", "2"), "With --benchmark, --views and --seed"),
        (("--identities", 3, "--views", 2, "--style", "opera"), "surveillance"),
        (("--identities", 3, "--views", 2, "--layout", "deepfashion", "--size", "128x88"), "256x176"),
    ],
)
def test_synthesize_refuses_in_one_sentence(
    arguments: tuple, word: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert word in refused(capsys, out, "synthesize", out, *arguments)
