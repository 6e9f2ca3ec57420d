"""Chat: questions about what was uploaded, answered from descriptions and documents as they are made."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from failwell import with_evidence
from failwell.client import (
    Awaiting,
    Blocking,
    Resource,
    all_of,
    nothing,
    operation,
    path,
    streamed,
)
from failwell.policy import Flow, StreamFlow, StreamRules, UnreadableReplyError
from failwell.wire import Event
from scopix.exceptions import ChatError, ScopixError
from scopix.models import ChatMessage, ChatSession, SentMessage

C = TypeVar("C", Blocking, Awaiting)

ANSWER = StreamRules(done="[DONE]", error_field="error", resumable=True)
"""An answer ends with [DONE]. One that is cut is asked for again, from the last piece on."""


class Chat(Resource[C], name="chat"):
    """Sessions, their messages and answers."""

    @operation
    def create_session(self, title: str | None = None, *, idempotency_key: str | None = None) -> Flow[ChatSession]:
        """Open a session. Raises: ValidationError."""
        return self.api.call(
            "POST",
            "/chat/sessions",
            ChatSession,
            payload={"title": title},
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @operation
    def list_sessions(self, *, limit: int = 100, offset: int = 0) -> Flow[list[ChatSession]]:
        """List one page of the sessions, newest first."""
        params = {"limit": limit, "offset": offset}
        return self.api.call("GET", "/chat/sessions", list[ChatSession], params=params)

    @operation
    def get_session(self, session_id: str) -> Flow[ChatSession]:
        """Get a session. Raises: ResourceNotFoundError."""
        return self.api.call("GET", ("/chat/sessions", session_id), ChatSession)

    @operation
    def delete_session(self, session_id: str) -> Flow[None]:
        """Delete a session with its messages. Raises: ResourceNotFoundError."""
        return self.api.call("DELETE", ("/chat/sessions", session_id), nothing, mutating=True)

    @operation
    def messages(self, session_id: str, *, limit: int = 100, offset: int = 0) -> Flow[list[ChatMessage]]:
        """List one page of what was said in a session. Raises: ResourceNotFoundError."""
        params = {"limit": limit, "offset": offset}
        return self.api.call("GET", ("/chat/sessions", session_id, "messages"), list[ChatMessage], params=params)

    @operation
    def send(self, session_id: str, content: str, *, idempotency_key: str | None = None) -> Flow[SentMessage]:
        """Ask something, without waiting for the answer: `answer` gives it, also to another process.

        Raises:
            ChatError: the session is busy ("SESSION_BUSY"); `e.session_id` names it.
            ValidationError: nothing is asked.
            ResourceNotFoundError: there is no such session.
        """
        return self.api.call(
            "POST",
            ("/chat/sessions", session_id, "messages"),
            SentMessage,
            payload={"content": content},
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @streamed
    def answer(self, session_id: str, message_id: str) -> StreamFlow[str]:
        """Iterate over the answer to a message that was sent, piece by piece, from its beginning on.

        Raises:
            ChatError: there is no answer; `e.code` says why ("NO_CONTENT": nothing to answer from).
            SSEStreamError: the connection was cut, and could not be made again.
            ResourceNotFoundError: there is no such message.
        """
        where = path("/chat/sessions", session_id, "messages", message_id, "events")
        try:
            yield from self.api.stream("GET", where, _delta, rules=ANSWER)
            return
        except ScopixError as met:
            error = _of_chat(met, session_id)
        raise error from error.__cause__

    @streamed
    def stream(self, session_id: str, content: str, *, idempotency_key: str | None = None) -> StreamFlow[str]:
        """Ask something, and iterate over the answer as it is made, piece by piece.

        Raises:
            ChatError, SSEStreamError: as in `send` and `answer`.
        """
        sent = yield from Chat.send.flow(self, session_id, content, idempotency_key=idempotency_key)
        yield from Chat.answer.flow(self, session_id, sent.message_id)

    @operation
    def ask(self, session_id: str, content: str, *, idempotency_key: str | None = None) -> Flow[str]:
        """Ask something, and return the whole answer.

        Raises:
            ChatError, SSEStreamError: as in `send` and `answer`.
        """
        sent = yield from Chat.send.flow(self, session_id, content, idempotency_key=idempotency_key)
        pieces = yield from all_of(self.core, Chat.answer.flow(self, session_id, sent.message_id))
        return "".join(pieces)


def _of_chat(met: ScopixError, session_id: str) -> ScopixError:
    """*met*, or the ChatError that it is: an event of the stream told of it, with a code of its own."""
    if isinstance(met, ChatError) and met.session_id is None:
        met.session_id = session_id
        met.settle()
    if type(met) is not ScopixError or met.known_status is not None or met.case.on:
        return met
    return with_evidence(ChatError(met.message, session_id=session_id, error_code=met.code), met)


def _delta(event: Event) -> str | None:
    """The piece of an answer that *event* brings; None where it brings none."""
    try:
        told: Any = json.loads(event.data)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise UnreadableReplyError(f"an event with {len(event.data)} characters of data, expected a JSON object")
    delta = told.get("delta")
    return delta if isinstance(delta, str) and delta else None
