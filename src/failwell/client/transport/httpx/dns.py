"""DNS resolution within a timeout: the system's own look-up can neither be bounded nor cancelled."""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import Future
from typing import Any

import httpcore2

MOST_AT_ONCE = 16
"""Look-ups that run at a time. One that hangs keeps its thread until the system ends it; others wait for a place."""

_places = threading.BoundedSemaphore(MOST_AT_ONCE)


def _begin(host: str, port: int, places: threading.BoundedSemaphore) -> Future[list[str]]:
    """Look *host* up in a thread of its own, which does not keep the program from ending; it gives its place back."""
    found: Future[list[str]] = Future()

    def run() -> None:
        try:
            found.set_result(_look_up(host, port))
        except (OSError, UnicodeError) as problem:
            found.set_exception(problem.with_traceback(None))
        finally:
            places.release()

    try:
        threading.Thread(target=run, name=f"look up {host}", daemon=True).start()
    except BaseException:
        places.release()
        raise
    return found


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
    look_up = _begin(host, port, places)
    try:
        return look_up.result(max(end - time.monotonic(), 0.0))
    except TimeoutError:
        if look_up.done():
            raise  # it is what the look-up met
    raise httpcore2.ConnectTimeout("the look-up of the server's name took too long")


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
