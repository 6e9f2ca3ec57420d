from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from errata.clock import VirtualClock
from pictograph.exceptions import RequestTimeoutError

from .colours import RUN, chain, every_colour, mutate, of_probe, raised, read
from .socket_server import PATIENCE, Peer, Step, http, serving

TIMEOUT = 0.25
MOST = TIMEOUT + 0.5


def silence(peer: Peer) -> None:
    """Say nothing."""
    peer.silence()


def silence_after(data: bytes) -> Step:
    """Say *data*, then nothing."""

    def step(peer: Peer) -> None:
        peer.say(data)
        peer.silence()

    return step


def drip_after(data: bytes, drops: bytes) -> Step:
    """Say *data*, then one byte after another."""

    def step(peer: Peer) -> None:
        peer.say(data)
        peer.drip(drops)

    return step


SLOW: dict[str, Step] = {
    "silence": silence,
    "silence after the status line": silence_after(b"HTTP/1.1 200 OK\r\n"),
    "silence after the headers": silence_after(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
    "silence in the body": silence_after(http(200, RUN)[:-5]),
    "silence in the body of an error": silence_after(http(500, RUN)[:-5]),
    "a drip of the status line": drip_after(b"", b"HTTP/1.1 200 OK\r\n" * 9),
    "a drip of headers": drip_after(b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n" * 30),
    "a drip of a body": drip_after(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"x" * 900),
    "a drip of chunks": drip_after(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 99),
    "a drip of an endless body": drip_after(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 900),
    "a drip of an error": drip_after(b"HTTP/1.1 500 No\r\nContent-Length: 900\r\n\r\n", b"x" * 900),
    "a drip of 100 Continue": drip_after(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 9),
}


def timed(colour: str, call: Any, **settings: Any) -> tuple[RequestTimeoutError, float]:
    """The timeout that the call ends with, and after how many real seconds."""
    begun = time.monotonic()
    error = raised(colour, call, **{"timeout": TIMEOUT, **settings})
    assert isinstance(error, RequestTimeoutError)
    return error, time.monotonic() - begun


@every_colour
@pytest.mark.parametrize("name", SLOW)
def test_one_attempt(name: str, colour: str) -> None:
    """
    R6. `timeout` bounds one attempt whole: silence and one-byte drips at every phase end in time, in every colour.
    """
    with serving(SLOW[name]) as server:
        error, seconds = timed(colour, read, base_url=server.url)

    assert TIMEOUT - 0.05 <= seconds <= MOST
    assert (TIMEOUT, f"No answer to GET /api/v1/developer/training/run_1 within {TIMEOUT} s") == (
        error.timeout,
        str(error).partition(":")[0],
    )
    assert 2 == len(chain(error))


@every_colour
def test_nobody_accepts(colour: str) -> None:
    """
    R6. A server that accepts nothing ends the attempt in time.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _, seconds = timed(colour, mutate, base_url=f"http://127.0.0.1:{listener.getsockname()[1]}")

    assert seconds <= MOST


@every_colour
def test_nobody_reads(colour: str) -> None:
    """
    A server that does not read what is sent to it ends the attempt in time.
    """

    def deaf(peer: Peer) -> None:
        peer.stopping.wait(PATIENCE)

    body = b"x" * 30_000_000
    with serving(deaf, reading=False) as server:
        _, seconds = timed(colour, of_probe(lambda probe: probe.put(body)), base_url=server.url)

    assert seconds <= MOST


@every_colour
def test_a_silent_handshake(colour: str) -> None:
    """
    A TLS handshake without an answer ends in time.
    """
    with serving(silence, reading=False) as server:
        _, seconds = timed(colour, read, base_url=server.url.replace("http:", "https:"))

    assert seconds <= MOST


@every_colour
def test_each_attempt_has_its_own_time(colour: str) -> None:
    """
    A timeout is retried like a network error, and every attempt has the whole timeout.
    """
    clock = VirtualClock()
    with serving(silence) as server:
        error, seconds = timed(colour, read, base_url=server.url, timeout=0.1, max_retries=2, clock=clock)

    assert (3, 3) == (len(error.attempts), server.connections)
    assert 0.25 <= seconds <= 0.3 + 3 * 0.5
    assert 2 == len(clock.waits())


@every_colour
def test_a_deadline_bounds_the_call(colour: str) -> None:
    """
    R6. With a deadline of a call below the timeout of an attempt, the call ends with the deadline.
    """
    with serving(silence) as server:
        error, seconds = timed(colour, read, base_url=server.url, timeout=5.0, deadline=TIMEOUT, max_retries=3)

    assert seconds <= MOST
    assert TIMEOUT == pytest.approx(error.timeout, abs=0.01)


@every_colour
def test_no_timeout(colour: str) -> None:
    """
    timeout=None waits for as long as the server takes.
    """

    def late(peer: Peer) -> None:
        peer.stopping.wait(0.1)
        peer.say(http(404, b'{"detail": "late"}'))

    with serving(late) as server:
        assert "late" == str(raised(colour, read, base_url=server.url, timeout=None))


@every_colour
@pytest.mark.parametrize("timeout", [1e7, 1e9, 1e12, 1e300])
def test_very_long_timeouts(timeout: float, colour: str) -> None:
    """
    A timeout longer than the system can count is as good as none.
    """
    with serving(http(404, b'{"detail": "gone"}')) as server:
        assert "gone" == str(raised(colour, read, base_url=server.url, timeout=timeout))
