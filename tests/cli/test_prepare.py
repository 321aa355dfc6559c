"""`rsagan prepare` from outside."""

import json
from pathlib import Path

import pytest

import layouts
from rsagan.cli.main import main
from rsagan.data import PreparedFolder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    people = layouts.figures(3)
    layouts.download(tmp_path / "data", people)
    layouts.write_lists(tmp_path / "data", people)
    layouts.write_maps(tmp_path / "data", people, "pise", "SPL8")
    return tmp_path / "data"


def test_deepfashion(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ["prepare", "deepfashion", str(data), "--parsing", str(data), "--out", str(out), "--workers", "1"]
    assert main(command) == 0
    captured = capsys.readouterr()
    assert "4 train pictures" in captured.out
    assert "48,674" in captured.err
    assert len(PreparedFolder(out).entries) == 6
    assert (out / "contact-sheet.png").is_file()
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((out / "report.json").read_text())


def test_a_wrong_option_is_one_sentence(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ["prepare", "deepfashion", str(data), "--parsing", str(data), "--out", str(out), "--fit", "squash"]
    assert main(command) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("kind", ["market1501", "folder", "clip"])
def test_every_source_says_what_it_lacks(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare", kind, str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert "nowhere" in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()
