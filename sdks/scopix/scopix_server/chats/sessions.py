"""Chat sessions and their messages, as rows."""

from __future__ import annotations

import sqlite3
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import Moment, Pagination, RowModel, Submission, find_row, find_submission, insert, rows_of_page
from scopix.exceptions import ChatError
from scopix_server.deletions import deleted_before, note_deletion
from scopix_server.jobs import no_such
from scopix_server.names import new_id
from scopix_server.store import Store


class NewSession(BaseModel):
    """The body that opens a session."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str | None, Field(max_length=200)] = None


class Session(RowModel):
    """A session as it travels."""

    id: str
    title: str | None
    created_at: Moment


class NewMessage(BaseModel):
    """The body that asks something."""

    model_config = ConfigDict(extra="forbid")

    content: Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"\S")]


class Message(RowModel):
    """A message as it travels. An answer that is not there yet, or has failed, is empty."""

    id: str
    role: Literal["user", "assistant"]
    content: str
    created_at: Moment


def create_session(store: Store, clock: WallClock, tenant: str, new: NewSession, key: Submission | None) -> Session:
    """Open a session, or return that which *key* has opened."""
    with store.writing() as db:
        session_id = find_submission(db, "chat_sessions", clock, tenant, key)
        if session_id is None:
            session_id = new_id("chat")
            insert(
                db,
                "chat_sessions",
                id=session_id,
                tenant=tenant,
                idempotency_key=key,
                title=new.title,
                created_at=clock.wall(),
            )
        return Session.of(_find(db, tenant, session_id))


def get_session(store: Store, tenant: str, session_id: str) -> Session:
    """The session of that id. Raises: ResourceNotFoundError."""
    with store.reading() as db:
        return Session.of(_find(db, tenant, session_id))


def list_sessions(store: Store, tenant: str, *, limit: int, offset: int) -> tuple[list[Session], Pagination]:
    """One page of the sessions of *tenant*, newest first."""
    rows, pagination = rows_of_page(store, "chat_sessions", "tenant = ?", [tenant], limit=limit, offset=offset)
    return [Session.of(row) for row in rows], pagination


def delete_session(store: Store, clock: WallClock, tenant: str, session_id: str, key: Submission | None) -> None:
    """Delete a session with its messages; an answer that is being made is not told to its end.

    Raises: ResourceNotFoundError.
    """
    with store.writing() as db:
        if not deleted_before(db, clock, tenant, key):
            _find(db, tenant, session_id)
            db.execute("DELETE FROM chat_sessions WHERE id = ?", (session_id,))
            note_deletion(db, clock, tenant, session_id, key)


def list_messages(
    store: Store, tenant: str, session_id: str, *, limit: int, offset: int
) -> tuple[list[Message], Pagination]:
    """One page of the messages of a session, oldest first. Raises: ResourceNotFoundError."""
    with store.reading() as db:
        _find(db, tenant, session_id)
    rows, pagination = rows_of_page(
        store, "chat_messages", "session_id = ?", [session_id], limit=limit, offset=offset, newest_first=False
    )
    return [Message.of(row) for row in rows], pagination


def ask(
    store: Store, clock: WallClock, *, tenant: str, session_id: str, new: NewMessage, key: Submission | None
) -> str:
    """Note a message and the answer to it, which is yet to be made; return the answer's id, that of a known *key* too.

    Raises: ResourceNotFoundError; ChatError, while another answer is being made.
    """
    with store.writing() as db:
        _find(db, tenant, session_id)
        if (known := find_submission(db, "chat_messages", clock, tenant, key)) is not None:
            return known
        busy = db.execute(
            "SELECT id FROM chat_messages WHERE session_id = ? AND status = 'queued'", (session_id,)
        ).fetchone()
        if busy is not None:
            message = f"The session is still answering ({busy['id']}). Wait for that answer, or open another session."
            raise ChatError(message, session_id=session_id, error_code="SESSION_BUSY")
        answer_id = new_id("msg")
        common = {"tenant": tenant, "session_id": session_id, "created_at": clock.wall()}
        insert(db, "chat_messages", id=new_id("msg"), role="user", content=new.content, **common)
        insert(
            db,
            "chat_messages",
            id=answer_id,
            role="assistant",
            content="",
            status="queued",
            idempotency_key=key,
            **common,
        )
    return answer_id


def find_answer(db: sqlite3.Connection, tenant: str, session_id: str, message_id: str) -> sqlite3.Row:
    """The row of an answer. Raises: ResourceNotFoundError."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM chat_messages WHERE tenant = ? AND session_id = ? AND id = ? AND role = 'assistant'",
        (tenant, session_id, message_id),
    ).fetchone()
    if row is None:
        no_such("message", message_id, "Verify the id that sending it returned.")
    return row


def _find(db: sqlite3.Connection, tenant: str, session_id: str) -> sqlite3.Row:
    row = find_row(db, "chat_sessions", tenant, session_id)
    if row is None:
        no_such("session", session_id, "Verify the id with `chat.list_sessions`.")
    return row
