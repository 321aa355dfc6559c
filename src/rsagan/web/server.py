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
from rsagan.web.settings import Settings, is_loopback

_CONNECTIONS = 512
HEAD_SECONDS: Final = 10.0


def run(settings: Settings, opened: Callable[[int], None]) -> None:
    """Serve. SIGTERM and Ctrl-C stop listening, let running requests end, then end the worker.

    Args:
        opened: is told the port once the service listens.

    Raises:
        InputError: the address cannot be had, or the weights cannot be used.
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

    config = uvicorn.Config(
        create_app(settings, hopeless),
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
    server = uvicorn.Server(config)
    with listen(config) as listener:
        opened(listener.getsockname()[1])
        server.run(sockets=[listener])
    if reasons:
        raise InputError(reasons[0])


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


def listen(config: uvicorn.Config) -> socket.socket:
    """The socket that the service listens on: whoever comes before the service is up waits for it, and is not refused.

    Raises:
        InputError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        listener = socket.create_server(
            (config.host, config.port),
            family=family,
            backlog=config.backlog,
            dualstack_ipv6=family == socket.AF_INET6 and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        raise InputError(f"Cannot listen on {config.host}:{config.port}; choose another with --port.") from error
    # An answer goes out as head and body. Without this, which connections inherit, the body waits for the client to
    # confirm the head: 40 ms, half a preview. asyncio asks for it only where a socket names its protocol.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    return listener
