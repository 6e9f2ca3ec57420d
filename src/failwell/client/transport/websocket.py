"""WebSocket connections of a session, blocking and awaiting, over a socket that httpx2 has upgraded.

httpx2's own sessions are not used: they read in threads and tasks of their own, so that a failure comes as an exception
group, and nobody knows which messages were written. Here nothing runs beside the caller.
"""

from __future__ import annotations

import base64
import hashlib
import os
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from typing import Any, Protocol, runtime_checkable

import anyio

from failwell._support.frozen import changed
from failwell._support.secret import Secret
from failwell.client.transport.failures import LIBRARY_ERRORS, failure
from failwell.client.transport.httpx.blocking_network import LONGEST_ATTEMPT
from failwell.client.transport.httpx.body import AwaitingBody, BlockingBody
from failwell.client.transport.replies import IncomingReply
from failwell.policy.flow import Read
from failwell.policy.session.connection import LATER, Connect, Disconnect, Write
from failwell.runtime.transport import AsyncOpener, Opener
from failwell.wire.messages import Failure, Outcome, Reply, Request

LineEffect = Connect | Read | Write | Disconnect

PIECE = 64 * 1024
"""Bytes that are read, or written, at once."""
LEAST_WAIT = 0.005
"""Seconds in which an event loop can give what has come already."""
MOST_OWED = 32
"""Pongs and the like that wait until a sender is done with its message; the oldest are then of no use any more."""
LOOK_EVERY = 0.1
"""Seconds between two looks for what an event loop may hold although the socket shows nothing."""
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What a server proves with that it knows websockets (RFC 6455, 1.3)."""

_NOTHING_CAME = Failure("timeout", "nothing more came")
_CUT_OFF = Failure("network", "a message was cut off while it was written")

# Waits for one socket need no kernel object of their own; Windows has only `select`.
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)


def _asking(effect: Connect) -> tuple[Request, str]:
    """The request for a websocket, and the key with which the server proves that it understood."""
    key = base64.b64encode(os.urandom(16)).decode()
    asked = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", key)]
    asked.append(("Sec-WebSocket-Version", "13"))
    if effect.subprotocols:
        asked.append(("Sec-WebSocket-Protocol", ", ".join(effect.subprotocols)))
    return changed(effect.request, headers=(*effect.request.headers, *asked)), key


def _wrong_with(head: Reply, key: str, offered: tuple[str, ...]) -> str | None:
    """Why the 101 of *head* gives no websocket; None if it does. *offered* are the subprotocols of the request."""
    proof = base64.b64encode(hashlib.sha1(key.encode() + GUID, usedforsecurity=False).digest()).decode()
    if head.headers.get("upgrade", "").lower() != "websocket":
        return "status 101 without the header Upgrade: websocket"
    if "upgrade" not in (option.strip() for option in head.headers.get("connection", "").lower().split(",")):
        return "status 101 without the header Connection: Upgrade"
    if head.headers.get("sec-websocket-accept") != proof:
        return "status 101 with a Sec-WebSocket-Accept that does not belong to the key of the request"
    if head.headers.get("sec-websocket-extensions"):
        return "status 101 with extensions that were not asked for"
    chosen = head.headers.get("sec-websocket-protocol")
    if chosen is not None and chosen not in offered:
        return f"status 101 with the subprotocol {chosen[:100]!r}, which was not offered"
    return None


class _NoWebSocket(IncomingReply):
    """A success that is no websocket: the start of its body, and its length, which come within *timeout* seconds."""

    def __init__(self, head: Reply, timeout: float | None) -> None:
        super().__init__(head.status, head.headers, excerpt=True)
        self.broken = True  # perhaps in the middle of a secret
        self._head = head
        self._end = None if timeout is None else time.monotonic() + timeout
        self._failure: Failure | None = None

    def left(self) -> float | None:
        """The seconds that are left."""
        return None if self._end is None else max(self._end - time.monotonic(), 0.0)

    def goes_on(self, piece: bytes | Failure) -> bool:
        """Whether more comes after *piece*: some of it, or why there is no more."""
        if isinstance(piece, Failure):
            # What is no gzip has arrived all the same.
            self._failure = changed(piece, head=self._head) if piece.kind == "unreadable" else piece
            return False
        return bool(piece) and self.take(piece)

    def outcome(self, secrets: tuple[Secret, ...]) -> Outcome:
        """What came."""
        return self._failure or self.reply(self._head.received, lambda: secrets)


def _unusable(head: Reply, problem: str) -> Failure:
    return Failure("unreadable", problem, head=head)


def _failed(problem: Exception, secrets: tuple[Secret, ...]) -> Failure:
    """What *problem* says; where it says nothing, as those of event loops do, what the system said below it."""
    found: BaseException | None = problem
    while found is not None and not str(found):
        found = found.__cause__ or found.__context__
    told = failure(problem, secrets)
    if not isinstance(found, Exception) or found is problem:
        return told
    return changed(told, reason=failure(found, secrets).reason)


@runtime_checkable
class WebSocketLine(Protocol):
    """What speaks in the place of a connection, such as the script of a test: there is no upgrade to look at."""

    def read(self, timeout: float | None) -> bytes | Failure:
        """Some of what came, b"" at the end, or why there is nothing, within *timeout* seconds."""
        ...

    def write(self, data: bytes, timeout: float | None, *, soon: bool) -> object:
        """Write *data*; the `Failure`, if it was not."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class WebSocketConnector:
    """The line of a session, and the one that is opened after it. Does what the flow of a session asks for."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._line: WebSocketLine | None = None

    def act(self, effect: LineEffect) -> object:
        """Do it, blocking."""
        if isinstance(effect, Connect):
            self.hang_up()
            return self._connect(effect)
        if isinstance(effect, Disconnect):
            self.hang_up()
            return None
        line = self._line
        if isinstance(effect, Read):
            return b"" if line is None else line.read(effect.timeout)
        return _CUT_OFF if line is None else line.write(effect.data, effect.timeout, soon=effect.soon)

    def _connect(self, effect: Connect) -> Outcome:
        request, key = _asking(effect)
        found = self._opener.open(request, effect.timeout)
        if isinstance(found, Reply | Failure):
            return found
        head = found.head
        if not isinstance(found, BlockingBody):
            if isinstance(found, WebSocketLine):
                self._line = found
                return head
            found.close()
            return _unusable(head, f"status {head.status} over a transport that opens no websockets")
        kept = False
        try:
            if head.status != 101:
                return self._not_upgraded(found, effect.timeout)
            problem = _wrong_with(head, key, effect.subprotocols) or _not_a_socket(found.socket.stream)
            if problem is not None:
                return _unusable(head, problem)
            self._line = WebSocketConnection(found)
            kept = True
            return head
        finally:
            if not kept:
                found.close()

    @staticmethod
    def _not_upgraded(found: BlockingBody, timeout: float | None) -> Outcome:
        """The success that is no websocket, with the start of its body, or why it broke off."""
        reply = _NoWebSocket(found.head, timeout)
        while reply.goes_on(found.read(reply.left())):
            pass
        return reply.outcome(found.socket.secrets)

    def hang_up(self) -> None:
        """Close the connection, if there is one."""
        line, self._line = self._line, None
        if line is not None:
            line.close()


def _not_a_socket(stream: Any) -> str | None:
    """Why nothing can be read from *stream*, if so."""
    if stream is None:
        return "status 101 over a transport that does not show its connection"
    sock = stream.get_extra_info("socket")
    if stream.get_extra_info("ssl_object") is not None and not isinstance(sock, ssl.SSLSocket):
        return "status 101 through a proxy that is itself reached by TLS, which blocking sessions cannot go through"
    return None if isinstance(sock, socket.socket) else "status 101 over a transport that has no socket"


class WebSocketConnection:
    """A socket that one thread reads and others may write meanwhile.

    It never blocks inside of a call, only in between: two threads must not be inside of one TLS connection.
    """

    def __init__(self, body: BlockingBody) -> None:
        self._body = body
        self._secrets = body.socket.secrets
        self._sock: socket.socket = body.socket.stream.get_extra_info("socket")
        self._first = _leading(body.socket.stream)
        self._sock.setblocking(False)
        self._inside = threading.Lock()
        self._writing = threading.Lock()
        self._owed: deque[bytes] = deque(maxlen=MOST_OWED)
        self._broken: Failure | None = None

    def read(self, timeout: float | None) -> bytes | Failure:
        """Some of what came, b"" at the end, or why there is nothing, within *timeout* seconds."""
        if self._first:
            first, self._first = self._first, b""
            return first
        end = None if timeout is None else time.monotonic() + timeout
        try:
            while True:
                try:
                    with self._inside:
                        return self._sock.recv(PIECE)
                except (BlockingIOError, ssl.SSLWantReadError):
                    event = selectors.EVENT_READ
                except ssl.SSLWantWriteError:
                    event = selectors.EVENT_WRITE
                if not self._wait(event, end):
                    return _NOTHING_CAME
        except (*LIBRARY_ERRORS, ValueError) as problem:  # ValueError: another thread has closed it
            return _failed(problem, self._secrets)

    def write(self, data: bytes, timeout: float | None, *, soon: bool) -> object:
        """Write *data* behind what other threads write; the `Failure`, if it was not. With *soon* they may do it."""
        if soon:
            self._owed.append(data)
            problem = self._write_owed(timeout)
            return LATER if problem is None and data in self._owed else problem
        if not self._writing.acquire(timeout=-1 if timeout is None else min(timeout, LONGEST_ATTEMPT)):
            return Failure("timeout", f"the messages before it were not written within {timeout:g} s")
        try:
            problem = self._write(data, timeout)
        finally:
            self._writing.release()
        self._write_owed(timeout)  # a failure is remembered, and shown to whoever writes or reads next
        return problem

    def _write_owed(self, timeout: float | None) -> Failure | None:
        problem = None
        # Again after the release: what was added in between found the lock taken.
        while self._owed and problem is None and self._writing.acquire(blocking=False):
            try:
                if self._owed:
                    problem = self._write(self._owed.popleft(), timeout)
            finally:
                self._writing.release()
        return problem

    def _write(self, data: bytes, timeout: float | None) -> Failure | None:
        if self._broken is not None:
            return self._broken
        end = None if timeout is None else time.monotonic() + timeout
        left = memoryview(data)
        # Until it is whole, what comes after it would be taken for its rest.
        self._broken = _CUT_OFF
        try:
            while left:
                try:
                    with self._inside:
                        left = left[self._sock.send(left[:PIECE]) :]
                        continue
                except (BlockingIOError, ssl.SSLWantWriteError):
                    event = selectors.EVENT_WRITE
                except ssl.SSLWantReadError:
                    event = selectors.EVENT_READ
                if not self._wait(event, end):
                    self._broken = _too_slow(len(data), timeout)
                    return self._broken
        except (*LIBRARY_ERRORS, ValueError) as problem:
            self._broken = _failed(problem, self._secrets)
            return self._broken
        self._broken = None
        return None

    def _wait(self, event: int, end: float | None) -> bool:
        """Whether the socket is ready before the moment *end*."""
        left = None if end is None else min(end - time.monotonic(), LONGEST_ATTEMPT)
        if left is not None and left <= 0:
            return False
        with _Selector() as selector:
            selector.register(self._sock, event)
            return bool(selector.select(left))

    def close(self) -> None:
        """Close it. A thread that waits for it wakes up."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was faster
        finally:
            self._body.close()


