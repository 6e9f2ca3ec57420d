"""What `on_event` hears, in every colour and over streams; and that a hook can do no harm."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any, get_type_hints

import anyio
import httpx2
import pytest

from failwell import BreakerRules, BudgetRules, Resilience
from failwell.client.observability.call_observer import address_of
from failwell.client.observability.events import EVENTS
from failwell.clock import VirtualClock
from pictograph import AsyncClient, Client, PictographError
from pictograph.exceptions import ConfigurationError, NotFoundError
from tests.servers.sockets import Peer, Step, http, serving

from .colours import KEY, RUN, asked, every_colour, of_probe, raised, read
from .probe import core
from .streams import ENDLESS, Server, gathered, streaming

Told = list[tuple[str, dict[str, Any]]]
PATH = "/api/v1/developer/training/run_1"
FINE = http(200, RUN, "X-Request-ID: req-2")
ASKED = {"operation": "training.get", "method": "GET"}


def listener(told: Told) -> Callable[[str, dict[str, Any]], None]:
    """A hook that keeps what it hears."""
    return lambda name, facts: told.append((name, facts))


def timeless(told: Told) -> Told:
    """*told* without its durations, which are those of real sockets."""
    return [
        (name, {fact: value for fact, value in facts.items() if fact not in {"duration", "elapsed", "delay"}})
        for name, facts in told
    ]


def names(told: Told) -> list[str]:
    """What was told, without the facts."""
    return [name for name, _ in told]


def dropped(peer: Peer) -> None:
    """Hang up without a word."""
    peer.reset()


@every_colour
def test_a_call_with_a_retry(colour: str) -> None:
    """
    A hook hears when a call and each attempt begin and end: operation, method, address, resends, status, request id.
    """
    told: Told = []
    with serving(http(503, b"", "X-Request-ID: req-1"), FINE) as server:
        settings = {"base_url": server.url, "max_retries": 1, "clock": VirtualClock()}
        asked(colour, read, on_event=listener(told), **settings)
        about = {**ASKED, "url": server.url + PATH}

    ended = {"failure": None, "reason": None}
    assert [
        ("call_began", about),
        ("attempt_began", {**about, "resend_count": 0}),
        ("attempt_ended", {**about, "resend_count": 0, "status": 503, "request_id": "req-1", **ended}),
        ("retry", {"operation": "training.get", "retry": 1, "reason": "status 503"}),
        ("attempt_began", {**about, "resend_count": 1}),
        ("attempt_ended", {**about, "resend_count": 1, "status": 200, "request_id": "req-2", **ended}),
        (
            "call_ended",
            {**about, "attempts": 2, "status": 200, "error": None, "suppression": None, "request_id": "req-2"},
        ),
    ] == timeless(told)


@every_colour
@pytest.mark.parametrize(
    ("step", "failure", "status", "error"),
    [
        (http(404, b'{"detail": "No"}'), None, 404, "NotFoundError"),
        (dropped, "network", None, "NetworkError"),
        (lambda peer: peer.silence(), "timeout", None, "RequestTimeoutError"),
        (http(200, b"\x1f\x8bnot", "Content-Encoding: gzip"), "unreadable", 200, "ApiError"),
        (http(200, b"<html>"), None, 200, "ApiError"),
    ],
    ids=["404", "reset", "silence", "gzip", "html"],
)
def test_how_it_failed(step: Step, failure: str | None, status: int | None, error: str, colour: str) -> None:
    """
    The end of an attempt says its status or why there was none, the end of a call what is raised.
    """
    told: Told = []
    with serving(step) as server:
        timeout = 0.3 if failure == "timeout" else 30.0
        problem = raised(colour, read, base_url=server.url, timeout=timeout, on_event=listener(told))
    attempt, call = told[-2][1], told[-1][1]

    assert ["attempt_ended", "call_ended"] == names(told)[-2:]
    assert (failure, status) == (attempt["failure"], attempt["status"])
    assert (failure is None) == (attempt["reason"] is None)
    assert (error, status, 1) == (call["error"], call["status"], call["attempts"])
    assert type(problem).__name__ == error


def test_durations() -> None:
    """
    The duration is an attempt's own, elapsed is all of the call, in seconds of the client's clock.
    """
    clock, told = VirtualClock(), list[tuple[str, dict[str, Any]]]()
    statuses = iter([429, 200])

    def answer(_request: httpx2.Request) -> httpx2.Response:
        clock.advance(0.25)
        return httpx2.Response(next(statuses), content=RUN, headers={"Retry-After": "3"})

    own = httpx2.Client(transport=httpx2.MockTransport(answer))
    read(Client(KEY, base_url="http://test", http_client=own, clock=clock, on_event=listener(told)))

    assert [0.25, 0.25] == [facts["duration"] for name, facts in told if name == "attempt_ended"]
    assert [3.0] == [facts["delay"] for name, facts in told if name == "retry"]
    assert pytest.approx(3.5) == told[-1][1]["elapsed"]


@every_colour
def test_a_call_that_is_not_sent(colour: str) -> None:
    """
    A call that is refused begins and ends without an attempt, and says what held it back.
    """
    told: Told = []
    rules = Resilience(breaker=BreakerRules(last=1, calls=1, ratio=1.0))
    settings = {"clock": VirtualClock(), "resilience": rules, "on_event": listener(told)}
    with serving(http(500)) as server:
        for _ in range(2):
            raised(colour, read, base_url=server.url, **settings)

    assert ["call_began", "call_refused", "call_ended"] == names(told)[-3:]
    assert ("NetworkError", "breaker", 0) == tuple(told[-1][1][fact] for fact in ("error", "suppression", "attempts"))


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_a_cancelled_call(colour: str) -> None:
    """
    An attempt that is cancelled ends as one, and the call with the name of the cancellation.
    """
    told: Told = []

    async def run(url: str) -> None:
        async with AsyncClient(KEY, base_url=url, on_event=listener(told)) as client:
            with anyio.move_on_after(0.1):
                await client.training.get("run_1")

    with serving(lambda peer: peer.silence()) as server:
        anyio.run(run, server.url, backend=colour)

    assert ["attempt_ended", "call_ended"] == names(told)[-2:]
    assert ("cancelled", None) == (told[-2][1]["failure"], told[-2][1]["status"])
    assert {"asyncio": "CancelledError", "trio": "Cancelled"}[colour] == told[-1][1]["error"]


@every_colour
def test_a_body_that_cannot_be_read(colour: str) -> None:
    """
    When the caller's own body fails, the call ends with the name of what the caller is raised.
    """
    told: Told = []

    def chunks() -> Any:
        yield b"x"
        raise LookupError

    put = of_probe(lambda probe: probe.put(chunks))
    with serving(lambda peer: peer.silence()) as server, pytest.raises(LookupError):
        asked(colour, put, base_url=server.url, on_event=listener(told))

    assert ("cancelled", "LookupError") == (told[-2][1]["failure"], told[-1][1]["error"])


def of_stream(colour: str, ask: Callable[[Any], Any], **settings: Any) -> tuple[Told, list[Any]]:
    """What a hook hears of a stream, and what the stream gave."""
    told: Told = []
    with streaming() as server:
        server.go_on.set()

        def engine(*, awaiting: bool) -> Any:
            return core(server.url, awaiting=awaiting, clock=VirtualClock(), on_event=listener(told))

        found = gathered(colour, engine, ask, **settings)
        end_all(server)
    return told, found


def end_all(server: Server) -> None:
    """Wait for the streams that were left to end."""
    server.wait_until_closed()


@every_colour
def test_a_stream(colour: str) -> None:
    """
    An attempt at a stream ends with its last event; a cut and the reconnection are told in between.
    """
    told, found = of_stream(colour, lambda streams: streams.numbers(200, cuts=1, seed=99))

    attempt = ["attempt_began", "attempt_ended"]
    assert 200 == len(found)
    assert ["call_began", *attempt, "reconnect", *attempt, "call_ended"] == names(told)
    ended = [facts for name, facts in told if name == "attempt_ended"]
    assert [(200, "network", 0), (200, None, 1)] == [
        (facts["status"], facts["failure"], facts["resend_count"]) for facts in ended
    ]
    assert (2, None) == (told[-1][1]["attempts"], told[-1][1]["error"])


@every_colour
def test_a_stream_that_is_left(colour: str) -> None:
    """
    A stream that its caller leaves early ends well.
    """
    told, found = of_stream(colour, lambda streams: streams.raw("/endless", ENDLESS), first=2)

    assert 2 == len(found)
    assert ["call_began", "attempt_began", "attempt_ended", "call_ended"] == names(told)
    assert (200, None, None) == (told[-2][1]["status"], told[-2][1]["failure"], told[-1][1]["error"])


@every_colour
def test_a_stream_that_tells_an_error(colour: str) -> None:
    """
    A stream that ends with an event about an error ends the call with what is raised.
    """
    told, found = of_stream(colour, lambda streams: streams.raw("/told?code=no_such_code"))

    assert (200, None, type(found[-1]).__name__) == (
        told[-2][1]["status"],
        told[-2][1]["failure"],
        told[-1][1]["error"],
    )


def test_every_event_has_the_facts_of_its_type() -> None:
    """
    Each event has exactly the facts, of exactly the types, that `failwell.client.observability.events` declares.
    """
    told: Told = []
    clock = VirtualClock()
    replies = iter([*[503] * 4, *[200] * 2, 429, 200])

    def answer(_request: httpx2.Request) -> httpx2.Response:
        status = next(replies)
        body = {"data": [], "pagination": {"has_more": False}}
        return httpx2.Response(status, json=body, headers={"Retry-After": "5"} if status == 429 else {})

    rules = Resilience(BudgetRules(floor=1), BreakerRules(calls=4), pacing=True)
    own = httpx2.Client(transport=httpx2.MockTransport(answer))

    def ask(max_retries: int) -> None:
        client = Client(
            KEY,
            base_url="http://facts.test",
            http_client=own,
            clock=clock,
            max_retries=max_retries,
            resilience=rules,
            on_event=listener(told),
        )
        with contextlib.suppress(PictographError):
            client.datasets.list()

    for retries in (3, 3, 0, 0):  # a retry, a suppressed one, and on to four failures; then a call that is refused
        ask(retries)
    clock.advance(30.0)
    for retries in (0, 0, 0, 0):  # two probes that close it; one that is told to wait, and one that waits
        ask(retries)
    told += of_stream("blocking", lambda streams: streams.numbers(200, cuts=1, seed=99))[0]

    assert set(EVENTS) - {"poll_failed", "upload_interrupted", "session_dropped", "session_renewed"} == set(names(told))
    for name, facts in told:
        hints = get_type_hints(EVENTS[name])
        assert list(hints) == list(facts), name
        for fact, value in facts.items():
            assert fits(value, hints[fact]), (name, fact, value)


def fits(value: object, hint: Any) -> bool:
    """Whether *value* is one of *hint*: a type, or what a union or a literal is made of."""
    if isinstance(hint, type):
        return isinstance(value, hint)
    return any(value == one if not isinstance(one, type) else isinstance(value, one) for one in flat(hint))


def flat(hint: Any) -> list[Any]:
    """The parts of *hint*, and of its parts."""
    parts = getattr(hint, "__args__", None)
    return [one for part in parts for one in flat(part)] if parts and not isinstance(hint, type) else [hint]


@every_colour
@pytest.mark.parametrize("step", [FINE, http(404, b'{"detail": "No such run."}')], ids=["200", "404"])
def test_a_hook_that_raises(step: Step, colour: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    A hook that raises changes nothing about a call; it is logged once for a client, with the type and the traceback.
    """
    heard: list[str] = []

    def hook(name: str, _facts: dict[str, Any]) -> None:
        heard.append(name)
        raise LookupError("the hook is broken")

    def twice(client: Any) -> Any:
        if colour == "blocking":
            return [outcome(lambda: read(client)) for _ in range(2)]

        async def both() -> list[object]:
            found: list[object] = []
            for _ in range(2):
                try:
                    found.append(await read(client))
                except PictographError as error:
                    found.append(error)
            return found

        return both()

    with serving(step) as server:
        found = asked(colour, twice, base_url=server.url, on_event=hook)

    expected = "run_1" if step is FINE else "No such run."
    assert [expected] * 2 == [getattr(one, "id", None) or str(one) for one in found]
    assert all(one.__context__ is None and one.attempts for one in found if isinstance(one, NotFoundError))
    assert ["call_began", "attempt_began", "attempt_ended", "call_ended"] * 2 == heard
    (record,) = [record for record in caplog.records if record.name == "failwell.pictograph"]
    assert (logging.WARNING, "LookupError") == (record.levelno, record.exc_info[0].__name__)  # type: ignore[index, union-attr]
    assert record.getMessage().startswith("on_event failed with LookupError; the calls go on.")
    assert record.exc_text is None or "the hook is broken" in record.exc_text


