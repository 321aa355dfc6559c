"""Nobody ever sees half a file, and nothing unfinished is left lying about."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rsagan.errors import InputError
from rsagan.files import check_folder, held, replacing, sweep, write_text


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


def test_a_folder_is_held_by_one_process_until_it_ends_or_dies(tmp_path: Path) -> None:
    folder = tmp_path / "new/run"
    program = (
        "import sys, time; from rsagan.files import held\nwith held(sys.argv[1]): print(flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(InputError, match=rf"at work in {re.escape(str(folder))}; wait"), held(folder):
            pass
    finally:
        other.kill()
        other.communicate()
    with held(folder), pytest.raises(InputError, match="at work"), held(folder):
        pass
    with held(folder):
        pass


def test_a_folder_that_cannot_be_made_is_not_held(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"Cannot write .*run: "), held(tmp_path / "file/run"):
        pass


def test_a_file_that_somebody_holds_is_renamed_once_it_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rename, answers = tmp_path / "numbers.txt", Path.replace, [32, 5]

    def held(temporary: Path, target: Path) -> None:
        if answers:
            error = PermissionError(13, "in use")
            error.winerror = answers.pop()  # type: ignore[attr-defined]
            raise error
        rename(temporary, target)

    monkeypatch.setattr(Path, "replace", held)
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert not answers


def test_a_rename_that_cannot_succeed_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def refuse(temporary: Path, target: Path) -> None:
        tried.append(target)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InputError, match="Permission denied"), replacing(tmp_path / "numbers.txt"):
        pass
    assert len(tried) == 1


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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o002, 0o664)])
def test_files_have_the_rights_that_this_users_files_have(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_text(tmp_path / "numbers.txt", "new\n")
    finally:
        os.umask(before)
    assert (tmp_path / "numbers.txt").stat().st_mode & 0o777 == mode
    assert (tmp_path / "numbers.txt").read_bytes() == b"new\n"


def test_results_do_not_go_where_they_are_made_from(tmp_path: Path) -> None:
    check_folder(tmp_path / "report", tmp_path, None)
    with pytest.raises(InputError, match="choose another folder"):
        check_folder(tmp_path / "data" / "..", None, tmp_path)
