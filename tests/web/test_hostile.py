"""A thousand mixed requests, good and hostile: no fault, nobody else's picture, and the memory comes back."""

import base64
import gc
import os
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import psutil
import pytest

from rsagan.people import library, to_json

from .conftest import PHOTO, Service, hand_in, person_asked, png

pytestmark = pytest.mark.slow
BODY_SECONDS = 1.0
FORBIDDEN = (b"Traceback", b"site-packages", b"/src/", b"/tmp/", b'.py"', b"rsagan.web")
ALLOWED = {200, 202, 204, 400, 401, 403, 404, 405, 408, 409, 411, 413, 415, 421, 422, 429}


PHOTOS: list[bytes] = [
    b"",
    b"\xff\xd8\xff",
    PHOTO.read_bytes()[:5000],
    png(100_000, 100_000),
    png(7_900, 7_900, bytes(7_901 * 3)),  # claims 62 million pixels, holds one row
    png(4_000, 4_000, bytes((3 * 4_000 + 1) * 4_000)),  # 48 MB in 47 kB: allowed, and shows nobody
    png(1, 60_000),
    b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    b"GIF89a" + bytes(2000),
    b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(100),
    bytes(random.Random(0).randbytes(100_000)),
    b"\x89PNG\r\n\x1a\n" + bytes(random.Random(1).randbytes(10_000)),
]
BODIES: list[Any] = [
    None, [], 0, "x", {}, {"source": None}, {"source": "x" * 10_000}, {"source": "\u0000", "pose": "walk"},
    {"source": "../../etc/passwd", "pose": "../../etc/passwd"}, {"source": {"$ne": 1}, "pose": {}},
]  # fmt: skip
NUMBERS = [0, -1, 1e308, -1e308, 1e-308, 2**63, 10**400, float("nan"), float("inf"), True, None, "5", [], {}]


TRICKS = [
    "/../settings.py", "/..%2fsettings.py", "/%2e%2e/%2e%2e/etc/passwd", "/js/%00", "//etc/passwd", "/.git/config",
    "/v1/samples/..%2f..%2fNOTICE", "/v1/samples/%2e%2e.jpg", "/v1/clips/..%2f..mp4", "/v1/clips/%00/events",
]  # fmt: skip


def trickle(parts: int) -> Iterator[bytes]:
    """A body of no stated length; the last part of several comes too late."""
    for part in range(parts):
        if part and part == parts - 1:
            time.sleep(1.2 * BODY_SECONDS)
        yield b"x" * 500


def hostile(chance: random.Random, source: str) -> tuple[str, dict[str, Any]]:
    """A path and what to post there."""
    kind = chance.randrange(8)
    upload = chance.choice(["/v1/analyse", "/v1/scene"])
    if kind == 7:
        if chance.random() < 0.5:
            return chance.choice(TRICKS), {}
        parts = 3 if chance.random() < 0.2 else 1
        return upload, {"content": trickle(parts), "headers": {"content-type": "image/png"}}
    if kind == 0:
        types = ["image/jpeg", "image/png", "image/webp", "text/html", "multipart/form-data", ""]
        return upload, {"content": chance.choice(PHOTOS), "headers": {"content-type": chance.choice(types)}}
    if kind == 1:
        paths = ["/v1/generate", "/v1/person", "/v1/animate", "/v1/analyse", "/v1/samples/x", "/v1/none", "/"]
        return chance.choice(paths), {"json": chance.choice(BODIES)}
    if kind == 2:
        raw = chance.choice(
            [b"[" * 50_000, b'{"a":' * 20_000, b"\xff\xfe", b'{"source": 1e999999}', b"{", b"\x00" * 999]
        )
        return "/v1/generate", {"content": raw, "headers": {"content-type": "application/json"}}
    if kind == 3:
        pose = to_json(library.load("walk"))
        points = pose["people"][0]["pose_keypoints_2d"]
        points[chance.randrange(54)] = chance.choice(NUMBERS)
        pose[chance.choice(["height", "width"])] = chance.choice([256, *NUMBERS])
        return "/v1/generate", {
            "content": _json({"source": source, "pose": pose}),
            "headers": {"content-type": "application/json"},
        }
    if kind == 4:
        person = person_asked()
        picture = chance.choice([*PHOTOS[:6], PHOTO.read_bytes()])
        person[chance.choice(["picture", "parsing"])] = base64.b64encode(picture).decode()
        return "/v1/person", {"json": person}
    if kind == 5:
        poses = [chance.choice(["walk", "none", {}, {"people": [{}]}]) for _ in range(chance.choice([1, 3, 500]))]
        return "/v1/animate", {
            "json": {"source": chance.choice([source, "x"]), "poses": poses, "fps": chance.choice([*NUMBERS[:3], 8])}
        }
    return "/v1/generate", {"json": {"source": "0" * 32, "pose": "walk", "preview": chance.choice(["", "x" * 65, "a"])}}


def _json(data: Any) -> bytes:
    import json

    return json.dumps(data).encode()  # NaN and infinity as Python writes them


