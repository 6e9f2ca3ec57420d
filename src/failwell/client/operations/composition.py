"""Parts of an operation that are no single call: work in a thread, a batch of calls, a whole stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import anyio.to_thread

from failwell.client.core import Core
from failwell.client.operations.batches import AsyncBatch, Batch, BatchOutcome, BatchSpec, begun
from failwell.client.operations.streaming import AsyncEventStream, EventStream
from failwell.policy.flow import Flow, StreamFlow, perform

T = TypeVar("T")


def in_thread(work: Callable[[], T]) -> Flow[T]:
    """The result of *work* that blocks, such as reading files; an awaiting client has a thread do it."""
    return perform(work, lambda: anyio.to_thread.run_sync(work))


def batch_of(core: Core, many: BatchSpec[T]) -> Flow[BatchOutcome[T]]:
    """Do a batch within an operation; no failure of an item is raised.

    Ctrl-C, a cancellation and what its progress raises leave as they are; `BatchOutcome.of(error)` has what was done.
    When one item is told to wait, the others wait, too, if all are asked by a `paced` resource, of which *core* is.
    """

    async def awaiting() -> BatchOutcome[T]:
        kind: Any = AsyncBatch
        done: BatchOutcome[T] = await begun(kind, core, many).run()
        return done

    return perform(lambda: begun(Batch, core, many).run(), awaiting)


def all_of(core: Core, flow: StreamFlow[T]) -> Flow[list[T]]:
    """All that a stream gives, in one list, for an operation that answers when the stream has ended."""

    async def awaiting() -> list[T]:
        return [event async for event in AsyncEventStream(core, flow)]  # which closes itself, however it ends

    return perform(lambda: list(EventStream(core, flow)), awaiting)
