"""What a service is told when it starts."""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rsagan.assets import SHIPPED
from rsagan.errors import InputError

SAMPLES: Final = tuple(asset.name for asset in SHIPPED if asset.file.startswith("samples/"))
MOST_PICTURES: Final = 4  # of a person, taken together
_SHORTEST_TOKEN: Final = 16


@dataclass(frozen=True)
class Settings:
    """How the service runs.

    Attributes:
        host, port: the address it listens on.
        token: what clients must show; needed unless only this machine can ask, or `demo`.
        names: host names under which others reach it, through a reverse proxy for example.
        demo: samples only, nothing can be uploaded.
        weights: a weights file; those of the package by default.
        size: (height, width) of the frame that photos are fitted to.
        places: requests that may wait or run at a time; the next is refused.
        seconds: how long one request may take, waiting included.
        cache_bytes, cache_seconds: how much of prepared people is kept in memory, and how long after their last use.

    Raises:
        InputError: others could ask, but there is neither a token nor a demo; the token is no secret; no port; no host
            name.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    names: tuple[str, ...] = ()
    demo: bool = False
    weights: Path | None = None
    size: tuple[int, int] = (256, 176)
    places: int = 8
    seconds: float = 30.0
    cache_bytes: int = 256 << 20
    cache_seconds: float = 900.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InputError(f"A port is a number from 0 to 65535, not {self.port}.")
        for name in self.names:
            host_name(name)
        if self.token is not None:
            check_token(self.token, "The token")
        if self.token is None and not self.demo and not (is_loopback(self.host) and not self.names):
            raise InputError(
                f"Listening on {self.host}{' for ' + ', '.join(self.names) if self.names else ''} lets others in: give "
                "--token-file with a secret they must show, or --demo to offer nothing but samples."
            )


def host_name(name: str) -> str:
    """A host name as browsers send it: in small letters, other alphabets' as IDNA.

    Raises:
        InputError: it is no name, or more than that: an address, say, or with a port.
    """
    try:
        sent = name.encode("idna").decode().lower()
    except UnicodeError:
        sent = ""
    if not re.fullmatch(r"[a-z0-9_.-]+", sent):
        raise InputError(f"--name is the host's name alone, such as poses.example.org, not {name!r}.")
    return sent


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_token(path: Path) -> str:
    """The secret in a file, without surrounding white space.

    Raises:
        InputError: unreadable, or too short to be a secret.
    """
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read a token from {path}: give a file of plain ASCII text.") from error
    check_token(token, f"The token in {path}")
    return token


def check_token(token: str, where: str) -> None:
    """Raises InputError, which begins with `where`, if it is too short to be a secret, or no header could carry it."""
    if len(token) < _SHORTEST_TOKEN or not (token.isascii() and token.isprintable()) or " " in token:
        raise InputError(
            f"{where} must be one word of at least {_SHORTEST_TOKEN} ASCII characters; "
            '`python -c "import secrets; print(secrets.token_urlsafe())"` makes one.'
        )
