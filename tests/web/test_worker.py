"""The process that paints, without the service before it."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from rsagan.errors import InputError

pytest.importorskip("prometheus_client", reason="the extra [web] is not installed")

from rsagan.web.failures import Overdue, WorkerLost
from rsagan.web.settings import Settings
from rsagan.web.worker import Worker


@pytest.mark.parametrize("size", [1, 5 << 20])
def test_a_worker_that_hangs_is_ended_however_much_it_is_sent(weights: Path, size: int) -> None:
    """Five MiB do not fit into the pipe."""
    worker = Worker(Settings(weights=weights))
    worker.start()
    with pytest.raises(InputError):
        worker.call("analyse", {}, [b"no photo"], 30)
    assert worker.pid
    os.kill(worker.pid, signal.SIGSTOP)
    raised: list[type[BaseException]] = []

    def call() -> None:
        began = time.monotonic()
        try:
            worker.call("analyse", {}, [bytes(size)], 1.0)
        except (Overdue, WorkerLost) as error:
            raised.append(type(error))
        assert time.monotonic() - began < 10

    caller = threading.Thread(target=call, daemon=True)
    caller.start()
    caller.join(20)
    try:
        assert raised == [Overdue]
        assert not worker.alive
    finally:
        worker.stop()
