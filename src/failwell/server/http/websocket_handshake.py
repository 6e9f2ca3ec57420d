"""A websocket under the contract: refused in the handshake like a request, ended with a code after it."""

from __future__ import annotations

from failwell.server.protocol import ASGIMessage, ASGISend, Receive, Scope
from failwell.wire import Reply

POLICY_VIOLATION, INTERNAL_ERROR = 1008, 1011
"""Codes of RFC 6455, 7.4.1. Before the handshake is done, servers make a 403 of the first."""

EXTENSION = "websocket.http.response"


class Handshake:
    """Sends what the app says in a websocket. The acceptance carries *headers*, as every reply does."""

    def __init__(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        self.headers: dict[str, str] = {}
        self.accepted = False
        self.over = False
        self.declined = False
        """Whether the app closed it before it was accepted, and nobody has said so to the client yet."""
        self._answers = EXTENSION in (scope.get("extensions") or {})
        self._receive = receive
        self._send = send
        self._heard = False

    async def receive(self) -> ASGIMessage:
        """The next message of the client."""
        self._heard = True
        return await self._receive()

    async def __call__(self, message: ASGIMessage) -> None:
        """Send *message*."""
        if message["type"] == "websocket.close" and not self.accepted:
            self.declined = True
            return
        if message["type"] in {"websocket.accept", f"{EXTENSION}.start"}:
            own = {name.lower().encode("ascii"): value.encode("latin-1") for name, value in self.headers.items()}
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in own]
            message = {**message, "headers": [*kept, *own.items()]}
        self.accepted = self.accepted or message["type"] == "websocket.accept"
        self.over = self.over or message["type"] in {"websocket.close", f"{EXTENSION}.start"}
        await self._send(message)

    async def refuse(self, reply: Reply) -> None:
        """Answer the handshake with *reply*; with a 403, where the server cannot send more. Later, end with a code."""
        if self.over:
            return
        self.over = True
        if not self._heard:
            await self.receive()
        if self.accepted or not self._answers:
            code = POLICY_VIOLATION if reply.status < 500 or not self.accepted else INTERNAL_ERROR
            await self._send({"type": "websocket.close", "code": code, "reason": ""})
            return
        headers = {**reply.headers, **{name.lower(): value for name, value in self.headers.items()}}
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        encoded.append((b"content-length", str(len(reply.body)).encode("ascii")))
        await self._send({"type": f"{EXTENSION}.start", "status": reply.status, "headers": encoded})
        await self._send({"type": f"{EXTENSION}.body", "body": reply.body, "more_body": False})
