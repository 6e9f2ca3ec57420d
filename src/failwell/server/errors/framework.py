"""What a contract asks of a framework: which errors are its own, who answers, where its middleware stands."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from typing import Any

import anyio

from failwell.contract.case import phrase
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.server.errors.redaction import MOST_FIELD_ERRORS, redacted_field_error
from failwell.server.protocol import ASGIApp, Scope
from failwell.server.refusal import NOTHING_MORE, Refusal
from failwell.wire.envelopes import summarize_field_errors
from failwell.wire.well_known import of_body

UNHANDLED = "The server failed while it answered this request. Try again later, and quote the request id to support."
OWN_HEADERS = frozenset({"content-length", "content-type", "content-encoding", "transfer-encoding"})
"""Headers that speak of a body which the envelope replaces."""

CODES = ("code", "error_code")
MESSAGES = ("message", "msg", "detail", "error", "error_description", "title")
"""Where the `detail` of an `HTTPException` has its code and its sentence."""
LONGEST_CODE = 128


class Framework:
    """What a contract asks of the framework behind *app*. This one has nothing of its own: a plain ASGI app.

    A framework that answers errors inside of the app says there, in `scope`, whose operation answers.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.asgi: ASGIApp = app

    @property
    def contract(self) -> Any:
        """The contract that the app has, or None."""
        return getattr(self.app, "_failwell_contract", None)

    @contract.setter
    def contract(self, contract: object) -> None:
        setattr(self.app, "_failwell_contract", contract)  # noqa: B010 - of an app of any class

    def adopt(self, *, partly: bool) -> None:
        """Let the contract answer what goes wrong inside of the app; of *partly* covered paths the rest stays.

        Raises:
            ValueError: the app answers that by itself.
        """

    def changed(self) -> bool:
        """Whether something was added to the app since, which `adopt` has not seen."""
        return False

    def enter_through(self, contract: ASGIApp) -> None:
        """Let requests that reach the app without *contract* go through it."""

    def outside(self, more: Sequence[object]) -> None:
        """Let *more* of the app's middleware stand outside of the contract.

        Raises:
            ValueError: the framework knows no such middleware.
        """
        if more:
            raise ValueError(
                f"outside={tuple(more)!r} names middleware of Starlette or FastAPI, this app is a "
                f"{type(self.app).__name__}. Put its middleware around what install() returns."
            )

    def around(self, inner: ASGIApp, between: Callable[[ASGIApp], ASGIApp]) -> ASGIApp:
        """*inner* with that middleware around it; *between* wraps what each of them calls."""
        del between
        return inner

    def refusal(self, exc: Exception, *, code: str = "code") -> Refusal | None:
        """What the framework means by *exc*, or None if it is not one of its own; the envelope calls it *code*."""
        del exc, code
        return None

    def left(self, exc: Exception) -> bool:
        """Whether *exc* says that the client is gone."""
        del exc
        return False

    def beside(
        self, work: Callable[[], Coroutine[Any, Any, None]], *, after: float
    ) -> contextlib.AbstractAsyncContextManager[None]:
        """Do *work* while the app works, and no longer; it begins *after* seconds."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # trio
            return _in_a_task(work, after)
        return _Timed(loop, work, after)

    def routed(self, scope: Scope) -> bool:
        """Whether a route answers *scope*, and not the middleware or the router before it."""
        return "failwell.operation" in scope

    def by_hand(self, scope: Scope) -> bool:
        """Whether a handler wrote the error that answers *scope*, and not the framework."""
        return self.routed(scope)

    def operation(self, scope: Scope) -> str | None:
        """The operation that answers *scope*, or None before routing and where only the path fits."""
        operation: str | None = scope.get("failwell.operation")
        return operation

    def methods(self, scope: Scope) -> list[str]:
        """The methods that the address of *scope* takes; [] where it cannot be told, or the framework said it."""
        del scope
        return []

    def root_path(self, scope: Scope) -> str:
        """The prefix of a proxy that stands before the paths of the app."""
        found: str = scope.get("root_path", "")
        return found

    def request(self, scope: Scope) -> Any:
        """What the app's own `caller=` is asked with."""
        return scope

    def describe(self, catalogue: Catalogue) -> None:
        """Tell of the errors of *catalogue* in the app's own documentation."""


