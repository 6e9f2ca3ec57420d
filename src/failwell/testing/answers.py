"""Scripted answers: from what a test gives as a reply to what the transport brings back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any

from failwell.contract.construction import error_for
from failwell.contract.error import Error
from failwell.testing.errors import BadReplyError
from failwell.testing.events import Events, Opened, data, written
from failwell.testing.sessions import Conversation, Messages, SessionStep
from failwell.wire.messages import Failure, Reply
from failwell.wire.outcome import REASONS, UncausableError, failed, outcome_of
from failwell.wire.sse import Event
from failwell.wire.websocket import Closed

if TYPE_CHECKING:
    from failwell.contract.catalogues.catalogue import Catalogue
    from failwell.testing.asked import Asked

ScriptedAnswer = object
"""Anything that `Answers.to` can make a reply of."""

Brought = Reply | Failure | Opened | Conversation

ALLOWED = (
    "an error or its class, a dict, list or model for JSON, bytes, None for 204, a status, a Reply, Events(...), "
    'Messages(...), a Failure, "network", "timeout", "unreadable", TimeoutError, ConnectionError, or a function of the '
    "request"
)


class Answers:
    """Makes replies of what tests give, with the errors of *catalogue*."""

    def __init__(
        self, catalogue: Catalogue, wall: Callable[[], float], heard: Callable[[Any], None] = lambda _said: None
    ) -> None:
        self._catalogue = catalogue
        self._wall = wall
        self._heard = heard

    def check(self, answer: ScriptedAnswer, place: str) -> None:
        """Refuse what is no reply, before anything is asked. What a function returns is seen when it is called."""
        if not _is_function(answer):
            self.to(answer, None, place)

    def to(self, answer: ScriptedAnswer, asked: Asked | None, place: str, number: int = 0) -> Brought:
        """What the transport brings back for *answer* to request *number* of a block; errors have its id.

        Raises:
            BadReplyError: it is none.
        """
        while _is_function(answer):
            answer = answer(asked)  # type: ignore[operator]
        if isinstance(answer, Failure | Opened):
            return answer
        if isinstance(answer, Reply):
            return self._reply(answer.status, answer.headers, answer.body)
        if isinstance(answer, Events):
            return self._stream(answer, place, f"req_{number}")
        if isinstance(answer, Messages):
            return self._session(answer, place, f"req_{number}")
        if (found := self._error(answer, place, f"req_{number}")) is not None:
            return found
        return self._plain(answer, place)

    def _reply(self, status: int, headers: Mapping[str, str], body: bytes) -> Reply:
        named = {name.lower(): text for name, text in headers.items()}
        return Reply(status, named, body, self._wall(), len(body))

    def _error(self, answer: ScriptedAnswer, place: str, request_id: str) -> Reply | Failure | None:
        """What becomes of an exception or its class; None for anything else."""
        if isinstance(answer, type) and issubclass(answer, Error):
            answer = error_for(answer, message=(answer.__doc__ or answer.__name__).partition("\n")[0])
        if isinstance(answer, Error):
            try:
                found = outcome_of(answer, self._catalogue, request_id=request_id)
            except UncausableError as problem:
                raise BadReplyError(place, problem.found, problem.allowed) from problem
            return found if isinstance(found, Failure) else self._reply(found.status, found.headers, found.body)
        kind = answer if isinstance(answer, type) else type(answer)
        if issubclass(kind, TimeoutError):
            return failed("timeout")
        if issubclass(kind, ConnectionRefusedError):
            return Failure("network", "the connection was refused", sent=False)
        return failed("network") if issubclass(kind, ConnectionError) else None

    def _plain(self, answer: Any, place: str) -> Brought:
        if isinstance(answer, str):
            found = [failed(kind) for kind in REASONS if str(kind) == answer]
            if not found:
                raise BadReplyError(place, f"the text {answer[:40]!r}", ALLOWED)
            return found[0]
        if answer is None:
            return self._reply(204, {}, b"")
        if isinstance(answer, int) and not isinstance(answer, bool) and 100 <= answer <= 599:
            return self._reply(answer, {}, b"")
        if isinstance(answer, bytes):
            return self._reply(200, {"content-type": "application/octet-stream"}, answer)
        if isinstance(answer, dict | list) or hasattr(answer, "model_dump"):
            return self._reply(200, {"content-type": "application/json"}, _as_json(answer, place).encode())
        raise BadReplyError(place, f"of type {type(answer).__name__}", ALLOWED)

    def _stream(self, events: Events, place: str, request_id: str) -> Opened:
        pieces = [self._piece(item, events, place, request_id) for item in events.items]
        if events.done is not None:
            pieces.append(data(events.done))
        return Opened(Reply(200, events.headers, b"", self._wall(), 0), tuple(pieces))

    def _piece(self, item: Any, events: Events, place: str, request_id: str) -> bytes | Failure:
        if isinstance(item, bytes | Failure):
            return item
        if isinstance(item, Event):
            return written(item)
        if isinstance(item, str):
            return data(item)
        if (found := self._error(item, place, request_id)) is not None:
            return found if isinstance(found, Failure) else data(found.body.decode(), events.error_event)
        return data(_as_json(item, place))

    def _session(self, messages: Messages, place: str, request_id: str) -> Conversation:
        def steps(item: object) -> list[SessionStep]:
            items: tuple[object, ...] = item if isinstance(item, tuple) else () if item is None else (item,)
            return [self._step(each, place, request_id) for each in items]

        end = () if messages.close is None else (Closed(messages.close, messages.reason),)
        head = Reply(101, {self._catalogue.request_id_header: request_id}, b"", self._wall(), 0)
        return Conversation(head, [*steps(messages.items), *end], place=place, make=steps, heard=self._heard)

    def _step(self, item: Any, place: str, request_id: str) -> SessionStep:
        if isinstance(item, str | bytes | Failure | Closed):
            return item
        if _is_function(item):
            return item  # type: ignore[no-any-return]
        if (found := self._error(item, place, request_id)) is not None:
            return found if isinstance(found, Failure) else found.body.decode()
        return _as_json(item, place)


def _as_json(value: Any, place: str) -> str:
    """*value* as JSON, with pydantic models anywhere in it."""
    try:
        return json.dumps(value, default=lambda model: model.model_dump(mode="json"))
    except (TypeError, ValueError, AttributeError) as problem:
        raise BadReplyError(place, f"not JSON: {problem}", ALLOWED) from problem


def _is_function(answer: ScriptedAnswer) -> bool:
    return isinstance(answer, FunctionType) or (
        callable(answer) and not isinstance(answer, type) and not hasattr(answer, "model_dump")
    )