def memory(service: Service) -> np.ndarray:
    """Of the worker and of the service (with the tests around it), in MiB."""
    gc.collect()
    return np.array([psutil.Process(pid).memory_info().rss / 2**20 for pid in (service.worker, os.getpid())])


@pytest.mark.usefixtures("analysis")
def test_a_thousand_mixed_requests(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from rsagan.web import guard

    monkeypatch.setattr(guard, "BODY_SECONDS", BODY_SECONDS)
    chance = random.Random(7)
    statuses: Counter[int] = Counter()
    with start(cache_seconds=3.0, cache_bytes=32 << 20) as service, service.client() as client:
        source = hand_in(service)["source"]
        mine = client.post("/v1/generate", json={"source": source, "pose": "walk"}).json()["picture"]

        def round_of(count: int) -> None:
            nonlocal source
            for index in range(count):
                if index % 3 == 0:
                    answer = client.post("/v1/generate", json={"source": source, "pose": "walk"})
                    if answer.status_code == 404:
                        source = hand_in(service)["source"]
                        continue
                    assert answer.json()["picture"] == mine
                else:
                    path, more = hostile(chance, source)
                    try:
                        answer = client.post(path, **more)
                    except httpx.TransportError:  # the service hung up on a body that came too late
                        assert path == "/v1/analyse"
                        continue
                    assert answer.status_code in ALLOWED, (path, answer.status_code, answer.text[:200])
                    assert mine[200:400] not in answer.text or answer.status_code == 200
                assert not [word for word in FORBIDDEN if word in answer.content], answer.text[:300]
                statuses[answer.status_code] += 1

        round_of(250)
        before = memory(service)
        restarts = service.app.state.line.restarts
        round_of(750)
        after = memory(service)
        sys.stderr.write(f"{dict(statuses)}; MiB after 250: {before.round()}, after 1000: {after.round()}\n")
        assert restarts == service.app.state.line.restarts == 0
        assert (after < before + 60).all()
        assert service.app.state.line.taken == 0


def test_slow_and_broken_uploads(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from rsagan.web import guard

    monkeypatch.setattr(guard, "BODY_SECONDS", 1.0)
    with start() as service, service.client() as client:
        port = int(service.url.rsplit(":", 1)[1])
        heads = [
            "Content-Length: 5000", "Content-Length: 99999999999", "Content-Length: -5", "Transfer-Encoding: chunked",
            "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked", "X: y",
        ]  # fmt: skip
        sockets = []
        for head in heads * 4:
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            text = f"POST /v1/analyse HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n{head}\r\n\r\nab"
            connection.sendall(text.encode())
            sockets.append(connection)
        assert client.get("/healthz").status_code == 200
        for connection in sockets:
            said = connection.recv(4096)
            assert b" 500 " not in said.split(b"\r\n")[0]
            connection.close()
        source = hand_in(service)["source"]
        assert client.post("/v1/generate", json={"source": source, "pose": "walk"}).status_code == 200


@pytest.mark.parametrize("chance", range(3))
def test_schemathesis_finds_no_fault(service: Service, someone: dict[str, Any], chance: int) -> None:
    """What the OpenAPI page allows, and what it does not; half of it about a person that is there."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, given, seed, settings
    from schemathesis.openapi import from_url
    from schemathesis.specs.openapi import checks

    conformance = [
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    statuses: Counter[int] = Counter()
    for found in from_url(f"{service.url}/openapi.json").get_all_operations():
        operation = found.ok()
        documents = [body for body in operation.body if body.media_type == "application/json"]  # files may be any bytes
        for mode in schemathesis.GenerationMode:
            refusable = (*documents, *operation.path_parameters, *operation.query)
            if mode is schemathesis.GenerationMode.NEGATIVE and not refusable:
                continue

            @seed(chance)
            @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(mode))
            def ask(case: Any) -> None:
                if isinstance(case.body, dict) and isinstance(case.body.get("source"), str) and len(case.body) % 2:
                    case.body["source"] = someone["source"]
                answer = case.call(base_url=service.url, timeout=60)
                statuses[answer.status_code] += 1
                assert answer.status_code != 500
                assert answer.status_code != 503 or "retry-after" in answer.headers  # full: two animations at a time
                case.validate_response(answer, checks=conformance)

            ask()
    assert sum(statuses.values()) > 150
    assert service.app.state.line.restarts == 0


def test_nobody_gets_anothers_picture(start: Callable[..., Any]) -> None:
    """Many clients at once, each with a person and poses of their own."""
    from concurrent.futures import ThreadPoolExecutor

    with start(places=64) as service:

        def one(seed: int) -> list[str]:
            source = hand_in(service, seed)["source"]
            with service.client() as client:
                return [
                    client.post("/v1/generate", json={"source": source, "pose": pose}).json()["picture"]
                    for pose in library.names()[:4]
                ]

        alone = [one(seed) for seed in range(6)]
        with ThreadPoolExecutor(6) as crowd:
            together = list(crowd.map(one, range(6)))
    assert together == alone
    assert len({picture for pictures in alone for picture in pictures}) == 24
