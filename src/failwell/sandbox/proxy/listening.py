"""Listening sockets, with a typed error where a port is taken."""

from __future__ import annotations

import errno
import os
import socket

from failwell.sandbox.errors import CannotListenError, PortInUseError


def listen(host: str, port: int) -> socket.socket:
    """
    A TCP socket that listens on *port* of *host*, 0 for a free one. For `FaultLayer` and for uvicorn's `sockets=`.

    Raises: PortInUseError, CannotListenError.
    """
    if not 0 <= port <= 65_535:
        raise CannotListenError(host, port, "ports go from 0 to 65535")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as problem:
        raise CannotListenError(host, port, f"no such host ({problem})") from problem
    # One address: with port 0, a second one would get another number.
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            # Elsewhere this option would let two programs share a port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(1024)
    except OSError as problem:
        sock.close()
        if problem.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from problem
        raise CannotListenError(host, port, problem.strerror or str(problem)) from problem
    sock.setblocking(False)
    return sock
