"""Work spread over processes: what happens to it when one of them dies."""

import multiprocessing
import os
from pathlib import Path

import pytest

from rsagan.data.parallel import in_parallel
from rsagan.errors import InputError


def test_a_worker_that_is_killed_is_one_sentence() -> None:
    with pytest.raises(InputError, match="fewer workers"):
        list(in_parallel(os._exit, [9, 9], 2))


def test_an_error_ends_what_others_have_begun(tmp_path: Path) -> None:
    """So does Ctrl-C: nobody waits for the clips that are being read."""
    slow = [f"import time; time.sleep(2); open({str(tmp_path / str(k))!r}, 'w')" for k in range(4)]
    with pytest.raises(ZeroDivisionError):
        list(in_parallel(exec, ["1 / 0", *slow], 2))
    for worker in multiprocessing.active_children():  # whom the program's end would wait for
        worker.join()
    assert not list(tmp_path.iterdir())


def test_a_worker_is_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    ask = "import cv2, torch; assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)"
    assert list(in_parallel(exec, [ask, ask], 2)) == [None, None]
