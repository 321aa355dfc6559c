"""`generate --pairs` and `evaluate --results` from outside."""

import json
from pathlib import Path

import pytest

from rsagan.cli.main import main
from rsagan.data import PreparedFolder


@pytest.fixture
def pairs(prepared: Path, tmp_path: Path) -> Path:
    lines = (prepared / "pairs-test.csv").read_text().splitlines()
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join(lines[:4]) + "\n")
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Weights shaped like the folder's pictures."""
    from rsagan.network import Config, Generator, save_weights

    path = tmp_path / "tiny.safetensors"
    save_weights(path, Generator(Config(widths=(8, 8, 16, 16), heads=2, blocks=1, key_channels=8)), {"size": [64, 48]})
    return path


def test_a_list_is_painted_and_scored(
    prepared: Path, pairs: Path, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results"
    command = ["generate", str(prepared), "--pairs", str(pairs), "--out", str(results), "--weights", str(small)]
    assert main(command) == 0
    assert len(list(results.glob("*_vis.png"))) == 3
    assert main([*command, "--json"]) == 0
    assert '"there": 3' in capsys.readouterr().out
    command = ["evaluate", "--data", str(prepared), "--results", str(results), "--pairs", str(pairs)]
    assert main([*command, "--out", str(tmp_path / "a"), "--method", "x:y"]) == 2
    assert main([*command, "--out", str(tmp_path / "a"), "--protocol", "best"]) == 2
    assert "no protocol 'best'" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_weights_of_another_shape_are_one_sentence_before_anything_is_painted(
    prepared: Path, pairs: Path, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rsagan.network import load_weights, save_weights

    square = tmp_path / "square.safetensors"
    save_weights(square, load_weights(small)[0], {"size": [64, 64]})
    command = ["generate", str(prepared), "--pairs", str(pairs), "--weights", str(square)]
    assert main([*command, "--out", str(tmp_path / "results")]) == 2
    captured = capsys.readouterr()
    assert "A frame of 64x48 does not fit" in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_results_of_other_pairs_are_one_sentence(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results").mkdir()
    command = [
        "evaluate",
        "--data",
        str(prepared),
        "--results",
        str(tmp_path / "results"),
        "--out",
        str(tmp_path / "a"),
    ]
    assert main([*command, "--json"]) == 2
    captured = capsys.readouterr()
    assert "No file" in json.loads(captured.out)["error"]
    assert captured.err.count("\n") == 1
    assert PreparedFolder(prepared).path == prepared


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("generate", "FOLDER", "--pairs", "LIST", "--pose", "walk"), "With --pairs, --pose"),
        (("generate", "FOLDER", "--pairs", "LIST", "--refine", "--background", "keep"), "--background and --refine"),
        (("generate", "FOLDER", "--pairs", "LIST", "--no-retarget"), "With --pairs, --no-retarget"),
        (("generate", "FOLDER", "--pose", "walk", "--naming", "reid"), "Without --pairs, --naming"),
        (("generate", "FOLDER", "--pose", "walk", "--person", "1"), "With a person folder, --person"),
        (("generate", "FOLDER", "--pose", "walk", "--labels", "lip"), "Without --parsing, --labels"),
        (("analyse", "FOLDER", "--labels", "lip"), "Without --parsing, --labels"),
        (("evaluate", "--data", "FOLDER", "--protocol", "clean-v1", "--limit", "2"), "With a protocol, --limit"),
        (("evaluate", "--data", "FOLDER", "--protocol", "fid", "--standard"), "There is no protocol 'fid'"),
        (
            ("evaluate", "--data", "FOLDER", "--pairs", "LIST", "--results", "truth"),
            "an end of the full report's scale",
        ),
        (("generate", "FOLDER", "--pose", "walk", "--size", "128x88"), "With a person folder, --size"),
        (("train", "people-128", "--data", "FOLDER", "--run", "OUT", "--assets", "PACK"), "prepared folder, --assets"),
    ],
)
def test_options_without_meaning_are_refused(
    arguments: tuple[str, ...], word: str, prepared: Path, pairs: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    paths = {"FOLDER": prepared, "LIST": pairs, "OUT": tmp_path / "out"}
    given = [str(paths.get(each, each)) for each in arguments]
    to = [] if "--run" in given else ["--out", str(tmp_path / "out")]
    assert main([*given, *to]) == 2
    assert word in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_report_does_not_replace_that_of_the_data(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in prepared.iterdir())
    for more in ((), ("--protocol", "clean-v1", "--results", str(prepared / "images")), ("--method", "copy")):
        assert main(["evaluate", "--data", str(prepared), "--out", str(prepared), *more]) == 2
        assert "choose another folder" in capsys.readouterr().err
    assert sorted((path, path.stat().st_mtime_ns) for path in prepared.iterdir()) == before