@contextlib.asynccontextmanager
async def _in_a_task(work: Callable[[], Coroutine[Any, Any, None]], after: float) -> AsyncGenerator[None]:
    async def later() -> None:
        await anyio.sleep(after)
        await work()

    async with anyio.create_task_group() as group:
        group.start_soon(later)
        yield
        group.cancel_scope.cancel()


class _Timed(contextlib.AbstractAsyncContextManager[None]):
    """The same on asyncio, where nearly every app is done before a task would be made: till then there is a timer."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, None]], after: float
    ) -> None:
        self._loop = loop
        self._work = work
        self._after = after
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._timer = self._loop.call_later(self._after, self._begin)

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._work())

    async def __aexit__(self, *exc: object) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


def invalid(entries: list[dict[str, Any]]) -> Refusal:
    """A 422 which lists the fields: where, what is wrong, of which kind; never what was sent."""
    return Refusal(422, summarize_field_errors(entries), entries=entries)


def of_status(status: int, headers: Mapping[str, str], *, said: object = None, code: str = "code") -> Refusal:
    """An error that is known by its *status* only, with what its author *said* to the client: words, or a `detail`.

    A dict gives the code, the sentence, and what else fields of the error are named after; a list the field errors.
    """
    kept = {name: value for name, value in headers.items() if name not in OWN_HEADERS}
    facts: Mapping[str, Any] = NOTHING_MORE
    entries: list[dict[str, Any]] = []
    own_code = None
    if isinstance(said, dict):
        facts = _inner(said)
        own_code = _code(facts, code)
        entries = next(filter(None, map(_entries, facts.values())), [])
        words = next((facts[key] for key in MESSAGES if isinstance(facts.get(key), str)), None)
        words = summarize_field_errors(entries) if words is None and entries else words or of_body(facts)
    elif isinstance(said, list | tuple):
        entries = _entries(said)
        sentences: list[Any] = [part for part in said if isinstance(part, str | int | float)]
        words = summarize_field_errors(entries or sentences) if entries or sentences else None
    else:
        words = str(said) if isinstance(said, str | int | float) and not isinstance(said, bool) else None
    if status >= 500:
        # The words of a 5xx are those of the exception behind it as often as not.
        return Refusal(status, UNHANDLED, code=own_code, headers=kept)
    return Refusal(status, _sentence(status, kept, words), code=own_code, headers=kept, entries=entries, facts=facts)


def _sentence(status: int, headers: Mapping[str, str], said: str | None) -> str:
    if said and said != phrase(status):
        return said
    if status == 404:
        return "There is nothing at this address. Check the path."
    if status == 405:
        allowed = headers.get("allow")
        return f"This address does not take this method. It takes: {allowed}." if allowed else phrase(status)
    return phrase(status) or f"Refused with status {status}"


def _inner(said: dict[str, Any]) -> dict[str, Any]:
    """The facts of *said*, or those of the one object in it: `{"error": {"code": ..., "message": ...}}`."""
    for key in ("error", "detail"):
        if isinstance(said.get(key), dict) and not any(isinstance(said.get(name), str) for name in MESSAGES):
            said = {**{name: value for name, value in said.items() if name != key}, **said[key]}
    # The text of an exception is not for clients.
    return {str(name): value for name, value in said.items() if not isinstance(value, BaseException)}


def _code(facts: Mapping[str, Any], own: str) -> str | None:
    for key in (own, *CODES):
        found = facts.get(key)
        if isinstance(found, str | int) and not isinstance(found, bool) and 0 < len(str(found)) <= LONGEST_CODE:
            return str(found)
    return None


def _entries(said: object) -> list[dict[str, Any]]:
    """The field errors that *said* lists, or [] if it is something else. They may be pydantic's, with what was sent."""
    if not isinstance(said, list | tuple) or not said:
        return []
    if not all(isinstance(part, dict) and isinstance(part.get("loc"), list | tuple) and "msg" in part for part in said):
        return []
    return [redacted_field_error({"type": "value_error", **part}) for part in said[:MOST_FIELD_ERRORS]]
