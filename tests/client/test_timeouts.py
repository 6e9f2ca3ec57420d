from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from failwell.client.transport.httpx.dns import MOST_AT_ONCE
from failwell.clock import VirtualClock
from pictograph import AsyncClient
from pictograph.exceptions import NetworkError, RequestTimeoutError
from tests.servers.sockets import PATIENCE, Peer, Step, http, serving
from tests.stopwatch import Stopwatch

from .colours import KEY, RUN, asked, chain, every_colour, mutate, of_probe, raised, read, run_in
from .holes import black_hole, is_busy, names

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
    """The timeout that the call ends with, and after how many seconds that were ours, not the machine's other work."""
    watch = Stopwatch()
    error = raised(colour, call, **{"timeout": TIMEOUT, **settings})
    assert isinstance(error, RequestTimeoutError)
    return error, watch.seconds()


@every_colour
@pytest.mark.parametrize("name", SLOW)
def test_one_attempt(name: str, colour: str) -> None:
    """
    R6. `timeout` bounds one attempt whole: silence and one-byte drips at every phase end in time, in every colour.
    """
    with serving(SLOW[name]) as server:
        begun = time.monotonic()
        error, seconds = timed(colour, read, base_url=server.url)
        passed = time.monotonic() - begun

    assert TIMEOUT - 0.05 <= passed
    assert seconds <= MOST
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
def test_a_slow_look_up(colour: str) -> None:
    """
    R6. A name whose look-up hangs ends the attempt in time, though the look-up goes on.
    """
    hanging = threading.Event()
    watch = Stopwatch()

    async def awaited() -> Any:
        # Inside, because an event loop waits at its end for the look-ups that it began.
        async with AsyncClient(KEY, base_url="http://slow.test", timeout=TIMEOUT, max_retries=0) as client:
            with pytest.raises(RequestTimeoutError) as caught:
                await client.training.get("run_1")
        seconds = watch.seconds()
        hanging.set()
        return caught.value, seconds

    with names(slow_test=hanging):
        if colour == "blocking":
            error, seconds = timed(colour, read, base_url="http://slow.test")
            hanging.set()
        else:
            error, seconds = run_in(colour, awaited)

    assert seconds <= MOST
    assert str(error).startswith(f"No answer to GET /api/v1/developer/training/run_1 within {TIMEOUT} s: ")


def test_look_ups_are_bounded() -> None:
    """
    R6. Look-ups that hang take a bounded number of helper threads; a call that gets none ends in time, too.
    """
    hanging = threading.Event()
    with names(slow_test=hanging), ThreadPoolExecutor(MOST_AT_ONCE + 4) as threads:
        calls = [threads.submit(timed, "blocking", read, base_url="http://slow.test") for _ in range(MOST_AT_ONCE + 4)]
        found = [call.result() for call in calls]
        helpers = [thread for thread in threading.enumerate() if thread.name == "look up slow.test"]
        hanging.set()
        for helper in helpers:
            helper.join(PATIENCE)

    assert MOST_AT_ONCE == len(helpers)
    assert 4 == sum("other names were being looked up" in str(error) for error, _ in found)
    assert max(seconds for _, seconds in found) <= MOST


@every_colour
def test_several_addresses(colour: str) -> None:
    """
    R6. Addresses that nobody answers at end the attempt in time, however many there are.
    """
    holes = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
    with ExitStack() as open_, names(holes_test=holes):
        port = open_.enter_context(black_hole(holes[0]))
        for host in holes[1:]:
            open_.enter_context(black_hole(host, port))
        assert is_busy(port, holes[0])
        _, seconds = timed(colour, read, base_url=f"http://holes.test:{port}")

    assert seconds <= MOST


@every_colour
def test_the_second_address(colour: str) -> None:
    """
    An address that nobody answers at, or that refuses, leaves time for the next.
    """
    with serving(http(404, b'{"detail": "gone"}')) as server, black_hole("127.0.0.2", server.port):
        with names(hole_test=["127.0.0.3", "127.0.0.2", "127.0.0.1"]):
            error = raised(colour, read, base_url=f"http://hole.test:{server.port}", timeout=3.0)

    assert "gone" == str(error)


@every_colour
@pytest.mark.parametrize("step", [silence, drip_after(b"HTTP/1.1 200 ", b"C" * 900)], ids=["silence", "drip"])
def test_a_proxy_that_does_not_connect(step: Step, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    R6. A proxy that does not answer to CONNECT ends the attempt in time.
    """
    with serving(step) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        _, seconds = timed(colour, read, base_url="https://pictograph.test")

    assert ["CONNECT"] == [seen.method for seen in proxy.seen]
    assert seconds <= MOST


@every_colour
@pytest.mark.parametrize("step", [silence, b"no TLS"], ids=["silence", "refused"])
def test_tunnels_that_fail_leave_no_connection(step: Step, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A tunnel whose TLS handshake fails gives up its place among the connections, as every failed one does.
    """

    def tunnel(peer: Peer) -> None:
        peer.say(b"HTTP/1.1 200 Connected\r\n\r\n")
        peer.say(step) if isinstance(step, bytes) else step(peer)

    def kept(client: Any) -> int:
        return len(client.core._transport._client._transport._ways["https"]._pool.connections)

    def ask(client: Any) -> Any:
        if colour == "blocking":
            with pytest.raises((RequestTimeoutError, NetworkError)):
                client.training.get("run_1")
            return kept(client)

        async def run() -> int:
            with pytest.raises((RequestTimeoutError, NetworkError)):
                await client.training.get("run_1")
            return kept(client)

        return run()

    with serving(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert 0 == asked(colour, ask, base_url="https://pictograph.test", timeout=0.1)


@every_colour
def test_a_long_retry_after(colour: str) -> None:
    """
    R6. A Retry-After that would end after the deadline is not waited for: the error is raised at once, and says so.
    """
    watch = Stopwatch()
    with serving(http(429, b'{"detail": "slow down"}', "Retry-After: 9")) as server:
        error = raised(colour, read, base_url=server.url, deadline=5.0, max_retries=3)

    assert watch.seconds() <= MOST
    assert (1, 9, "deadline") == (len(error.attempts), error.retry_after, error.suppression.by)
    assert "Not retried: the next try in 9.0 s would come after the deadline of 5 s." in error.__notes__[0]


@every_colour
def test_each_attempt_has_its_own_time(colour: str) -> None:
    """
    A timeout is retried like a network error, and every attempt has the whole timeout.
    """
    clock = VirtualClock()
    with serving(silence) as server:
        begun = time.monotonic()
        error, seconds = timed(colour, read, base_url=server.url, timeout=0.1, max_retries=2, clock=clock)
        passed = time.monotonic() - begun

    assert (3, 3) == (len(error.attempts), server.connections)
    assert 0.25 <= passed
    assert seconds <= 0.3 + 3 * 0.5
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
