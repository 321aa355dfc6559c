"""Who may ask, how much, how often: the outer layer in front of an app that only echoes."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from rsagan.errors import InputError

pytest.importorskip("fastapi", reason="the extra [web] is not installed")

from prometheus_client import generate_latest

from rsagan.web import guard
from rsagan.web.guard import Guard, Rates
from rsagan.web.metrics import Metrics
from rsagan.web.settings import Settings, is_loopback, read_token

SECRET = "0123456789abcdef"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/broken":
        raise RuntimeError("/secret/path")
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message.get("body", b"")})


def answer(
    settings: Settings,
    path: str = "/v1/poses",
    method: str = "GET",
    headers: dict[str, str] | None = None,
    parts: Iterable[bytes | None] = (b"",),
    guarded: Guard | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body; a part that is None never comes."""
    given = {"host": "localhost", **(headers or {})}
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    scope = {"type": "http", "path": path, "method": method, "headers": raw, "client": ("127.0.0.1", 1)}
    rest = list(parts)
    sent: list[Any] = []

    async def receive() -> Any:
        if not rest:
            return {"type": "http.disconnect"}
        part = rest.pop(0)
        if part is None:
            await asyncio.sleep(30)
        return {"type": "http.request", "body": part, "more_body": bool(rest)}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run((guarded or Guard(echo, settings, Metrics()))(scope, receive, send))
    if not sent:
        return 0, {}, b""
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], names, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.1.2"])
def test_own_names_and_plain_addresses_are_answered(host: str) -> None:
    assert answer(Settings(), headers={"host": host})[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[", "127.0.0.1.evil.example"])
def test_names_of_others_are_not(host: str) -> None:
    assert answer(Settings(), headers={"host": host})[0] == 421
    assert answer(Settings(), path="/healthz", headers={"host": host})[0] == 200


@pytest.mark.parametrize(
    ("name", "host"), [("Poses.example", "poses.example"), ("Bücher.example", "xn--bcher-kva.example:8443")]
)
def test_a_given_name_is_answered(name: str, host: str) -> None:
    settings = Settings(names=(name,), token=SECRET)
    assert answer(settings, headers={"host": host, "authorization": f"Bearer {SECRET}"})[0] == 200


@pytest.mark.parametrize("name", ["poses.example:8443", "https://poses.example", "poses..example", "two words", ""])
def test_what_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="--name is the host's name alone"):
        Settings(names=(name,), token=SECRET)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9999", "http://["])
def test_pages_of_other_sites_are_refused(origin: str) -> None:
    status, headers, _ = answer(Settings(), method="POST", headers={"origin": origin})
    assert status == 403
    assert not any(name.startswith("access-control") for name in headers)
    assert answer(Settings(), method="POST", headers={"origin": "http://localhost"})[0] == 200


@pytest.mark.parametrize("shown", [None, "Bearer wrong", "Bearer ", f"Basic {SECRET}", f"Bearer {SECRET}x", "Bearer é"])
def test_without_the_token_nothing_is_told(shown: str | None) -> None:
    headers = {} if shown is None else {"authorization": shown}
    for path in ("/v1/poses", "/metrics", "/openapi.json"):
        status, told, body = answer(Settings(token=SECRET), path=path, headers=headers)
        assert status == 401
        assert told["www-authenticate"] == "Bearer"
        assert SECRET.encode() not in body
    assert answer(Settings(token=SECRET), path="/readyz", headers=headers)[0] == 200


def test_with_it_all_is_well() -> None:
    assert answer(Settings(token=SECRET), headers={"authorization": f"bearer {SECRET}"})[0] == 200


def test_every_answer_has_the_security_headers() -> None:
    for path in ("/v1/poses", "/", "/broken"):
        _, headers, body = answer(Settings(), path=path)
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert b"secret" not in body
    assert answer(Settings(), path="/broken")[0] == 500
    assert answer(Settings(), headers={"host": "evil.example"})[1]["x-frame-options"] == "DENY"


def test_bodies_are_limited_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = guard.OTHER_BYTES
    post = {"path": "/v1/generate", "method": "POST"}
    never: list[bytes | None] = [None]
    assert answer(Settings(), headers={"content-length": str(limit + 1)}, parts=never, **post)[0] == 413
    for length in ("-1", "ten", "9" * 40, "1e3", "²"):
        assert answer(Settings(), headers={"content-length": length}, parts=never, **post)[0] in (400, 413)
    # Without a length the body is counted as it comes.
    assert answer(Settings(), parts=[b"x" * limit, b"x"], **post)[0] == 413
    assert answer(Settings(), parts=[b"x", b"y"], **post)[2] == b"xy"
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.05)
    assert answer(Settings(), parts=[b"x", None, b""], **post)[0] == 408