def outcome(ask: Callable[[], Any]) -> Any:
    """What *ask* returns or raises."""
    try:
        return ask()
    except PictographError as error:
        return error


def test_a_hook_that_interrupts() -> None:
    """
    Ctrl-C in a hook is Ctrl-C.
    """

    def hook(name: str, _facts: dict[str, Any]) -> None:
        if name == "attempt_ended":
            raise KeyboardInterrupt

    with serving(FINE) as server, Client(KEY, base_url=server.url, on_event=hook) as client:
        with pytest.raises(KeyboardInterrupt):
            read(client)


async def awaited(_name: str, _facts: dict[str, Any]) -> None:
    """What nobody would await."""


@pytest.mark.parametrize(
    ("hook", "what"), [(5, "of type int"), (awaited, "a coroutine function, which nobody would await")]
)
@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_what_is_no_hook(client: Any, hook: Any, what: str) -> None:
    """
    What cannot be a hook is refused when the client is made.
    """
    with pytest.raises(ConfigurationError) as caught:
        client(KEY, on_event=hook)

    assert f"on_event is {what}; it must be a function of a name and a dict of facts." == str(caught.value)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/x?token=T", "http://test/x"),
        ("/x#T", "http://test/x"),
        ("https://me:T@s3.test:8443/b/k.png?X-Signature=T", "https://s3.test:8443/b/k.png"),
        ("https://s3.test", "https://s3.test"),
        ("http://[T", "http://[T"),
    ],
)
def test_addresses_tell_no_secret(target: str, expected: str) -> None:
    """
    R4. The address in the facts has no user, no password, no query and no fragment.
    """
    assert expected == address_of("http://test", target)


QUIET = """
import json, sys
import httpx2
from pictograph import Client

def answer(request):
    return httpx2.Response(200, json={"data": [], "pagination": {"has_more": False}})

Client("k", base_url="http://t", http_client=httpx2.Client(transport=httpx2.MockTransport(answer))).datasets.list()
watching = [f"failwell.client.{name}" for name in ("events", "watched", "sentences", "telemetry")]
print([name for name in (*watching, "opentelemetry", "opentelemetry.trace") if name in sys.modules])
"""


def test_nobody_listens() -> None:
    """
    Where nobody listens no event is made: what makes them is not even loaded, and OpenTelemetry never is by us.
    """
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()
