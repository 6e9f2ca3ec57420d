"""Addresses that nobody answers at, and names that are looked up slowly or lead there."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

PATIENCE = 10.0


@contextmanager
def black_hole(host: str = "127.0.0.1", port: int = 0) -> Generator[int]:
    """The port of an address at which connecting takes for ever: the queue of those who wait there is full."""
    with socket.socket() as listener, ExitStack() as waiting:
        listener.bind((host, port))
        listener.listen(0)
        port = listener.getsockname()[1]
        while True:
            sock = waiting.enter_context(socket.socket())
            sock.settimeout(0.05)
            try:
                sock.connect((host, port))
            except TimeoutError:
                break
        yield port


@contextmanager
def names(**known: list[str] | threading.Event) -> Generator[None]:
    """Let each name lead to addresses; an event is what a look-up waits for, that then finds nothing.

    `_` in a name stands for a dot.
    """
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else str(host)
        found = known.get(text.replace(".", "_"))
        if found is None:
            return look_up(host, port, *more, **named)
        flags = more[3] if len(more) == 4 else named.get("flags", 0)
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "it is a name")
        if isinstance(found, threading.Event):
            found.wait(PATIENCE)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, int(port or 0))) for address in found
        ]

    with mock.patch.object(socket, "getaddrinfo", getaddrinfo):
        yield


def is_busy(port: int, host: str = "127.0.0.1") -> bool:
    """Whether connecting to an address takes longer than a moment: the tests that need a hole can fail."""
    with socket.socket() as sock:
        sock.settimeout(0.05)
        return sock.connect_ex((host, port)) in (errno.EAGAIN, errno.EINPROGRESS)
