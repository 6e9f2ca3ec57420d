"""Mock transports that bring back scripted replies, in both colours; all else of a client is real."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from failwell.client.transport.content_error import ContentError
from failwell.clock import Clock, VirtualClock
from failwell.testing.asked import asked_by
from failwell.testing.events import Opened
from failwell.testing.sessions import PATIENCE, Conversation
from failwell.wire.json import KEPT
from failwell.wire.messages import Failure, Outcome, Reply, Request

if TYPE_CHECKING:
    from failwell._support.secret import Secret
    from failwell.client.core import Core
    from failwell.testing.answers import Brought
    from failwell.testing.script import ReplyScript


class Scripted:
    """The transport of *core* while a script answers. What is secret, and whether it is closed, *real* knows."""

    def __init__(self, core: Core, real: Any, script: ReplyScript, clock: Clock) -> None:
        self._core = core
        self._real = real
        self._script = script
        self._clock = clock

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not be shown."""
        return self._real.secrets  # type: ignore[no-any-return]

    def secrets_of(self, request: Request) -> tuple[Secret, ...]:
        """What must not be shown of the exchange of *request*."""
        return self._real.secrets_of(request)  # type: ignore[no-any-return]

    @property
    def closed(self) -> bool:
        """Whether the client was closed."""
        return self._real.closed  # type: ignore[no-any-return]

    def _brought(self, request: Request, timeout: float | None, content: bytes) -> Brought:
        secrets = self.secrets_of(request)
        found = self._script.answer(asked_by(self._core, request, content, timeout, secrets))
        if isinstance(found, Failure) and found.kind == "timeout":
            self._pass(timeout)
        return _kept(found) if isinstance(found, Reply) else found

    def _pass(self, timeout: float | None) -> None:
        """Let the time go by that was waited for nothing."""
        if isinstance(self._clock, VirtualClock) and timeout is not None:
            self._clock.advance(timeout)


class BlockingScripted(Scripted):
    """Answers a blocking client."""

    def send(self, request: Request, timeout: float | None) -> Outcome:
        """The scripted outcome."""
        found = self._brought(request, timeout, _read(request))
        return _into(request, found.whole() if isinstance(found, Opened | Conversation) else found)

    def open(self, request: Request, timeout: float | None) -> Outcome | BlockingPieces | BlockingLine:
        """The scripted outcome, with the body of a success, or the session, left to be read."""
        found = _opened(self._brought(request, timeout, _read(request)))
        if isinstance(found, Conversation):
            return BlockingLine(_asked_for(found, request), self._pass)
        return BlockingPieces(found, self._pass) if isinstance(found, Opened) else found

    def close(self) -> None:
        """Close the client's connections."""
        self._real.close()


class AwaitingScripted(Scripted):
    """Answers an awaiting client."""

    async def send(self, request: Request, timeout: float | None) -> Outcome:
        """The scripted outcome."""
        found = self._brought(request, timeout, await self._content(request))
        found = found.whole() if isinstance(found, Opened | Conversation) else found
        if request.into is None:
            return found
        from anyio import to_thread

        return await to_thread.run_sync(_into, request, found)

    async def open(self, request: Request, timeout: float | None) -> Outcome | AwaitingPieces | AwaitingLine:
        """The scripted outcome, with the body of a success, or the session, left to be read."""
        found = _opened(self._brought(request, timeout, await self._content(request)))
        if isinstance(found, Conversation):
            return AwaitingLine(_asked_for(found, request), self._pass)
        return AwaitingPieces(found, self._pass) if isinstance(found, Opened) else found

    async def _content(self, request: Request) -> bytes:
        """The body of *request*; other tasks get their turn, as they do while one is sent."""
        from anyio import lowlevel, to_thread

        if isinstance(request.content, bytes):
            await lowlevel.checkpoint()
            return request.content
        return await to_thread.run_sync(_read, request)

    async def aclose(self) -> None:
        """Close the client's connections."""
        await self._real.aclose()


class _Pieces:
    """The body of a scripted success."""

    def __init__(self, opened: Opened, wait: Callable[[float | None], None]) -> None:
        self.head = opened.head
        self._left = iter(opened.pieces)
        self._wait = wait

    def _next(self, timeout: float | None) -> bytes | Failure:
        piece = next(self._left, b"")
        if isinstance(piece, Failure) and piece.kind == "timeout":
            self._wait(timeout)
        return piece


