from __future__ import annotations

import time

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping as SentPing, TextMessage

from failwell.wire.websocket import BadFrameError, Closed, Frame, Frames, Ping

MIB = 1024 * 1024


def from_server(*events: Event) -> bytes:
    """The bytes of *events* as a server sends them."""
    server = Connection(ConnectionType.SERVER)
    return b"".join(bytes(server.send(event)) for event in events)


def fed(data: bytes, size: int, frames: Frames | None = None) -> list[Frame]:
    """What *data* says when it comes in pieces of *size*."""
    frames = Frames() if frames is None else frames
    return [frame for at in range(0, len(data), size) for frame in frames.feed(data[at : at + size])]


def test_any_cut() -> None:
    """
    However the bytes are cut, the same is said: messages whole, also with a ping among their fragments.
    """
    data = from_server(
        TextMessage("dé", message_finished=False),
        SentPing(b"hi"),
        TextMessage("jà", message_finished=False),
        TextMessage(""),
        BytesMessage(b"\x00\xff" * 100),
        BytesMessage(b""),
        TextMessage("x" * 70_000),
        CloseConnection(4001, "dû"),
    )
    expected = [Ping(b"hi"), "déjà", b"\x00\xff" * 100, b"", "x" * 70_000, Closed(4001, "dû")]

    for size in (1, 2, 3, 7, 125, 4096, len(data)):
        assert expected == fed(data, size), size


def test_too_long() -> None:
    """
    A message that grows too long is refused as soon as it has, in one frame or in many; control frames do not count.
    """
    for data in (
        from_server(BytesMessage(b"x" * 11)),
        from_server(TextMessage("é" * 6)),
        from_server(*[TextMessage("xxx", message_finished=False)] * 4),
    ):
        with pytest.raises(BadFrameError, match="one message has more than 10 bytes") as caught:
            fed(data, 1, Frames(longest=10))
        assert 1009 == caught.value.code

    kept = from_server(SentPing(b"p" * 100), TextMessage("é" * 5), TextMessage("é" * 5))
    assert [Ping(b"p" * 100), "ééééé", "ééééé"] == fed(kept, 1, Frames(longest=10))


@pytest.mark.parametrize(("first", "part", "whole"), [(b"\x01\x00", "x", "x"), (b"\x02\x00", b"x", b"x")])
def test_small_fragments(first: bytes, part: str | bytes, whole: str | bytes) -> None:
    """
    Empty fragments are not held, and of small ones no more is held than they have together.
    """
    frames = Frames()
    frames.feed(first)
    for _ in range(20):
        frames.feed(b"\x00\x00" * 1_000)
    assert 0 == len(frames._parts)
    for _ in range(20):
        frames.feed(b"\x00\x01x" * 1_000)
    assert len(frames._parts) < 1_200

    assert [whole * 20_001] == frames.feed(b"\x80\x01x")


def test_what_came_before() -> None:
    """
    What was complete before the bytes made no sense is kept.
    """
    frames = Frames()
    with pytest.raises(BadFrameError):
        frames.feed(from_server(TextMessage("good")) + b"\xff\xff")

    assert ["good"] == frames.complete


def test_linear() -> None:
    """
    A message of 16 MiB in pieces of 1 KiB is put together once: copied again with each piece, it would be 128 GiB.
    """
    data = from_server(BytesMessage(b"x" * 16 * MIB))
    # Of this thread alone: what else the machine does is not in it. It takes 0.05 s, and 128 GiB half a minute.
    began = time.thread_time()

    assert (1, True) == (len(fed(data, 1024)), time.thread_time() - began < 3)


def test_what_we_send() -> None:
    """
    What is sent is masked and whole; after a close frame there is nothing.
    """
    server, frames = Connection(ConnectionType.SERVER), Frames()
    sent = [
        frames.message("é" * 200),
        frames.message(b"\x00"),
        frames.ping(b"p"),
        frames.pong(b"q"),
        frames.close(1000),
    ]
    assert all(data is not None and data[1] & 0x80 for data in sent)
    server.receive_data(b"".join(data or b"" for data in sent))

    heard = [event for event in server.events() if not isinstance(event, CloseConnection)]
    assert ["é" * 200, b"\x00", b"p", b"q"] == [
        getattr(event, "data", getattr(event, "payload", None)) for event in heard
    ]
    assert [None] * 4 == [frames.message("x"), frames.ping(b""), frames.pong(b""), frames.close(1000)]
