"""One request of aiohttp as ASGI has it, and the contract's reply as a response of aiohttp."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

from aiohttp import StreamReader, web

from failwell.server.http.websocket_handshake import INTERNAL_ERROR, POLICY_VIOLATION
from failwell.server.protocol import BEGUN, ASGIMessage, ASGISend, Receive, Scope

ANSWERED: ContextVar[Scope | None] = ContextVar("failwell_scope", default=None)
"""The request whose handler runs, and may send its reply by itself."""


class Sending:
    """Takes the reply of the contract as a response of aiohttp: the app's own with other headers, or a new one."""

    def __init__(self, scope: Scope) -> None:
        self.response: web.StreamResponse
        self._scope = scope
        self._start: ASGIMessage = {}

    async def __call__(self, message: ASGIMessage) -> None:
        """Take the next message of the reply."""
        if message["type"] == "http.response.start":
            self._start = message
            preparing: web.StreamResponse | None = self._scope.get("failwell.preparing")
            if preparing is not None:
                self._put(preparing)
        elif not message.get("more_body"):
            own: web.StreamResponse | None = self._scope.get("failwell.response")
            same = own is not None and (own.prepared or self._sends(own, message.get("body", b"")))
            self.response = own if own is not None and same else self._new(message.get("body", b""))
            if not self.response.prepared:
                self._put(self.response)

    def _sends(self, own: web.StreamResponse, body: bytes) -> bool:
        if own.status != self._start["status"]:
            return False
        return not isinstance(own, web.Response) or not isinstance(own.body, bytes | None) or (own.body or b"") == body

    def _new(self, body: bytes) -> web.Response:
        return web.Response(body=body, status=self._start["status"])

    def _put(self, response: web.StreamResponse) -> None:
        kept = response.headers
        for name in {name.decode("latin-1") for name, _ in self._start["headers"]} - {"set-cookie"}:
            kept.popall(name, None)
        for name, value in self._start["headers"]:
            if name != b"set-cookie":
                kept.add(name.decode("latin-1").title(), value.decode("latin-1"))


async def prepared(request: web.Request, response: web.StreamResponse) -> None:
    """Let the head of a *response* that a handler sends by itself pass the contract."""
    scope = ANSWERED.get()
    if scope is None or scope["failwell.request"] is not request or "failwell.send" not in scope:
        return
    if isinstance(response, web.WebSocketResponse):
        # From here on nobody may answer in HTTP.
        scope["failwell.websocket"] = response
        scope["failwell.outgoing"].started = True
        for name, value in scope["failwell.outgoing"].carried().items():
            response.headers[name.decode("latin-1").title()] = value.decode("latin-1")
    else:
        scope["failwell.preparing"] = response
        scope[BEGUN] = True
        await scope["failwell.send"](start_of(response, None))


async def closed(raised: Exception, scope: Scope) -> bool:
    """Whether a websocket was open whose handler has *raised*; it is closed with a code, and no words."""
    line: web.WebSocketResponse | None = scope.get("failwell.websocket")
    if line is None:
        return False
    reply = scope["failwell.translator"].reply(raised, scope)
    await line.close(code=POLICY_VIOLATION if reply.status < 500 else INTERNAL_ERROR)
    return True


def scope_of(request: web.Request) -> Scope:
    """The *request* as ASGI has it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": f"{request.version.major}.{request.version.minor}",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.raw_path.partition("?")[0].encode("latin-1", "replace"),
        "query_string": request.query_string.encode("latin-1", "replace"),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "extensions": {},
        "failwell.request": request,
    }


def start_of(response: web.StreamResponse, length: int | None) -> ASGIMessage:
    """The message that *response* begins with; *length* is that of its body, where it is known."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    if length is not None and not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": response.status, "headers": headers}


async def send_on(response: web.StreamResponse, send: ASGISend) -> None:
    """Send *response* on; of one that the handler has sent by itself only its end is missing."""
    if response.prepared:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    body = response.body if isinstance(response, web.Response) else b""
    whole = bytes(body) if isinstance(body, bytes | bytearray) else None
    await send(start_of(response, None if whole is None else len(whole)))
    await send({"type": "http.response.body", "body": whole or b"", "more_body": False})


def receiving(request: web.Request) -> Receive:
    """The *receive* of *request*."""

    async def receive() -> ASGIMessage:
        piece = await request.content.readany()
        return {"type": "http.request", "body": piece, "more_body": not request.content.at_eof()}

    return receive


async def give_body(request: web.Request, receive: Receive) -> None:
    """Let the handlers read what the contract has read, and held within its limits."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    # With a limit above its size the reader leaves the connection alone.
    stream = StreamReader(request.protocol, len(body) + 1, loop=asyncio.get_running_loop())
    stream.feed_data(bytes(body))
    stream.feed_eof()
    # aiohttp has no public way to put back a body that was read.
    request._payload = stream  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
