"""The socket that the service listens on; needs nothing that takes long to load."""

import errno
import socket
from typing import Final

from rsagan.errors import InputError

_BACKLOG: Final = 2048


def listen(host: str, port: int) -> socket.socket:
    """Opened before the service is up: whoever comes early waits for it, and is not refused.

    Raises:
        InputError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server(
            (host, port),
            family=family,
            backlog=_BACKLOG,
            dualstack_ipv6=family == socket.AF_INET6 and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"Port {port} is in use, perhaps by a page that was started before; end that, or take another port "
                f"with --port, such as {port + 1 if port < 65535 else 0}."
            ) from error
        reason = (error.strerror or str(error)).partition(" (while")[0]  # Python says the address once more
        raise InputError(
            f"Cannot listen on {host}, port {port}: {reason}; choose another with --host or --port."
        ) from error
    # An answer goes out as head and body. Without this, which connections inherit, the body waits for the client to
    # confirm the head: 40 ms, half a preview. asyncio asks for it only where a socket names its protocol.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    return listener
