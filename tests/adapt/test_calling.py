from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import pytest
import requests

import failwell
from failwell import Catalogue, acalling, calling
from failwell.adapt import call as call_module
from failwell.adapt.call import OutgoingAttempt
from failwell.clock import VirtualClock
from failwell.contract.resilience import BreakerRules, Resilience
from failwell.wire.envelopes import AnyShape
from tests.adapt.shop import Busy, OutOfStock
from tests.servers.scripted import ScriptedServer

CONTRACT = (OutOfStock, Busy)


@pytest.fixture
def clock() -> VirtualClock:
    """A clock on which waits take no time."""
    return VirtualClock()


def by_requests(server: ScriptedServer, method: str = "GET") -> Callable[[OutgoingAttempt], Any]:
    """Sends one attempt."""
    return lambda attempt: requests.request(method, server.url, headers=attempt.headers, timeout=attempt.timeout or 5)


def test_success(server: ScriptedServer) -> None:
    """
    The response of a success comes back as it is, after one request.
    """
    response = calling(CONTRACT, by_requests(server))

    assert ({"ok": True}, 1) == (response.json(), len(server.seen))


def test_retried(server: ScriptedServer, clock: VirtualClock) -> None:
    """
    What the contract calls transient is sent again after 1 s and 2 s, a Retry-After kept to the second.
    """
    server.answer(503)
    server.answer(503, Retry_After="7")

    response = calling(CONTRACT, by_requests(server), clock=clock)

    first, second = clock.waits()
    assert (200, True, 7.0) == (response.status_code, 0.75 <= first <= 1.25, second)


def test_given_up(server: ScriptedServer, clock: VirtualClock) -> None:
    """
    After the last attempt its error is raised, with all of them.
    """
    for _ in range(4):
        server.answer(503, {"message": "Busy"}, X_Request_ID="req_1")

    with pytest.raises(Busy, match=r"^Busy") as caught:
        calling(CONTRACT, by_requests(server), clock=clock)

    assert [503] * 4 == [attempt.status for attempt in caught.value.attempts]
    assert caught.value.elapsed is not None
    assert sum(clock.waits()) <= caught.value.elapsed


def test_not_retried(server: ScriptedServer, clock: VirtualClock) -> None:
    """
    What the contract does not call retryable is sent once.
    """
    server.answer(409, {"error": {"code": "out_of_stock", "message": "None", "details": {"sku": "u"}}})

    with pytest.raises(OutOfStock) as caught:
        calling(CONTRACT, by_requests(server), clock=clock)

    assert (1, "u") == (len(server.seen), caught.value.sku)


def keyed_contract() -> Catalogue:
    """The contract of a server that knows idempotency keys."""
    return Catalogue(
        "shop",
        base=failwell.Error,
        default=failwell.Error,
        errors=CONTRACT,
        envelope=AnyShape(),
        idempotency="server",
    )


@pytest.mark.parametrize(
    ("contract", "method", "requests_sent"),
    [(keyed_contract(), "POST", 2), (CONTRACT, "POST", 1), (CONTRACT, "GET", 2), (CONTRACT, "PUT", 2)],
    ids=["POST to a server that knows keys", "POST to one that may not", "GET", "PUT"],
)
def test_safe_retries_only(
    contract: Any, method: str, requests_sent: int, server: ScriptedServer, clock: VirtualClock
) -> None:
    """
    A POST carries one key on all attempts, and is sent again after a 503 only where the server is known to keep it.
    """
    server.answer(503)
    with contextlib.suppress(Busy):
        calling(contract, by_requests(server, method), method=method, clock=clock)

    assert requests_sent == len(server.seen)
    assert 1 == len({headers.get("idempotency-key") for headers in server.seen})
    assert (method == "POST") == ("idempotency-key" in server.seen[0])


def test_own_key(server: ScriptedServer) -> None:
    """
    A key of the caller's is sent as it is.
    """
    calling(CONTRACT, by_requests(server, "POST"), method="POST", idempotency_key="order-7")

    assert ["order-7"] == [headers["idempotency-key"] for headers in server.seen]


