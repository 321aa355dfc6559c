"""Animations, before a line that does as it is told."""

import asyncio
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="the extra [web] is not installed")

from rsagan.web.clips import Clips
from rsagan.web.metrics import Metrics


def test_a_film_that_is_given_up_while_it_is_opened_is_dropped() -> None:
    """Else four of them would push out one that is being made."""
    asked: list[tuple[str, str]] = []

    class Slow:
        ready = True

        async def ask(self, method: str, arguments: dict[str, Any], has_place: bool) -> Any:
            asked.append((method, arguments.get("film", "")))
            if method == "film_open":
                await asyncio.sleep(30)
            return {}, []

    async def main() -> None:
        clips = Clips(Slow(), Metrics())  # type: ignore[arg-type]
        name = clips.start(["walk"], 8, {"source": "someone"})
        while not asked:
            await asyncio.sleep(0)
        clips.cancel(name)
        while len(asked) < 2:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), 10))
    (opened, film), (dropped, same) = asked
    assert (opened, dropped) == ("film_open", "film_drop")
    assert film
    assert film == same
