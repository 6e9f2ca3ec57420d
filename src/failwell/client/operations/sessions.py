"""A websocket session, written once and used blocking or awaiting, with the type of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, get_args

import anyio

from failwell.client.core import Core
from failwell.client.operations.base import Descriptor, Form, inner
from failwell.client.resource import NeedsAsyncWith, NeedsWith, Resource
from failwell.client.transport.failures import show_context
from failwell.client.transport.websocket import AsyncWebSocketConnector, WebSocketConnector
from failwell.contract.error import Error
from failwell.policy.flow import Flow, Notify, Now, Random, Read, Send, Sleep
from failwell.policy.session.flow import Connect, Disconnect, SessionFlow, SessionHandler, SessionProtocol, Write
from failwell.policy.session.rules import Heard, Renewed, read_json
from failwell.wire.websocket import Message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
M = TypeVar("M")
T = TypeVar("T")
R = TypeVar("R")

LINE_EFFECTS = (Connect, Read, Write, Disconnect)
LAST_WORDS = 1.0
"""Seconds that a cancelled task is kept to say that it leaves."""


class JsonSessionHandler(SessionHandler[Any, Any]):
    """Sends what JSON can carry, and gives parsed JSON."""

    def decode(self, message: Message) -> Any:
        """The value of *message*."""
        return read_json(message)


class Session(NeedsWith, Generic[M, T]):
    """A websocket session, blocking. One thread at a time may receive, and others may send meanwhile.

    Nothing runs beside the caller: pings are sent and answered while the session waits for a message. It is closed by
    `close` and at the end of a `with`.
    """

    def __init__(self, core: Core, flow: SessionFlow[SessionProtocol[M, T]]) -> None:
        self._core = core
        self._wire = WebSocketConnector(core.connection[0])
        self._hook: Callable[[Session[M, T], tuple[Message, ...]], object] | None = None
        self._talk = self._opened(flow)

    def _opened(self, flow: SessionFlow[SessionProtocol[M, T]]) -> SessionProtocol[M, T]:
        done = False
        try:
            talk = self._run(flow)
            done = True
        finally:
            if not done:
                self._wire.hang_up()
        return talk

    def send(self, message: M) -> None:
        """Send *message*, within the client's timeout. Messages of several threads go one after the other.

        Raises:
            Error: the session was dropped. The message is the last of `unsent`.
        """
        work = self._talk.send(message)
        # A traceback may print the variables of this frame, and a message may be private.
        del message
        try:
            self._run(work)
        except Error as error:
            # The frames of drivers and generators tell a caller nothing.
            show_context(error)
            raise error.with_traceback(None)

    def receive(self, timeout: float | None = None) -> T:
        """The next message, within *timeout* seconds (None: however long it takes).

        Raises:
            Error: what the server says in an error, that the session was dropped or has ended, or that nothing came in
                time; after the last the session goes on.
        """
        try:
            found = self._next(timeout)
            if found is None:
                raise self._run(self._talk.over())
        except Error as error:
            show_context(error)
            raise error.with_traceback(None)
        return found.item

    def _next(self, timeout: float | None) -> Heard[T] | None:
        while True:
            found = self._run(self._talk.receive(timeout))
            if not isinstance(found, Renewed):
                return found
            assert self._hook is not None
            self._hook(self, found.unsent)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        try:
            found = self._next(None)
        except Error as error:
            show_context(error)
            raise error.with_traceback(None)
        if found is None:
            raise StopIteration
        return found.item

    def on_reconnect(self, hook: Callable[[Session[M, T], tuple[Message, ...]], R]) -> Callable[..., R]:
        """Let a drop be followed by a new connection, where the rules allow it, and call *hook* on each.

        It is called by `receive`, with the session and the messages that were not sent. They are not sent again unless
        the hook does.
        """
        self._hook, self._talk.renewable = hook, True
        return hook

    @property
    def unsent(self) -> tuple[Message, ...]:
        """The messages that were to be sent and were not wholly written, as text or bytes, in order."""
        return self._talk.unsent

    @property
    def request_id(self) -> str | None:
        """The id that the server gave the request which opened the session."""
        return self._talk.request_id

    def close(self) -> None:
        """Say that the session ends, and end it. There is no next message afterwards."""
        try:
            self._run(self._talk.close())
        except Error as error:
            show_context(error)
            raise error.with_traceback(None)
        finally:
            self._wire.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, Exception):
            self.close()
        else:
            self._abandon()

    def _abandon(self) -> None:
        try:
            self._run(self._talk.abandon())
        finally:
            self._wire.hang_up()

    def _run(self, flow: SessionFlow[R]) -> R:
        """The result of *flow*, doing what it asks for in this thread."""
        try:
            effect = next(flow)
            while True:
                effect = flow.send(self._told(effect))
        except StopIteration as stop:
            result: R = stop.value
            return result
        except (KeyboardInterrupt, SystemExit):
            # It may have come in the middle of a frame: the rest would not be understood.
            self._wire.hang_up()
            raise
        finally:
            flow.close()

    def _told(self, effect: Any) -> object:
        if isinstance(effect, Connect):
            self._core.check_open()
        if isinstance(effect, LINE_EFFECTS):
            return self._wire.act(effect)
        if isinstance(effect, Sleep):
            self._core.clock.sleep(effect.seconds)
            return None
        if isinstance(effect, Send):
            return self._core.run(_alone(effect))
        return _at_once(effect, self._core)


class AsyncSession(NeedsAsyncWith, Generic[M, T]):
    """A websocket session, awaiting. One task at a time may receive, and others may send meanwhile.

    Nothing runs beside the caller: pings are sent and answered while the session waits for a message. It is closed by
    `aclose` and at the end of an `async with`.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._wire = AsyncWebSocketConnector(core.connection[0])
        self._hook: Callable[[AsyncSession[M, T], tuple[Message, ...]], Awaitable[object]] | None = None
        self._talk: SessionProtocol[M, T]

    @classmethod
    async def opened_by(cls, core: Core, flow: SessionFlow[SessionProtocol[M, T]]) -> Self:
        """The session that *flow* opens."""
        session = cls(core)
        done = False
        try:
            session._talk = await session._run(flow)
            done = True
        finally:
            if not done:
                await session._wire.hang_up()
        return session

    async def send(self, message: M) -> None:
        """Send *message*, within the client's timeout. Messages of several tasks go one after the other.

        Raises:
            Error: the session was dropped. The message is the last of `unsent`.
        """
        work = self._talk.send(message)
        # A traceback may print the variables of this frame, and a message may be private.
        del message
        try:
            await self._run(work)
        except Error as error:
            show_context(error)
            raise error.with_traceback(None)

    async def receive(self, timeout: float | None = None) -> T:
        """The next message, within *timeout* seconds (None: however long it takes).

        Raises:
            Error: what the server says in an error, that the session was dropped or has ended, or that nothing came in
                time; after the last the session goes on.
        """
        try:
            found = await self._next(timeout)
            if found is None:
                raise await self._run(self._talk.over())
        except Error as error:
            show_context(error)
            raise error.with_traceback(None)
        return found.item

    async def _next(self, timeout: float | None) -> Heard[T] | None:
        while True:
            found = await self._run(self._talk.receive(timeout))
            if not isinstance(found, Renewed):
                return found
            assert self._hook is not None
            await self._hook(self, found.unsent)

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        try:
            found = await self._next(None)
        except Error as error:
            show_context(error)
            raise error.with_traceback(None)
        if found is None:
            raise StopAsyncIteration
        return found.item

    def on_reconnect(
        self, hook: Callable[[AsyncSession[M, T], tuple[Message, ...]], Awaitable[R]]
    ) -> Callable[..., Awaitable[R]]:
        """Let a drop be followed by a new connection, where the rules allow it, and await *hook* on each.

        It is called by `receive`, with the session and the messages that were not sent. They are not sent again unless
        the hook does.
        """
        self._hook, self._talk.renewable = hook, True
        return hook

    @property
    def unsent(self) -> tuple[Message, ...]:
        """The messages that were to be sent and were not wholly written, as text or bytes, in order."""
        return self._talk.unsent

    @property
    def request_id(self) -> str | None:
        """The id that the server gave the request which opened the session."""
        return self._talk.request_id

    async def aclose(self) -> None:
        """Say that the session ends, and end it. There is no next message afterwards."""
        try:
            await self._run(self._talk.close())
        except Error as error:
            show_context(error)
            raise error.with_traceback(None)
        finally:
            await self._wire.hang_up()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
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
            await self._wire.hang_up()

    async def _run(self, flow: SessionFlow[R]) -> R:
        """The result of *flow*, doing what it asks for in this task."""
        try:
            effect = next(flow)
            while True:
                effect = flow.send(await self._told(effect))
        except StopIteration as stop:
            result: R = stop.value
            return result
        finally:
            flow.close()

    async def _told(self, effect: Any) -> object:
        if isinstance(effect, Connect):
            self._core.check_open()
        if isinstance(effect, LINE_EFFECTS):
            return await self._wire.act(effect)
        if isinstance(effect, Sleep):
            await self._core.clock.asleep(effect.seconds)
            return None
        if isinstance(effect, Send):
            return await self._core.arun(_alone(effect))
        return _at_once(effect, self._core)


