"""Runs the service until it is told to stop."""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from rsagan.errors import InputError
from rsagan.network import load_weights
from rsagan.web.app import create_app
from rsagan.web.clips import Clips
from rsagan.web.settings import Settings, is_loopback

_CONNECTIONS = 512
HEAD_SECONDS: Final = 10.0


def run(settings: Settings, listener: socket.socket, opened: Callable[[], None]) -> None:
    """Serve. SIGTERM and Ctrl-C stop listening, give animations up, let running requests end, then end the worker.

    Args:
        listener: of `rsagan.web.listener.listen`.
        opened: is told once the weights are known to be sound.

    Raises:
        InputError: the weights cannot be used.
    """
    if settings.weights:
        load_weights(settings.weights)  # refused before anybody is told of the page; the worker reads them for itself
    alone = is_loopback(settings.host) and not settings.names  # whoever drags a skeleton wants no line a preview
    level = logging.WARNING if alone else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s")
    reasons: list[str] = []

    def hopeless(reason: str) -> None:
        reasons.append(reason)
        server.should_exit = True

    app = create_app(settings, hopeless)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=Timely,
        ws="none",
        access_log=False,  # ours names routes, not paths
        log_level="warning",
        server_header=False,
        proxy_headers=bool(settings.names),
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=int(settings.seconds) + 1,
    )
    server = Ending(config, app.state.clips)
    opened()
    server.run(sockets=[listener])
    if reasons:
        raise InputError(reasons[0])


class Ending(uvicorn.Server):
    """Gives animations up when it is told to stop: nobody could fetch their files, and who follows one is told so."""

    def __init__(self, config: uvicorn.Config, clips: Clips) -> None:
        super().__init__(config)
        self._clips = clips

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._clips.close()
        await super().shutdown(sockets)


class Timely(H11Protocol):
    """Closes a connection on which no whole head arrives in time; uvicorn keeps one that says nothing for ever."""

    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._await_head()

    def _await_head(self) -> None:
        if self._watch:
            self._watch.cancel()
        self._watch = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self.shutdown()
