"""A reply on its way into a record, and out of it again."""

from __future__ import annotations

import anyio

from failwell.server.http.responses import Outgoing
from failwell.server.idempotency.claims import Claims, Settlement, Ticket
from failwell.server.protocol import ASGIMessage, Receive
from failwell.server.side_effects import Effects
from failwell.server.stored_response import StoredResponse

REPLAY_REQUEST_ID = "x-replay-request-id"
"""The header with a replay's own id: its request id is that of the first answer."""


class Recording:
    """Takes a reply in, keeps it under its ticket if the policy says so, and only then sends it.

    A reply of unknown length that comes in pieces, and one above the cap, pass through and are not kept.
    """

    def __init__(
        self, out: Outgoing, receive: Receive, body: bytes, *, claims: Claims, ticket: Ticket, effects: Effects
    ) -> None:
        self.complete = False
        self._out = out
        self._receive = receive
        self._body: bytes | None = body
        self._claims = claims
        self._ticket = ticket
        self._effects = effects
        self._start: ASGIMessage = {}
        self._chunks: list[bytes] = []
        self._size = 0
        self._passing = False
        self._settlement: Settlement | None = None
        self._decided = False
        self._waiting: anyio.Event | None = None

    @property
    def started(self) -> bool:
        """Whether the client has got the status."""
        return self._out.started

    async def receive(self) -> ASGIMessage:
        """The body that was read; then nothing, until the reply is complete or passes through.

        The app must not stop when the client goes away: its answer is kept for the client's next try. A stream hears
        of it, since nothing of it is kept.
        """
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        if not self._decided:
            self._waiting = self._waiting or anyio.Event()
            await self._waiting.wait()
        return await self._receive()

    def _decide(self) -> None:
        """Let the app hear of what the client does."""
        self._decided = True
        if self._waiting is not None:
            self._waiting.set()

    @property
    def first_renewal(self) -> float:
        """Seconds until the ticket has to be kept alive."""
        return self._claims.renewed_every

    async def keep_alive(self) -> None:
        """Keep the ticket valid while the app works; called when its first renewal is due."""
        await self._claims.keep_alive(self._ticket, waited=True)

    @property
    def settled(self) -> bool:
        """Whether the store knows what has become of the key."""
        return self._settlement is not None and self._settlement.done

    async def close(self, *, interrupted: bool) -> None:
        """Give the key free if no answer was kept, and tell the store what it could not be told so far.

        Not when the app was *interrupted* after a side effect: the key then waits for the end of its lease.
        """
        if self._settlement is None:
            if interrupted and self._effects.happened:
                return
            self._settlement = self._forgetting()
        await self._settlement.within(self._claims.policy.lease)

    async def __call__(self, message: ASGIMessage) -> None:
        """Take the next *message* of the reply."""
        if message["type"] == "http.response.start":
            self._start, self._chunks, self._size = message, [], 0
        elif message["type"] == "http.response.body":
            await self._take(message)

    async def _take(self, message: ASGIMessage) -> None:
        more: bool = message.get("more_body", False)
        if self._passing:
            await self._out(message)
        else:
            self._chunks.append(message.get("body", b""))
            self._size += len(self._chunks[-1])
            if self._size > self._claims.policy.response_cap or (more and not self._has_length()):
                self._passing = True
                self._decide()
                await self._send(more=more)
            elif not more:
                await self._finish()
        if not more:
            self.complete = True
            self._decide()

    def _has_length(self) -> bool:
        return any(name.lower() == b"content-length" for name, _ in self._start.get("headers", ()))

    async def _finish(self) -> None:
        status: int = self._start["status"]
        keep = self._claims.policy.keeps(status, effects=self._effects.happened)
        claims = self._claims
        self._settlement = claims.keeping(self._ticket, self._answer(status)) if keep else self._forgetting()
        # Before the client knows its answer: what it then does may depend on its key.
        await self._settlement.within(claims.policy.patience)
        await self._send(more=False)

    def _forgetting(self) -> Settlement:
        """What gives the key free. Its record stays where something was done under it, or may have been."""
        if self._effects.happened or self._effects.by_key in ("done", "unknown"):
            return self._claims.abandoning(self._ticket, begun=self._effects.happened)
        return self._claims.releasing(self._ticket)

    async def _send(self, *, more: bool) -> None:
        await self._out(self._start)
        body = b"".join(self._chunks)
        self._chunks.clear()
        await self._out({"type": "http.response.body", "body": body, "more_body": more})

    def _answer(self, status: int) -> StoredResponse:
        wanted = self._claims.policy.headers
        headers = ((n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in self._start.get("headers", ()))
        kept = tuple((name, value) for name, value in headers if name in wanted)
        return StoredResponse(status, kept, b"".join(self._chunks), self._out.request_id)


async def replay(answer: StoredResponse, out: Outgoing, *, replayed_header: str) -> None:
    """Send *answer* again, marked as replayed, under the request id of the first."""
    out.headers[replayed_header] = "true"
    out.headers[REPLAY_REQUEST_ID] = out.request_id
    out.request_id = answer.request_id
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode("ascii")))
    await out({"type": "http.response.start", "status": answer.status, "headers": headers})
    await out({"type": "http.response.body", "body": answer.body, "more_body": False})
