"""Side effects of an operation, as it declares them: whether an idempotency record is kept depends on it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Self


class Effects:
    """What one request has done so far: in the block of this, `side_effect()` is told of here.

    Shared by reference: a handler in a thread has only a copy of the context.
    """

    __slots__ = ("_before", "happened")

    def __init__(self) -> None:
        self.happened = False

    def __enter__(self) -> Self:
        self._before = _watched.set(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _watched.reset(self._before)


_watched: ContextVar[Effects | None] = ContextVar("failwell_effects", default=None)


def side_effect() -> None:
    """Say that the operation is about to change something; call it before the first change.

    From here on an error is part of the answer: it is kept under the request's idempotency key and replayed.
    Outside of a request it does nothing, so code that is also run by scripts may call it.
    """
    effects = _watched.get()
    if effects is not None:
        effects.happened = True