def _at_once(effect: Now | Random | Notify, core: Core) -> float | None:
    """What takes no time: the moment, a random number, a word to those who listen."""
    if isinstance(effect, Now):
        return core.clock.now()
    if isinstance(effect, Random):
        return core.clock.random()
    core.tell(effect.name, effect.facts)
    return None


def _alone(effect: Send) -> Flow[Any]:
    """A flow of one request: what the core does for any call."""
    return (yield effect)


class Opening(NeedsAsyncWith, Generic[M, T]):
    """A session that is opened by an `await`, or by an `async with` for the length of its block."""

    def __init__(self, core: Core, flow: SessionFlow[SessionProtocol[M, T]]) -> None:
        self._core = core
        self._flow = flow
        self._session: AsyncSession[M, T] | None = None

    def __await__(self) -> Generator[Any, Any, AsyncSession[M, T]]:
        return self._opened().__await__()

    async def _opened(self) -> AsyncSession[M, T]:
        try:
            self._session = await AsyncSession[M, T].opened_by(self._core, self._flow)
        except Error as error:
            show_context(error)
            raise error.with_traceback(None)
        return self._session

    async def __aenter__(self) -> AsyncSession[M, T]:
        return await self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.__aexit__(kind, error, traceback)


def open_session(core: Core, flow: SessionFlow[SessionProtocol[M, T]]) -> Session[M, T]:
    """The session that *flow* opens."""
    try:
        return Session(core, flow)
    except Error as error:
        show_context(error)
        raise error.with_traceback(None)


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
    forms = (Form(open_session, "Session[{0}]"), Form(Opening, "Opening[{0}]"))

    def result(self) -> Any:
        """What is sent and what is given: `SessionFlow[SessionProtocol[str, Answer]]` is of "str, Answer"."""
        protocol = super().result()
        if isinstance(protocol, str) and protocol != "Any":
            return inner(protocol, "SessionProtocol")
        messages = get_args(protocol) or ("Any", "Any")  # the author did not say
        return ", ".join(
            one.__name__ if isinstance(one, type) else str(one).removeprefix("typing.") for one in messages
        )
