"""Runs as rows: accepted at once, moved on by the worker, ended exactly once."""

from __future__ import annotations

import sqlite3
import uuid

from failwell.clock import WallClock
from failwell.server import Submission, find_row, find_submission, insert
from subconscious.exceptions import NotFoundError
from subconscious_server.engine import Thought
from subconscious_server.store import Store
from subconscious_server.wire import NewRun, Result, Run, RunError, Status, Usage

ENDED = frozenset({"succeeded", "failed", "canceled", "timed_out"})


def create_run(store: Store, clock: WallClock, *, tenant: str, key_id: str, new: NewRun, key: Submission | None) -> str:
    """Note a run as queued; return its id, or that of the run that its idempotency *key* has made before."""
    with store.writing() as db:
        if (known := find_submission(db, "runs", clock, tenant, key)) is not None:
            return known
        run_id = f"run_{uuid.uuid4().hex}"
        insert(
            db,
            "runs",
            id=run_id,
            tenant=tenant,
            created_by=key_id,
            idempotency_key=key,
            asked=new.model_dump_json(by_alias=True),
            owes_callback=new.output.callback_url is not None,
            created_at=clock.wall(),
        )
    return run_id


def get_run(store: Store, tenant: str, run_id: str) -> Run:
    """The run as it is now. Raises: NotFoundError."""
    with store.reading() as db:
        return _shown(_find(db, tenant, run_id))


def cancel_run(store: Store, tenant: str, run_id: str) -> Run:
    """End the run as canceled; one that has ended stays as it is, and is returned. Raises: NotFoundError."""
    with store.writing() as db:
        _find(db, tenant, run_id)
        db.execute(
            "UPDATE runs SET status = 'canceled' WHERE id = ? AND status IN ('queued', 'running')",
            (run_id,),
        )
        return _shown(_find(db, tenant, run_id))


def unfinished_runs(store: Store) -> list[str]:
    """The ids of the runs that the worker has something to do for, oldest first."""
    with store.reading() as db:
        rows = db.execute(
            "SELECT id FROM runs WHERE status IN ('queued', 'running') OR owes_callback ORDER BY seq"
        ).fetchall()
    return [str(row["id"]) for row in rows]


def begin_run(store: Store, clock: WallClock, run_id: str) -> None:
    """Note that a run has left the queue, if it has not before; one that has ended stays as it is."""
    with store.writing() as db:
        db.execute(
            "UPDATE runs SET status = 'running', started_at = coalesce(started_at, ?)"
            " WHERE id = ? AND status IN ('queued', 'running')",
            (clock.wall(), run_id),
        )


def row_of(store: Store, run_id: str) -> sqlite3.Row:
    """The row of a run."""
    with store.reading() as db:
        row: sqlite3.Row = db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    return row


def note_thought(store: Store, run_id: str, position: int, thought: Thought) -> None:
    """Keep the thought at *position*, unless it was kept before."""
    with store.writing() as db:
        db.execute("INSERT OR IGNORE INTO thoughts VALUES (?, ?, ?)", (run_id, position, thought.model_dump_json()))


def thoughts_of(store: Store, run_id: str, begin: int = 0) -> tuple[list[Thought], Run]:
    """The thoughts of a run from the one at *begin* on, and the run, both at the same moment."""
    with store.reading() as db:
        rows = db.execute(
            "SELECT thought FROM thoughts WHERE run_id = ? AND position >= ? ORDER BY position", (run_id, begin)
        ).fetchall()
        run = _shown(db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone())
    return [Thought.model_validate_json(row["thought"]) for row in rows], run


def end_run(
    store: Store,
    run_id: str,
    status: Status,
    *,
    result: Result | None = None,
    usage: Usage | None = None,
    error: RunError | None = None,
) -> None:
    """End a run; one that has ended stays as it is."""
    parts = [part if part is None else part.model_dump_json() for part in (result, usage, error)]
    with store.writing() as db:
        db.execute(
            "UPDATE runs SET status = ?, result = ?, usage = ?, error = ?"
            " WHERE id = ? AND status IN ('queued', 'running')",
            (status, *parts, run_id),
        )


def called_back(store: Store, run_id: str) -> None:
    """Note that nobody waits for a call any more."""
    with store.writing() as db:
        db.execute("UPDATE runs SET owes_callback = 0 WHERE id = ?", (run_id,))


def _find(db: sqlite3.Connection, tenant: str, run_id: str) -> sqlite3.Row:
    row = find_row(db, "runs", tenant, run_id)
    if row is None:
        raise NotFoundError(f'There is no run "{run_id[:64]}". Verify the run id.')
    return row


def _shown(row: sqlite3.Row) -> Run:
    result = None if row["result"] is None else Result.model_validate_json(row["result"])
    usage = None if row["usage"] is None else Usage.model_validate_json(row["usage"])
    error = None if row["error"] is None else RunError.model_validate_json(row["error"])
    return Run(runId=row["id"], status=row["status"], result=result, usage=usage, error=error)
