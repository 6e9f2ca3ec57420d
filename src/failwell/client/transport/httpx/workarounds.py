"""What reaches into private parts of httpcore2, or does what it forgets, each with its reason; nothing else does."""

from __future__ import annotations

import types
from collections.abc import Coroutine, Generator
from typing import Any

import h11
import httpcore2

OTHER_LOOP = ("Event loop is closed", "no running event loop", "must be called from async context")
"""What asyncio and trio say of a connection that was made in another loop."""
ASKED_OFTEN = (
    "can_handle_request",
    "can_multiplex",
    "has_expired",
    "is_available",
    "is_closed",
    "is_connected",
    "is_idle",
)


def of_another_loop(problem: RuntimeError) -> bool:
    """Whether a kept connection belongs to an earlier `asyncio.run` or `trio.run`: neither has a class for that."""
    return any(said in str(problem) for said in OTHER_LOOP)


class PooledConnection:
    """A connection of a pool, which gives up its place there when its first request comes to nothing.

    httpcore2 forgets to close one whose request was cancelled before it began, or whose tunnel through a proxy met a
    TLS handshake that failed. Its place in the pool would be taken for ever.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._answered = False
        for name in ASKED_OFTEN:
            self.__dict__[name] = getattr(connection, name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def has_surplus(reply: httpcore2.Response) -> bool:
    """Whether the server sent more than *reply*, which was read to its end.

    The pool would keep the connection, and take what was too much for the start of its next reply.
    """
    # httpcore2 shows its parser to nobody. Where the names change, it goes on as the pool alone would.
    connection = getattr(getattr(reply.stream, "_stream", None), "_connection", None)
    parser = getattr(connection, "_h11_state", None)
    return isinstance(parser, h11.Connection) and parser.trailing_data[0] != b""


@types.coroutine
def to_the_end(work: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
    """Run *work*, and raise a cancellation that comes meanwhile when it has ended.

    httpcore2 closes a socket under a shield of anyio, and the cancellation of an asyncio task goes through those, but
    not through this: where *work* only gives others a turn, as the end of a socket does, it goes on.
    """
    cancelled: BaseException | None = None
    told: Any = None
    thrown: BaseException | None = None
    while True:
        try:
            wanted = work.send(told) if thrown is None else work.throw(thrown)
        except StopIteration:
            break
        told = thrown = None
        try:
            told = yield wanted
        except BaseException as problem:  # noqa: BLE001 - raised at the end, or by *work*
            if wanted is None:
                cancelled = problem
            else:
                thrown = problem
    if cancelled is not None:
        raise cancelled
