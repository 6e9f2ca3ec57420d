from __future__ import annotations

import asyncio
import pickle
import threading

import pytest

from failwell.sandbox import (
    CannotListenError,
    FaultLayer,
    PortInUseError,
    SandboxError,
    SlowServiceError,
    in_thread,
    listen,
)

from .sockets import ask


class Stubborn:
    """A service that does not start or stop in time."""

    def __init__(self, *, start: float = 0, stop: float = 0) -> None:
        self._start = start
        self._stop = stop

    async def start(self) -> None:
        await asyncio.sleep(self._start)

    async def stop(self) -> None:
        await asyncio.sleep(self._stop)


def running(name: str) -> bool:
    """Whether a thread called *name* is alive."""
    return any(thread.name == name for thread in threading.enumerate())


def test_port_in_use(real_server: tuple[str, int]) -> None:
    """
    A port that is in use is a typed error with host, port and what to do, also from another thread.
    """
    host, port = real_server

    with pytest.raises(PortInUseError) as caught:
        in_thread(FaultLayer(real_server, port=port))

    assert (host, port) == (caught.value.host, caught.value.port)
    assert f"Port {port} on 127.0.0.1 is in use. Stop what listens there, or pass --port 0 to take a free one." == str(
        caught.value
    )


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("192.0.2.1", 0), ("x" * 64, 0)])
def test_cannot_listen(host: str, port: int) -> None:
    """
    An address that cannot be listened on is a typed error.
    """
    with pytest.raises(CannotListenError) as caught:
        listen(host, port)

    assert (host, port) == (caught.value.host, caught.value.port)


@pytest.mark.parametrize(
    "problem",
    [
        PortInUseError("127.0.0.1", 8400),
        CannotListenError("192.0.2.1", 8400, "no such address"),
        SlowServiceError("failwell-sandbox", "stop", 10.0),
    ],
)
def test_problems_pickle(problem: SandboxError) -> None:
    """
    A problem that was pickled is of the same class, with the same attributes and text.
    """
    same = pickle.loads(pickle.dumps(problem))  # noqa: S301  our own bytes

    assert (type(problem), vars(problem), str(problem)) == (type(same), vars(same), str(same))


def test_start_and_stop(real_server: tuple[str, int]) -> None:
    """
    The service is up when in_thread returns, and its thread is gone when stop does; stopping twice is fine.
    """
    layer = FaultLayer(real_server)
    background = in_thread(layer, name="up-and-gone")
    try:
        assert (200, True) == (ask(layer, "GET", "/").status, running("up-and-gone"))
    finally:
        background.stop()
    background.stop()

    assert not running("up-and-gone")


def test_start_again(real_server: tuple[str, int]) -> None:
    """
    A layer that was stopped can be started again, on the same port and with the same log.
    """
    layer = FaultLayer(real_server)
    for _ in range(2):
        with in_thread(layer):
            ask(layer, "GET", "/")
    first, second = layer.log.entries()

    assert dict(first.headers)["Host"] == dict(second.headers)["Host"]


def test_slow_start() -> None:
    """
    A service that does not start in time is given up, with its name and the time.
    """
    with pytest.raises(SlowServiceError) as caught:
        in_thread(Stubborn(start=60), name="slow", timeout=0.05)

    assert "slow did not start within 0.05 s. Look at its log, or allow it more time." == str(caught.value)


def test_slow_stop() -> None:
    """
    A service that does not stop in time is given up, with its name and the time.
    """
    background = in_thread(Stubborn(stop=60), name="slow")

    with pytest.raises(SlowServiceError) as caught:
        background.stop(timeout=0.05)

    assert "slow did not stop within 0.05 s. Look at its log, or allow it more time." == str(caught.value)


def test_inside_a_loop(real_server: tuple[str, int]) -> None:
    """
    A layer also runs inside a loop that is there already.
    """

    async def scenario() -> int:
        layer = FaultLayer(real_server)
        await layer.start()
        try:
            return (await asyncio.to_thread(ask, layer, "GET", "/")).status
        finally:
            await layer.stop()
            await layer.stop()

    assert 200 == asyncio.run(scenario())


def test_ipv6(real_server: tuple[str, int]) -> None:
    """
    The URL of a layer on an IPv6 address has it in brackets.
    """
    assert "http://[::1]:8400" == FaultLayer(real_server, host="::1", port=8400).url
    assert "http://127.0.0.1:8400" == FaultLayer(real_server, port=8400).url
