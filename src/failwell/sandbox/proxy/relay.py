"""Relays a request to the real server and its reply back, both as they come."""

from __future__ import annotations

import asyncio
import contextlib

import h11

from failwell._support.exception_fields import ExceptionFields
from failwell.sandbox.faults.steps import BreakSession
from failwell.sandbox.proxy.connection import GoneError, ProxyConnection
from failwell.sandbox.proxy.incoming import Incoming, MalformedRequestError
from failwell.sandbox.proxy.sessions import break_off, relay_one_way

_LONGEST_CONNECT = 10.0
_LONGEST_REPLY_HEAD = 262_144


class UpstreamError(ExceptionFields, Exception):
    """The real server gave no whole reply; the client was sent *relayed* bytes of one. *reset* if by RST."""

    outcome: str
    remedy: str
    relayed: int = 0
    reset: bool = False
    template = "{outcome}. {remedy}"


async def pass_on(
    client: ProxyConnection,
    incoming: Incoming,
    upstream: tuple[str, int],
    *,
    lost: bool = False,
    afterwards: str = "",
    breaks: BreakSession | None = None,
) -> bool:
    """
    Send *incoming* to *upstream* and the reply to *client*, byte for byte; True if the connection can go on.

    A *lost* reply is read to its end and sent to nobody. *afterwards* ends the entry in the log. *breaks* is how a
    session breaks that is opened.

    Raises: GoneError, when the client goes away; MalformedRequestError, when its body is broken; UpstreamError.
    """
    server = await _connect(*upstream)
    relay = _Relay(client, incoming, server, lost=lost, afterwards=afterwards, breaks=breaks)
    try:
        goes_on = await _until_replied(relay, client)
        if relay.switched and not lost:
            await _exchange_bytes(client, server, relay, incoming.rest)
        return goes_on
    except MalformedRequestError:
        if not relay.relayed:
            raise
        # The client has read the start of another reply, so the refusal cannot be told in words.
        incoming.record("malformed request, reset")
        client.reset()
        return False
    finally:
        server.drop()


async def _until_replied(relay: _Relay, client: ProxyConnection) -> bool:
    reply = asyncio.create_task(relay.reply())
    others = {asyncio.create_task(relay.request()), asyncio.create_task(client.wait_until_gone())}
    try:
        while not reply.done():
            done, _ = await asyncio.wait({reply, *others}, return_when=asyncio.FIRST_COMPLETED)
            # The reply decides, even when the client hangs up on its last byte.
            for task in () if reply in done else done:
                others.discard(task)
                task.result()
        return await reply
    finally:
        for task in (reply, *others):
            task.cancel()
        await asyncio.gather(reply, *others, return_exceptions=True)


async def _exchange_bytes(client: ProxyConnection, server: ProxyConnection, relay: _Relay, begun: bytes) -> None:
    """Relay both ways, *begun* first, until both sides have closed: what follows an upgrade is not HTTP."""
    # The server may be gone by now; then the relay below finds out too, and tells the client.
    with contextlib.suppress(GoneError):
        if begun:
            await server.write(begun)
    if relay.breaks is not None:
        listening = asyncio.create_task(relay_one_way(client, server))
        try:
            await break_off(relay.breaks, client, server, relay.said)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        return
    if relay.said:
        await client.write(relay.said)
    async with asyncio.TaskGroup() as group:
        group.create_task(relay_one_way(client, server))
        group.create_task(relay_one_way(server, client))


async def _connect(host: str, port: int) -> ProxyConnection:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_LONGEST_CONNECT):
            _, server = await loop.create_connection(ProxyConnection, host, port)
    except OSError as problem:
        remedy = f"Nothing answers at {host}:{port}: start the server behind the sandbox, or look why it stopped."
        raise UpstreamError("upstream refused", remedy) from problem
    return server


REPLAYED = b"-replayed"
"""How the header is called with which servers mark an answer to an earlier request: `Idempotent-Replayed`."""


