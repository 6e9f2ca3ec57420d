"""Accepted jobs in a SQLite file of their own, for the processes of one host."""

from __future__ import annotations

import json
import sqlite3
import uuid
from pathlib import Path
from typing import Any

from failwell.clock import ServerClock, SystemClock
from failwell.server.idempotency.policy import conflict
from failwell.server.jobs.store import JobQueue, JobState, QueuedJob
from failwell.server.jobs.submissions import REMEMBERED, Submission
from failwell.server.storage.steady_clock import TABLE, steady_time
from failwell.server.storage.store_file import StoreFile, store_schema

_SCHEMA = store_schema(f"""
{TABLE}
CREATE TABLE IF NOT EXISTS queued_jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, kind TEXT NOT NULL,
  payload TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'accepted', result TEXT, ended_at REAL
);
CREATE INDEX IF NOT EXISTS queued_jobs_unfinished ON queued_jobs (seq) WHERE ended_at IS NULL;
CREATE INDEX IF NOT EXISTS queued_jobs_ended ON queued_jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS submissions (
  tenant TEXT NOT NULL, scope TEXT NOT NULL, fingerprint TEXT NOT NULL, job TEXT NOT NULL, submitted_at REAL NOT NULL,
  PRIMARY KEY (tenant, scope)
) WITHOUT ROWID;
""")


class SqliteJobQueue(JobQueue):
    """Jobs in the file at *path*. One that has ended is forgotten *kept* seconds later.

    Raises:
        NotOurFileError: here, if the file belongs to somebody else.
        StoreDownError: here and in every method, if SQLite fails.
    """

    def __init__(self, path: Path | str, *, kept: float = REMEMBERED, clock: ServerClock | None = None) -> None:
        self._kept = kept
        self._file = StoreFile(path, _SCHEMA)
        with self._file.writing() as db:
            self._now = steady_time(db, clock or SystemClock())

    def submit(self, kind: str, payload: Any, *, tenant: str = "", key: Submission | None = None) -> str:
        job, now, given = uuid.uuid4().hex, self._now(), json.dumps(payload)

        def work(db: sqlite3.Connection) -> tuple[str, str | None]:
            if key is not None:
                made = db.execute(
                    "INSERT INTO submissions VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                    " fingerprint = excluded.fingerprint, job = excluded.job, submitted_at = excluded.submitted_at"
                    " WHERE submitted_at <= ?",
                    (tenant, key.scope, key.fingerprint, job, now, now - REMEMBERED),
                )
                if not made.rowcount:
                    row = db.execute(
                        "SELECT job, fingerprint FROM submissions WHERE tenant = ? AND scope = ?", (tenant, key.scope)
                    ).fetchone()
                    return str(row["job"]), str(row["fingerprint"])
            db.execute("DELETE FROM queued_jobs WHERE ended_at <= ?", (now - self._kept,))
            db.execute("DELETE FROM submissions WHERE submitted_at <= ?", (now - REMEMBERED,))
            db.execute(
                "INSERT INTO queued_jobs (id, tenant, kind, payload) VALUES (?, ?, ?, ?)", (job, tenant, kind, given)
            )
            return job, None

        found, fingerprint = self._file.write(work)
        if key is not None and fingerprint is not None and fingerprint != key.fingerprint:
            raise conflict(key.key)
        return found

    def find(self, job: str, *, tenant: str = "") -> QueuedJob | None:
        with self._file.reading() as db:
            row = db.execute(
                "SELECT id, kind, payload, state, result FROM queued_jobs WHERE id = ? AND tenant = ?", (job, tenant)
            ).fetchone()
        return QueuedJob.read(*row) if row is not None else None

    def payload(self, job: str) -> Any:
        with self._file.reading() as db:
            return json.loads(db.execute("SELECT payload FROM queued_jobs WHERE id = ?", (job,)).fetchone()["payload"])

    def unfinished(self) -> list[tuple[str, str]]:
        with self._file.reading() as db:
            rows = db.execute("SELECT kind, id FROM queued_jobs WHERE ended_at IS NULL ORDER BY seq").fetchall()
        return [(str(row["kind"]), str(row["id"])) for row in rows]

    def finish(self, job: str, result: Any = None, *, state: JobState = "done") -> bool:
        facts = (state, json.dumps(result), self._now(), job)
        with self._file.writing() as db:
            changed = db.execute(
                "UPDATE queued_jobs SET state = ?, result = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL", facts
            )
            return changed.rowcount == 1

    def close(self) -> None:
        self._file.close()
