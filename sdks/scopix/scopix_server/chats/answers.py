"""Answers: made by the responder as a job, kept piece by piece, and told as server-sent events."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

from failwell.server import Step, sse_event
from scopix_server.documents.search import passages_about
from scopix_server.engine.responder import Responder, ResponderDownError, ResponderSlowError, Source, answer_within
from scopix_server.files.files import Problem
from scopix_server.settings import Settings
from scopix_server.store import Store

MOST_DESCRIPTIONS = 5000
"""Descriptions that an answer is looked for in, the newest."""


def unfinished_answers(store: Store) -> list[str]:
    """The ids of the answers that are to be made, oldest first."""
    with store.reading() as db:
        rows = db.execute("SELECT id FROM chat_messages WHERE status = 'queued' ORDER BY seq").fetchall()
    return [str(row["id"]) for row in rows]


class Answering:
    """Lets *responder* answer from what is in *store*."""

    def __init__(self, store: Store, settings: Settings, responder: Responder) -> None:
        self._store = store
        self._seconds = settings.answer_seconds
        self._responder = responder

    def run(self, step: Step, message_id: str) -> None:
        """Make the answer; it is told meanwhile."""
        step(self.answer, message_id)

    def answer(self, message_id: str) -> None:
        """Keep the answer piece by piece, after those that are kept already, until it is whole or has failed."""
        with self._store.reading() as db:
            row = db.execute("SELECT * FROM chat_messages WHERE id = ? AND status = 'queued'", (message_id,)).fetchone()
            if row is None:  # it has ended, or its session is gone
                return
            asked = db.execute(
                "SELECT content FROM chat_messages WHERE session_id = ? AND seq < ? ORDER BY seq DESC LIMIT 1",
                (row["session_id"], row["seq"]),
            ).fetchone()
            said = [text for (text,) in db.execute(_DELTAS, (message_id, 0))]
            sources = self._sources(db, row["tenant"], asked["content"])
        if sources is None:
            message = "There is nothing to answer from. Upload images or documents, and ask again when they are ready."
            self._end(message_id, Problem(code="NO_CONTENT", message=message))
            return
        try:
            for piece in answer_within(self._responder, asked["content"], sources, "".join(said), self._seconds):
                if not self._keep(message_id, len(said), piece):
                    return
                said.append(piece)
        except (ResponderDownError, ResponderSlowError) as problem:
            code = "TIMEOUT" if isinstance(problem, ResponderSlowError) else "CHAT_ERROR"
            self._end(message_id, Problem(code=code, message=str(problem)))
            return
        self._end(message_id, None, "".join(said))

    def give_up(self, message_id: str, reason: str) -> None:
        """Fail an answer that cannot be made; one that has ended stays as it is."""
        self._end(message_id, Problem(code="CHAT_ERROR", message=f"The answer was given up: {reason}. Ask again."))

    def _sources(self, db: sqlite3.Connection, tenant: str, question: str) -> list[Source] | None:
        """What there is to answer from; None if there is nothing at all, whatever was asked."""
        described = db.execute(
            "SELECT filename, description FROM files WHERE tenant = ? AND description IS NOT NULL"
            " ORDER BY seq DESC LIMIT ?",
            (tenant, MOST_DESCRIPTIONS),
        ).fetchall()
        passages = passages_about(db, tenant, question, indexed=self._store.indexed)
        sources = [Source(name, text) for name, text in described]
        sources += [Source(passage.filename, passage.text) for passage in passages]
        if sources:
            return sources
        read = db.execute(
            "SELECT 1 FROM files WHERE tenant = ? AND kind = 'document' AND status = 'ready' LIMIT 1", (tenant,)
        ).fetchone()
        return None if read is None else []

    def _keep(self, message_id: str, position: int, piece: str) -> bool:
        """Keep a piece; whether the answer is still wanted."""
        with self._store.writing() as db:
            wanted = db.execute(
                "SELECT 1 FROM chat_messages WHERE id = ? AND status = 'queued'", (message_id,)
            ).fetchone()
            if wanted is not None:
                db.execute("INSERT OR IGNORE INTO chat_deltas VALUES (?, ?, ?)", (message_id, position, piece))
        return wanted is not None

    def _end(self, message_id: str, problem: Problem | None, content: str = "") -> None:
        with self._store.writing() as db:
            db.execute(
                "UPDATE chat_messages SET status = ?, content = ?, error = ? WHERE id = ? AND status = 'queued'",
                (
                    "completed" if problem is None else "failed",
                    content,
                    problem and problem.model_dump_json(),
                    message_id,
                ),
            )


_DELTAS = "SELECT text FROM chat_deltas WHERE message_id = ? AND position >= ? ORDER BY position"


def told(db: sqlite3.Connection, answer: sqlite3.Row) -> int:
    """The id of the last event that there is of an *answer*: of its last piece, or of its end."""
    pieces = db.execute("SELECT count(*) FROM chat_deltas WHERE message_id = ?", (answer["id"],)).fetchone()[0]
    return int(pieces) + int(answer["status"] != "queued")


def telling(store: Store, session_id: str, message_id: str, after: int) -> Callable[[], tuple[list[bytes], bool]]:
    """A look for the events of an answer that come after the one with the id *after*; the first one has the id 1.

    The ids are those of the pieces, which never change: whoever was cut off goes on where he was, at any server.
    """
    position = after

    def look() -> tuple[list[bytes], bool]:
        nonlocal position
        with store.reading() as db:
            row = db.execute("SELECT status, error FROM chat_messages WHERE id = ?", (message_id,)).fetchone()
            pieces = [text for (text,) in db.execute(_DELTAS, (message_id, position))]
            count = db.execute("SELECT count(*) FROM chat_deltas WHERE message_id = ?", (message_id,)).fetchone()[0]
        found = [sse_event({"delta": text}, id=position + number) for number, text in enumerate(pieces, start=1)]
        position += len(pieces)
        if row is not None and row["status"] == "queued":
            return found, False
        # The end is the event after the last piece. Who has seen it has seen everything.
        if row is None or position == count:
            found.append(_last(session_id, row, position + 1))
        return found, True

    return look


def _last(session_id: str, row: sqlite3.Row | None, number: int) -> bytes:
    if row is not None and row["error"] is None:
        return sse_event("[DONE]", id=number)
    gone = {"code": "CHAT_ERROR", "message": "The session was deleted."}
    problem = gone if row is None else json.loads(row["error"])
    return sse_event({"error": {**problem, "details": {"session_id": session_id}}}, "error", id=number)
