"""The process that owns the network, and how to talk to it.

A message is one JSON document and the blobs it announces, over a pipe: nothing is pickled, so that a worker that a
hostile picture has taken over could not take over the service as well. One request at a time.
"""

import json
import logging
import multiprocessing
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from rsagan.errors import AssetError, InputError
from rsagan.web.failures import Fault, Gone, Overdue, WorkerLost
from rsagan.web.settings import Settings

_log = logging.getLogger("rsagan.web")
START_SECONDS: Final = 300.0
SWEEP_SECONDS: Final = 30.0
METHODS: Final = (
    "analyse", "sample", "person", "together", "scene",
    "generate", "preview", "film_open", "film_frame", "film_close", "film_drop",
)  # fmt: skip


_FAILURES: Final[dict[str, type[Exception]]] = {"input": InputError, "gone": Gone, "asset": AssetError, "fault": Fault}


class Worker:
    """The parent's side. Blocking: call it from one thread at a time; only `stop` may be called from another."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counts: dict[str, int] = {}
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, if there is one."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.is_alive()

    def start(self) -> None:
        """Start the process and wait until it can paint.

        Raises:
            InputError: the weights cannot be used. WorkerLost, Overdue: it never came up.
        """
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self.settings), name="rsagan-worker", daemon=True)
        self._process.start()
        theirs.close()
        self._talk(START_SECONDS)

    def call(
        self, method: str, arguments: dict[str, Any], blobs: Sequence[bytes], seconds: float
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Run one method of the studio.

        Raises:
            InputError, AssetError, Gone: as the method says. Fault: ours. WorkerLost, Overdue: see there.
        """
        return self._talk(seconds, {"method": method, "arguments": arguments}, blobs)

    def stop(self) -> None:
        """End the process, whatever it does; nothing of it stays."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # whoever writes or waits in `call` finds the pipe at its end
            process.join()

    def _talk(
        self, seconds: float, asked: dict[str, Any] | None = None, blobs: Sequence[bytes] = ()
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Send a request, if there is one, and wait for the answer; a process that takes too long for both is ended."""
        if self._pipe is None:
            raise WorkerLost
        late = threading.Event()

        def end() -> None:
            late.set()
            self.stop()

        watchdog = threading.Timer(seconds, end)
        watchdog.daemon = True
        watchdog.start()
        try:
            if asked is not None:
                send(self._pipe, asked, blobs)
            told, given = receive(self._pipe)
        except (EOFError, OSError) as error:
            raise (Overdue if late.is_set() else WorkerLost) from error
        finally:
            watchdog.cancel()
        self.counts = told["counts"]
        if "failure" in told:
            raise _FAILURES[told["failure"]](told["message"])
        return told["reply"], given


def serve(pipe: Connection, settings: Settings) -> None:
    """The worker's life: answer requests until the parent hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent drains and then hangs up
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    from rsagan.web.studio import Studio

    _spare_a_core()
    studio: Studio | None = None

    def enter() -> tuple[dict[str, Any], list[bytes]]:
        nonlocal studio
        studio = Studio(
            Path(settings.weights) if settings.weights else None,
            settings.size, settings.cache_bytes, settings.cache_seconds,
        )  # fmt: skip
        studio.warm_up()
        return {}, []

    try:
        told, blobs = _guarded(enter)
        send(pipe, told | {"counts": {}}, blobs)
        while studio is not None:
            while not pipe.poll(SWEEP_SECONDS):
                studio.sources.sweep()
            asked, given = receive(pipe)
            method = getattr(studio, METHODS[METHODS.index(asked["method"])])
            told, blobs = _guarded(lambda: method(*given, **asked["arguments"]))  # noqa: B023
            send(pipe, told | {"counts": studio.counts()}, blobs)
    except (EOFError, OSError):  # the parent is gone
        return


def _guarded(work: Callable[[], tuple[dict[str, Any], list[bytes]]]) -> tuple[dict[str, Any], list[bytes]]:
    try:
        reply, blobs = work()
        return {"reply": reply}, blobs
    except InputError as error:
        return {"failure": "input", "message": str(error)}, []
    except Gone as error:
        return {"failure": "gone", "message": str(error)}, []
    except AssetError as error:
        _log.error("%s", error)
        return {"failure": "asset", "message": "the photo networks are missing"}, []
    except Exception as error:
        import torch

        if isinstance(error, torch.AcceleratorError):  # nothing works in this process any more: a new one is made
            raise
        _log.exception("A fault while painting")
        return {"failure": "fault", "message": "a fault of the program"}, []


def _spare_a_core() -> None:
    """Leave one core to the service, so that it answers while the worker paints."""
    import torch

    from rsagan.data.parallel import usable_cores

    torch.set_num_threads(max(1, usable_cores() - 1))


def send(pipe: Connection, message: dict[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """A JSON message and its blobs."""
    pipe.send_bytes(json.dumps({**message, "blobs": len(blobs)}).encode())
    for blob in blobs:
        pipe.send_bytes(blob)


def receive(pipe: Connection) -> tuple[dict[str, Any], list[bytes]]:
    """The next message and its blobs."""
    message = json.loads(pipe.recv_bytes())
    return message, [pipe.recv_bytes() for _ in range(message.pop("blobs"))]
