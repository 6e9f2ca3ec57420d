"""Responses of Django as messages of ASGI, and back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders

from failwell.server.protocol import ASGIMessage


def start_of(response: HttpResponseBase) -> ASGIMessage:
    """The message that *response* begins with."""
    headers = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in response.items()]
    if isinstance(response, HttpResponse) and "content-length" not in response:
        headers.append((b"content-length", str(len(response.content)).encode()))
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}


def with_head(response: Any, start: ASGIMessage) -> HttpResponseBase:
    """*response* with the status and the headers of *start*; its cookies stay."""
    response.status_code = start["status"]
    response.headers = ResponseHeaders({})
    made: HttpResponseBase = response
    for name, value in start["headers"]:
        text = value.decode("latin-1")
        key = name.decode("latin-1").title()
        made[key] = f"{made[key]}, {text}" if key in made else text
    return made


def pieces_of(response: Any, *, under_asgi: bool) -> Generator[bytes]:
    """The body of a streaming *response*; an asynchronous one is asked for its pieces on the server's event loop.

    Under WSGI there is none, and Django takes all of it at once.
    """
    if not (under_asgi and response.is_async):
        yield from response
        return
    stream: AsyncGenerator[bytes] = aiter(response)

    async def following() -> bytes | None:
        return await anext(stream, None)

    async def closing() -> None:
        await stream.aclose()

    try:
        while (piece := async_to_sync(following)()) is not None:
            yield piece
    finally:
        async_to_sync(closing)()


class Pieces:
    """The bodies of *first* and of the *rest*, for Django to send. Closed by Django, it ends the rest."""

    def __init__(self, first: ASGIMessage, rest: Generator[ASGIMessage]) -> None:
        self._first = first
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        yield self._first["body"]
        yield from (message["body"] for message in self._rest if message.get("body"))

    def close(self) -> None:
        """Say that no more is wanted."""
        self._rest.close()


class AsyncPieces:
    """The same under ASGI, where Django would take all of a blocking iterator before it sends any of it."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self.close = pieces.close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._pieces)
        while (piece := await sync_to_async(lambda: next(pieces, None))()) is not None:
            yield piece
