from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import logging
import pickle
import pydoc
import time
import traceback
from collections.abc import Generator
from types import FunctionType, MethodType
from typing import Any
from unittest.mock import create_autospec

import anyio
import httpx2
import pytest

import failwell
from failwell.client import AsyncEventStream, EventStream
from failwell.clock import VirtualClock
from failwell.policy import StreamFlow
from failwell.policy.stream.rules import StreamRules
from failwell.sandbox import (
    Close,
    Cut,
    Drip,
    FaultLayer,
    FaultStep,
    Garbled,
    Reset,
    Rule,
    Silence,
    WrongLength,
    in_thread,
)
from failwell.wire.sse import Event
from pictograph.exceptions import (
    ApiError,
    ConfigurationError,
    ConflictError,
    NetworkError,
    NotFoundError,
    PictographError,
    RequestTimeoutError,
)
from tests.dice import dice, seed
from tests.homes import homes
from tests.stopwatch import Stopwatch

from .colours import KEY, every_colour, run_in
from .leaks import everything, leaked
from .probe import core
from .streams import ENDLESS, PATIENCE, REPLAYED, Number, Server, Streams, gathered, number, numbers, streaming

HEADERS = (("Content-Type", "text/event-stream"), ("X-Request-ID", "req-5"))


@pytest.fixture(scope="module")
def running() -> Generator[Server]:
    """The server of this file."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    with streaming() as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    """The server, as if nobody had asked it for anything."""
    running.wait_until_closed()
    running.asked_from.clear()
    running.headers.clear()
    running.bodies.clear()
    running.go_on.clear()
    return running


@pytest.fixture
def layer(server: Server) -> Generator[FaultLayer]:
    """The fault layer before the server."""
    url = httpx2.URL(server.url)
    assert url.port is not None
    fault_layer = FaultLayer((url.host, url.port))
    with in_thread(fault_layer):
        yield fault_layer


def at(url: str, **settings: Any) -> Any:
    """Makes cores of a colour that talk to *url*, without real waits between attempts."""
    return functools.partial(core, url, **{"clock": VirtualClock(), "timeout": PATIENCE, **settings})


def counted(items: list[Any]) -> list[int]:
    """The numbers of *items*; what is an error shows."""
    return [item.n if isinstance(item, Number) else item for item in items]


@every_colour
def test_events_come(server: Server, colour: str) -> None:
    """
    A stream gives its events, decoded, one by one and in order.
    """
    found = gathered(colour, at(server.url), lambda streams: streams.numbers(5))

    assert [Number(n=n) for n in range(1, 6)] == found
    assert ("text/event-stream", "no-store") == (server.headers[0]["accept"], server.headers[0]["cache-control"])


@every_colour
@pytest.mark.parametrize("stream", ["one stream", "another stream"])
def test_each_event_exactly_once(server: Server, stream: str, colour: str) -> None:
    """
    Over 100 random cuts each event arrives exactly once, in order, and the client asks from where it was.
    """
    cuts = seed(f"the cuts of {stream}")
    found = gathered(colour, at(server.url, max_retries=100), lambda streams: streams.numbers(800, cuts=100, seed=cuts))

    server.chances.clear()
    server.cut.clear()
    assert list(range(1, 801)) == counted(found)
    assert 101 == len(server.asked_from)
    asked = [int(known or 0) for known in server.asked_from]
    assert sorted(asked) == asked


@every_colour
def test_any_fault(layer: FaultLayer, server: Server, colour: str) -> None:
    """
    Cut by FIN or RST anywhere, dripped, silent, refused: what is resumable goes on, and nothing comes twice.
    """
    chance = dice("the faults of a stream")
    body = numbers(1, 30)
    for _ in range(40):
        last = 0
        steps: list[FaultStep] = []
        for _ in range(chance.randint(1, 3)):
            rest = numbers(last + 1, 30)
            after = chance.randrange(len(rest) - len(b"data: [DONE]\n\n"))
            kind = chance.choice(["fin", "rst", "close", "reset", "drip", "long"])
            if kind in ("fin", "rst"):
                steps.append(Cut(200, HEADERS, rest, after=after, reset=kind == "rst"))
                # What a reset overtakes is lost, and comes again with the next connection.
                last = last if kind == "rst" else last + rest[:after].count(b"\r\n\r\n")
            elif kind == "drip":
                steps.append(Drip(200, HEADERS, rest[:after], interval=0, chunk=7))
                last += rest[:after].count(b"\r\n\r\n")
            elif kind == "long":
                steps.append(Cut(200, HEADERS, rest[:after] + b" ", after=after))
                last += rest[:after].count(b"\r\n\r\n")
            else:
                steps.append(Close() if kind == "close" else Reset())
            if kind == "rst":
                break
        for step in steps:
            layer.script.arm(Rule((step,)))
        found = gathered(colour, at(layer.url, max_retries=9), lambda streams: streams.numbers(30))

        assert list(range(1, 31)) == counted(found), steps
        assert body == numbers(1, 30)


@every_colour
@pytest.mark.parametrize("reset", [False, True])
def test_cut_that_is_not_resumed(layer: FaultLayer, reset: bool, colour: str) -> None:
    """
    A cut of a stream that cannot be resumed is the network error, with the last id and all evidence, and it pickles.
    """
    body = numbers(1, 3)
    layer.script.arm(Rule((Cut(200, HEADERS, body, after=len(number(1)) + 5, reset=reset),)))
    *found, error = gathered(colour, at(layer.url), lambda streams: streams.raw("/numbers?count=3"))

    assert (NetworkError, ["1"] if found else []) == (type(error), [one.id for one in found])
    assert ("1" if found else "") == error.last_event_id
    assert [(200, "req-5")] == [(attempt.status, attempt.request_id) for attempt in error.attempts]
    assert error.request_id == "req-5"
    assert error.elapsed is not None
    assert str(error).startswith("No whole answer to GET /numbers: ")
    assert f"after {len(found)} event" in str(error)
    assert vars(error) == vars(pickle.loads(pickle.dumps(error)))  # noqa: S301 - our own bytes


@every_colour
def test_end_without_the_last_event(layer: FaultLayer, colour: str) -> None:
    """
    A reply that is whole, and lacks the last event of the contract, is the network error.
    """
    layer.script.arm(Rule((Drip(200, HEADERS, number(1), interval=0, chunk=100),)))
    first, error = gathered(colour, at(layer.url), lambda streams: streams.raw("/numbers"))

    assert ("1", NetworkError, "1") == (first.id, type(error), error.last_event_id)
    assert 'the stream stopped after 1 event, without "[DONE]".' in str(error)


@every_colour
def test_timeout_is_of_each_wait(layer: FaultLayer, colour: str) -> None:
    """
    A stream may take longer than the timeout, as long as something comes within it each time.
    """
    body = numbers(1, 1)
    # A busy machine holds a byte up for some tenths of a second.
    layer.script.arm(Rule((Drip(200, HEADERS, body, interval=0.05),)))
    started = time.monotonic()
    found = gathered(colour, at(layer.url, timeout=1.0), lambda streams: streams.numbers(1))

    assert [1] == counted(found)
    assert time.monotonic() - started > 1.0


@every_colour
@pytest.mark.parametrize("events", [0, 2])
def test_silence(layer: FaultLayer, events: int, colour: str) -> None:
    """
    When nothing comes for the length of the timeout it is the timeout error, on time, with the last id.
    """
    body = b"".join(map(number, range(1, events + 1))) or b": hello\n"
    layer.script.arm(Rule((WrongLength(200, HEADERS, body, by=100),)))
    watch, started = Stopwatch(), time.monotonic()
    *found, error = gathered(colour, at(layer.url, timeout=0.3), lambda streams: streams.raw("/numbers"))
    least, most = time.monotonic() - started, watch.seconds()

    assert (events, RequestTimeoutError, 0.3) == (len(found), type(error), error.timeout)
    assert f"No answer to GET /numbers within 0.3 s: nothing more came, after {events} events." == str(error)
    assert (True, True) == (least >= 0.3, most < 1.3)


@every_colour
def test_silence_before_the_answer(layer: FaultLayer, colour: str) -> None:
    """
    The timeout bounds the wait for the answer, too.
    """
    layer.script.arm(Rule((Silence(),)))
    (error,) = gathered(colour, at(layer.url, timeout=0.3, max_retries=0), lambda streams: streams.raw("/numbers"))

    assert (RequestTimeoutError, 0.3, "") == (type(error), error.timeout, error.last_event_id)


@every_colour
def test_silence_is_resumed(layer: FaultLayer, server: Server, colour: str) -> None:
    """
    A stream that falls silent is asked for again, from its last id on, where it is resumable.
    """
    layer.script.arm(Rule((WrongLength(200, HEADERS, number(1), by=100),)))
    found = gathered(colour, at(layer.url, timeout=0.3), lambda streams: streams.numbers(3))

    assert ([1, 2, 3], ["1"]) == (counted(found), server.asked_from)


@every_colour
def test_deadline(layer: FaultLayer, colour: str) -> None:
    """
    The deadline ends a stream that keeps coming, on time.
    """
    layer.script.arm(Rule((Drip(200, HEADERS, numbers(1, 99), interval=0.03),)))
    watch, started = Stopwatch(), time.monotonic()
    settings = {"timeout": 2.0, "deadline": 0.5, "clock": None}
    *_, error = gathered(colour, at(layer.url, **settings), lambda streams: streams.numbers(99))
    least, most = time.monotonic() - started, watch.seconds()

    assert RequestTimeoutError is type(error)
    assert (True, True) == (least >= 0.5, most < 1.5)
    assert error.elapsed is not None
    assert 0.5 <= error.elapsed < 1.5


@every_colour
def test_error_inside(server: Server, colour: str) -> None:
    """
    An error inside a stream of 200 is the class of its code; what came before it was given.
    """
    first, error = gathered(colour, at(server.url), lambda streams: streams.raw("/told?code=idempotency_in_progress"))

    assert ("1", ConflictError, "Still at it.") == (first.id, type(error), str(error))
    assert ("1", "req-8", 1) == (error.last_event_id, error.request_id, len(error.attempts))


@every_colour
def test_error_in_place_of_a_stream(server: Server, colour: str) -> None:
    """
    404 in place of a stream is what it would be for a call.
    """
    (error,) = gathered(colour, at(server.url), lambda streams: streams.raw("/missing"))

    assert (NotFoundError, "No such run.") == (type(error), str(error))


@every_colour
def test_json_in_place_of_a_stream(server: Server, colour: str) -> None:
    """
    A 200 that is no stream is the catch-all class, with the body.
    """
    (error,) = gathered(colour, at(server.url), lambda streams: streams.raw("/ping"))

    assert (ApiError, 200, b'{"pong":true}') == (type(error), error.status_code, error.body)
    assert "could not be read: status 200 with 13 bytes of application/json, expected text/event-stream." in str(error)


@every_colour
def test_events_that_do_not_fit(layer: FaultLayer, colour: str) -> None:
    """
    An event that is not what the operation gives is the catch-all class, and its data is the body.
    """
    for said, problem in (
        (b'data: {"m": 1}\n\n', "an object is no Number: n does not fit"),
        (b"data: nothing\n\n", "an event 'message' with 7 characters of data, expected JSON"),
    ):
        layer.script.arm(Rule((Drip(200, HEADERS, number(1) + said, interval=0, chunk=500),)))
        first, error = gathered(colour, at(layer.url), lambda streams: streams.numbers(3))

        assert (1, ApiError, "1") == (first.n, type(error), error.last_event_id)
        assert f"The answer to GET /numbers could not be read: {problem}, after 1 event." == str(error)


@every_colour
def test_post(server: Server, colour: str) -> None:
    """
    A POST sends its body and one key; when its answer is cut it is not sent again, and the error says what it is about.
    """
    ask = at(server.url, max_retries=3)
    first, error = gathered(colour, ask, lambda streams: streams.written({"run": "run_7"}))

    assert ('{"run":"run_7"}', NetworkError) == (first.data, type(error))
    assert ("run_7", "e1", "req-7") == (error.stream_resource_id, error.last_event_id, error.request_id)
    assert [b'{"run":"run_7"}'] == server.bodies
    assert [error.idempotency_key] == [headers["idempotency-key"] for headers in server.headers]


@every_colour
def test_call_before_the_stream(server: Server, colour: str) -> None:
    """
    A stream may begin with calls of its own.
    """
    assert [1, 2, 3] == counted(gathered(colour, at(server.url), lambda streams: streams.started()))


@every_colour
def test_gzip(server: Server, colour: str) -> None:
    """
    A stream that is sent as gzip gives each event when it comes, not at the end.
    """
    seen: list[Event] = []

    def raw(streams: Any) -> Any:
        return streams.raw("/zipped")

    def take(item: Event) -> None:
        assert (len(seen) == 0) == (not server.go_on.is_set())
        seen.append(item)
        server.go_on.set()

    if colour == "blocking":
        with raw(Streams(at(server.url)(awaiting=False))) as stream:
            for item in stream:
                take(item)
    else:

        async def gather() -> None:
            engine = at(server.url)(awaiting=True)
            async with raw(Streams(engine)) as stream:
                async for item in stream:
                    take(item)
            await engine.aclose()

        run_in(colour, gather)
    assert ["1", "2", "3"] == [item.id for item in seen]


@every_colour
def test_broken_gzip(layer: FaultLayer, colour: str) -> None:
    """
    A stream that is not the gzip that it announces cannot be read.
    """
    headers = (*HEADERS, ("Content-Encoding", "gzip"))
    layer.script.arm(Rule((Drip(200, headers, numbers(1, 3), interval=0, chunk=500),)))
    (error,) = gathered(colour, at(layer.url), lambda streams: streams.numbers(3))

    assert (ApiError, 200, "req-5") == (type(error), error.status_code, error.request_id)
    assert "The answer to GET /numbers could not be read: " in str(error)


@every_colour
def test_large_event(server: Server, colour: str) -> None:
    """
    An event of 64 MiB comes whole.
    """
    (event,) = gathered(colour, at(server.url), lambda streams: streams.raw("/large?mebibytes=64"))

    assert 64 * 1024 * 1024 == event.data.count("x")


@every_colour
def test_left_early(server: Server, colour: str) -> None:
    """
    Leaving a `with` early closes the connection, and the client goes on with another.
    """
    if colour == "blocking":
        streams: Any = Streams(at(server.url)(awaiting=False))
        with streams.raw("/endless") as stream:
            assert "1" == next(stream).id
            assert 1 == server.opened
        server.wait_until_closed()
        assert [] == list(stream)
        assert {"pong": True} == streams.ping()
        streams.core.close()
        return

    async def leave() -> None:
        streams: Any = Streams(at(server.url)(awaiting=True))
        async with streams.raw("/endless") as stream:
            assert "1" == (await anext(stream)).id
            assert 1 == server.opened
        await anyio.to_thread.run_sync(server.wait_until_closed)
        assert [] == [item async for item in stream]
        assert {"pong": True} == await streams.ping()
        await streams.core.aclose()

    run_in(colour, leave)


def test_break(server: Server) -> None:
    """
    A `break` out of a loop over the call closes the connection.
    """
    streams: Any = Streams(at(server.url)(awaiting=False))
    for event in streams.raw("/endless"):
        assert "1" == event.id
        break

    gc.collect()
    server.wait_until_closed()
    assert {"pong": True} == streams.ping()
    streams.core.close()


def test_break_on_asyncio(server: Server) -> None:
    """
    On asyncio a `break` out of a loop over the call has the event loop close the connection.
    """

    async def leave() -> None:
        streams: Any = Streams(at(server.url)(awaiting=True))
        async for event in streams.raw("/endless"):
            assert "1" == event.id
            break
        gc.collect()
        await asyncio.to_thread(server.wait_until_closed)
        assert {"pong": True} == await streams.ping()
        await streams.core.aclose()

    asyncio.run(leave())


def test_break_on_trio(server: Server) -> None:
    """
    On trio it does, too, and trio warns of it.
    """

    async def leave() -> None:
        streams: Any = Streams(at(server.url)(awaiting=True))
        async for event in streams.raw("/endless"):
            assert "1" == event.id
            break
        gc.collect()
        await anyio.to_thread.run_sync(server.wait_until_closed)
        await streams.core.aclose()

    with pytest.warns(ResourceWarning, match="garbage collected before it had been exhausted"):
        run_in("trio", leave)


@every_colour
def test_closing_twice(server: Server, colour: str) -> None:
    """
    A stream is closed before its first event, or twice, without harm, and nobody is asked.
    """
    if colour == "blocking":
        stream: Any = Streams(at(server.url)(awaiting=False)).numbers()
        stream.close()
        stream.close()
        assert [] == list(stream)
    else:

        async def close() -> list[Any]:
            stream: Any = Streams(at(server.url)(awaiting=True)).numbers()
            await stream.aclose()
            await stream.aclose()
            return [item async for item in stream]

        assert [] == run_in(colour, close)
    assert [] == server.asked_from


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_while_it_waits(server: Server, backend: str) -> None:
    """
    A cancellation while the next event is awaited leaves unchanged, and the connection is closed.
    """

    async def leave() -> None:
        streams: Any = Streams(at(server.url, timeout=None)(awaiting=True))
        stream = streams.raw("/endless")
        assert "1" == (await anext(stream)).id
        with anyio.move_on_after(0.05) as scope:
            await anext(stream)
        assert scope.cancelled_caught
        await anyio.to_thread.run_sync(server.wait_until_closed)
        assert [] == [item async for item in stream]
        assert {"pong": True} == await streams.ping()
        await streams.core.aclose()

    run_in(backend, leave)


@every_colour
def test_many_streams_left_early(server: Server, colour: str) -> None:
    """
    More streams than the pool has connections may be left one after another.
    """
    server.go_on.set()
    engine = at(server.url, timeout=2.0)(awaiting=colour != "blocking")
    streams: Any = Streams(engine)

    async def leave() -> None:
        for _ in range(120):
            async with streams.raw("/endless") as stream:
                await anext(stream)
        assert {"pong": True} == await streams.ping()
        await engine.aclose()

    if colour == "blocking":
        for _ in range(120):
            with streams.raw("/endless") as stream:
                next(stream)
        assert {"pong": True} == streams.ping()
        engine.close()
    else:
        run_in(colour, leave)
    server.wait_until_closed()


@every_colour
def test_after_an_error(layer: FaultLayer, colour: str) -> None:
    """
    A stream that has raised has no next event.
    """
    layer.script.arm(Rule((Garbled("html", 404),)))

    async def ask_again() -> list[Any]:
        engine = at(layer.url)(awaiting=True)
        stream: Any = Streams(engine).numbers()
        with pytest.raises(NotFoundError):
            await anext(stream)
        rest = [item async for item in stream]
        await engine.aclose()
        return rest

    if colour == "blocking":
        engine = at(layer.url)(awaiting=False)
        stream: Any = Streams(engine).numbers()
        with pytest.raises(NotFoundError):
            next(stream)
        assert [] == list(stream)
        engine.close()
    else:
        assert [] == run_in(colour, ask_again)


@every_colour
def test_three_frames(layer: FaultLayer, colour: str) -> None:
    """
    An uncaught error shows at most three frames of Failwell, and none of drivers or libraries.
    """
    for step in (Garbled("html", 404), Cut(200, HEADERS, numbers(1, 1), after=3), Reset()):
        layer.script.arm(Rule((step,)))
        *_, error = gathered(
            colour, at(layer.url, max_retries=0), lambda streams: streams.raw("/numbers?count=1", ENDLESS)
        )
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(homes(failwell))
        ]

        assert isinstance(error, PictographError)
        assert ["__next__" if colour == "blocking" else "__anext__"] == [frame.name for frame in frames]


@every_colour
def test_no_secret(layer: FaultLayer, colour: str) -> None:
    """
    No error of a stream shows the key, whatever the server sends back.
    """
    key = KEY.encode()
    for body in (
        b"id: " + key + b"\ndata: a\n\n",
        b"data: a\n\nevent: error\ndata: " + key + b"\n\n",
        b'data: a\n\nevent: error\ndata: {"detail": {"message": "' + key + b'"}}\n\n',
        b": " + key,
    ):
        layer.script.arm(Rule((Drip(200, (*HEADERS, ("X-Key", KEY)), body, interval=0, chunk=500),)))
        *_, error = gathered(colour, at(layer.url), lambda streams: streams.raw("/numbers"))

        assert isinstance(error, PictographError)
        assert [] == leaked(KEY, everything(error))


@every_colour
def test_reconnections_are_observed(server: Server, colour: str) -> None:
    """
    An observer is told of each reconnection.
    """
    told: list[str] = []
    ask, cuts = at(server.url, on_event=lambda name, _facts: told.append(name)), seed("the cuts of an observed stream")
    gathered(colour, ask, lambda streams: streams.numbers(200, cuts=3, seed=cuts))
    server.chances.clear()
    server.cut.clear()

    assert ["reconnect"] * 3 == [name for name in told if not name.endswith(("_began", "_ended"))]


@every_colour
def test_closed_client(server: Server, colour: str) -> None:
    """
    A stream of a closed client is refused when it is made.
    """
    engine = at(server.url)(awaiting=colour != "blocking")
    if colour == "blocking":
        engine.close()
    else:
        run_in(colour, engine.aclose)
    with pytest.raises(ConfigurationError, match="The client is closed"):
        Streams(engine).numbers()


@every_colour
def test_closed_meanwhile(server: Server, colour: str) -> None:
    """
    R1. A stream whose client is closed before the first event ends with that, in the vendor's own words.
    """
    engine = at(server.url)(awaiting=colour != "blocking")
    stream: Any = Streams(engine).numbers()

    async def ask() -> Any:
        await engine.aclose()
        return await anext(stream)

    def ask_blocking() -> Any:
        engine.close()
        return next(stream)

    with pytest.raises(ConfigurationError, match="The client was closed meanwhile"):
        ask_blocking() if colour == "blocking" else run_in(colour, ask)


@every_colour
def test_own_http_client(server: Server, colour: str) -> None:
    """
    Streams work over a caller's own httpx2 client, too.
    """

    async def gather() -> list[Any]:
        async with httpx2.AsyncClient() as http:
            streams: Any = Streams(at(server.url, http_client=http)(awaiting=True))
            return [event.id async for event in streams.raw("/numbers?count=3", StreamRules())]

    if colour == "blocking":
        with httpx2.Client() as http:
            streams: Any = Streams(at(server.url, http_client=http)(awaiting=False))
            found = [event.id for event in streams.raw("/numbers?count=3", StreamRules())]
    else:
        found = run_in(colour, gather)
    assert ["1", "2", "3", "3"] == found


def test_on_the_class() -> None:
    """
    On the class a stream is a plain function, which iterates in the colour of the resource it is given.
    """
    function: Any = Streams.numbers
    streams: Any = Streams(at("http://127.0.0.1:9")(awaiting=False))

    assert FunctionType is type(function)
    assert isinstance(function(streams), EventStream)
    assert inspect.isgenerator(Streams.numbers.flow(streams))


def test_on_an_instance() -> None:
    """
    On an instance it is a bound method, neither awaited nor a generator function in either colour.
    """
    for awaiting, kind in ((False, EventStream), (True, AsyncEventStream)):
        streams: Any = Streams(at("http://127.0.0.1:9")(awaiting=awaiting))
        assert (MethodType, streams) == (type(streams.numbers), streams.numbers.__self__)
        assert isinstance(streams.numbers(), kind)
        assert not inspect.iscoroutinefunction(streams.started)
        assert not inspect.isgeneratorfunction(streams.started)
        assert "Give the numbers up to *count*, over *cuts* cuts." == streams.numbers.__doc__


@pytest.mark.parametrize(("awaiting", "returns"), [(False, "EventStream[Number]"), (True, "AsyncEventStream[Number]")])
def test_signature(awaiting: bool, returns: str) -> None:
    """
    The signature has the arguments, their defaults, and what is iterated over in this colour; `help()` shows it.
    """
    streams: Any = Streams(at("http://127.0.0.1:9")(awaiting=awaiting))

    assert f"(count: 'int' = 10, cuts: 'int' = 0, seed: 'int' = 0) -> '{returns}'" == str(
        inspect.signature(streams.numbers)
    )
    assert returns in pydoc.plain(pydoc.render_doc(streams.numbers))


def test_signature_without_text() -> None:
    """
    An author whose annotations are not text has the same signature.
    """

    def flow(self: Any) -> Any:
        """Give numbers."""

    flow.__annotations__["return"] = StreamFlow[Number]

    from failwell.client import streamed

    assert "EventStream[Number]" == inspect.signature(streamed(flow).blocking).return_annotation


def test_raises() -> None:
    """
    `.raises` is the tuple of a stream's errors.
    """
    streams: Any = Streams(core())

    assert core().catalogue.raises("streams.numbers") == streams.numbers.raises


def test_wrong_arguments() -> None:
    """
    Wrong arguments are a TypeError that names the method, before anything is sent.
    """
    with pytest.raises(TypeError, match=r"numbers\(\) got an unexpected keyword argument 'limit'"):
        Streams(core()).numbers(limit=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_autospec() -> None:
    """
    `create_autospec` keeps the signature.
    """
    mock = create_autospec(Streams(core()), instance=True)
    mock.numbers.return_value = iter([1])

    assert [1] == list(mock.numbers(3))
    with pytest.raises(TypeError):
        mock.numbers(limit=5)


def test_rules_of_streams_are_values() -> None:
    """
    What an operation declares of its stream is a value.
    """
    assert StreamRules(done="[DONE]", resumable=True) == REPLAYED
