"""`adapt` and `generate --refine` from outside, with a network of losses that is not fetched."""

import json
from pathlib import Path

import pytest

from layouts.clips import SAMPLE, walking
from rsagan import backbones
from rsagan.cli.main import main
from rsagan.network import load_weights
from rsagan.training import adapt
from rsagan.training.adapt import Effort
from rsagan.video import write_clip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbones, "load", lambda name, deepest="4_1": backbones.random_vgg16(0, deepest))
    monkeypatch.setattr(adapt, "REFINE", Effort(pictures=2, batch=2))


def run(*arguments: object) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as error:
        return int(error.code or 0)


def refused(capsys: pytest.CaptureFixture[str], out: Path, *arguments: object) -> str:
    capsys.readouterr()
    assert run("adapt", *arguments, "--out", out) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.strip().splitlines()
    assert captured.out == ""
    assert not out.exists()
    return line


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_photos_and_clips_adapt(
    weights: Path, tmp_path: Path, person: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of what random weights paint, chance says which joints are found.
    monkeypatch.setattr(adapt, "joints_right", lambda found, true: (1, 1))
    write_clip(tmp_path / "clip.mp4", walking(4), 10)
    base = tmp_path / weights.name
    base.write_bytes(weights.read_bytes())
    out = tmp_path / "mine.safetensors"
    assert (
        run("adapt", "--clip", tmp_path / "clip.mp4", "--weights", base, "--out", out, "--minutes", 0.02, "--json") == 0
    )
    made = json.loads(capsys.readouterr().out)
    assert made["views"] >= 2
    assert made["pictures"] >= 4
    assert load_weights(out)[1]["adapted"]["views"] == made["views"]
    assert run("generate", person, "--pose", "stand", "--weights", out, "--out", tmp_path / "results") == 0
    assert (tmp_path / "results" / "stand.png").is_file()


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_bad_input(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.safetensors"
    given = ("--weights", weights)
    assert "either clips or photos" in refused(capsys, out, *given)
    assert "gives 1" in refused(capsys, out, *given, "--photos", SAMPLE)
    assert "minutes" in refused(capsys, out, *given, "--photos", SAMPLE, "--minutes", "nan")


def test_refining_changes_the_result(weights: Path, person: Path, tmp_path: Path) -> None:
    given = ["generate", person, "--pose", "stand", "--weights", weights]
    assert run(*given, "--out", tmp_path / "plain") == run(*given, "--refine", "--out", tmp_path / "refined") == 0
    assert (tmp_path / "plain/stand.png").read_bytes() != (tmp_path / "refined/stand.png").read_bytes()
