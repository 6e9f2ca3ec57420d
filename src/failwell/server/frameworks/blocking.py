"""Runs a contract in the thread of a blocking server: an event loop that stands still whenever the app works."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

import anyio

from failwell.server.errors.framework import Framework
from failwell.server.protocol import ASGIMessage

T = TypeVar("T")


class _Loop:
    """An event loop that is closed with the thread which holds it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def __del__(self) -> None:
        self.loop.close()


class _Here(threading.local):
    def __init__(self) -> None:
        self.held = _Loop()


_here = _Here()


class BlockingFramework(Framework):
    """A framework whose apps are called in the thread of their server: its event loop stands still meanwhile."""

    @contextlib.asynccontextmanager
    async def beside(self, work: Callable[[], Coroutine[Any, Any, None]], *, after: float) -> AsyncGenerator[None]:
        """Do *work* in a thread with a loop of its own."""
        scope: list[tuple[asyncio.AbstractEventLoop, anyio.CancelScope]] = []
        over = threading.Event()

        async def until_over() -> None:
            with anyio.CancelScope() as cancelled:
                scope.append((asyncio.get_running_loop(), cancelled))
                if not over.is_set():
                    await anyio.sleep(after)
                    await work()

        thread = threading.Thread(target=anyio.run, args=(until_over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            for loop, cancelled in scope:
                with contextlib.suppress(RuntimeError):  # it has ended by itself
                    loop.call_soon_threadsafe(cancelled.cancel)


class BlockingRun:
    """One request of a blocking server.

    The contract is a coroutine, and the app a function that may take long, or look whether an event loop runs, as
    Django's database does. So the coroutine is run step by step, and what blocks is done between two steps.

    The requests of a thread share its event loop. One that another thread goes on with has a loop *alone*: the first
    thread may end before, or be at work on the next request.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self._alone = alone
        self._loop = asyncio.new_event_loop() if alone else _here.held.loop
        self._sent: deque[ASGIMessage] = deque()
        self._wanted: tuple[Callable[[], Any], asyncio.Future[Any]] | None = None
        self._untaken: asyncio.Future[None] | None = None

    def messages(self, contract: Coroutine[Any, Any, object]) -> Generator[ASGIMessage]:
        """What *contract* sends, as it is asked for.

        Raises:
            Exception: what the contract raises, after all that it sent.
        """
        task = self._begin(contract)
        try:
            while True:
                self._step()
                while self._sent:
                    yield self._sent.popleft()
                if task.done():
                    task.result()
                    return
                self._go_on()
        finally:
            if not task.done():
                task.cancel()
                while not task.done():
                    self._go_on()
                    self._step()
            if self._alone:
                self._loop.close()

    async def send(self, message: ASGIMessage) -> None:
        """Send *message*; a piece of a stream has been taken when this returns."""
        self._sent.append(message)
        if message["type"] == "http.response.body" and message.get("more_body"):
            self._untaken = self._loop.create_future()
            self._loop.stop()
            await self._untaken

    async def outside(self, work: Callable[[], T]) -> T:
        """What *work* returns, which is called when no event loop runs."""
        done: asyncio.Future[T] = self._loop.create_future()
        self._wanted = (work, done)
        self._loop.stop()
        return await done

    def wait(self, inner: Awaitable[T]) -> T:
        """What *inner* returns, for the app, which is called between two steps."""
        task = self._begin(_awaited(inner))
        self._step()
        return task.result()

    def _begin(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._loop.create_task(coroutine)
        task.add_done_callback(lambda _: self._loop.stop())
        return task

    def _go_on(self) -> None:
        if self._untaken is not None and not self._untaken.done():
            self._untaken.set_result(None)

    def _step(self) -> None:
        """Run the loop until something is done, or was sent."""
        while True:
            self._loop.run_forever()
            if self._wanted is None:
                return
            (work, done), self._wanted = self._wanted, None
            if done.cancelled():
                continue  # a time limit was reached before it began: nobody wants it any more
            try:
                result = work()
            except BaseException as exc:  # noqa: BLE001 - raised where it was asked for
                done.set_exception(exc)
            else:
                done.set_result(result)


async def _awaited(inner: Awaitable[T]) -> T:
    return await inner
