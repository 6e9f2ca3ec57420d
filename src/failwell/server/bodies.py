"""Request bodies that are read before the app, and given to it again: whole, and never above a limit."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from failwell.server.refused import Refused


def above(limit: int) -> Refused:
    """The 413 for a body of more than *limit* bytes."""
    return Refused(413, f"A request may have {limit:,} bytes of body, this one has more. Send less at a time.")


async def whole_body(
    scope: Scope, receive: Receive, limit: int, refusal: Callable[[int], Refused] = above, *, patience: int = 0
) -> bytes:
    """The body of the request.

    *patience* is how many bytes above *limit* are read and thrown away before the *refusal*: a client that still
    sends when the connection is closed may never see the answer.

    Raises:
        Refused: it is above *limit* bytes.
        ClientDisconnect: the client left before it was whole.
    """
    length = Headers(scope=scope).get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit + patience:
        raise refusal(limit)
    body = bytearray()
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > limit + patience:
            raise refusal(limit)
        if size <= limit:
            body += piece
        more = message.get("more_body", False)
    if size > limit:
        raise refusal(limit)
    return bytes(body)


def again(body: bytes, receive: Receive) -> Receive:
    """A *receive* that begins with the *body* that was read from it."""
    unread: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def read_again() -> Message:
        nonlocal unread
        if unread is not None:
            message, unread = unread, None
            return message
        return await receive()

    return read_again
