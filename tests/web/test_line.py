"""The bounded line, in front of a worker that does as it is told."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rsagan.errors import InputError

pytest.importorskip("prometheus_client", reason="the extra [web] is not installed")

from rsagan.web.failures import Fault, Full, Overdue, Superseded, Unready, WorkerLost
from rsagan.web.line import Line
from rsagan.web.metrics import Metrics


class Obedient:
    """Stands in for `Worker`: answers each call when the test lets it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.go = threading.Semaphore(0)
        self.alive = True
        self.starts = 0
        self.counts: dict[str, int] = {}
        self.fail: Exception | None = None

    def start(self) -> None:
        self.starts += 1
        self.alive = True

    def call(self, method: str, arguments: Any, blobs: Any, seconds: float) -> Any:
        self.calls.append(arguments["name"])
        if not self.go.acquire(timeout=seconds):
            raise Overdue
        if self.fail:
            error, self.fail = self.fail, None
            raise error
        return {"name": arguments["name"]}, []

    def stop(self) -> None:
        self.alive = False
        self.go.release(20)


def run(test: Callable[[Line, Obedient], Awaitable[None]], places: int = 3, seconds: float = 20.0) -> Obedient:
    async def main() -> None:
        line = Line(worker, places, seconds, Metrics(), lambda _: None)  # type: ignore[arg-type]
        await line.open()
        await until(lambda: line.ready)
        await test(line, worker)
        await line.close()

    worker = Obedient()
    asyncio.run(asyncio.wait_for(main(), 30))
    return worker


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.005)


def ask(line: Line, name: str, **options: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(line.ask("method", {"name": name}, **options))


def test_all_places_and_not_one_more() -> None:
    async def test(line: Line, worker: Obedient) -> None:
        inside = [ask(line, f"{i}") for i in range(3)]
        await until(lambda: line.taken == 3)
        for _ in range(4):
            with pytest.raises(Full):
                await ask(line, "too many")
        worker.go.release(3)
        assert [reply["name"] for reply, _ in await asyncio.gather(*inside)] == ["0", "1", "2"]
        assert line.taken == 0

    assert run(test).calls == ["0", "1", "2"]


def test_who_left_costs_nothing() -> None:
    async def test(line: Line, worker: Obedient) -> None:
        first, second, third = [ask(line, name) for name in ("first", "second", "third")]
        await until(lambda: line.taken == 3 and worker.calls == ["first"])
        second.cancel()
        await until(lambda: line.taken == 2)
        worker.go.release(2)
        await asyncio.gather(first, third)

    assert run(test).calls == ["first", "third"]


def test_stale_previews_are_dropped() -> None:
    async def test(line: Line, worker: Obedient) -> None:
        running = ask(line, "1", stream="hand")
        await until(lambda: worker.calls == ["1"])
        stale = ask(line, "2", stream="hand")
        other = ask(line, "x", stream="another hand")
        await until(lambda: line.taken == 3)
        newest = ask(line, "3", stream="hand")
        with pytest.raises(Superseded):
            await stale
        worker.go.release(3)
        await asyncio.gather(running, other, newest)

    assert run(test).calls == ["1", "x", "3"]


def test_deadlines_while_waiting_and_while_running() -> None:
    async def test(line: Line, worker: Obedient) -> None:
        running, waiting = ask(line, "running"), ask(line, "waiting")
        with pytest.raises(Overdue):
            await running
        with pytest.raises((Overdue, WorkerLost)):
            await waiting
        await until(lambda: line.ready and worker.starts == 2)
        assert line.restarts == 1

    assert run(test, seconds=0.3).calls == ["running"]


def test_who_waited_long_does_not_cost_the_worker() -> None:
    async def test(line: Line, worker: Obedient) -> None:
        first = ask(line, "first")
        await until(lambda: worker.calls == ["first"])
        await asyncio.sleep(0.5)
        second = ask(line, "second")
        third = ask(line, "third")
        await asyncio.sleep(0.7)
        worker.go.release()
        await first
        await until(lambda: worker.calls == ["first", "second"])
        await asyncio.sleep(1.6)  # busy for longer than what was left of its time, not for longer than it may be
        worker.go.release(2)
        await asyncio.gather(second, third, return_exceptions=True)
        assert line.restarts == 0
        assert line.ready

    run(test, seconds=2.0)


def test_a_worker_that_never_starts_ends_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unable(Obedient):
        def start(self) -> None:
            self.starts += 1
            raise Fault("out of memory")

    monkeypatch.setattr("rsagan.web.line._LONGEST_PAUSE", 0.01)
    told: list[str] = []
    worker = Unable()

    async def main() -> None:
        line = Line(worker, 3, 1, Metrics(), told.append)  # type: ignore[arg-type]
        await line.open()
        await until(lambda: bool(told))
        await line.close()

    asyncio.run(asyncio.wait_for(main(), 10))
    assert worker.starts == 5
    assert "out of memory" in told[0]


def test_a_lost_worker_fails_all_and_is_replaced() -> None:
    async def test(line: Line, worker: Obedient) -> None:
        asked = [ask(line, name) for name in ("running", "waiting")]
        await until(lambda: worker.calls == ["running"])
        worker.fail = WorkerLost()
        worker.go.release()
        assert [type(e) for e in await asyncio.gather(*asked, return_exceptions=True)] == [WorkerLost, WorkerLost]
        with pytest.raises(Unready):
            await ask(line, "too early")
        await until(lambda: line.ready)
        worker.go.release()
        await ask(line, "after")

    worker = run(test)
    assert worker.starts == 2
    assert worker.calls == ["running", "after"]


def test_a_worker_that_dies_idle_is_noticed() -> None:
    async def test(line: Line, worker: Obedient) -> None:
        worker.alive = False
        await until(lambda: line.restarts == 1 and line.ready)

    assert run(test).starts == 2


def test_failures_of_a_request_harm_nobody_else() -> None:
    async def test(line: Line, worker: Obedient) -> None:
        worker.fail = InputError("no")
        worker.go.release(2)
        with pytest.raises(InputError):
            await ask(line, "bad")
        await ask(line, "good")
        assert line.restarts == 0

    run(test)


def test_weights_that_never_load_end_the_service() -> None:
    class Hopeless(Obedient):
        def start(self) -> None:
            raise InputError("not weights")

    told: list[str] = []

    async def main() -> None:
        line = Line(Hopeless(), 3, 1, Metrics(), told.append)  # type: ignore[arg-type]
        await line.open()
        await until(lambda: bool(told))
        assert not line.ready
        await line.close()

    asyncio.run(asyncio.wait_for(main(), 10))
    assert told == ["not weights"]
