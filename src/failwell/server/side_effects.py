"""Side effects of an operation, as it declares them: they decide what is kept of an answer, and errors tell of them."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol, Self

from failwell.contract.case import SideEffect


class Note(Protocol):
    """What remembers, under the idempotency key of a request, that its side effects begin: before the first does."""

    def now(self) -> None:
        """Have it remembered; block meanwhile."""
        ...

    async def anow(self) -> None:
        """Have it remembered."""
        ...


class Effects:
    """What one request has done so far: in the block of this, `side_effect()` is told of here.

    *request_id* is the request's, for logs. *declared* is whether every operation of the app tells its side effects:
    only then is it known that there was none.

    Shared by reference: a handler in a thread has only a copy of the context.
    """

    __slots__ = ("_before", "_declared", "by_key", "happened", "note", "request_id", "running")

    def __init__(self, request_id: str | None = None, *, declared: bool = False) -> None:
        self.request_id = request_id
        self.happened = False
        self.running = False
        """Whether the app has the request."""
        self.by_key: SideEffect | None = None
        """What earlier requests with the same idempotency key did; None where nobody asked, or knows."""
        self.note: Note | None = None
        """What has to know before the first side effect; None where nobody remembers."""
        self._declared = declared

    @property
    def said(self) -> str | None:
        """What an error says of it in its header: a `SideEffect`, "none;key" where it is about all that had the key.

        None where nobody knows: in an app that does not tell its side effects.
        """
        if self.happened or self.by_key == "done":
            return "done"
        if self.running and not self._declared:
            return None
        if self.by_key is None:
            return "none"
        return "none;key" if self.by_key == "none" else self.by_key

    def __enter__(self) -> Self:
        self._before = _watched.set(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _watched.reset(self._before)


_watched: ContextVar[Effects | None] = ContextVar("failwell_effects", default=None)


def underway() -> Effects | None:
    """The effects of the request that is being answered, or None outside of one."""
    return _watched.get()


def side_effect() -> None:
    """Say that the operation is about to change something; call it before the first change.

    From here on an error is part of the answer: it says that something was done, and is kept under the request's
    idempotency key and replayed. Outside of a request it does nothing, so code that is also run by scripts may call it.

    In an app that `declares_effects`, a request with a key has its store remember it first, and blocks meanwhile: then
    it is known also where this process is killed. An `async` handler awaits `aside_effect()` instead.

    Raises:
        Exception: the request goes no further, and nothing has begun: the store is down, or the key has got another
            owner. It is answered with 503, or 409, and is not to be caught.
    """
    effects = announced_effect()
    if effects is not None:
        effects.happened = True


async def aside_effect() -> None:
    """What `side_effect` does, for an `async` handler: other requests go on while the store remembers it.

    Raises:
        Exception: as `side_effect` does.
    """
    effects = _watched.get()
    if effects is None:
        return
    if effects.note is not None and not effects.happened:
        await effects.note.anow()
    effects.happened = True


def announced_effect() -> Effects | None:
    """The request's effects, when it is remembered that the first is about to begin; it may still be called off.

    Raises:
        Exception: as `side_effect` does.
    """
    effects = _watched.get()
    if effects is not None and effects.note is not None and not effects.happened:
        effects.note.now()
    return effects
