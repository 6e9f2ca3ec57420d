"""Jobs as rows: accepted at once, moved on by the worker, ended exactly once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from typing import Annotated, Any, Literal, NoReturn

from pydantic import JsonValue

from failwell.clock import WallClock
from failwell.server import Caller, FromJson, Moment, RowModel, Submission, find_row, find_submission, insert, shorten
from scopix.exceptions import ResourceNotFoundError
from scopix_server.files.files import Problem
from scopix_server.names import new_id
from scopix_server.store import Store

JobKindName = Literal["analysis", "import", "export", "s3"]


class Job(RowModel):
    """A job as it travels. A job that fails half-way has a *result* as well: what was done stays."""

    id: str
    status: Literal["queued", "running", "completed", "failed", "canceled"]
    error: Annotated[Problem | None, FromJson]
    result: Annotated[dict[str, JsonValue] | None, FromJson]
    created_at: Moment


def add_job(
    db: sqlite3.Connection,
    clock: WallClock,
    caller: Caller,
    *,
    kind: JobKindName,
    about: str,
    asked: dict[str, Any],
    key: Submission | None,
) -> sqlite3.Row:
    """The row of a new job, or of the one that *key* has made; in the transaction that looked whether it may be."""
    job_id = find_submission(db, "jobs", clock, caller.tenant, key)
    if job_id is None:
        job_id = new_id("job")
        insert(
            db,
            "jobs",
            id=job_id,
            tenant=caller.tenant,
            created_by=caller.key_id,
            idempotency_key=key,
            kind=kind,
            about=about,
            asked=json.dumps(asked),
            created_at=clock.wall(),
        )
    return row_in(db, job_id)


def find_job(db: sqlite3.Connection, tenant: str, job_id: str, kinds: Collection[JobKindName]) -> sqlite3.Row:
    """The row of a job of one of *kinds*. Raises: ResourceNotFoundError."""
    row = find_row(db, "jobs", tenant, job_id)
    if row is None or row["kind"] not in kinds:
        no_such("job", job_id, "Verify the id that starting it returned.")
    return row


def no_such(kind: str, wanted: str, remedy: str) -> NoReturn:
    """Raise the 404 for something that is not there, or another's."""
    shown = shorten(wanted)
    message = f'There is no {kind.replace("_", " ")} "{shown}". {remedy}'
    raise ResourceNotFoundError(kind, shown, message=message)


def cancel_job(db: sqlite3.Connection, job_id: str) -> sqlite3.Row:
    """End a job before its next item; one that has ended stays as it is."""
    _end(db, job_id, "canceled")
    return row_in(db, job_id)


def row_in(db: sqlite3.Connection, job_id: str) -> sqlite3.Row:
    """The row of a job."""
    row: sqlite3.Row = db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return row


def unfinished_jobs(store: Store, kinds: Collection[JobKindName]) -> list[str]:
    """The ids of the jobs of *kinds* that have not ended, oldest first."""
    with store.reading() as db:
        rows = db.execute("SELECT kind, id FROM jobs WHERE status IN ('queued', 'running') ORDER BY seq").fetchall()
    return [str(row["id"]) for row in rows if row["kind"] in kinds]


def begin_job(store: Store, job_id: str) -> dict[str, Any] | None:
    """What a job is asked to do, once it has left the queue; None if it has ended."""
    with store.writing() as db:
        row = db.execute(
            "UPDATE jobs SET status = 'running' WHERE id = ? AND status IN ('queued', 'running') RETURNING asked",
            (job_id,),
        ).fetchone()
    return None if row is None else json.loads(row["asked"])


def complete_job(store: Store, job_id: str, result: dict[str, Any] | None = None) -> None:
    """End a job well; the *result* that it has stays if none is given. One that has ended stays as it is."""
    with store.writing() as db:
        _end(db, job_id, "completed", result=result)


def fail_job(store: Store, job_id: str, code: str, message: str) -> None:
    """End a job as failed. What it has as its result stays; one that has ended stays as it is."""
    with store.writing() as db:
        _end(db, job_id, "failed", error=Problem(code=code, message=message))


def _end(
    db: sqlite3.Connection,
    job_id: str,
    status: str,
    *,
    result: dict[str, Any] | None = None,
    error: Problem | None = None,
) -> None:
    db.execute(
        "UPDATE jobs SET status = ?, result = coalesce(?, result), error = ?"
        " WHERE id = ? AND status IN ('queued', 'running')",
        (status, result and json.dumps(result), error and error.model_dump_json(), job_id),
    )
