"""Side effects of an operation, as it declares them: whether an idempotency record is kept depends on it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar


class Effects:
    """What one request has done so far. Shared by reference: a handler in a thread has only a copy of the context."""

    __slots__ = ("happened",)

    def __init__(self) -> None:
        self.happened = False


_watched: ContextVar[Effects | None] = ContextVar("failwell_effects", default=None)


def side_effect() -> None:
    """Say that the operation is about to change something; call it before the first change.

    From here on an error is part of the answer: it is kept under the request's idempotency key and replayed.
    Outside of a request it does nothing, so code that is also run by scripts may call it.
    """
    effects = _watched.get()
    if effects is not None:
        effects.happened = True


@contextmanager
def tracking() -> Generator[Effects]:
    """Tell apart what happens before and after `side_effect()` in the block."""
    effects = Effects()
    token = _watched.set(effects)
    try:
        yield effects
    finally:
        _watched.reset(token)