def test_never_sent(clock: VirtualClock) -> None:
    """
    A POST that cannot have arrived is sent again.
    """
    asked: list[int] = []

    def send(attempt: OutgoingAttempt) -> Any:
        asked.append(attempt.number)
        return requests.post("http://127.0.0.1:9/", timeout=5)

    with pytest.raises(failwell.Error, match="refused"):
        calling(CONTRACT, send, method="POST", clock=clock, operation="orders.create")

    assert [1, 2, 3, 4] == asked


def test_deadline(server: ScriptedServer, clock: VirtualClock) -> None:
    """
    What is left of the deadline is sent along, bounds the attempt, and no wait is begun that would end after it.
    """
    given: list[float | None] = []

    def send(attempt: OutgoingAttempt) -> Any:
        given.append(attempt.timeout)
        return by_requests(server)(attempt)

    server.answer(503, Retry_After="4")
    server.answer(503, Retry_After="9")
    with pytest.raises(Busy) as caught:
        calling(CONTRACT, send, deadline=10, timeout=8, clock=clock)

    assert [8, 6.0] == given
    assert ["10.000", "6.000"] == [headers["x-request-timeout"] for headers in server.seen]
    assert caught.value.suppression is not None
    assert ("deadline", [4.0]) == (caught.value.suppression.by, clock.waits())


def test_too_long_to_wait_for(server: ScriptedServer, clock: VirtualClock) -> None:
    """
    A Retry-After of an hour raises at once, and is on the error.
    """
    server.answer(503, Retry_After="3600")

    with pytest.raises(Busy) as caught:
        calling(CONTRACT, by_requests(server), clock=clock)

    assert (3600, []) == (caught.value.retry_after, clock.waits())


def test_breaker(server: ScriptedServer, clock: VirtualClock) -> None:
    """
    Calls of one contract and origin share a circuit breaker where one is asked for.
    """
    rules = Resilience(breaker=BreakerRules(calls=2))
    options: dict[str, Any] = {"resilience": rules, "origin": "https://shop.test", "clock": clock, "max_retries": 0}
    for _ in range(2):
        server.answer(503)
        with pytest.raises(Busy):
            calling(CONTRACT, by_requests(server), **options)

    with pytest.raises(failwell.Error, match="was not sent") as caught:
        calling(CONTRACT, by_requests(server), **options)

    assert ((), 2) == (caught.value.attempts, len(server.seen))


def test_decorator(server: ScriptedServer, clock: VirtualClock) -> None:
    """
    A decorated function loses its first argument, the attempt, in both colours.
    """

    @calling(CONTRACT, clock=clock)
    def order(attempt: OutgoingAttempt, sku: str, *, count: int = 1) -> str:
        """Order something."""
        failwell.raise_for(by_requests(server)(attempt), *CONTRACT)
        return f"{count} {sku} at attempt {attempt.number}"

    @calling(CONTRACT, clock=clock)
    async def order_async(attempt: OutgoingAttempt, sku: str) -> str:
        async with httpx.AsyncClient() as client:
            failwell.raise_for(await client.get(server.url, headers=attempt.headers), *CONTRACT)
        return f"{sku} at attempt {attempt.number}"

    server.answer(503)
    assert "2 unicorn at attempt 2" == order("unicorn", count=2)
    server.answer(503)
    assert "unicorn at attempt 2" == asyncio.run(order_async("unicorn"))
    assert ("order", "Order something.") == (order.__name__, order.__doc__)
    assert ["sku", "count"] == list(inspect.signature(order).parameters)


def test_raised_inside(server: ScriptedServer, clock: VirtualClock) -> None:
    """
    A function that calls `raise_for` itself is repeated all the same, and its last error is the one that is raised.
    """
    raised: list[Busy] = []

    def send(attempt: OutgoingAttempt) -> Any:
        try:
            return failwell.raise_for(by_requests(server)(attempt), *CONTRACT)
        except Busy as error:
            raised.append(error)
            raise

    for _ in range(4):
        server.answer(503, Retry_After="2")
    with pytest.raises(Busy) as caught:
        calling(CONTRACT, send, clock=clock)

    assert (raised[-1], 4, 2.0) == (caught.value, len(caught.value.attempts), clock.waits()[0])


