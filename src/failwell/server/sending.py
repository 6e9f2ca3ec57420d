"""The way of a reply to the client: what every reply carries, and what must not reach it."""

from __future__ import annotations

from typing import Protocol

from starlette.types import Message, Scope, Send

from failwell.server.framework import of_status
from failwell.server.refused import Refused
from failwell.wire import Reply


class Sink(Protocol):
    """Where a reply goes: to the client, or first into a record."""

    @property
    def started(self) -> bool:
        """Whether the client has got the status, so that it cannot be another any more."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the reply has ended."""
        ...

    async def __call__(self, message: Message) -> None:
        """Take the next message of the reply. A second start, while not *started*, replaces the first."""
        ...


class Outgoing:
    """Sends to the client. Every reply gets the request's id and *headers*; HEAD, 204 and 304 get no body."""

    def __init__(self, send: Send, scope: Scope, *, request_id_header: str, request_id: str) -> None:
        self.started = False
        self.complete = False
        self.request_id = request_id
        self.headers: dict[str, str] = {}
        self._request_id_header = request_id_header
        self._send = send
        self._head = scope["method"] == "HEAD"
        self._bodiless = False

    async def __call__(self, message: Message) -> None:
        """Send *message*, with the headers that every reply carries."""
        if message["type"] == "http.response.start":
            await self._start(message)
            return
        if message["type"] == "http.response.body":
            self.complete = not message.get("more_body", False)
            if self._bodiless:
                message = {**message, "body": b""}
        await self._send(message)

    async def _start(self, message: Message) -> None:
        status: int = message["status"]
        self._bodiless = self._head or status in {204, 304}
        headers = {**self.headers, self._request_id_header: self.request_id}
        own = {name.lower().encode("ascii"): value.encode("latin-1") for name, value in headers.items()}
        dropped = set(own)
        if self._bodiless and not self._head:
            # RFC 9110, 8.6: a 204 has no length; a length beside no body makes servers cut the connection.
            dropped |= {b"content-length", b"transfer-encoding"}
        kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in dropped]
        self.started = True
        await self._send({**message, "headers": [*kept, *own.items()]})


class FromApp:
    """Stands between the app and *sink*, and keeps back error pages that are not of the contract.

    Starlette sends "Internal Server Error" before it raises, and some middleware sends its own plain text.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._page: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Pass *message* on, unless it belongs to a page that is kept back."""
        if message["type"] == "http.response.start" and _is_page(message):
            self._page = message
        elif self._page is None or message["type"] not in {"http.response.body", "http.response.trailers"}:
            await self._sink(message)

    @property
    def kept_back(self) -> Refused | None:
        """What the page that was kept back meant; None if there was none."""
        if self._page is None:
            return None
        sent = self._page.get("headers", ())
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in sent}
        return of_status(self._page["status"], headers)


def _is_page(start: Message) -> bool:
    if start["status"] < 400:
        return False
    kinds = [value for name, value in start.get("headers", ()) if name.lower() == b"content-type"]
    return not kinds or kinds[0].partition(b";")[0].strip().lower() in {b"text/plain", b"text/html"}


async def send_reply(reply: Reply, sink: Sink) -> None:
    """Send *reply* whole."""
    encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in reply.headers.items()]
    encoded.append((b"content-length", str(len(reply.body)).encode("ascii")))
    await sink({"type": "http.response.start", "status": reply.status, "headers": encoded})
    await sink({"type": "http.response.body", "body": reply.body, "more_body": False})