def _leading(stream: Any) -> bytes:
    """What came together with the 101. A timeout of nothing lets no other byte be waited for."""
    try:
        first: bytes = stream.read(PIECE, 0.0)
    except LIBRARY_ERRORS:
        return b""  # what is wrong with the socket, if anything, shows when it is read
    return first


def _too_slow(size: int, timeout: float | None) -> Failure:
    return Failure("timeout", f"a message of {size} bytes was not written within {timeout or 0.0:g} s")


@runtime_checkable
class AsyncWebSocketLine(Protocol):
    """What speaks in the place of a connection, awaiting."""

    async def read(self, timeout: float | None) -> bytes | Failure:
        """Some of what came, b"" at the end, or why there is nothing, within *timeout* seconds."""
        ...

    async def write(self, data: bytes, timeout: float | None, *, soon: bool) -> object:
        """Write *data*; the `Failure`, if it was not."""
        ...

    async def aclose(self) -> None:
        """Close it."""
        ...


class AsyncWebSocketConnector:
    """The line of a session, and the one that is opened after it. Does what the flow of a session asks for."""

    def __init__(self, opener: AsyncOpener) -> None:
        self._opener = opener
        self._line: AsyncWebSocketLine | None = None

    async def act(self, effect: LineEffect) -> object:
        """Do it, awaiting."""
        if isinstance(effect, Connect):
            await self.hang_up()
            return await self._connect(effect)
        if isinstance(effect, Disconnect):
            await self.hang_up()
            return None
        line = self._line
        if isinstance(effect, Read):
            return b"" if line is None else await line.read(effect.timeout)
        return _CUT_OFF if line is None else await line.write(effect.data, effect.timeout, soon=effect.soon)

    async def _connect(self, effect: Connect) -> Outcome:
        request, key = _asking(effect)
        found = await self._opener.open(request, effect.timeout)
        if isinstance(found, Reply | Failure):
            return found
        head = found.head
        if not isinstance(found, AwaitingBody):
            if isinstance(found, AsyncWebSocketLine):
                self._line = found
                return head
            await found.aclose()
            return _unusable(head, f"status {head.status} over a transport that opens no websockets")
        kept = False
        try:
            if head.status != 101:
                return await self._not_upgraded(found, effect.timeout)
            problem = _wrong_with(head, key, effect.subprotocols)
            if problem is None and found.socket.stream is None:
                problem = "status 101 over a transport that does not show its connection"
            if problem is not None:
                return _unusable(head, problem)
            self._line = AsyncWebSocketConnection(found)
            kept = True
            return head
        finally:
            if not kept:
                await found.aclose()

    @staticmethod
    async def _not_upgraded(found: AwaitingBody, timeout: float | None) -> Outcome:
        reply = _NoWebSocket(found.head, timeout)
        while reply.goes_on(await found.read(reply.left())):
            pass
        return reply.outcome(found.socket.secrets)

    async def hang_up(self) -> None:
        """Close the connection, if there is one."""
        line, self._line = self._line, None
        if line is not None:
            await line.aclose()


