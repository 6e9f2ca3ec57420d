from __future__ import annotations

import gc
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from failwell import BreakerRules, Resilience
from pictograph import Client, ServerError
from tests.servers.sockets import Peer, SocketServer, Step, http, serving

from .colours import KEY, RUN, of_probe, read
from .holes import black_hole, names

PATIENCE = 10.0
MAIN = threading.main_thread()
RULES = Resilience(breaker=BreakerRules(), pacing=True)
FRAGILE = Resilience(breaker=BreakerRules(calls=1, probes=1, successes=1, open_for=0.001))
FINE = http(200, RUN)
LATER = http(503, b"{}", "Retry-After: 30")


@pytest.fixture(autouse=True)
def default_handler() -> Generator[None]:
    """Ctrl-C raises KeyboardInterrupt, whatever started the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def ctrl_c(where: str) -> Generator[None]:
    """Press Ctrl-C when the main thread has been in the function *where* for a moment."""
    over = threading.Event()

    def watch() -> None:
        times, end = 0, time.monotonic() + PATIENCE
        while not over.wait(0.005) and time.monotonic() < end:
            times = times + 1 if where in _functions() else 0
            if times == 5:
                assert MAIN.ident is not None
                signal.pthread_kill(MAIN.ident, signal.SIGINT)
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(PATIENCE)


def _functions() -> list[str]:
    frame: FrameType | None = sys._current_frames()[MAIN.ident or 0]
    found = []
    while frame is not None:
        found.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}")
        frame = frame.f_back
    return found


def interrupted(client: Client, where: str, call: Callable[[Any], object] = read) -> KeyboardInterrupt:
    """What *call* raises when Ctrl-C is pressed in the function *where*."""
    with ctrl_c(where), pytest.raises(KeyboardInterrupt) as caught:
        call(client)
    return caught.value


def leftovers(client: Client) -> tuple[list[str], int, int]:
    """Connections that are neither idle nor closed, failures that were counted, and retries that were paid for."""
    pool: Any = client.core._transport._client._transport._pool
    guard = client.core._guards.of("training.get", "/")
    assert guard.breaker is not None
    assert guard.budget is not None
    busy = [one.info() for one in pool.connections if not (one.is_idle() or one.is_closed())]
    return busy, guard.breaker._window.others, guard.budget._lately.others


def connected(url: str, **settings: Any) -> Client:
    """A client that would go on trying."""
    given: dict[str, Any] = {"timeout": PATIENCE, "max_retries": 3, "resilience": RULES, **settings}
    return Client(KEY, base_url=url, **given)


def silence(peer: Peer) -> None:
    """Say nothing."""
    peer.silence()


def half(peer: Peer) -> None:
    """Say half of a reply."""
    peer.say(FINE[:-20])
    peer.silence()


@pytest.mark.parametrize("step", [silence, half], ids=["headers", "body"])
def test_in_read(step: Step) -> None:
    """
    R12. Ctrl-C while it reads: no retry, no failure counted, nothing kept half read; the next call works.
    """
    with serving(step, FINE) as server, connected(server.url) as client:
        error = interrupted(client, "blocking_network.py:read")

        assert (1, ([], 0, 0)) == (server.connections, leftovers(client))
        assert (None, None) == (error.__cause__, error.__context__)
        assert "run_1" == client.training.get("run_1").id
        assert 2 == server.connections


def test_in_write() -> None:
    """
    R12. Ctrl-C while it writes: the connection is closed, and the next call works.
    """

    def deaf(peer: Peer) -> None:
        peer.stopping.wait(PATIENCE)

    with serving(deaf, reading=False) as server, connected(server.url) as client:
        interrupted(client, "blocking_network.py:write", of_probe(lambda probe: probe.put(b"x" * 30_000_000)))

        assert (1, ([], 0, 0)) == (server.connections, leftovers(client))


def test_in_connect() -> None:
    """
    R12. Ctrl-C while it connects: no other address is tried, nothing is counted; the next call works.
    """
    with serving(FINE) as server, black_hole("127.0.0.2", server.port):
        with connected(f"http://hole.test:{server.port}") as client:
            with names(hole_test=["127.0.0.2", "127.0.0.1"]), warnings.catch_warnings():
                # Python's own `create_connection` leaves its socket to the collector.
                warnings.simplefilter("ignore", ResourceWarning)
                interrupted(client, "socket.py:create_connection")
                gc.collect()
            assert (0, ([], 0, 0)) == (server.connections, leftovers(client))

            with names(hole_test=["127.0.0.1"]):
                assert "run_1" == client.training.get("run_1").id


def test_in_a_look_up() -> None:
    """
    R12. Ctrl-C while a name is looked up: the call ends at once, and the next one works.
    """
    hanging = threading.Event()
    with serving(FINE) as server, connected(f"http://slow.test:{server.port}") as client:
        with names(slow_test=hanging):
            interrupted(client, "_base.py:result")
            hanging.set()
        assert (0, ([], 0, 0)) == (server.connections, leftovers(client))

        with names(slow_test=["127.0.0.1"]):
            assert "run_1" == client.training.get("run_1").id


def test_in_sleep() -> None:
    """
    R12. Ctrl-C while it waits before a retry: no retry is made, and what the budget gave for it is given back.
    """
    with serving(LATER, FINE) as server, connected(server.url) as client:
        interrupted(client, "clock.py:sleep")

        assert 1 == server.connections
        assert ([], 1, 0) == leftovers(client)  # the failure is the 503


def test_in_a_lock() -> None:
    """
    R12. Ctrl-C while it waits for another's connection: its place in the queue is free, and the other's call goes on.
    """
    answer = threading.Event()

    def when_told(peer: Peer) -> None:
        answer.wait(PATIENCE)
        peer.say(FINE)

    with serving(when_told, FINE) as server, connected(server.url) as client:
        pool: Any = client.core._transport._client._transport._pool
        pool._max_connections = 1
        other = Other(client, server)
        interrupted(client, "connection_pool.py:wait_for_connection")
        waiting = [request for request in pool._requests if request.is_queued()]
        answer.set()
        other.thread.join(PATIENCE)

        assert ([], ["run_1"], ([], 0, 0)) == (waiting, other.found, leftovers(client))
        assert "run_1" == client.training.get("run_1").id


class Other:
    """A call in another thread, whose request has arrived."""

    def __init__(self, client: Client, server: SocketServer) -> None:
        self.found: list[str] = []
        self.thread = threading.Thread(target=lambda: self.found.append(client.training.get("run_1").id))
        self.thread.start()
        end = time.monotonic() + PATIENCE
        while not server.seen and time.monotonic() < end:
            time.sleep(0.001)


def test_a_probe() -> None:
    """
    R12. Ctrl-C during the probe of an open circuit: its place is the next call's.
    """
    with serving(http(500), silence, FINE) as server:
        with connected(server.url, resilience=FRAGILE, max_retries=0) as client:
            guard = client.core._guards.of("training.get", "/")
            assert guard.breaker is not None
            with pytest.raises(ServerError):
                client.training.get("run_1")
            clock = client.core.clock
            clock.sleep(guard.breaker.retry_after(clock.now()))
            interrupted(client, "blocking_network.py:read")

            assert (1, "half-open") == (guard.breaker._probes, guard.breaker.state(clock.now()))
            assert "run_1" == client.training.get("run_1").id
