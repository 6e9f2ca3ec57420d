"""A stream of server-sent events as a scripted reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from failwell._support.frozen import Frozen
from failwell.wire.messages import Failure, Reply
from failwell.wire.sse import MEDIA_TYPE, Event


class Events:
    """Answers a stream: *items* one by one, then *done* as data if it is given, then its end.

    An item is the data of an event (a dict, a list, a pydantic model or text), an `failwell.wire.sse.Event` with a name
    and an id, bytes as they are on the wire, an error that the stream tells of in an event named *error_event*, or a
    failure at which it is cut: `NetworkError`, `ConnectionError`, `TimeoutError`, a `Failure`.

        with replies(client, Events({"step": 1}, {"step": 2}, done="[DONE]")): ...
    """

    def __init__(
        self,
        *items: object,
        done: str | None = None,
        error_event: str = "error",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.items = items
        self.done = done
        self.error_event = error_event
        self.headers = {"content-type": MEDIA_TYPE, **{name.lower(): text for name, text in (headers or {}).items()}}

    def __repr__(self) -> str:
        return f"<Events: {len(self.items)} items>"


class Opened(Frozen):
    """A success whose body comes in *pieces*, the last of which may be a failure."""

    head: Reply
    pieces: tuple[bytes | Failure, ...]

    def whole(self) -> Reply | Failure:
        """All of it at once, for a call that does not read a stream."""
        for piece in self.pieces:
            if isinstance(piece, Failure):
                return piece
        body = b"".join(piece for piece in self.pieces if isinstance(piece, bytes))
        return Reply(self.head.status, self.head.headers, body, self.head.received, len(body))


def written(event: Event) -> bytes:
    """*event* as it is on the wire."""
    lines = [f"id: {event.id}"] if event.id else []
    if event.name and event.name != "message":
        lines.append(f"event: {event.name}")
    lines += [f"data: {line}" for line in event.data.split("\n")]
    return ("\n".join(lines) + "\n\n").encode()


def data(item: Any, name: str = "message") -> bytes:
    """An event of that *name* with the text *item*."""
    return written(Event(name, item))
