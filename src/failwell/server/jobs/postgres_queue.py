"""Accepted jobs in Postgres, for the processes of many hosts."""

from __future__ import annotations

import json
import uuid
from typing import Any

from failwell.contract.extras import needs
from failwell.server.idempotency.policy import conflict
from failwell.server.jobs.store import JobQueue, JobState, QueuedJob
from failwell.server.jobs.submissions import REMEMBERED, Submission
from failwell.server.storage.errors import StoreDownError

with needs("postgres", __name__):
    from failwell.server.storage.postgres import Postgres, check_prefix

_CREATE = """
CREATE TABLE IF NOT EXISTS {prefix}_queued_jobs (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, tenant text NOT NULL,
  kind text NOT NULL, payload text NOT NULL, state text NOT NULL DEFAULT 'accepted', result text, ended_at timestamptz
);
CREATE INDEX IF NOT EXISTS {prefix}_queued_jobs_unfinished ON {prefix}_queued_jobs (seq) WHERE ended_at IS NULL;
CREATE INDEX IF NOT EXISTS {prefix}_queued_jobs_ended ON {prefix}_queued_jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS {prefix}_submissions (
  tenant text NOT NULL, scope text NOT NULL, fingerprint text NOT NULL, job text NOT NULL,
  submitted_at timestamptz NOT NULL, PRIMARY KEY (tenant, scope)
);
"""
# The key and its job are written together, or neither is. Where somebody else has the key, there is no row.
_SUBMIT = """
WITH taken AS (
  INSERT INTO {prefix}_submissions AS old
  SELECT %(tenant)s::text, %(scope)s::text, %(fingerprint)s::text, %(id)s::text, clock_timestamp()
  WHERE %(scope)s::text IS NOT NULL
  ON CONFLICT (tenant, scope) DO UPDATE SET
    fingerprint = excluded.fingerprint, job = excluded.job, submitted_at = excluded.submitted_at
  -- It is this call's own where Postgres was asked a second time.
  WHERE old.submitted_at <= clock_timestamp() - make_interval(secs => %(remembered)s::float8) OR old.job = excluded.job
  RETURNING job
)
INSERT INTO {prefix}_queued_jobs (id, tenant, kind, payload)
SELECT %(id)s::text, %(tenant)s::text, %(kind)s::text, %(payload)s::text
WHERE %(scope)s::text IS NULL OR EXISTS (SELECT FROM taken)
ON CONFLICT (id) DO UPDATE SET id = excluded.id
RETURNING id
"""
_SUBMITTED = (
    "SELECT job, fingerprint FROM {prefix}_submissions WHERE tenant = %(tenant)s::text AND scope = %(scope)s::text"
)
_SWEEP = """
WITH forgotten AS (
  DELETE FROM {prefix}_submissions
  WHERE submitted_at <= clock_timestamp() - make_interval(secs => %(remembered)s::float8)
)
DELETE FROM {prefix}_queued_jobs WHERE ended_at <= clock_timestamp() - make_interval(secs => %(kept)s::float8)
"""
_FIND = """
SELECT id, kind, payload, state, result FROM {prefix}_queued_jobs WHERE id = %(id)s::text AND tenant = %(tenant)s::text
"""
_PAYLOAD = "SELECT payload FROM {prefix}_queued_jobs WHERE id = %(id)s::text"
_UNFINISHED = "SELECT kind, id FROM {prefix}_queued_jobs WHERE ended_at IS NULL ORDER BY seq"
_FINISH = """
UPDATE {prefix}_queued_jobs SET state = %(state)s::text, result = %(result)s::text, ended_at = clock_timestamp()
WHERE id = %(id)s::text AND ended_at IS NULL
"""


class PostgresJobQueue(JobQueue):
    """Jobs in the Postgres at *url*, in tables whose names begin with *prefix*. An ended one is kept *kept* seconds.

    Raises:
        MissingExtraError: psycopg is not installed.
        ValueError: *url* is none, or *prefix* no name.
        StoreDownError: here and in every method, if Postgres refuses, or does not answer within *busy* seconds.
    """

    def __init__(
        self, url: str, *, prefix: str = "failwell", kept: float = REMEMBERED, busy: float = 2.0, connections: int = 4
    ) -> None:
        check_prefix(prefix)
        self._prefix = prefix
        self._kept = kept
        self._db = Postgres(url, busy=busy, connections=connections)
        with self._db.transaction() as db:
            # One of those that start at the same time makes the tables, the others wait.
            db.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [prefix])
            db.execute(_CREATE.format(prefix=prefix).encode())

    def submit(self, kind: str, payload: Any, *, tenant: str = "", key: Submission | None = None) -> str:
        scope, fingerprint = (None, None) if key is None else (key.scope, key.fingerprint)
        facts = {"id": uuid.uuid4().hex, "kind": kind, "payload": json.dumps(payload), "fingerprint": fingerprint}
        rows, _ = self._ask(_SUBMIT, tenant=tenant, scope=scope, remembered=REMEMBERED, **facts)
        if rows:
            self._ask(_SWEEP, remembered=REMEMBERED, kept=self._kept)
            return str(rows[0][0])
        assert key is not None
        rows, _ = self._ask(_SUBMITTED, tenant=tenant, scope=scope)
        if not rows:
            raise StoreDownError("The idempotency key of a job was forgotten just then. Try again.")
        job, known = rows[0]
        if known != fingerprint:
            raise conflict(key.key)
        return str(job)

    def find(self, job: str, *, tenant: str = "") -> QueuedJob | None:
        rows, _ = self._ask(_FIND, id=job, tenant=tenant)
        return QueuedJob.read(*rows[0]) if rows else None

    def payload(self, job: str) -> Any:
        return json.loads(self._ask(_PAYLOAD, id=job)[0][0][0])

    def unfinished(self) -> list[tuple[str, str]]:
        return [(str(kind), str(job)) for kind, job in self._ask(_UNFINISHED)[0]]

    def finish(self, job: str, result: Any = None, *, state: JobState = "done") -> bool:
        return self._ask(_FINISH, id=job, state=state, result=json.dumps(result))[1] == 1

    def close(self) -> None:
        self._db.close()

    def _ask(self, query: str, **values: object) -> tuple[list[tuple[Any, ...]], int]:
        return self._db.ask(query.format(prefix=self._prefix).encode(), values)