class _Relay:
    """One request and its reply on their way through; *relayed* counts the bytes that the client was sent."""

    def __init__(
        self,
        client: ProxyConnection,
        incoming: Incoming,
        server: ProxyConnection,
        *,
        lost: bool,
        afterwards: str,
        breaks: BreakSession | None,
    ) -> None:
        self.relayed = 0
        self.breaks = breaks
        self._lost = lost
        self._afterwards = afterwards
        self.switched = False
        self.said = b""
        """What the server said behind the reply by which it switched."""
        self._replayed = False
        self._client = client
        self._incoming = incoming
        self._server = server
        # It frames the request's body anew, and finds the end of the reply, whose bytes go by unchanged.
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_REPLY_HEAD)

    async def request(self) -> None:
        """Send the request. Raises: GoneError, MalformedRequestError, both for the client."""
        head = self._incoming.head
        headers = list(head.headers.raw_items())
        if self._client.secured:
            # As a proxy does that ends TLS: the server behind writes its own address into its answers.
            headers.append((b"X-Forwarded-Proto", b"https"))
        start = self._http.send(h11.Request(method=head.method, target=head.target, headers=headers))
        if head.http_version == b"1.0":
            start = start.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)
        if not await self._sent(start):
            return
        async for data in self._incoming.body():
            if not await self._sent(self._http.send(h11.Data(data=data))):
                return
        await self._sent(self._http.send(h11.EndOfMessage()))

    async def _sent(self, data: bytes | None) -> bool:
        # A server may answer and close before it has read all. Its reply, or the lack of one, tells the rest.
        try:
            if data:
                await self._server.write(data)
        except GoneError:
            return False
        return True

    async def reply(self) -> bool:
        """Pass the reply back; True if the connection can go on. Raises: GoneError, for the client; UpstreamError."""
        status = 0
        while True:
            data, status, ended = await self._next_part(status)
            if ended:
                # Before the last bytes go: whoever has the whole reply finds the entry in the log.
                outcome = f"{'lost' if self._lost else 'passed'} {status}{self._afterwards}"
                outcome += f", {self.breaks.told}" if self.breaks is not None and self.switched else ""
                self._incoming.record(outcome, replayed=self._replayed)
            if data and not self._lost:
                await self._client.write(data)
                self.relayed += len(data)
            if ended:
                # Not DONE when h11 has seen HTTP/1.0 or "Connection: close" on either side, or an upgrade.
                return self._incoming.complete and self._http.their_state is h11.DONE

    async def _next_part(self, status: int) -> tuple[bytes, int, bool]:
        """The next bytes of the reply, the status so far, and whether HTTP ends with them."""
        data = b""
        try:
            data = await self._server.read()
            self._http.receive_data(data)
            while True:
                event = self._http.next_event()
                if isinstance(event, h11.Response | h11.InformationalResponse):
                    status = event.status_code
                    self._replayed = any(name.endswith(REPLAYED) for name, _ in event.headers)
                elif isinstance(event, h11.EndOfMessage):
                    return data[: len(data) - len(self._http.trailing_data[0])], status, True
                elif not isinstance(event, h11.Data):
                    self.switched = self._http.their_state is h11.SWITCHED_PROTOCOL
                    self.said = self._http.trailing_data[0] if self.switched else b""
                    return data[: len(data) - len(self.said)], status, self.switched
        except GoneError as problem:
            raise self._broken("upstream reset the connection", reset=True) from problem
        except h11.RemoteProtocolError as problem:
            how = "upstream sent malformed HTTP" if data else "upstream closed the connection"
            raise self._broken(how) from problem

    def _broken(self, how: str, *, reset: bool = False) -> UpstreamError:
        remedy = "Look at the log of the server behind the sandbox."
        return UpstreamError(f"{how} after {self.relayed} bytes", remedy, relayed=self.relayed, reset=reset)