def test_memory_for_bodies_is_limited_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "ALL_BYTES", guard.OTHER_BYTES)
    guarded = Guard(echo, Settings(), Metrics())
    post = {"path": "/v1/generate", "method": "POST", "guarded": guarded}
    for _ in range(3):
        assert answer(Settings(), parts=[b"x"], **post)[0] == 200
    guarded._bytes = 1
    status, headers, _ = answer(Settings(), parts=[b"x"], **post)
    assert status == 503
    assert "retry-after" in headers


def test_what_is_refused_is_counted_as_that() -> None:
    metrics = Metrics()
    answer(Settings(), headers={"host": "evil.example"}, guarded=Guard(echo, Settings(), metrics))
    text = generate_latest(metrics.registry).decode()
    assert 'rsagan_requests_total{route="refused",status="421"} 1.0' in text


def test_a_client_that_leaves_while_sending_is_forgotten() -> None:
    guarded = Guard(echo, Settings(), Metrics())
    assert answer(Settings(), path="/v1/generate", method="POST", parts=[], guarded=guarded)[0] == 0
    assert guarded._bytes == 0


@pytest.fixture
def fresh_rates() -> None:
    """The real ones here."""


def test_rates_are_per_client_and_refill() -> None:
    now = [0.0]
    rates = Rates(burst=3, a_second=2, clock=lambda: now[0])
    assert [rates.wait("a", 1) for _ in range(3)] == [0, 0, 0]
    assert rates.wait("a", 1) == pytest.approx(0.5)
    assert rates.wait("b", 1) == 0
    now[0] = 0.5
    assert rates.wait("a", 1) == 0
    assert rates.wait("a", 1) > 0


def test_too_many_requests_are_told_when_to_come_back() -> None:
    guarded = Guard(echo, Settings(), Metrics())
    statuses = [answer(Settings(), path="/v1/animate", method="POST", guarded=guarded)[0] for _ in range(6)]
    assert statuses[:3] == [200] * 3
    assert statuses[-1] == 429
    assert answer(Settings(), guarded=guarded)[0] == 200  # looking costs nothing


def test_a_hand_that_drags_is_not_held_up() -> None:
    now = [0.0]
    guarded = Guard(echo, Settings(), Metrics())
    guarded._rates = Rates(guard.BURST, guard.A_SECOND, lambda: now[0])
    for _ in range(500):  # ten seconds of previews
        now[0] += 0.02
        assert answer(Settings(), path="/v1/generate", method="POST", guarded=guarded)[0] == 200


def test_handing_in_people_costs_as_much_as_photos() -> None:
    """Nobody pushes all others out of the memory at once."""
    guarded = Guard(echo, Settings(), Metrics())
    guarded._rates = Rates(guard.BURST, guard.A_SECOND, lambda: 0.0)
    statuses = [answer(Settings(), path="/v1/person", method="POST", guarded=guarded)[0] for _ in range(11)]
    assert statuses == [200] * 10 + [429]


def test_a_customer_with_many_addresses_is_one_client() -> None:
    clients = [guard._client({"client": (f"2001:db8::{i}", 1)}) for i in range(3)]
    assert len(set(clients)) == 1
    assert guard._client({"client": ("2001:db8:0:1::1", 1)}) not in clients
    assert guard._client({"client": ("::ffff:192.0.2.7", 1)}) == "192.0.2.7"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "example.org"])
def test_others_are_let_in_only_with_a_token(host: str) -> None:
    with pytest.raises(InputError, match="--token-file"):
        Settings(host=host)
    Settings(host=host, token=SECRET)
    Settings(host=host, demo=True)
    for no_secret in ("", "short"):
        with pytest.raises(InputError, match="at least 16"):
            Settings(host=host, token=no_secret)


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_is_one(port: int) -> None:
    with pytest.raises(InputError, match="0 to 65535"):
        Settings(port=port)


def test_a_proxy_needs_a_token_too() -> None:
    with pytest.raises(InputError, match=r"poses\.example"):
        Settings(names=("poses.example",))
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")


def test_tokens_are_read_and_judged(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"  {SECRET}\n")
    assert read_token(path) == SECRET
    for bad in ("short", "", "two words are too many", "ünbrauchbar-geheim"):
        path.write_text(bad, encoding="utf-8")
        with pytest.raises(InputError):
            read_token(path)
    with pytest.raises(InputError):
        read_token(tmp_path / "none")