def test_awaited(server: ScriptedServer, clock: VirtualClock) -> None:
    """
    `acalling` awaits the function, and reads what only an await can read.
    """

    async def ask() -> Any:
        async with aiohttp.ClientSession() as session:

            async def send(attempt: OutgoingAttempt) -> aiohttp.ClientResponse:
                return await session.get(server.url, headers=attempt.headers)

            response = await acalling(CONTRACT, send, clock=clock)
            return await response.json()

    server.answer(503)
    assert {"ok": True} == asyncio.run(ask())
    server.answer(409, {"code": "out_of_stock", "message": "None is left."})
    with pytest.raises(OutOfStock, match=r"^None is left\."):
        asyncio.run(ask())


@pytest.mark.parametrize("value", [None, "a text", 7, {"parsed": True}])
def test_what_is_no_response(value: object) -> None:
    """
    Whatever else a function gives back is the answer.
    """
    assert value == calling(CONTRACT, lambda _attempt: value)


def test_own_problem(clock: VirtualClock) -> None:
    """
    What a function raises of its own leaves unchanged, with the attempt as a note, and is not repeated.
    """
    problem = ZeroDivisionError("mine")

    def send(_attempt: OutgoingAttempt) -> None:
        raise problem

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        calling(CONTRACT, send, clock=clock)

    assert problem is caught.value
    assert ["Raised in attempt 1 of a call by `failwell.calling`; not repeated."] == problem.__notes__


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), asyncio.CancelledError(), SystemExit(1)])
def test_interrupted(problem: BaseException) -> None:
    """
    Ctrl-C and a cancellation leave unchanged.
    """

    def send(_attempt: OutgoingAttempt) -> None:
        raise problem

    with pytest.raises(type(problem)) as caught:
        calling(CONTRACT, send)

    assert problem is caught.value
    assert not hasattr(problem, "__notes__")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "timeout is 0; it must be a number of seconds above 0, or None."),
        ({"deadline": float("inf")}, "deadline is inf; it must be a number of seconds above 0, or None."),
        ({"max_retries": -1}, "max_retries is -1; it must be a whole number from 0."),
        ({"max_retries": True}, "max_retries is True; it must be a whole number from 0."),
        ({"retry": "often"}, 'retry is \'often\'; it must be "standard" or "large_fleet".'),
    ],
)
def test_settings_that_cannot_work(options: dict[str, Any], said: str) -> None:
    """
    A setting that cannot work is named before anything is sent, also where a function is decorated.
    """
    with pytest.raises(failwell.Error) as called:
        calling(CONTRACT, lambda _attempt: None, **options)
    with pytest.raises(failwell.Error) as decorated:
        calling(CONTRACT, **options)(print)

    assert [said] * 2 == [str(called.value), str(decorated.value)]


def test_nested(
    server: ScriptedServer, clock: VirtualClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A call inside of a call, both of which repeat themselves, is noticed and told once.
    """
    monkeypatch.setattr(call_module, "_told_of_nesting", False)
    caplog.set_level(logging.WARNING, logger="failwell.adapt")

    for _ in range(2):
        calling(CONTRACT, lambda _attempt: calling(CONTRACT, by_requests(server), clock=clock), clock=clock)

    assert 1 == len(caplog.records)
    assert "Take the retries out of one of them" in caplog.text


def test_told(server: ScriptedServer, clock: VirtualClock) -> None:
    """
    An observer hears of each retry.
    """
    heard: list[tuple[str, Any]] = []
    server.answer(503)

    calling(
        CONTRACT,
        by_requests(server),
        operation="orders.list",
        clock=clock,
        on_event=lambda name, facts: heard.append((name, facts["operation"])),
    )

    assert [("retry", "orders.list")] == heard
