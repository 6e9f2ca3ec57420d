"""Server-sent events (SSE) decoder: bytes to events, as HTML's "event stream interpretation" has it. No I/O."""

# Without `from __future__ import annotations`, for the NamedTuple: it would compile types that are text.
from codecs import utf_8_decode
from functools import partial
from typing import NamedTuple

from failwell._support.exception_fields import ExceptionFields

MEDIA_TYPE = "text/event-stream"

LONGEST_EVENT = 128 * 1024 * 1024
"""Bytes held of an event that has not ended yet, unless the caller says otherwise."""

BOM = "\ufeff"
LONGEST_RETRY = 15
"""Digits of a `retry` that are read: more milliseconds than that are as good as these."""
PART = 64 * 1024
"""Bytes of an unfinished data line that are held as they came. Longer ones are decoded in parts."""
LINES = 4096
"""Data lines of an unfinished event that are held one by one. A text of its own takes some 50 bytes beside it."""
MERGED, MERGED_SHARE = 1024 * 1024, 32
"""Bytes that the parts of a line have together before they become one text, or of a longer text this share.

A share that is small is joined in memory that was used before, and need not be cleared for it.
"""


class Event(NamedTuple):
    """One event. *id* is the last id that the stream had named by then, "" where it had named none."""

    name: str
    data: str
    id: str = ""


class EventTooLongError(ExceptionFields, Exception):
    """Of one event more than *longest* bytes have come, and not its end. Turned into the vendor's error."""

    longest: int
    template = "one event has more than {longest} bytes"


_event = partial(tuple.__new__, Event)


class Decoder:
    """Takes the bytes of a stream in pieces of any size, and gives the events that they complete.

    Text is UTF-8 whatever the headers say, "�" for what is not; one byte order mark at the start is dropped. Lines end
    with CR, LF or CRLF, also across pieces. An event that has not ended when the stream does is not given. Time is
    linear in the bytes, however they are cut. *last_event_id* is the one that an earlier connection ended with,
    *longest* how many bytes of an unfinished event are held.
    """

    def __init__(self, *, last_event_id: str = "", longest: int = LONGEST_EVENT) -> None:
        self.last_event_id = last_event_id
        """The id that a reconnection names. One counts when its block has ended, with an event or without."""
        self.retry: int | None = None
        """Milliseconds to wait before a reconnection, or None if the stream has not said."""
        self._longest = longest
        self._started = False
        self._after_cr = False
        self._line = bytearray()
        self._long = ""
        self._parts: list[str] = []
        self._unmerged = 0
        self._data: list[str] = []
        self._blocks: list[str] = []
        self._held = 0
        self._name = ""
        self._id = last_event_id

    def feed(self, piece: bytes) -> list[Event]:
        """The events that *piece* completes, in order.

        Raises:
            EventTooLongError: of an event that has not ended, more has come before *piece* than is held.
        """
        if self._held + len(self._line) > self._longest:
            raise EventTooLongError(self._longest)
        if self._after_cr and piece:
            self._after_cr = False
            piece = piece.removeprefix(b"\n")
        end = piece.rfind(b"\n") + 1
        cr = piece.rfind(b"\r") + 1
        if cr > end:
            end = cr
            self._after_cr = cr == len(piece)
        if not end:
            self._hold(piece)
            return []
        came = len(self._line) + end
        text = (self._line + piece[:end] if self._line else piece[:end]).decode("utf-8", "replace")
        if not self._started:
            self._started = True
            text = text.removeprefix(BOM)
        if cr:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        lines.pop()
        if self._parts or self._long:
            self._parts.append(lines.pop(0))
            self._merge()
            self._data.append(self._long)
            self._long = ""
        events = self._completed(lines)
        self._held = 0 if events or not (self._data or self._blocks) else self._held + came
        if len(self._data) > LINES:
            self._blocks.append("\n".join(self._data))
            self._data.clear()
        if self._line or end < len(piece):
            self._line = bytearray()
            self._hold(piece[end:])
        return events

    def _completed(self, lines: list[str]) -> list[Event]:
        """The events that whole *lines* complete."""
        events: list[Event] = []
        data, name, named = self._data, self._name, self._id
        for line in lines:
            if line:
                field, _, value = line.partition(":")
                if value[:1] == " ":
                    value = value[1:]
                if field == "data":
                    data.append(value)
                elif field == "event":
                    name = value
                elif field == "id":
                    if "\0" not in value:
                        named = value
                elif field == "retry" and value.isascii() and value.isdigit():
                    self.retry = int(value.lstrip("0")[:LONGEST_RETRY] or "0")
            else:
                if self._blocks:
                    data[:0] = self._blocks
                    self._blocks.clear()
                if data:
                    events.append(_event((name or "message", "\n".join(data), named)))
                    data.clear()
                name = ""
                self.last_event_id = named
        self._name, self._id = name, named
        return events

    def _hold(self, piece: bytes) -> None:
        """Keep *piece* of a line that has not ended."""
        line = self._line
        line += piece
        unfinished = bool(self._parts or self._long)
        if len(line) >= PART and (unfinished or line.startswith(b"data:")):
            text, used = utf_8_decode(line, "replace")
            del line[:used]
            if not unfinished:
                self._started = True
                text = text[6:] if text[5:6] == " " else text[5:]
            self._parts.append(text)
            self._held += used
            self._unmerged += used
            if self._unmerged >= max(MERGED, len(self._long) // MERGED_SHARE):
                self._merge()

    def _merge(self) -> None:
        """Put the parts behind the text that was merged before.

        Python does that in place where nobody else has the text: the system need not find room for all of it twice.
        Where Python must copy, this comes seldom enough for time to stay linear.
        """
        text, self._long = self._long, ""
        text += "".join(self._parts)
        self._long = text
        self._parts.clear()
        self._unmerged = 0