class BlockingPieces(_Pieces):
    """Read by a blocking client."""

    def read(self, timeout: float | None) -> bytes | Failure:
        """The next piece, b"" at the end."""
        return self._next(timeout)

    def close(self) -> None:
        """Read no more."""
        self._left = iter(())


class AwaitingPieces(_Pieces):
    """Read by an awaiting client."""

    async def read(self, timeout: float | None) -> bytes | Failure:
        """The next piece, b"" at the end."""
        from anyio.lowlevel import checkpoint

        await checkpoint()
        return self._next(timeout)

    async def aclose(self) -> None:
        """Read no more."""
        self._left = iter(())


class _Line:
    """A scripted session, in the place of its connection."""

    def __init__(self, conversation: Conversation, wait: Callable[[float | None], None]) -> None:
        self.head = conversation.head
        self._conversation = conversation
        self._wait = wait

    def _passed(self, found: bytes | Failure, timeout: float | None) -> bytes | Failure:
        if isinstance(found, Failure) and found.kind == "timeout":
            self._wait(timeout)
        return found


class BlockingLine(_Line):
    """Of a blocking client."""

    def read(self, timeout: float | None) -> bytes | Failure:
        """Some of what is said next, b"" at the end."""
        with self._conversation.changed:
            while (found := self._conversation.give(timeout)) is None:
                if not self._conversation.changed.wait(PATIENCE):
                    raise self._conversation.silent()
        return self._passed(found, timeout)

    def write(self, data: bytes, timeout: float | None, *, soon: bool) -> object:
        """Hear *data*."""
        self._conversation.take(data)
        return None

    def close(self) -> None:
        """There is nothing to close."""


class AwaitingLine(_Line):
    """Of an awaiting client."""

    async def read(self, timeout: float | None) -> bytes | Failure:
        """Some of what is said next, b"" at the end."""
        from anyio import Event, lowlevel, move_on_after

        await lowlevel.checkpoint()
        while (found := self._conversation.give(timeout)) is None:
            self._conversation.woken = Event()
            with move_on_after(PATIENCE) as scope:
                await self._conversation.woken.wait()
            if scope.cancelled_caught:
                raise self._conversation.silent()
        return self._passed(found, timeout)

    async def write(self, data: bytes, timeout: float | None, *, soon: bool) -> object:
        """Hear *data*."""
        from anyio.lowlevel import checkpoint

        self._conversation.take(data)
        await checkpoint()
        return None

    async def aclose(self) -> None:
        """There is nothing to close."""


def _asked_for(found: Conversation, request: Request) -> Conversation:
    """*found*, if *request* is one for a websocket."""
    if not any(name.lower() == "upgrade" for name, _ in request.headers):
        found.whole()
    return found


def _opened(found: Brought) -> Brought:
    """A success is left to be read, whatever it is."""
    if isinstance(found, Reply) and 200 <= found.status < 300:
        return Opened(Reply(found.status, found.headers, b"", found.received, 0), (found.body,) if found.body else ())
    return found


def _kept(reply: Reply) -> Reply:
    """What a transport keeps of *reply*: of an error its start."""
    if reply.status < 300:
        return reply
    return Reply(reply.status, reply.headers, reply.body[:KEPT], reply.received, reply.body_length)


def _read(request: Request) -> bytes:
    """The body of *request*, read as it is when it is sent. Its failure is the caller's."""
    content = request.content
    try:
        return content if isinstance(content, bytes) else b"".join(content() if callable(content) else content)
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is the caller's
        raise ContentError(problem, problem.__traceback__) from None


def _into(request: Request, found: Outcome) -> Outcome:
    """*found*, its body written where the body of a success is to go. A failure to do so is the caller's."""
    if request.into is None or not isinstance(found, Reply) or not 200 <= found.status < 300:
        return found
    try:
        put = request.into()
        if found.body:
            put(found.body)
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is the caller's
        raise ContentError(problem, problem.__traceback__) from None
    return Reply(found.status, found.headers, b"", found.received, len(found.body))
