from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest

from failwell.client.transport.httpx.pool import LIMITS
from failwell.clock import VirtualClock
from failwell.sandbox import Answer, Close, FaultStep, Forward, Reset, Sandbox, WrongLength
from failwell.sandbox.faults.steps import Then
from pictograph import AsyncClient, Client, NetworkError
from pictograph_server.vendor import VENDOR

from .colours import asked, every_colour, of_probe
from .probe import Probe

JSON = (("Content-Type", "application/json"),)
POISON = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"x": "no"}'
PATIENCE = 5.0
every_scheme = pytest.mark.parametrize("scheme", ["http", "https"])
Calls = list[Callable[[Any], Any]]


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """One sandbox for the tests of this file."""
    with Sandbox(VENDOR, clock=VirtualClock()) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The running sandbox with nothing armed, nothing logged, and an authority that is trusted."""
    running.script.clear()
    running.log.clear()
    assert isinstance(running.clock, VirtualClock)
    running.clock.advance(86_400.0)
    running.clock.forget()
    monkeypatch.setenv("SSL_CERT_FILE", str(running.authority))
    return running


def read(client: Any) -> Any:
    """A call that reads."""
    return client.datasets.get("ds")


def mutate(client: Any) -> Any:
    """A call that changes something, with a key."""
    return of_probe(lambda probe: probe.keyed())(client)


def in_turn(sandbox: Sandbox, colour: str, scheme: str, calls: Calls, *, ended: bool, **more: Any) -> list[Any]:
    """
    What *calls* give, one after another on one client.

    With *ended*, the connection is known to have ended before the next call begins.
    """
    url = sandbox.https_url if scheme == "https" else sandbox.url
    settings: dict[str, Any] = {
        "api_key": sandbox.keys["member"],
        "base_url": url,
        "clock": sandbox.clock,
        "max_retries": 0,
        **more,
    }
    found: list[Any] = []
    end = time.monotonic() + PATIENCE

    def kept(client: Any) -> list[Any]:
        """The connections that wait for another request, and look as if they could take it."""
        pool = client.core._transport._client._transport._pool
        assert time.monotonic() < end
        return [one for one in pool.connections if one.is_idle() and not one.has_expired()]

    if colour == "blocking":
        with Client(**settings) as client:
            for number, call in enumerate(calls):
                while ended and number and kept(client):
                    time.sleep(0.001)
                found.append(call(client))
        return found

    async def run() -> None:
        async with AsyncClient(**settings) as client:
            for number, call in enumerate(calls):
                while ended and number and kept(client):  # noqa: ASYNC110  a pool has no event
                    await anyio.sleep(0.001)
                answer: Awaitable[Any] = call(client)
                found.append(await answer)

    anyio.run(run, backend=colour)
    return found


@every_colour
@every_scheme
@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("call", [read, mutate])
def test_closed_between_requests(sandbox: Sandbox, call: Any, then: Then, scheme: str, colour: str) -> None:
    """
    A kept connection that has ended is not used: the next call goes over a new one, and counts no failed attempt.
    """
    sandbox.arm(Forward(then=then))
    sandbox.arm(Answer(200, JSON, b"{}"), path="/x", times=2)

    first, second = in_turn(sandbox, colour, scheme, [read, call], ended=True)

    assert "ds" == first.name
    assert second == {} if call is mutate else "ds" == second.name
    outcome = "answered 200" if call is mutate else "passed 200"
    words = {"close": "closed", "reset": "reset"}[then]
    assert [f"passed 200, then {words}", outcome] == [entry.outcome for entry in sandbox.log.wait_for(2)]


@every_colour
@every_scheme
@pytest.mark.parametrize("step", [Close(), Reset()])
@pytest.mark.parametrize("call", [read, mutate])
def test_closed_as_the_request_goes(sandbox: Sandbox, call: Any, step: FaultStep, scheme: str, colour: str) -> None:
    """
    When a kept connection ends while the next request is on its way, a repeatable one is sent again, with its key.
    """
    sandbox.arm(Forward())
    sandbox.arm(step)
    sandbox.arm(Answer(200, JSON, b"{}"), path="/x")

    in_turn(sandbox, colour, scheme, [read, call], ended=False, max_retries=1)

    entries = sandbox.log.wait_for(3)
    outcome = "answered 200" if call is mutate else "passed 200"
    assert ["passed 200", f"{step.name}{'d' if step.name == 'close' else ''}", outcome] == [
        entry.outcome for entry in entries
    ]
    first, second = [dict(entry.headers).get("Idempotency-Key") for entry in entries[1:]]
    assert (first, call is mutate) == (second, first is not None)


@every_colour
def test_what_cannot_be_sent_twice(sandbox: Sandbox, colour: str) -> None:
    """
    A POST without a key that was on its way when its connection ended may have been executed: it is not repeated.
    """
    sandbox.arm(Forward())
    sandbox.arm(Close())

    with pytest.raises(NetworkError) as caught:
        in_turn(sandbox, colour, "http", [read, of_probe(lambda probe: probe.post())], ended=False, max_retries=3)

    assert (1, None) == (len(caught.value.attempts), caught.value.idempotency_key)
    assert ["passed 200", "closed"] == [entry.outcome for entry in sandbox.log.wait_for(2)]


@every_colour
def test_what_cannot_be_sent_twice_on_a_connection_that_ended(sandbox: Sandbox, colour: str) -> None:
    """
    A POST without a key goes over a new connection when the kept one is known to have ended.
    """
    sandbox.arm(Forward(then="close"))
    sandbox.arm(Answer(200, JSON, b"{}"), path="/x")

    assert {} == in_turn(sandbox, colour, "http", [read, of_probe(lambda probe: probe.post())], ended=True)[1]


@every_colour
@every_scheme
@pytest.mark.parametrize("surplus", [POISON, b"}", b"\r\n", b"HTTP/1.1 200 OK\r\nX: ", b"x" * 100_000])
def test_surplus(sandbox: Sandbox, surplus: bytes, scheme: str, colour: str) -> None:
    """
    What a server sends behind its reply is never taken for the next one: that connection is not used again.
    """
    sandbox.arm(WrongLength(200, JSON, b'{"x": "yes"}' + surplus, by=-len(surplus)))
    sandbox.arm(Answer(200, JSON, b'{"x": "next"}'))
    probing = of_probe(lambda probe: probe.get())

    found = in_turn(sandbox, colour, scheme, [probing, probing], ended=False)

    assert [{"x": "yes"}, {"x": "next"}] == found


@every_colour
def test_surplus_of_an_error(sandbox: Sandbox, colour: str) -> None:
    """
    The same behind an error: the retry gets its own reply.
    """
    body = b'{"detail": "busy"}'
    sandbox.arm(WrongLength(503, JSON, body + POISON, by=-len(POISON)))

    (found,) = in_turn(sandbox, colour, "http", [read], ended=False, max_retries=1)

    assert "ds" == found.name


@every_colour
def test_a_good_connection_is_kept(sandbox: Sandbox, colour: str) -> None:
    """
    Three calls in turn use one connection: the tests above could fail.
    """

    def count(client: Any) -> int:
        return len(client.core._transport._client._transport._pool.connections)

    def calls(client: Any) -> Any:
        if colour == "blocking":
            return [(probe.get(), count(client))[1] for probe in [Probe(client.core)] * 3]

        async def run() -> list[int]:
            return [(await probe.get(), count(client))[1] for probe in [Probe(client.core)] * 3]

        return run()

    sandbox.arm(Answer(200, JSON, b"{}"), times=3)

    assert [1, 1, 1] == asked(colour, calls, base_url=sandbox.url)


def test_kept_for_less_long_than_servers_keep() -> None:
    """
    A connection is given up before uvicorn and Node give it up, which is after 5 s without a request.
    """
    assert LIMITS.keepalive_expiry is not None
    assert LIMITS.keepalive_expiry < 5.0
