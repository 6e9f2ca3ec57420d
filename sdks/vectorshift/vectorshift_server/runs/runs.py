"""Runs as rows: accepted at once, moved on by the worker, ended exactly once."""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict

from failwell.clock import WallClock
from failwell.server import FromJson, RowModel, Submission, find_submission, insert
from vectorshift_server.access import User
from vectorshift_server.objects import find, missing, new_id
from vectorshift_server.pipelines.graph import inputs_of, nodes_of
from vectorshift_server.pipelines.values import Values
from vectorshift_server.store import Store

ENDED = frozenset({"completed", "failed", "terminated"})

Status = Literal["pending", "running", "completed", "failed", "terminated"]


class NewRun(BaseModel):
    """The body that starts a run: in the background, as a stream, or else it is waited for."""

    model_config = ConfigDict(extra="ignore")

    inputs: Values = {}
    background: bool = False
    stream: bool = False


class Run(RowModel):
    """How a run stands, as it travels."""

    task_id: str
    status: Status
    result: Annotated[dict[str, Any] | None, FromJson]
    error: str | None


def create(store: Store, clock: WallClock, user: User, pipeline_id: str, new: NewRun, *, key: Submission | None) -> str:
    """The id of a new run, or of that which *key* has started.

    Raises: NotFoundError, PermissionDeniedError; BadRequestError, for inputs that do not fit.
    """
    with store.writing() as db:
        row = find(db, "pipelines", user.organisation, pipeline_id)
        user.check("run")
        known = find_submission(db, "runs", clock, user.organisation, key)
        if known is not None:
            return known
        run_id = new_id("run")
        insert(
            db,
            "runs",
            id=run_id,
            tenant=user.organisation,
            owner=user.name,
            idempotency_key=key,
            pipeline_id=pipeline_id,
            nodes=row["nodes"],
            inputs=json.dumps(inputs_of(nodes_of(row["nodes"]), new.inputs)),
            created_at=clock.wall(),
        )
    return run_id


def get(store: Store, organisation: str, pipeline_id: str, run_id: str) -> Run:
    """The run as it is now. Raises: NotFoundError."""
    with store.reading() as db:
        find(db, "pipelines", organisation, pipeline_id)
        return shown(_find(db, organisation, pipeline_id, run_id))


def terminate(store: Store, user: User, pipeline_id: str, run_id: str) -> None:
    """End a run before its next node; one that has ended stays as it is.

    Raises: NotFoundError, PermissionDeniedError.
    """
    with store.writing() as db:
        find(db, "pipelines", user.organisation, pipeline_id)
        _find(db, user.organisation, pipeline_id, run_id)
        user.check("run")
        _end(db, run_id, "terminated", error="The run was terminated.")


def unfinished(store: Store) -> list[str]:
    """The ids of the runs that have not ended, oldest first."""
    with store.reading() as db:
        rows = db.execute("SELECT id FROM runs WHERE status IN ('pending', 'running') ORDER BY seq").fetchall()
    return [str(row["id"]) for row in rows]


def begin(store: Store, run_id: str) -> tuple[str, str, str] | None:
    """The organisation, the nodes and the inputs of a run, which has left the queue; None if it has ended."""
    with store.writing() as db:
        row = db.execute(
            "UPDATE runs SET status = 'running' WHERE id = ? AND status IN ('pending', 'running')"
            " RETURNING tenant, nodes, inputs",
            (run_id,),
        ).fetchone()
    return None if row is None else (row["tenant"], row["nodes"], row["inputs"])


def is_wanted(store: Store, run_id: str) -> bool:
    """Whether nobody has ended a run, and its pipeline is still there."""
    with store.reading() as db:
        return db.execute("SELECT 1 FROM runs WHERE id = ? AND status = 'running'", (run_id,)).fetchone() is not None


def pieces_of(store: Store, run_id: str, output: str) -> list[str]:
    """The pieces of an *output* that are kept already, of text."""
    with store.reading() as db:
        rows = db.execute(
            "SELECT value FROM run_pieces WHERE run_id = ? AND output = ? ORDER BY position", (run_id, output)
        ).fetchall()
    return [str(json.loads(row["value"])) for row in rows]


def keep_piece(store: Store, run_id: str, output: str, position: int, value: Any) -> None:
    """Keep some more of an *output*, unless it was kept before."""
    with store.writing() as db:
        db.execute(
            "INSERT OR IGNORE INTO run_pieces (run_id, output, position, value)"
            " SELECT id, ?, ?, ? FROM runs WHERE id = ? AND status = 'running'",
            (output, position, json.dumps(value), run_id),
        )


def complete(store: Store, run_id: str, outputs: dict[str, Any]) -> None:
    """End a run well; one that has ended stays as it is."""
    with store.writing() as db:
        _end(db, run_id, "completed", outputs=json.dumps(outputs))


def fail(store: Store, run_id: str, error: str) -> None:
    """End a run as failed; one that has ended stays as it is."""
    with store.writing() as db:
        _end(db, run_id, "failed", error=error)


def row_of(db: sqlite3.Connection, run_id: str) -> sqlite3.Row | None:
    """The row of a run; None if its pipeline was deleted."""
    row: sqlite3.Row | None = db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    return row


def shown(row: sqlite3.Row) -> Run:
    """A run as it travels."""
    return Run.of(row, task_id=row["id"], result=row["outputs"])


def _find(db: sqlite3.Connection, organisation: str, pipeline_id: str, run_id: str) -> sqlite3.Row:
    row = find(db, "runs", organisation, run_id)
    return row if row["pipeline_id"] == pipeline_id else missing("runs", run_id)


def _end(
    db: sqlite3.Connection, run_id: str, status: Status, *, outputs: str | None = None, error: str | None = None
) -> None:
    db.execute(
        "UPDATE runs SET status = ?, outputs = ?, error = ? WHERE id = ? AND status IN ('pending', 'running')",
        (status, outputs, error, run_id),
    )
