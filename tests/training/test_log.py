"""What a run tells is whole after it was interrupted, and a full disk is one sentence."""

import json
from pathlib import Path

import pytest

from rsagan.errors import InputError
from rsagan.training.log import RunLog, add_line


def _told(run: Path, start: int, *steps: int) -> None:
    with RunLog(run, start, 100) as log:
        for seen in steps:
            log.numbers(seen, {"total": float(seen + start)})


@pytest.mark.parametrize(("resumed", "known"), [(16, [8, 16]), (0, [])])
def test_an_interrupted_run_tells_every_step_once(resumed: int, known: list[int], tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _told(tmp_path, 0, 8, 16, 24, 32)
    first = next((tmp_path / "tensorboard").iterdir())
    first.rename(first.with_name(first.name.replace("tfevents.", "tfevents.0")))  # written in another second
    again = [seen for seen in (8, 16, 24, 32) if seen > resumed]
    _told(tmp_path, resumed, *again)
    wanted = [(seen, float(seen)) for seen in known] + [(seen, float(seen + resumed)) for seen in again]
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["seen"], line["total"]) for line in lines] == wanted
    board = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in board.Scalars("total")] == wanted


def test_what_a_power_cut_left_of_a_line_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b'{"seen": 8, "total": 1.0}\n\x00\x00\n{"seen": 16, "tot\xff\xfe')
    _told(tmp_path, 16, 24)
    assert [json.loads(line)["seen"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [8, 24]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_board_that_cannot_be_written_is_one_sentence_and_hides_no_other(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))  # what is longer fails as on a full disk
    many = {f"loss {k}": 1.0 for k in range(40)}
    try:
        with pytest.raises(InputError, match=r"^Cannot write .*: File too large\.$"), RunLog(tmp_path, 0, 8) as log:
            log.numbers(8, many)
        log = RunLog(tmp_path, 0, 8)
        log.board.add_text("long", "x" * 2_000)
        log.__exit__(ZeroDivisionError, ZeroDivisionError(), None)  # goes on its way
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_line_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^Cannot write .*log\.jsonl: No such file"):
        add_line(tmp_path / "gone" / "log.jsonl", {"seen": 8})
