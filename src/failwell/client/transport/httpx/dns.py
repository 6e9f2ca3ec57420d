"""DNS resolution within a timeout: the system's own look-up can neither be bounded nor cancelled."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Any

import httpcore2

MOST_AT_ONCE = 16
"""Look-ups that run at a time. One that hangs keeps its thread until the system ends it; others wait for a place."""

_places = threading.BoundedSemaphore(MOST_AT_ONCE)


class _LookUp:
    """One look-up in a thread of its own, which does not keep the program from ending."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._ended = threading.Event()
        self._found: list[str] = []
        self._problem: OSError | UnicodeError | None = None

    def start(self, places: threading.BoundedSemaphore) -> None:
        """Begin, with a place that is given back at the end."""
        thread = threading.Thread(target=self._run, args=(places,), name=f"look up {self._host}", daemon=True)
        begun = False
        try:
            thread.start()
            begun = True
        finally:
            if not begun:
                places.release()

    def _run(self, places: threading.BoundedSemaphore) -> None:
        try:
            self._found = _look_up(self._host, self._port)
        except (OSError, UnicodeError) as problem:
            self._problem = problem.with_traceback(None)
        finally:
            self._ended.set()
            places.release()

    def result(self, seconds: float) -> list[str] | None:
        """The addresses, or None if they are not known in so many *seconds*."""
        if not self._ended.wait(seconds):
            return None
        if self._problem is not None:
            raise self._problem
        return self._found


def addresses(host: str, port: int, seconds: float | None) -> list[str]:
    """The addresses of *host*, the best first, in at most so many *seconds*; None for as long as the system takes.

    Raises:
        httpcore2.ConnectTimeout: they are not known in time.
        OSError: there are none.
    """
    try:
        return _look_up(host, port, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        pass  # a name
    if seconds is None:
        return _look_up(host, port)
    end = time.monotonic() + seconds
    places = _places
    if not places.acquire(timeout=seconds):
        raise httpcore2.ConnectTimeout(f"{MOST_AT_ONCE} other names were being looked up all the while")
    look_up = _LookUp(host, port)
    look_up.start(places)
    found = look_up.result(max(end - time.monotonic(), 0.0))
    if found is None:
        raise httpcore2.ConnectTimeout("the look-up of the server's name took too long")
    return found


def _look_up(host: str, port: int, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(_host(address) for *_, address in found))


def _host(address: tuple[Any, ...]) -> str:
    """The part of a socket's *address* that `connect` takes for a host: with the scope that a link-local one needs."""
    scoped = len(address) == 4 and address[3]
    return f"{address[0]}%{address[3]}" if scoped else str(address[0])


def _after_fork() -> None:
    global _places  # noqa: PLW0603 - the parent's are held by threads that this process does not have
    _places = threading.BoundedSemaphore(MOST_AT_ONCE)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