class AsyncWebSocketConnection:
    """A connection that one task reads and others may write meanwhile."""

    def __init__(self, body: AwaitingBody) -> None:
        self._body = body
        self._stream = body.socket.stream
        self._secrets = body.socket.secrets
        self._writing = anyio.Lock()
        self._next_look = 0.0
        self._owed: deque[bytes] = deque(maxlen=MOST_OWED)
        self._broken: Failure | None = None

    async def read(self, timeout: float | None) -> bytes | Failure:
        """Some of what came, b"" at the end, or why there is nothing, within *timeout* seconds."""
        if timeout is not None and timeout < LEAST_WAIT:
            moment = time.monotonic()
            if moment < self._next_look and not self._stream.get_extra_info("is_readable"):
                return _NOTHING_CAME
            # What came with the 101, or in the moment in which an earlier wait ended, is not in the socket any more.
            self._next_look = moment + LOOK_EVERY
            timeout = LEAST_WAIT
        try:
            with anyio.move_on_after(timeout):
                piece: bytes = await self._stream.read(PIECE)
                return piece
        except LIBRARY_ERRORS as problem:
            return _failed(problem, self._secrets)
        return _NOTHING_CAME

    async def write(self, data: bytes, timeout: float | None, *, soon: bool) -> object:
        """Write *data* behind what other tasks write; the `Failure`, if it was not. With *soon* they may do it."""
        if soon:
            self._owed.append(data)
            problem = await self._write_owed(timeout)
            return LATER if problem is None and data in self._owed else problem
        with anyio.move_on_after(timeout) as scope:
            await self._writing.acquire()
        if scope.cancelled_caught:
            return Failure("timeout", f"the messages before it were not written within {timeout or 0.0:g} s")
        try:
            problem = await self._write(data, timeout)
        finally:
            self._writing.release()
        await self._write_owed(timeout)  # a failure is remembered, and shown to whoever writes or reads next
        return problem

    async def _write_owed(self, timeout: float | None) -> Failure | None:
        problem = None
        while self._owed and problem is None and not self._writing.locked():
            # Small, and not to be cut: the cancelled caller may go on with the session.
            with anyio.CancelScope(shield=True):
                async with self._writing:
                    if self._owed:
                        problem = await self._write(self._owed.popleft(), timeout)
        return problem

    async def _write(self, data: bytes, timeout: float | None) -> Failure | None:
        if self._broken is not None:
            return self._broken
        left = memoryview(data)
        # Until it is whole, what comes after it would be taken for its rest.
        self._broken = _CUT_OFF
        try:
            with anyio.move_on_after(timeout) as scope:
                while left:
                    await self._stream.write(bytes(left[:PIECE]))
                    left = left[PIECE:]
            if scope.cancelled_caught:
                self._broken = _too_slow(len(data), timeout)
                return self._broken
        except LIBRARY_ERRORS as problem:
            self._broken = _failed(problem, self._secrets)
            return self._broken
        if self._is_lost():
            self._broken = Failure("network", "the connection was lost while a message was written")
            return self._broken
        self._broken = None
        return None

    def _is_lost(self) -> bool:
        """Whether the socket is closed: asyncio ends a wait to write then, and does not tell of it."""
        sock = self._stream.get_extra_info("socket")
        return sock is not None and sock.fileno() == -1

    async def aclose(self) -> None:
        """Close it. A task that waits for it wakes up."""
        with anyio.CancelScope(shield=True):
            await self._stream.aclose()
            await self._body.aclose()
