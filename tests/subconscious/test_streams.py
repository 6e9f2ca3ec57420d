from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from failwell.conformance import events_of
from failwell.testing import Events
from failwell.wire.sse import Event
from subconscious import (
    DeltaEvent,
    DoneEvent,
    RateLimitError,
    RequestTooLargeError,
    StartedEvent,
    SubconsciousError,
    exceptions,
)

from .talk import Talk

Talking = Callable[..., Talk]
RUN_ID = {"x-run-id": "run_1"}


def stream(client: Any) -> Any:
    """All events of a stream."""
    return events_of(client.stream("tim", "What is 6 * 7?"))


def said(text: str) -> dict[str, Any]:
    """A chunk as it travels."""
    return {"choices": [{"delta": {"content": text}}]}


def test_events(talk: Talking) -> None:
    """
    A stream tells of the run, of each piece of the answer, and at its end that it is complete.
    """
    talking = talk(Events({"run_id": "run_1"}, said("4"), said("2"), done="[DONE]"))
    events = talking.ask(stream)

    assert [StartedEvent("run_1"), DeltaEvent("4", "run_1"), DeltaEvent("2", "run_1"), DoneEvent("run_1")] == events
    assert ["started", "delta", "delta", "done"] == [event.type for event in events]
    assert ["POST /runs/stream"] == talking.asked
    assert {"engine": "tim", "input": {"instructions": "What is 6 * 7?"}} == talking.sent.requests[0].json


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": []},
        {"choices": None},
        {"choices": [{"delta": {}}]},
        {"choices": [{"delta": {"role": "assistant"}}]},
        {"choices": [{"delta": {"content": ""}}]},
        {"choices": [{"finish_reason": "stop"}]},
        {"choices": ["x"]},
        {},
    ],
)
def test_chunks_without_text(talk: Talking, chunk: object) -> None:
    """
    A chunk without text is nothing to tell of.
    """
    assert [DeltaEvent("4"), DoneEvent()] == talk(Events(chunk, said("4"), done="[DONE]")).ask(stream)


@pytest.mark.parametrize(
    ("told", "code", "message"),
    [
        (
            Event("error", '{"error": "Engine down", "code": "service_unavailable"}'),
            "service_unavailable",
            "Engine down",
        ),
        ({"error": {"code": "rate_limited", "message": "Slow"}}, "rate_limited", "Slow"),
        ({"error": "It broke"}, "internal_error", "It broke"),
        ({"error": {"code": "of_another_page", "message": "Odd"}}, "internal_error", "Odd"),
        (Event("error", "no JSON"), "internal_error", "no JSON"),
    ],
)
def test_an_error_in_the_stream(talk: Talking, told: object, code: str, message: str) -> None:
    """
    An error event raises, with the run's id; what follows it is not read, though it says that all is done.
    """
    talking = talk(Events({"run_id": "run_1"}, said("4"), told, done="[DONE]", headers=RUN_ID))
    with pytest.raises(SubconsciousError) as caught:
        talking.ask(stream)

    assert (code, message, "run_1") == (caught.value.code, caught.value.message, caught.value.stream_resource_id)
    assert ["POST /runs/stream"] == talking.asked


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([said("4")], "service_unavailable"),
        ([], "service_unavailable"),
        ([said("4"), ConnectionError()], "service_unavailable"),
        ([said("4"), TimeoutError()], "timeout"),
        ([said("4"), b'data: {"choices": [{"del'], "service_unavailable"),
        ([said("4"), "[DONE"], "internal_error"),
        ([said("4"), "[1, 2]"], "internal_error"),
    ],
    ids=["stops", "nothing", "reset", "silent", "half an event", "half of the end", "no object"],
)
def test_no_success_that_was_not_seen(talk: Talking, items: list[object], code: str) -> None:
    """
    A stream that stops, breaks off, falls silent or cannot be read raises.

    It is not asked for again: that would begin a second run.
    """
    given: list[Any] = []
    talking = talk(Events(*items, headers=RUN_ID))
    with pytest.raises(SubconsciousError) as caught:
        talking.ask(lambda client: events_of(noted(client.stream("tim", "x"), given)))

    assert (code, "run_1", 1) == (caught.value.code, caught.value.stream_resource_id, len(talking.asked))
    assert [DeltaEvent("4")] * (said("4") in items) == given


def noted(events: Any, given: list[Any]) -> Any:
    """*events*, each kept in *given* as it comes."""

    async def awaited() -> Any:
        async for event in events:
            given.append(event)
            yield event

    def iterated() -> Any:
        for event in events:
            given.append(event)
            yield event

    return awaited() if hasattr(events, "__aiter__") else iterated()


def test_429_before_the_stream(talk: Talking) -> None:
    """
    A stream that is refused with 429 has begun nothing: it is asked for again when the server says.
    """
    talking = talk(RateLimitError("Slow down", retry_after=9), Events(said("4"), done="[DONE]"))

    assert [DeltaEvent("4"), DoneEvent()] == talking.ask(stream)
    assert [9] == talking.sent.waits


@pytest.mark.parametrize("failure", [500, 503, "network", "timeout"])
def test_no_second_run(talk: Talking, failure: object) -> None:
    """
    Another failure before the stream may have begun a run, so it is raised.
    """
    talking = talk(failure)
    with pytest.raises(SubconsciousError):
        talking.ask(stream)

    assert ["POST /runs/stream"] == talking.asked


def test_no_stream(talk: Talking) -> None:
    """
    An answer that is no stream is an error.
    """
    with pytest.raises(SubconsciousError) as caught:
        talk({"runId": "run_1"}).ask(stream)

    assert ("internal_error", 200) == (caught.value.code, caught.value.status)


def test_too_large_for_a_stream(talk: Talking) -> None:
    """
    The limit for the body of a run holds for streams, too.
    """
    talking = talk()
    with pytest.raises(RequestTooLargeError):
        talking.ask(lambda client: events_of(client.stream("tim", "x" * exceptions.MOST_BYTES)))

    assert [] == talking.asked


def test_the_code_that_an_event_claims(talk: Talking) -> None:
    """
    A code that the page does not have is an "other"; it can still be read.
    """
    with pytest.raises(SubconsciousError) as caught:
        talk(Events({"error": {"code": "of_another_page", "message": "Odd"}})).ask(stream)

    assert ("internal_error", "of_another_page") == (caught.value.code, caught.value.body_code)
