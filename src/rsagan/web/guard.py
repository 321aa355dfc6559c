"""Who may ask, how much and how often; decided before any body is parsed. Plain ASGI."""

import asyncio
import hashlib
import hmac
import ipaddress
import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rsagan.web.failures import FAULT
from rsagan.web.metrics import Metrics
from rsagan.web.settings import Settings, host_name

_log = logging.getLogger("rsagan.web")

PHOTO_BYTES: Final = 24 << 20
PERSON_BYTES: Final = 12 << 20
OTHER_BYTES: Final = 1 << 20
ALL_BYTES: Final = 192 << 20  # of bodies that are being received or answered, all clients together
BODY_SECONDS: Final = 20.0
BURST, A_SECOND = 80.0, 30.0  # of cost, per client
# A hand asks for fifty previews a second; what they take, the line bounds: the newest of a hand waits alone.
_COST: Final = {
    "/v1/analyse": 8.0, "/v1/person": 8.0, "/v1/together": 8.0, "/v1/scene": 8.0,
    "/v1/animate": 20.0, "/v1/generate": 0.25,
}  # fmt: skip
_LIMITS: Final = {"/v1/analyse": PHOTO_BYTES, "/v1/scene": PHOTO_BYTES, "/v1/person": PERSON_BYTES}
_OPEN: Final = ("/healthz", "/readyz")  # for load balancers: any host name, no token
_GUARDED: Final = ("/v1/", "/metrics", "/openapi.json")

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=()",
}


class _Refused(Exception):
    def __init__(self, status: int, error: str, reason: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.error, self.reason, self.headers = status, error, reason, headers or {}


class Guard:
    """The outermost layer: judges each request, limits its body, adds the security headers, counts and logs."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._token = _digest(settings.token) if settings.token else None
        self._rates = Rates(BURST, A_SECOND)
        self._names = {"localhost", settings.host.lower(), *map(host_name, settings.names)}
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, refused = monotonic(), 0, False

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store" if _guarded(scope["path"]) else "no-cache")
            await send(message)

        held = 0
        try:
            self._judge(scope)
            body = b""
            if scope["method"] not in ("GET", "HEAD", "OPTIONS", "DELETE"):
                held = self._hold(scope)
                body = await _read(receive, held)
            await self._app(scope, _replay(body, receive), answer)
        except _Refused as no:
            refused = True  # before it was known which route it is
            self._metrics.refused.labels(no.reason).inc()
            await _refuse(no, answer)
        except _Left:
            self._metrics.left.inc()
        except Exception:
            _log.exception("A fault while answering")
            if not status:
                await _refuse(_Refused(500, FAULT, "fault"), answer)
        finally:
            self._bytes -= held
            route = "refused" if refused else getattr(scope.get("route"), "path", None) or "page"
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(monotonic() - began)
            # The route, never the path: names of people and clips are secrets.
            _log.info("%s %s %d %.0f ms", scope["method"], route, status, 1000 * (monotonic() - began))

    def _judge(self, scope: Scope) -> None:
        path, headers = scope["path"], Headers(scope=scope)
        if path in _OPEN:
            return
        host = headers.get("host", "")
        if not self._known(host):
            raise _Refused(
                421, "This service does not answer under that host name; its operator can allow it with --name.", "host"
            )
        origin = headers.get("origin")
        if origin is not None and _split(origin).netloc != host:
            raise _Refused(403, "Pages of other sites may not use this service.", "origin")
        if self._token and _guarded(path):
            kind, _, token = headers.get("authorization", "").partition(" ")
            if kind.lower() != "bearer" or not hmac.compare_digest(_digest(token.strip()), self._token):
                told = "This service needs its token; send it as `Authorization: Bearer TOKEN`."
                raise _Refused(401, told, "token", {"www-authenticate": "Bearer"})
        if scope["method"] not in ("GET", "HEAD"):
            wait = self._rates.wait(_client(scope), _COST.get(path, 1.0))
            if wait:
                seconds = {"retry-after": str(int(wait) + 1)}
                raise _Refused(429, "Too many requests from you; wait a moment.", "rate", seconds)

    def _known(self, host: str) -> bool:
        """Names of our own, or a plain address: against names of others that were made to point here."""
        name = _split(f"//{host}").hostname or ""
        return name in self._names or _is_address(name)

    def _hold(self, scope: Scope) -> int:
        """Set memory for the body aside; raises if it is too large, or if there is none left."""
        limit = _LIMITS.get(scope["path"], OTHER_BYTES)
        length = Headers(scope=scope).get("content-length")
        if length is not None and not (length.isascii() and length.isdigit() and len(length) < 16):
            raise _Refused(400, "The content-length is not a number.", "body")
        if length is not None and int(length) > limit:
            raise _Refused(413, _too_large(limit), "body")
        held = limit if length is None else int(length)
        if self._bytes + held > ALL_BYTES:
            raise _Refused(503, "Too much is being sent at the moment; try again.", "memory", {"retry-after": "2"})
        self._bytes += held
        return held


class Rates:
    """Per client a bucket that fills steadily."""

    def __init__(self, burst: float, a_second: float, clock: Callable[[], float] = monotonic) -> None:
        self._burst, self._a_second, self._clock = burst, a_second, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, cost: float) -> float:
        """0 if the client may go on, else in how many seconds."""
        now = self._clock()
        level, then = self._buckets.pop(client, (self._burst, now))
        level = min(self._burst, level + (now - then) * self._a_second)
        allowed = level >= cost
        self._buckets[client] = (level - cost if allowed else level, now)
        while len(self._buckets) > 10_000:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (cost - level) / self._a_second


class _Left(Exception):
    """The client went while sending."""


async def _read(receive: Receive, limit: int) -> bytes:
    """The body, within the limit and in time."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Left
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > limit:
                    raise _Refused(413, _too_large(limit), "body", {"connection": "close"})
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        late = {"connection": "close"}
        raise _Refused(
            408, f"The request did not arrive within {BODY_SECONDS:.0f} s; send it again.", "slow", late
        ) from None


def _too_large(limit: int) -> str:
    return f"At most {limit >> 20} MiB are taken here; send something smaller."


def _split(address: str) -> SplitResult:
    """The parts of an address; all of them empty if it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _replay(body: bytes, receive: Receive) -> Receive:
    """What the app receives: the body as a whole, then whatever comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(no: _Refused, send: Send) -> None:
    body = json.dumps({"error": no.error}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **no.headers}
    raw: list[Any] = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": no.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _guarded(path: str) -> bool:
    return path.startswith(_GUARDED)


def _client(scope: Scope) -> str:
    """Who counts as one client: an address, or the network that one IPv6 customer has."""
    host = str((scope.get("client") or ("?",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:  # by a socket that listens to both
        return str(address.ipv4_mapped)
    return host if address.version == 4 else str(ipaddress.ip_network(f"{host.partition('%')[0]}/64", strict=False))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
