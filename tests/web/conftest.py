"""A service with a tiny seeded network, run in a thread; its worker is a process of its own, as always."""

import base64
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

from rsagan.people import library, parsing_bytes, png_bytes, to_json

pytest.importorskip("fastapi", reason="the extra [web] is not installed")

from rsagan.web.app import create_app
from rsagan.web.listener import listen
from rsagan.web.server import Timely
from rsagan.web.settings import Settings

PHOTO = Path(__file__).parents[2] / "src/rsagan/samples/man-standing.jpg"


@dataclass
class Service:
    """A running service."""

    url: str
    app: Any

    @property
    def worker(self) -> int:
        """The process that paints."""
        pid = self.app.state.worker.pid
        assert pid is not None
        return int(pid)

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, **options)

    def wait_until_ready(self, seconds: float = 300) -> None:
        wait_for(lambda: self.app.state.line.ready, seconds)


def wait_for(true: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.02)


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serve(settings: Settings) -> Iterator[Service]:
    app = create_app(settings)
    config = uvicorn.Config(app, port=0, http=Timely, log_level="error", access_log=False, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        service = Service(f"http://127.0.0.1:{listener.getsockname()[1]}", app)
        service.wait_until_ready()
        yield service
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


@pytest.fixture(scope="session")
def start(weights: Path) -> Callable[..., AbstractContextManager[Service]]:
    """Starts a service with a tiny network and other settings."""
    return lambda **settings: serve(Settings(weights=weights, **settings))


@pytest.fixture(scope="session")
def service(start: Callable[..., AbstractContextManager[Service]]) -> Iterator[Service]:
    """One for all who do it no harm."""
    with start() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh_rates() -> Iterator[None]:
    """All tests are one client, and a fast one."""
    from rsagan.web import guard

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard.Rates, "wait", lambda *_: 0.0)
        yield


@pytest.fixture
def someone(service: Service) -> dict[str, Any]:
    """A drawn person the service keeps: what /v1/person was given, and the name."""
    return hand_in(service)


def png(width: int, height: int, rows: bytes = b"", kind: int = 2) -> bytes:
    """A PNG of any claimed size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def person_asked(seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    parsing = np.zeros((256, 176), np.uint8)
    parsing[60:130, 60:116], parsing[130:220, 66:110], parsing[20:60, 74:102] = 3, 4, 2
    picture = random.integers(0, 256, (256, 176, 3), np.uint8)
    return {
        "picture": base64.b64encode(png_bytes(picture)).decode(),
        "parsing": base64.b64encode(parsing_bytes(parsing)).decode(),
        "pose": to_json(library.load("stand")),
    }


def hand_in(service: Service, seed: int = 0) -> dict[str, Any]:
    asked = person_asked(seed)
    with service.client() as client:
        answer = client.post("/v1/person", json=asked)
    assert answer.status_code == 200, answer.text
    return {**asked, "source": answer.json()["source"]}
