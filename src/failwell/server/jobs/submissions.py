"""Idempotent job submission: a repeated key finds the job that it made, whoever died in between.

The key's record is completed after the transaction that makes a job, and a server killed between the two forgets the
answer. The job itself remembers: the key is in its row, written by the same transaction.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from failwell.clock import WallClock
from failwell.server.idempotency.policy import conflict

REMEMBERED = 24 * 3600.0
"""Seconds that a key finds its job: as long as an answer is kept under it."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A request with an idempotency *key*. *scope* stands for method, route and key, *fingerprint* for the body."""

    key: str
    scope: str
    fingerprint: str

    def __conform__(self, _: object) -> str:
        """What SQLite keeps of it, in the row of its job."""
        return f"{self.scope}:{self.fingerprint}"


def find_submission(
    db: sqlite3.Connection, table: str, clock: WallClock, tenant: str, key: Submission | None
) -> str | None:
    """The id of the job in *table* that *tenant* has submitted with *key*, or None if it has not yet.

    The table has the columns `seq`, `id`, `tenant`, `idempotency_key`, which takes a `Submission`, and `created_at`, a
    moment of *clock*: that of `DataStore.steady`, so that setting the time of day neither forgets a key nor keeps it
    for longer. Ask in the transaction that makes the job otherwise.

    Raises:
        Refusal: the key came with another body.
    """
    if key is None:
        return None
    row = db.execute(
        f"SELECT id, idempotency_key FROM {table} WHERE tenant = ? AND idempotency_key BETWEEN ? AND ?"  # noqa: S608 - a name from our own code
        " AND created_at > ? ORDER BY seq DESC LIMIT 1",
        (tenant, f"{key.scope}:", f"{key.scope};", clock.wall() - REMEMBERED),
    ).fetchone()
    if row is None:
        return None
    if not row["idempotency_key"].endswith(f":{key.fingerprint}"):
        raise conflict(key.key)
    return str(row["id"])
