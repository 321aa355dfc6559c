"""Clips from strangers, given to `animate` and `adapt`: what is refused in one sentence, and what must work."""

import json
from pathlib import Path

import pytest

from layouts.clips import bad_clips, raw_clip, turned_clip, walking
from rsagan import backbones
from rsagan.cli.main import main
from rsagan.people import Picture
from rsagan.training import adapt
from rsagan.video import open_clip, read_frames, write_clip

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("analysis")]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbones, "load", lambda name, deepest="4_1": backbones.random_vgg16(0, deepest))
    # What an untrained network learns in a moment, more on a quick machine, may or may not spoil the pose.
    monkeypatch.setattr(adapt, "joints_right", lambda found, true: (1, 1))


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("strange")
    return folder, bad_clips(folder)


def arguments(verb: str, clip: Path, person: Path, weights: Path, out: Path) -> list[str]:
    """The verb's command line with that clip; adapting takes a moment only."""
    if verb == "animate":
        given: list[object] = ["animate", person, "--driving", clip, "--out", out / "clip.mp4"]
    else:
        given = ["adapt", "--clip", clip, "--minutes", 0.01, "--out", out / "mine.safetensors"]
    return [str(argument) for argument in (*given, "--weights", weights, "--json")]


NAMES = ["absent.mp4", "empty.mp4", "text.mp4", "headless.mp4", "truncated.mkv", "huge.mp4", "nobody.mp4"]


@pytest.mark.parametrize("verb", ["animate", "adapt"])
@pytest.mark.parametrize("name", NAMES)
def test_bad_clips_are_one_sentence(
    verb: str,
    name: str,
    strange: tuple[Path, dict[str, str]],
    person: Path,
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, words = strange
    assert set(words) == set(NAMES)
    out = tmp_path / "out"
    assert main(arguments(verb, folder / name, person, weights, out)) == 2
    captured = capsys.readouterr()
    sentence = json.loads(captured.out)["error"]
    assert words[name] in sentence
    assert name in sentence
    assert "\n" not in sentence
    assert captured.err == f"rsagan: {sentence}\n"
    assert not out.exists() or not list(out.iterdir())


@pytest.mark.parametrize(("verb", "words"), [("animate", "save it as PNG or JPEG"), ("adapt", "gives 1")])
def test_one_frame_is_too_few(
    verb: str, words: str, person: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clip(tmp_path / "one.mp4", walking(1), 10)
    assert main(arguments(verb, tmp_path / "one.mp4", person, weights, tmp_path / "out")) == 2
    assert words in json.loads(capsys.readouterr().out)["error"]


def turned_back(pictures: list[Picture]) -> list[Picture]:
    """As a camera held on its side stores them: a player turns them clockwise."""
    return [picture.transpose(1, 0, 2)[::-1].copy() for picture in pictures]


@pytest.mark.parametrize("verb", ["animate", "adapt"])
@pytest.mark.parametrize("kind", ["uneven", "turned"])
def test_uneven_and_turned_clips_work(
    verb: str, kind: str, person: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if kind == "uneven":
        clip = raw_clip(tmp_path / "clip.mkv", [0, 10, 20, 60, 70, 80], walking())
    else:
        clip = turned_clip(tmp_path / "clip.mp4", turned_back(walking()), 10)
    out = tmp_path / "out"
    assert main(arguments(verb, clip, person, weights, out)) == 0
    made = json.loads(capsys.readouterr().out)
    if verb == "adapt":
        assert made["views"] >= 6
        assert (out / "mine.safetensors").is_file()
    else:
        fps = open_clip(clip).fps
        assert made["notes"] == []  # the person is found all through
        assert made["frames"] == len(list(read_frames(open_clip(clip))))
        assert made["frames"] == pytest.approx((0.8 if kind == "uneven" else 0.5) * fps + 1, abs=1)
