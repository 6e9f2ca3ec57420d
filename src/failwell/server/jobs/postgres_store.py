"""The jobs of many hosts in Postgres: leases by its clock, and steps that only the owner of a job may keep."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from failwell.contract.extras import needs
from failwell.server.jobs.store import JobStore, LostJobError, Survey

with needs("postgres", __name__):
    from failwell.server.storage.postgres import Postgres, check_prefix

LEASE = 15.0
"""Seconds that a worker may be silent. With a look a second for what it left behind, another goes on within 30 s."""

_CREATE = """
CREATE TABLE IF NOT EXISTS {prefix}_jobs (
  job text PRIMARY KEY, begun timestamptz NOT NULL,
  owner text, leased_until timestamptz, lease interval,
  -- How often a worker died by itself while the job was at the step of that number.
  crashed_in int4, crashes int4 NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS {prefix}_job_steps (
  job text NOT NULL REFERENCES {prefix}_jobs ON DELETE CASCADE, number int4 NOT NULL,
  name text NOT NULL, outcome bytea NOT NULL, PRIMARY KEY (job, number)
);
"""
_EXPIRE = """
UPDATE {prefix}_jobs AS jobs SET owner = NULL, leased_until = NULL, crashed_in = done,
  crashes = CASE WHEN crashed_in = done THEN crashes + 1 ELSE 1 END
FROM (
  SELECT job, (SELECT count(*) FROM {prefix}_job_steps AS steps WHERE steps.job = dead.job) AS done
  FROM {prefix}_jobs AS dead WHERE leased_until <= clock_timestamp() FOR UPDATE SKIP LOCKED
) AS died WHERE jobs.job = died.job
"""
# No lease is that long: the clock was set back. It ends in the time of today, unless its owner renews it.
_SHORTEN = """
UPDATE {prefix}_jobs SET leased_until = clock_timestamp() + lease WHERE leased_until > clock_timestamp() + lease
"""
_SURVEY = """
SELECT extract(epoch FROM clock_timestamp())::float8, NULL, false, 0
UNION ALL
SELECT 0, job, coalesce(owner <> %(owner)s::text, false),
  CASE WHEN crashed_in = (SELECT count(*) FROM {prefix}_job_steps AS steps WHERE steps.job = jobs.job)
    THEN crashes ELSE 0 END
FROM {prefix}_jobs AS jobs WHERE owner IS NOT NULL OR crashes > 0
"""
_CLAIM = """
INSERT INTO {prefix}_jobs AS old (job, begun, owner, leased_until, lease)
SELECT %(job)s::text, now, %(owner)s::text, now + lease, lease
FROM (SELECT clock_timestamp() AS now, make_interval(secs => %(lease)s::float8) AS lease) AS moment
ON CONFLICT (job) DO UPDATE SET owner = excluded.owner, leased_until = excluded.leased_until, lease = excluded.lease
-- Who asks again did not hear that the job is its own. A lease that is over is first noted as a death, by a survey.
WHERE old.owner IS NULL OR old.owner = excluded.owner
"""
_RENEW = """
UPDATE {prefix}_jobs SET leased_until = clock_timestamp() + lease WHERE owner = %(owner)s::text
"""
_OUTCOME = """
SELECT name, outcome FROM {prefix}_jobs AS jobs
LEFT JOIN {prefix}_job_steps AS steps ON steps.job = jobs.job AND number = %(number)s::int4
WHERE jobs.job = %(job)s::text AND owner = %(owner)s::text
"""
# The row of the job is locked: nobody takes it over between the look and the writing.
_KEEP = """
WITH held AS (
  SELECT job FROM {prefix}_jobs WHERE job = %(job)s::text AND owner = %(owner)s::text FOR UPDATE
), kept AS (
  INSERT INTO {prefix}_job_steps (job, number, name, outcome)
  SELECT job, %(number)s::int4, %(name)s::text, %(outcome)s::bytea FROM held ON CONFLICT DO NOTHING
)
SELECT job FROM held
"""
_RELEASE = """
UPDATE {prefix}_jobs SET owner = NULL, leased_until = NULL WHERE job = %(job)s::text AND owner = %(owner)s::text
"""
_LEAVE = "UPDATE {prefix}_jobs SET owner = NULL, leased_until = NULL WHERE owner = %(owner)s::text"
# One that began after the survey may have been accepted after those that are unfinished were looked for.
_FORGET = """
DELETE FROM {prefix}_jobs WHERE owner IS NULL AND NOT (job = ANY(%(unfinished)s::text[]))
AND begun <= to_timestamp(%(moment)s::float8)
"""


class PostgresJobStore(JobStore):
    """What one worker remembers in the Postgres at *url*, in tables whose names begin with *prefix*.

    The workers of other hosts open it with the same *prefix*. One that is silent for *lease* seconds has died: what it
    was at is free then, and what it does all the same is not kept. Leases go by the clock of Postgres alone.

    Raises:
        MissingExtraError: psycopg is not installed.
        ValueError: *url* is none, *prefix* no name, or *lease* too short.
        StoreDownError: here and in every method, if Postgres refuses, or does not answer within *busy* seconds.
    """

    def __init__(self, url: str, *, prefix: str = "failwell", lease: float = LEASE, busy: float = 2.0) -> None:
        check_prefix(prefix)
        if lease <= 0:
            raise ValueError(f"lease={lease:g} would be over before it began. Give it seconds, such as {LEASE:g}.")
        self.lease: float | None = lease
        self._prefix = prefix
        self._owner = uuid.uuid4().hex
        self._left = False
        self._db = Postgres(url, busy=busy, connections=4)
        with self._db.transaction() as db:
            # One of those that start at the same time makes the tables, the others wait.
            db.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [prefix])
            db.execute(_CREATE.format(prefix=prefix).encode())

    def survey(self) -> Survey:
        self._ask(_SHORTEN)
        self._ask(_EXPIRE)
        (moment, *_), *rows = self._ask(_SURVEY)
        taken = {job for _, job, by_another, _ in rows if by_another}
        return Survey(moment, taken, {job: times for _, job, _, times in rows if times})

    def claim(self, job: str) -> bool:
        if self._left:
            return False
        query = _CLAIM.format(prefix=self._prefix).encode()
        return self._db.ask(query, {"owner": self._owner, "job": job, "lease": self.lease})[1] == 1

    def renew(self) -> None:
        self._ask(_RENEW)

    def outcome(self, job: str, number: int) -> tuple[str, bytes] | None:
        rows = self._ask(_OUTCOME, job=job, number=number)
        if not rows:
            raise LostJobError(job)
        name, outcome = rows[0]
        return None if name is None else (name, bytes(outcome))

    def keep(self, job: str, number: int, name: str, outcome: bytes) -> None:
        if not self._ask(_KEEP, job=job, number=number, name=name, outcome=outcome):
            raise LostJobError(job)

    def release(self, job: str) -> None:
        self._ask(_RELEASE, job=job)

    def forget_ended(self, unfinished: Collection[str], survey: Survey) -> None:
        self._ask(_FORGET, unfinished=list(unfinished), moment=survey.moment)

    def leave(self) -> None:
        self._left = True
        self._ask(_LEAVE)

    def close(self) -> None:
        self._db.close()

    def _ask(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        rows, _ = self._db.ask(query.format(prefix=self._prefix).encode(), {"owner": self._owner, **values})
        return rows
