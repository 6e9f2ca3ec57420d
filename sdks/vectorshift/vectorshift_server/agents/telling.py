"""Answers as they are told in a session: piece by piece, and then whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vectorshift_server.agents.sessions import message_of
from vectorshift_server.store import Store

_NEXT = "SELECT * FROM messages WHERE session_id = ? AND role = 'agent' AND seq > ? ORDER BY seq LIMIT 1"


def telling(store: Store, session_id: str, after: int) -> Callable[[], tuple[list[dict[str, Any]], bool]]:
    """A look for what was not told yet of the answers behind the message *after*; and whether more is to come now."""
    position, pieces = after, 0

    def look() -> tuple[list[dict[str, Any]], bool]:
        nonlocal position, pieces
        with store.reading() as db:
            session = db.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
            row = db.execute(_NEXT, (session_id, position)).fetchone()
            if session is None or row is None:
                return [], False
            texts = db.execute(
                "SELECT text FROM deltas WHERE message_id = ? AND position >= ? ORDER BY position", (row["id"], pieces)
            ).fetchall()
        about = {"session_id": session_id, "message_id": row["id"]}
        found: list[dict[str, Any]] = [
            {"type": "message_delta", **about, "value": text, "index": pieces + number}
            for number, (text,) in enumerate(texts)
        ]
        pieces += len(texts)
        if row["status"] == "queued":
            return found, True
        found.append({"type": "message_notification", **about, "message": message_of(row, session)})
        position, pieces = row["seq"], 0
        return found, True

    return look


def note_told(store: Store, message_id: str) -> None:
    """Note that somebody has heard an answer to its end."""
    with store.writing() as db:
        db.execute("UPDATE messages SET told = 1 WHERE id = ?", (message_id,))
