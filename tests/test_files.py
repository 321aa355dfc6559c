"""Nobody ever sees half a file, and nothing unfinished is left lying about."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rsagan.errors import InputError
from rsagan.files import replacing, sweep


def test_an_error_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text("old")

    def fill_the_disk() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match=r"numbers.txt: No space left"):
        fill_the_disk()
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["numbers.txt"]


def test_sweep_takes_all_that_a_kill_left_and_nothing_else(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys; from rsagan.files import replacing\n"
        "with replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half'); os._exit(9)"
    )
    kept = ["checkpoint-0000000008.pt", ".settings-mine.toml", "weights.safetensors"]
    for name in kept:
        (tmp_path / name).write_text("whole")
    for name in ("checkpoint-0000000016.pt", "weights.safetensors", "log.jsonl", "grid-0000000016.png", "plain"):
        assert subprocess.run([sys.executable, "-c", program, str(tmp_path / name)], env=os.environ).returncode == 9
    assert len(list(tmp_path.iterdir())) == len(kept) + 5
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
