"""Server-sent events as they are written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from failwell.server.http.sse import HEARTBEAT, EventStreamResponse, follow
from failwell.server.http.sse_event import sse_event
from failwell.wire.sse import Decoder

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        ("[DONE]", "", ("message", "[DONE]")),
        ({"a": "ä\n"}, "", ("message", '{"a":"ä\\n"}')),
        ("two\nlines", "error", ("error", "two\nlines")),
    ],
)
def test_read_as_written(data: Any, name: str, expected: tuple[str, str]) -> None:
    """
    An event is decoded as what was written, line breaks included.
    """
    (decoded,) = Decoder().feed(sse_event(data, name))

    assert expected == (decoded.name, decoded.data)


def test_id_is_where_to_go_on() -> None:
    """
    The id of an event is the last one that its reader knows.
    """
    decoder = Decoder()

    assert ["4"] == [event.id for event in decoder.feed(sse_event("x", "step", id=4))]


def test_heartbeat_is_no_event() -> None:
    """
    A heartbeat is skipped.
    """
    assert [] == Decoder().feed(HEARTBEAT)


async def test_followed() -> None:
    """
    What is found is told in order, a silence is filled with heartbeats, and the last look ends it.
    """
    looks = iter([([b"1", b"2"], False), ([], False), ([b"3"], True)])

    told = [piece async for piece in follow(lambda: next(looks), heartbeat=0.0)]

    assert [b"1", b"2", HEARTBEAT, HEARTBEAT, b"3"] == told


async def test_no_heartbeat_before_its_time() -> None:
    """
    A stream that is not silent for long enough tells nothing but its events.
    """
    looks = iter([([], False), ([b"1"], True)])

    assert [b"1"] == [piece async for piece in follow(lambda: next(looks), heartbeat=60.0)]


async def test_nobody_stores_it() -> None:
    """
    Caches and proxies are told to keep nothing of a stream back.
    """

    async def nothing() -> AsyncIterator[bytes]:
        for piece in (b"",):
            yield piece

    headers = EventStreamResponse(nothing(), {"X-Run-Id": "r"}).headers

    assert ("text/event-stream; charset=utf-8", "no-store", "no", "r") == tuple(
        headers[name] for name in ("content-type", "cache-control", "x-accel-buffering", "x-run-id")
    )
