"""Worker threads and tasks of a batch: several of its items under way at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

import anyio

from failwell.client.core import Core
from failwell.policy.batch import ITEM_ERRORS, BatchQueue
from failwell.policy.flow import Effect, Flow, Send, Sleep, intercept
from failwell.wire.messages import Outcome

T = TypeVar("T")

Start = Callable[[int], Flow[T]]
"""The flow of the item of an index, made anew."""
SLICE = 0.5
"""Seconds of a wait after which a thread looks whether something else happened."""


class _InterruptedError(Exception):
    """The batch was interrupted while an item was under way."""


class BatchWorker(threading.Thread):
    """A thread whose end can be waited for again after Ctrl-C.

    A pool forgets the thread that it was starting when Ctrl-C came; and before Python 3.13 a `join` that Ctrl-C ends
    takes the thread for ended, too.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(name=name)
        self._context = copy_context()  # what the caller's tracing hangs on
        self._work = work
        self._over = threading.Event()

    def run(self) -> None:
        """Do the work."""
        try:
            self._context.run(self._work)
        finally:
            self._over.set()

    def wait(self) -> None:
        """Wait for the end of the thread, if it was started."""
        # In slices, because a wait without a timeout is deaf to Ctrl-C on some systems.
        while self.ident is not None and not self._over.wait(SLICE):
            pass
        if self.ident is not None:
            self.join()


def work_in_threads(core: Core, tally: BatchQueue[T], start: Start[T], name: str) -> None:
    """Do all of *tally* in threads, which are joined before this returns or raises.

    Raises:
        BaseException: Ctrl-C, or what nobody expected. *tally* has what was done.
    """

    def work() -> None:
        try:
            while (index := tally.next()) is not None:
                try:
                    result = core.run(_watched(start, tally, index), mapped=False)
                except _InterruptedError:
                    continue
                except ITEM_ERRORS as error:
                    tally.failed(index, error)
                else:
                    tally.done(index, result)
        except BaseException as problem:  # noqa: BLE001 - raised below, in the caller's thread
            tally.interrupt(problem)

    threads = [BatchWorker(work, f"{name}-{each}") for each in range(min(tally.at_most, len(tally.todo)))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.wait()
    except BaseException as problem:
        # Ctrl-C: a second one ends this wait, too.
        tally.interrupt(problem)
        for thread in threads:
            thread.wait()
        raise
    if tally.problem is not None:
        raise tally.problem


async def work_in_tasks(core: Core, tally: BatchQueue[T], start: Start[T]) -> None:
    """Do all of *tally* in tasks of a group, on asyncio and trio.

    Raises:
        BaseException: a cancellation, or what nobody expected; in no group. *tally* has what was done.
    """
    async with anyio.create_task_group() as group:

        async def work() -> None:
            try:
                while (index := tally.next()) is not None:
                    try:
                        result = await core.arun(_noted(start(index), tally, index), mapped=False)
                    except ITEM_ERRORS as error:
                        tally.failed(index, error)
                    else:
                        tally.done(index, result)
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as problem:  # noqa: BLE001 - raised below, because the group would wrap it
                tally.interrupt(problem)
                group.cancel_scope.cancel()

        for _ in range(min(tally.at_most, len(tally.todo))):
            group.start_soon(work)
    if tally.problem is not None:
        raise tally.problem


def _noted(flow: Flow[T], tally: BatchQueue[Any], index: int) -> Flow[T]:
    """*flow*; *tally* knows the idempotency key of what it sends."""

    def noted(effect: Send) -> Flow[Outcome]:
        assert effect.request.idempotency_key is not None
        tally.sending(index, effect.request.idempotency_key)
        outcome: Outcome = yield effect
        tally.answered(index, outcome)
        return outcome

    def handle(effect: Effect) -> Flow[Outcome] | None:
        return noted(effect) if isinstance(effect, Send) and effect.request.idempotency_key is not None else None

    return intercept(flow, handle)


def _watched(start: Start[T], tally: BatchQueue[Any], index: int) -> Flow[T]:
    """The result of an item; `_InterruptedError` when the batch was interrupted before its next request or wait.

    What is answered by then is done.
    """

    def check() -> None:
        if tally.problem is not None:
            raise _InterruptedError

    def in_slices(seconds: float) -> Flow[None]:
        while seconds > SLICE:
            yield Sleep(SLICE)
            check()
            seconds -= SLICE
        yield Sleep(seconds)

    def handle(effect: Effect) -> Flow[None] | None:
        if isinstance(effect, Send | Sleep):
            check()
        return in_slices(effect.seconds) if isinstance(effect, Sleep) and effect.seconds > SLICE else None

    return (yield from intercept(_noted(start(index), tally, index), handle))
