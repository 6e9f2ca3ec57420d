"""Server-sent events (SSE) as they are written. Workers write them too: nothing of the web is loaded for it."""

from __future__ import annotations

from typing import Any

from failwell.wire import json


def sse_event(data: Any, name: str = "", *, id: int | str | None = None) -> bytes:  # noqa: A002 - the field's name
    """One event, called *name* if it is given. *data* that is no text is written as JSON.

    A client that was cut off sends the *id* of the last event it has read as `Last-Event-ID`.
    """
    text = data if isinstance(data, str) else json.dumps(data).decode()
    head = [f"{field}: {said}" for field, said in (("id", id), ("event", name or None)) if said is not None]
    return "\n".join([*head, *(f"data: {line}" for line in text.split("\n")), "", ""]).encode()
