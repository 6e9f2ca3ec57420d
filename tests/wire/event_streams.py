"""Streams and what they mean: the parse set of the Web Platform Tests, and a slow reading that is obviously right."""

from __future__ import annotations

from dataclasses import dataclass

from failwell.wire.sse import Event


@dataclass(frozen=True)
class Case:
    """A stream of the Web Platform Tests (`eventsource/` there), and its events."""

    stream: bytes
    events: list[Event]
    retry: int | None = None


def said(*texts: str, id: str = "") -> list[Event]:  # noqa: A002 - the word of the standard
    """Events without a name."""
    return [Event("message", text, id) for text in texts]


WEB_PLATFORM_TESTS: dict[str, Case] = {
    "event-data": Case(
        b"data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n",
        said("msg\nmsg", "", "end"),
    ),
    "format-bom": Case("\ufeffdata:1\n\n\ufeffdata:2\n\ndata:3\n\n\n".encode(), said("1", "3")),
    "format-bom-2": Case("\ufeff\ufeffdata:1\n\ndata:2\n\ndata:3\n\n\n".encode(), said("2", "3")),
    "format-comments": Case(
        b"data:1\r:\0\n:\r\ndata:2\n:" + b"x" * 2048 + b"\rdata:3\n:data:fail\r:" + b"x" * 2048 + b"\ndata:4\n\n\n",
        said("1\n2\n3\n4"),
    ),
    "format-data-before-final-empty-line": Case(b"retry:1000\ndata:test1\n\nid:test\ndata:test2", said("test1"), 1000),
    "format-field-data": Case(b"data:\n\ndata\ndata\n\ndata:test\n\n\n", said("", "\n", "test")),
    "format-field-event": Case(b"event:test\ndata:x\n\ndata:x\n\n\n", [Event("test", "x"), Event("message", "x")]),
    "format-field-event-empty": Case(b"event: \ndata:data\n\n\n", said("data")),
    "format-field-id": Case(b"id:1\ndata:hello\n\n\n", said("hello", id="1")),
    "format-field-id-2": Case(
        b"id: 1\ndata:1\n\ndata:2\n\nid:2\n\ndata:3\n\nid\ndata:4\n\n",
        [*said("1", "2", id="1"), *said("3", id="2"), *said("4")],
    ),
    "format-field-id-3": Case(b"id: 1\ndata:1\n\nid\ndata:2\n\n", [*said("1", id="1"), *said("2")]),
    "format-field-id-null": Case(b"id: \0start\ndata:hello\n\nid: en\0d\ndata:hello\n\n", said("hello", "hello")),
    "format-field-parsing": Case(
        b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\n"
        b"da-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
        said("\0\n 2\n1\n3\n\n4"),
    ),
    "format-field-retry": Case(b"retry:03000\ndata:x\n\n\n", said("x"), 3000),
    "format-field-retry-bogus": Case(b"retry:3000\nretry:1000x\ndata:x\n\n\n", said("x"), 3000),
    "format-field-retry-empty": Case(b"retry\ndata:test\n\n\n", said("test")),
    "format-field-unknown": Case(
        b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n\n", said("test\n\ntest")
    ),
    "format-leading-space": Case(b"data:\ttest\rdata: \ndata:test\n\n\n", said("\ttest\n\ntest")),
    "format-newlines": Case(b"data:test\r\ndata\ndata:test\r\n\r\n", said("test\n\ntest")),
    "format-null-character": Case(b"data:\0\n\n\n\n", said("\0")),
    "format-utf-8": Case("data:ok…\n\n".encode(), said("ok…")),
}


def slowly(stream: bytes, *, last_event_id: str = "") -> tuple[list[Event], str, int | None]:
    """The events, the last event id and the retry of *stream*, by the paragraphs of the standard one after another."""
    lines = whole_lines(stream.decode("utf-8", "replace").removeprefix("\ufeff"))
    events: list[Event] = []
    data, kind, id_buffer, retry = "", "", last_event_id, None
    for line in lines:
        if line == "":
            last_event_id = id_buffer
            if data != "":
                events.append(Event(kind or "message", data[:-1], last_event_id))
            data, kind = "", ""
            continue
        if line[0] == ":":
            continue
        colon = line.find(":")
        field = line if colon < 0 else line[:colon]
        value = "" if colon < 0 else line[colon + 1 :]
        value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            id_buffer = value
        elif field == "retry" and value and all(digit in "0123456789" for digit in value):
            retry = min(int(value), 10**15)
    return events, last_event_id, retry


def whole_lines(text: str) -> list[str]:
    """The lines of *text* that have ended: with CR LF, LF or CR."""
    lines: list[str] = []
    line = ""
    place = 0
    while place < len(text):
        if text[place] in "\r\n":
            lines.append(line)
            line = ""
            place += 2 if text[place : place + 2] == "\r\n" else 1
        else:
            line += text[place]
            place += 1
    return lines
