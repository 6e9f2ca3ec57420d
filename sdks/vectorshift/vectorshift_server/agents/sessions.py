"""Sessions with agents, and their messages, as rows: they outlive the connections that they are talked in."""

from __future__ import annotations

import sqlite3
from typing import Any

from failwell.clock import WallClock
from failwell.server import insert
from vectorshift.exceptions import BadRequestError
from vectorshift_server.access import User
from vectorshift_server.objects import find, missing, new_id
from vectorshift_server.store import Store

MOST_UNANSWERED = 20
"""Messages of a session that may wait for their answers."""


def create(store: Store, clock: WallClock, user: User, agent_id: str) -> str:
    """The id of a new session with an agent. Raises: NotFoundError, PermissionDeniedError."""
    with store.writing() as db:
        find(db, "agents", user.organisation, agent_id)
        user.check("run")
        session_id = new_id("ses")
        insert(
            db,
            "sessions",
            id=session_id,
            tenant=user.organisation,
            owner=user.name,
            agent_id=agent_id,
            created_at=clock.wall(),
        )
    return session_id


def join(store: Store, user: User, session_id: str) -> int:
    """After which message of a session one who joins it hears what is said: the last that was told to its end.

    Raises: NotFoundError, PermissionDeniedError.
    """
    with store.reading() as db:
        _find(db, user, session_id)
        untold = db.execute(
            "SELECT min(seq) FROM messages WHERE session_id = ? AND role = 'agent' AND NOT told", (session_id,)
        ).fetchone()[0]
        if untold is not None:
            return int(untold) - 1
        last = db.execute("SELECT max(seq) FROM messages WHERE session_id = ?", (session_id,)).fetchone()[0]
        return int(last or 0)


def post(store: Store, clock: WallClock, user: User, session_id: str, texts: list[str]) -> str:
    """Note what a user says, and the one answer to it, which is yet to be made; the answer's id.

    Raises: NotFoundError, PermissionDeniedError; BadRequestError, while too many answers are awaited.
    """
    with store.writing() as db:
        _find(db, user, session_id)
        waiting = db.execute(
            "SELECT count(*) FROM messages WHERE session_id = ? AND status = 'queued'", (session_id,)
        ).fetchone()[0]
        if waiting >= MOST_UNANSWERED:
            raise BadRequestError(f"{waiting} messages of this session wait for their answers. Wait for one of them.")
        common = {"session_id": session_id, "created_at": clock.wall()}
        for text in texts:
            insert(db, "messages", id=new_id("msg"), role="user", content=text, status="completed", **common)
        answer_id = new_id("msg")
        insert(db, "messages", id=answer_id, role="agent", content="", status="queued", **common)
    return answer_id


def history(store: Store, user: User, session_id: str) -> list[dict[str, Any]]:
    """The messages of a session as they travel, oldest first. Raises: NotFoundError, PermissionDeniedError."""
    with store.reading() as db:
        session = _find(db, user, session_id)
        rows = db.execute("SELECT * FROM messages WHERE session_id = ? ORDER BY seq", (session_id,)).fetchall()
    return [message_of(row, session) for row in rows]


def message_of(row: sqlite3.Row, session: sqlite3.Row) -> dict[str, Any]:
    """A message as it travels: with who said it."""
    by_agent = row["role"] == "agent"
    sender = {"object_id": session["agent_id"], "object_type": "agent"} if by_agent else {"user_id": session["owner"]}
    if row["status"] == "failed":
        content = {"type": "error_message", "error": row["content"]}
    else:
        status = "Streaming" if row["status"] == "queued" else "Complete"
        content = {"type": "data_type_message", "status": status, "value": row["content"]}
    return {"id": row["id"], "session_id": row["session_id"], "sender": sender, "content": content}


def _find(db: sqlite3.Connection, user: User, session_id: str) -> sqlite3.Row:
    """The row of a session of the user. What others talk about is as good as missing. Raises: NotFoundError."""
    row = find(db, "sessions", user.organisation, session_id)
    return row if row["owner"] == user.name else missing("sessions", session_id)
