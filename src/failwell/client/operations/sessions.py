"""WebSocket sessions of an SDK, written once and used blocking or awaiting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, Self, TypeVar, get_args

import anyio

from failwell.client.core import Core
from failwell.client.operations.base import Descriptor, Form, inner
from failwell.client.resource import AsyncClosing, Closing, NeedsAsyncWith, Resource
from failwell.client.transport.content_error import ContentError
from failwell.client.transport.websocket import AsyncWebSocketConnector, WebSocketConnector
from failwell.contract.error import Error
from failwell.contract.mapping import domain_exception
from failwell.contract.reporting import without_frames
from failwell.policy.flow import Read
from failwell.policy.session.connection import Connect, Disconnect, SessionFlow, Write
from failwell.policy.session.flow import SessionHandler, SessionProtocol
from failwell.policy.session.rules import Heard, Renewed, read_json
from failwell.runtime.driver import AsyncDriver, Driver
from failwell.runtime.transport import AsyncOpener, Opener
from failwell.wire.websocket import WebSocketMessage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
M = TypeVar("M")
T = TypeVar("T")
R = TypeVar("R")

WIRE_EFFECTS = (Connect, Read, Write, Disconnect)
LAST_WORDS = 1.0
"""Seconds that a cancelled task is kept to say that it leaves."""


class JsonSessionHandler(SessionHandler[Any, Any]):
    """Sends what JSON can carry, and gives parsed JSON."""

    def decode(self, message: WebSocketMessage) -> Any:
        """The value of *message*."""
        return read_json(message)


class _Session(Generic[M, T]):
    _talk: SessionProtocol[M, T]

    @property
    def handler(self) -> SessionHandler[M, T]:
        """What the SDK keeps of the session, such as the id that the server gave it."""
        return self._talk.dialogue

    @property
    def unsent(self) -> tuple[WebSocketMessage, ...]:
        """The messages that were to be sent and were not wholly written, as text or bytes, in order."""
        return self._talk.unsent

    @property
    def request_id(self) -> str | None:
        """The id that the server gave the request which opened the session."""
        return self._talk.request_id


class Session(Closing, _Session[M, T]):
    """A websocket session, blocking. One thread at a time may receive, and others may send meanwhile.

    Nothing runs beside the caller: pings are sent and answered while the session waits for a message. It is closed by
    `close` and at the end of a `with`.
    """

    def __init__(self, core: Core, flow: SessionFlow[SessionProtocol[M, T]]) -> None:
        core.check_open()
        self._core = core
        self._driver = _SessionDriver(core)
        self._hook: Callable[[Session[M, T], tuple[WebSocketMessage, ...]], object] | None = None
        try:
            self._talk = self._run(flow)
        except BaseException:
            self._driver.wire.hang_up()
            raise

    def send(self, message: M) -> None:
        """Send *message*, within the client's timeout. Messages of several threads go one after the other.

        Raises:
            Error: the session was dropped. The message is the last of `unsent`.
        """
        work = self._talk.send(message)
        # A traceback may print the variables of this frame, and a message may be private.
        del message
        self._run(work)

    def receive(self, timeout: float | None = None) -> T:
        """The next message, within *timeout* seconds (None: however long it takes).

        Raises:
            Error: what the server says in an error, that the session was dropped or has ended, or that nothing came in
                time; after the last the session goes on.
        """
        found = self._next(timeout)
        return self._run(_raising(self._talk.over())) if found is None else found.item

    def _next(self, timeout: float | None) -> Heard[T] | None:
        while True:
            found = self._run(self._talk.receive(timeout))
            if not isinstance(found, Renewed):
                return found
            assert self._hook is not None
            self._hook(self, found.unsent)

    def __iter__(self) -> Iterator[T]:
        return self

    def listen(self) -> Iterator[T]:
        """The messages as they come: the session itself, for a loop that says what it does."""
        return self

    def __next__(self) -> T:
        found = self._next(None)
        if found is None:
            raise StopIteration
        return found.item

    def on_reconnect(self, hook: Callable[[Session[M, T], tuple[WebSocketMessage, ...]], R]) -> Callable[..., R]:
        """Let a drop be followed by a new connection, where the rules allow it, and call *hook* on each.

        It is called by `receive`, with the session and the messages that were not sent. They are not sent again unless
        the hook does.
        """
        self._hook, self._talk.renewable = hook, True
        return hook

    def close(self) -> None:
        """Say that the session ends, and end it. There is no next message afterwards."""
        try:
            self._run(self._talk.close())
        finally:
            self._driver.wire.hang_up()

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if error is None or isinstance(error, Exception):
            self.close()
        else:
            self._abandon()

    def _abandon(self) -> None:
        try:
            self._run(self._talk.abandon())
        finally:
            self._driver.wire.hang_up()

    def _run(self, flow: SessionFlow[R]) -> R:
        try:
            return self._driver.drive(flow)
        except Error as error:
            raise domain_exception(without_frames(error))
        except ContentError as met:
            problem = self._core.plain(met)
        except (KeyboardInterrupt, SystemExit):
            # It may have come in the middle of a frame: the rest would not be understood.
            self._driver.wire.hang_up()
            raise
        raise problem


class _SessionDriver(Driver[Opener]):
    """Does what the flows of a session ask of its websocket, and what those of any call ask for."""

    def __init__(self, core: Core) -> None:
        super().__init__(core.connection[0], core.clock, core.tell)
        self._core = core
        self.wire = WebSocketConnector(self.transport)

    def act(self, effect: Any) -> object:
        if isinstance(effect, Connect):
            self._core.check_open()
        return self.wire.act(effect) if isinstance(effect, WIRE_EFFECTS) else super().act(effect)


class AsyncSession(AsyncClosing, _Session[M, T]):
    """A websocket session, awaiting. One task at a time may receive, and others may send meanwhile.

    Nothing runs beside the caller: pings are sent and answered while the session waits for a message. It is closed by
    `aclose` and at the end of an `async with`.
    """

    def __init__(self, core: Core) -> None:
        core.check_open()
        self._core = core
        self._driver = _AsyncSessionDriver(core)
        self._hook: Callable[[AsyncSession[M, T], tuple[WebSocketMessage, ...]], Awaitable[object]] | None = None

    @classmethod
    async def opened_by(cls, core: Core, flow: SessionFlow[SessionProtocol[M, T]]) -> Self:
        """The session that *flow* opens."""
        session = cls(core)
        try:
            session._talk = await session._run(flow)
        except BaseException:
            await session._driver.wire.hang_up()
            raise
        return session

    async def send(self, message: M) -> None:
        """Send *message*, within the client's timeout. Messages of several tasks go one after the other.

        Raises:
            Error: the session was dropped. The message is the last of `unsent`.
        """
        work = self._talk.send(message)
        # A traceback may print the variables of this frame, and a message may be private.
        del message
        await self._run(work)

    async def receive(self, timeout: float | None = None) -> T:
        """The next message, within *timeout* seconds (None: however long it takes).

        Raises:
            Error: what the server says in an error, that the session was dropped or has ended, or that nothing came in
                time; after the last the session goes on.
        """
        found = await self._next(timeout)
        return await self._run(_raising(self._talk.over())) if found is None else found.item

    async def _next(self, timeout: float | None) -> Heard[T] | None:
        while True:
            found = await self._run(self._talk.receive(timeout))
            if not isinstance(found, Renewed):
                return found
            assert self._hook is not None
            await self._hook(self, found.unsent)

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    def listen(self) -> AsyncIterator[T]:
        """The messages as they come: the session itself, for a loop that says what it does."""
        return self

    async def __anext__(self) -> T:
        found = await self._next(None)
        if found is None:
            raise StopAsyncIteration
        return found.item

    def on_reconnect(
        self, hook: Callable[[AsyncSession[M, T], tuple[WebSocketMessage, ...]], Awaitable[R]]
    ) -> Callable[..., Awaitable[R]]:
        """Let a drop be followed by a new connection, where the rules allow it, and await *hook* on each.

        It is called by `receive`, with the session and the messages that were not sent. They are not sent again unless
        the hook does.
        """
        self._hook, self._talk.renewable = hook, True
        return hook

    async def aclose(self) -> None:
        """Say that the session ends, and end it. There is no next message afterwards."""
        try:
            await self._run(self._talk.close())
        finally:
            await self._driver.wire.hang_up()

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if error is None or isinstance(error, Exception):
            await self.aclose()
        else:
            await self._abandon()

    async def _abandon(self) -> None:
        try:
            # The task is cancelled, and may wait for nothing; the server should know all the same.
            with anyio.move_on_after(LAST_WORDS, shield=True):
                await self._run(self._talk.abandon())
        finally:
            await self._driver.wire.hang_up()

    async def _run(self, flow: SessionFlow[R]) -> R:
        try:
            return await self._driver.drive(flow)
        except Error as error:
            raise domain_exception(without_frames(error))
        except ContentError as met:
            problem = self._core.plain(met)
        raise problem


class _AsyncSessionDriver(AsyncDriver[AsyncOpener]):
    def __init__(self, core: Core) -> None:
        super().__init__(core.connection[0], core.clock, core.tell)
        self._core = core
        self.wire = AsyncWebSocketConnector(self.transport)

    async def act(self, effect: Any) -> object:
        if isinstance(effect, Connect):
            self._core.check_open()
        return await (self.wire.act(effect) if isinstance(effect, WIRE_EFFECTS) else super().act(effect))


def _raising(over: SessionFlow[Error]) -> SessionFlow[NoReturn]:
    """Raise what *over* comes to."""
    raise (yield from over)


class Opening(NeedsAsyncWith, Generic[M, T]):
    """A session that is opened by an `await`, or by an `async with` for the length of its block."""

    def __init__(self, core: Core, flow: SessionFlow[SessionProtocol[M, T]]) -> None:
        self._core = core
        self._flow = flow
        self._session: AsyncSession[M, T] | None = None

    def __await__(self) -> Generator[Any, Any, AsyncSession[M, T]]:
        return self._opened().__await__()

    async def _opened(self) -> AsyncSession[M, T]:
        self._session = await AsyncSession[M, T].opened_by(self._core, self._flow)
        return self._session

    async def __aenter__(self) -> AsyncSession[M, T]:
        return await self

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        assert self._session is not None
        await self._session.__aexit__(kind, error, traceback)


class session(  # noqa: N801 - used as a decorator
    Descriptor[S, P, SessionFlow[SessionProtocol[M, T]], Session[M, T], Opening[M, T]], Generic[S, P, M, T]
):
    """Make a method that returns the flow of a session (`core.session(...)`) one that opens sessions of both colours.

    `with client.agents.talk("a1") as session`, `async with client.agents.talk("a1") as session`, and without a block
    `session = await client.agents.talk("a1")`. `client.agents.talk.raises` is the tuple for an `except`. A method that
    asks for something first is a generator: `yield from self.core.call(...)`, then
    `return (yield from self.core.session(...))`.
    """

    made = "SessionFlow"
    forms = (Form(Session, "Session[{0}]"), Form(Opening, "Opening[{0}]"))

    def result(self) -> Any:
        """What is sent and what is given: `SessionFlow[SessionProtocol[str, Answer]]` is of "str, Answer"."""
        protocol = super().result()
        if isinstance(protocol, str) and protocol != "Any":
            return inner(protocol, "SessionProtocol")
        messages = get_args(protocol) or ("Any", "Any")  # the author did not say
        return ", ".join(
            one.__name__ if isinstance(one, type) else str(one).removeprefix("typing.") for one in messages
        )
