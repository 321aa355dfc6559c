"""The bounded line in front of the worker: first come first served, deadlines, and a supervisor that restarts it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from rsagan.errors import InputError
from rsagan.web.failures import Full, Overdue, Superseded, Unready, WorkerLost
from rsagan.web.metrics import Metrics
from rsagan.web.worker import Worker

_log = logging.getLogger("rsagan.web")
Reply = tuple[dict[str, Any], list[bytes]]
_WATCH_SECONDS: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_MOST_FAILURES: Final = 5  # to start, one after the other
_STEADY_SECONDS: Final = 60.0  # a worker that lived that long is restarted at once


@dataclass(eq=False)
class _Ticket:
    method: str
    arguments: dict[str, Any]
    blobs: Sequence[bytes]
    until: float
    stream: str | None
    answer: asyncio.Future[Reply] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Line:
    """Requests for the worker.

    Args:
        places: how many may wait or run; `ask` refuses the next.
        seconds: how long a request may take, waiting included.
        hopeless: is told, in a sentence, why the worker can never start.
    """

    def __init__(
        self, worker: Worker, places: int, seconds: float, metrics: Metrics, hopeless: Callable[[str], None]
    ) -> None:
        self._worker, self._places, self._seconds = worker, places, seconds
        self._metrics, self._hopeless = metrics, hopeless
        self._tickets: deque[_Ticket] = deque()
        self._running: _Ticket | None = None
        self._more = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rsagan-worker-talk")
        self._supervisor: asyncio.Task[None] | None = None
        self.ready = False
        self.restarts = 0

    async def open(self) -> None:
        """Begin to start the worker."""
        self._supervisor = asyncio.create_task(self._supervise())

    async def close(self) -> None:
        """End the worker; who still waits is told so."""
        if self._supervisor:
            self._supervisor.cancel()
        self.ready = False
        self._worker.stop()
        self._fail_all(Unready())
        if self._supervisor:
            with suppress(asyncio.CancelledError):
                await self._supervisor
        self._thread.shutdown(wait=False)

    async def ask(
        self,
        method: str,
        arguments: dict[str, Any],
        blobs: Sequence[bytes] = (),
        stream: str | None = None,
        has_place: bool = False,
    ) -> Reply:
        """The worker's reply. Cancelled, the request leaves the line.

        Args:
            stream: of one hand's previews only the newest waits.
            has_place: the request takes no place of its own (a clip's next frame).

        Raises:
            Full, Unready, Superseded, Overdue, WorkerLost: see there; and what the studio's method raises.
        """
        if not self.ready:
            raise Unready
        if stream is not None:
            self._supersede(stream)
        if not has_place and self.taken >= self._places:
            self._metrics.refused.labels("full").inc()
            raise Full
        ticket = _Ticket(method, arguments, blobs, monotonic() + self._seconds, stream)
        ticket.answer.add_done_callback(
            lambda answer: answer.cancelled() or answer.exception()
        )  # retrieved, in any case
        self._tickets.append(ticket)
        self._count()
        self._more.set()
        try:
            return await asyncio.wait_for(ticket.answer, self._seconds + 2 * _WATCH_SECONDS)
        except TimeoutError:
            raise Overdue from None
        finally:
            with suppress(ValueError):
                self._tickets.remove(ticket)
            self._count()

    @property
    def taken(self) -> int:
        """Places in use."""
        return len(self._tickets) + (self._running is not None)

    def _supersede(self, stream: str) -> None:
        for ticket in [ticket for ticket in self._tickets if ticket.stream == stream]:
            self._tickets.remove(ticket)
            if not ticket.answer.done():
                ticket.answer.set_exception(Superseded())
                self._metrics.superseded.inc()

    async def _supervise(self) -> None:
        pause, failures = 0.0, 0
        while True:
            started = monotonic()
            try:
                await self._on_thread(self._worker.start)
                self.ready, failures = True, 0
                self._metrics.ready.set(1)
                _log.info("The worker is ready.")
                await self._serve()
            except InputError as error:
                self._hopeless(str(error))
                return
            except Exception as error:  # lost, hung, or unable to start in whatever way
                failures += not self.ready
                self.ready = False
                self._metrics.ready.set(0)
                self._fail_all(WorkerLost())
                if failures >= _MOST_FAILURES:
                    self._hopeless(f"The worker could not be started {failures} times ({error}); the log says more.")
                    return
                self._metrics.restarts.inc()
                self.restarts += 1
                if isinstance(error, WorkerLost):
                    what = "was lost"
                elif isinstance(error, Overdue):
                    what = "hung and was ended"
                else:
                    what = f"failed ({type(error).__name__}: {error})"
                _log.error("The worker %s; it is being started again.", what)
            self._worker.stop()
            pause = 0.0 if monotonic() - started > _STEADY_SECONDS else min(_LONGEST_PAUSE, 2 * pause + 0.25)
            await asyncio.sleep(pause)

    async def _serve(self) -> None:
        while True:
            while not self._tickets:
                self._more.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._more.wait(), _WATCH_SECONDS)
                if not self._worker.alive:
                    raise WorkerLost
            ticket = self._tickets.popleft()
            if ticket.until <= monotonic() and not ticket.answer.done():
                ticket.answer.set_exception(Overdue())
            if ticket.answer.done():  # too late, or the client left
                continue
            self._running = ticket
            try:
                await self._run(ticket)
            finally:
                self._running = None
                self._count()

    async def _run(self, ticket: _Ticket) -> None:
        """One request, on the worker; a failure of the request is told to who asked, one of the worker also raised.

        The worker has the whole time for it, however long the request has waited: who asked is answered in time by
        `ask`, and a worker that is only busy must not be taken for one that hangs.
        """
        try:
            reply = await self._on_thread(
                self._worker.call, ticket.method, ticket.arguments, ticket.blobs, self._seconds
            )
        except Exception as error:
            if not ticket.answer.done():
                ticket.answer.set_exception(error)
            if isinstance(error, WorkerLost | Overdue):
                raise
        else:
            if not ticket.answer.done():
                ticket.answer.set_result(reply)
        self._metrics.sources.set(self._worker.counts.get("sources", 0))
        self._metrics.source_bytes.set(self._worker.counts.get("source_bytes", 0))

    def _fail_all(self, error: Exception) -> None:
        for ticket in self._tickets:
            if not ticket.answer.done():
                ticket.answer.set_exception(error)
        self._tickets.clear()

    def _count(self) -> None:
        self._metrics.waiting.set(self.taken)

    async def _on_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)
