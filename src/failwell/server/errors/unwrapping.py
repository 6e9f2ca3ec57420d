"""Exception groups and cancelled tasks, unwrapped to the error that an app raised."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator


class AbandonedError(RuntimeError):
    """A handler waited for a task that somebody else had cancelled; nobody had cancelled the request itself."""

    def __init__(self) -> None:
        super().__init__("The handler waited for a task that was cancelled. Catch that where the task is awaited.")


def to_be_answered(exc: BaseException) -> Exception | None:
    """*exc*, if the client is to hear of it; None if it ends the request, or the process.

    A cancellation ends the request, unless it is that of another task.
    """
    if isinstance(exc, Exception):
        return exc
    if isinstance(exc, asyncio.CancelledError) and not _is_cancelled():
        abandoned = AbandonedError()
        abandoned.__cause__ = exc
        return abandoned
    if isinstance(exc, BaseExceptionGroup):
        # What other tasks were cancelled with stands beside what happened; what ends the process stands above it.
        happened, rest = exc.split(Exception)
        if rest is None or (not _is_cancelled() and rest.split(asyncio.CancelledError)[1] is None):
            return happened or to_be_answered(asyncio.CancelledError())
    return None


def single(exc: Exception) -> Exception:
    """The one error in the group *exc*, also if it is there several times; else *exc* as it is."""
    if not isinstance(exc, ExceptionGroup):
        return exc
    leaves = list(_leaves(exc))
    kinds = {type(leaf) for leaf in leaves}
    return leaves[0] if len(kinds) == 1 else exc


def _leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    for inner in group.exceptions:
        if isinstance(inner, ExceptionGroup):
            yield from _leaves(inner)
        else:
            yield inner


def _is_cancelled() -> bool:
    """Whether the task that asks was itself cancelled: by a server that stops, a timeout, a client that left."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # on trio nobody is cancelled by asyncio
        return False
    return task is None or task.cancelling() > 0
