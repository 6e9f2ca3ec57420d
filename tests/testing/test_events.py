"""Streams of server-sent events that a script answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from failwell.clock import VirtualClock
from failwell.testing import Events, replies
from failwell.wire.sse import Event
from pictograph import ApiError, ConflictError, NetworkError, NotFoundError, RequestTimeoutError
from tests.client.colours import every_colour
from tests.client.probe import core
from tests.client.streams import Number, Streams


def given(colour: str, ask: Callable[[Any], Any], *answers: object) -> list[Any]:
    """What the stream `ask(streams)` gives when it is answered with *answers*; the error that it raises comes last."""
    found: list[Any] = []
    engine = core(awaiting=colour != "blocking", clock=VirtualClock())

    def read() -> None:
        with ask(Streams(engine)) as stream:
            found.extend(stream)

    async def aread() -> None:
        async with ask(Streams(engine)) as stream:
            async for item in stream:
                found.append(item)  # noqa: PERF401 - those before an error count too

    with replies(engine, *answers):
        try:
            if colour == "blocking":
                read()
            else:
                anyio.run(aread, backend=colour)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found.append(error)
    return found


def numbers(streams: Any) -> Any:
    """A stream that is resumed."""
    return streams.numbers()


def raw(streams: Any) -> Any:
    """A stream that is not."""
    return streams.raw("/numbers")


@every_colour
def test_events_are_given(colour: str) -> None:
    """
    Data, named events and raw bytes come as events, until the end that is declared.
    """
    items = ({"n": 1}, Event("step", "a\nb", "7"), Number(n=3), "text", b"data: ra", b"w\n\n")
    found = given(colour, raw, Events(*items, done="[DONE]"))

    expected = [("message", '{"n": 1}', ""), ("step", "a\nb", "7")]
    expected += [("message", '{"n": 3}', "7"), ("message", "text", "7"), ("message", "raw", "7")]
    assert expected == found


@every_colour
def test_a_cut_stream_is_taken_up_again(colour: str) -> None:
    """
    A failure cuts the stream; the client asks for the rest, which the next reply is.
    """
    first = Events(Event("message", '{"n": 1}', "1"), NetworkError)
    found = given(colour, numbers, first, Events({"n": 2}, done="[DONE]"))

    assert [Number(n=1), Number(n=2)] == found


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (NotFoundError("Gone."), ApiError),
        (ConflictError("Taken.").with_case("duplicate_name"), ConflictError),
        (ConnectionResetError, NetworkError),
        (TimeoutError(), RequestTimeoutError),
    ],
)
@every_colour
def test_errors_inside_a_stream(colour: str, item: object, kind: type[Exception]) -> None:
    """
    An error is told by an event inside the stream, where its code alone decides; a failure is none.
    """
    first, error = given(colour, raw, Events("one", item))

    assert ("one", kind) == (first.data, type(error))


@every_colour
def test_other_answers_to_a_stream(colour: str) -> None:
    """
    A stream may be refused, or answered with something that is none.
    """
    (refused,) = given(colour, raw, NotFoundError("No such run."))
    (no_stream,) = given(colour, raw, {"n": 1})

    assert (NotFoundError, ApiError) == (type(refused), type(no_stream))


@every_colour
def test_a_call_before_a_stream(colour: str) -> None:
    """
    An operation may ask for something first; each request has its own reply.
    """
    found = given(colour, lambda streams: streams.started(), {"count": 1}, Events({"n": 1}, done="[DONE]"))

    assert [Number(n=1)] == found


def test_a_stream_for_a_plain_call() -> None:
    """
    A call that reads no stream gets its bytes at once, or the failure it is cut by.
    """
    engine = core(clock=VirtualClock(), max_retries=0)
    streams = Streams(engine)
    with replies(engine, Events(b'{"pong": ', b"true}"), Events("x", NetworkError)):
        assert {"pong": True} == streams.ping()
        with pytest.raises(NetworkError):
            streams.ping()
