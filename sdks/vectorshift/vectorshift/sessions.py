"""What is said in a session with an agent, and by it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from failwell.policy import SessionHandler, SessionRules, UnreadableReplyError

if TYPE_CHECKING:
    from failwell.policy import SessionFlow, SessionProtocol

NOTIFICATION = "message_notification"


class SessionEvent(NamedTuple):
    """Something that happened in a session. *type* says what, *data* is what the server said of it.

    An answer comes as "message_delta"s, pieces of it, and then whole, as "message_complete".
    """

    type: str
    session_id: str
    data: dict[str, Any]
    message_id: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it is a whole answer of the agent; before it there are only pieces."""
        return self.type == "message_complete"

    @property
    def text(self) -> str | None:
        """The whole answer, of the event that has it."""
        return self._said("value") if self.is_complete else None

    @property
    def delta(self) -> str | None:
        """Some more of an answer, of an event that is a piece of one."""
        return self._said("value") if self.type == "message_delta" else None

    @property
    def error(self) -> str | None:
        """What went wrong, of an event that tells of it."""
        return self._said("error") if self.type == "error_message" else None

    def _said(self, key: str) -> str | None:
        found = self.data.get(key)
        return found if isinstance(found, str) else None


class AgentTalk(SessionHandler[str, SessionEvent]):
    """A session with the agent of *agent_id*; *session_id* is that of one to go on with."""

    def __init__(self, agent_id: str, session_id: str | None = None, keepalive: float | None = 20.0) -> None:
        # It ends when the caller ends it: a server that closes it has dropped it, whatever it says then. An error is
        # told in a message of its own, or in the answer to one that failed.
        waits = keepalive or 20.0
        self.rules = SessionRules(error_field="error", ends_with=(), ping_every=keepalive, pong_within=waits)
        self.agent_id = agent_id
        self.session_id = session_id
        """The id that the server gave the session, with which another one goes on."""

    def begin(self, talk: SessionProtocol[str, SessionEvent]) -> SessionFlow[None]:
        """Make a session, or join the one that there is."""
        if self.session_id is None:
            yield from talk.say({"type": "create_session", "object_type": "agent", "object_id": self.agent_id})
            self.session_id = yield from self._created(talk)
        yield from talk.say({"type": "connect_session", "session_id": self.session_id})

    def encode(self, message: str) -> object:
        """What the server calls a message."""
        return {"type": "post_message", "session_id": self.session_id, "content": message}

    def decode(self, message: str | bytes) -> SessionEvent:
        """What the server says. A notification is what its message is."""
        told = _object(message)
        kind, session_id, message_id = told.get("type"), told.get("session_id"), told.get("message_id")
        if kind == NOTIFICATION:
            noted = _below(told, "message")
            told, message_id = _below(noted, "content"), noted.get("id")
            kind = told.get("type")
            if kind == "data_type_message":
                kind = "message_complete" if told.get("status") == "Complete" else "message_streaming"
        return SessionEvent(
            str(kind or ""),
            session_id if isinstance(session_id, str) else self.session_id or "",
            told,
            message_id if isinstance(message_id, str) else None,
        )

    def end(self, talk: SessionProtocol[str, SessionEvent]) -> SessionFlow[None]:
        """Leave the session, which goes on without a listener."""
        yield from talk.say({"type": "disconnect_session", "session_id": self.session_id})

    def _created(self, talk: SessionProtocol[str, SessionEvent]) -> SessionFlow[str]:
        while True:
            told = _object((yield from talk.hear()))
            if told.get("type") == "session_created" and isinstance(told.get("session_id"), str):
                return str(told["session_id"])


def _object(message: str | bytes) -> dict[str, Any]:
    """*message* as a JSON object.

    Raises:
        UnreadableReplyError: it is none.
    """
    try:
        told = json.loads(message)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise UnreadableReplyError(f"a message of {len(message)} characters, expected a JSON object")
    return told


def _below(told: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under *key*, empty if there is none."""
    found = told.get(key)
    return found if isinstance(found, dict) else {}
