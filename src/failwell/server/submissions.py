"""Jobs that are submitted again: a repeated idempotency key finds the job that it made, whoever died in between.

The key's record is completed after the transaction that makes a job, and a server killed between the two forgets the
answer. The job itself remembers: the key is in its row, written by the same transaction.
"""

from __future__ import annotations

import sqlite3
from typing import Annotated

from failwell.contract.extras import needs
from failwell.server.times import WallClock

with needs("fastapi", __name__):
    from fastapi import Header

REMEMBERED = 24 * 3600.0
"""Seconds that a key finds its job: as long as an answer is kept under it."""

Key = Annotated[str | None, Header(alias="Idempotency-Key", include_in_schema=False)]
"""The idempotency key of a request."""


def submitted(db: sqlite3.Connection, table: str, clock: WallClock, tenant: str, key: str | None) -> str | None:
    """The id of the job in *table* that *tenant* has submitted with *key*, or None if it has not yet.

    The table has the columns `seq`, `id`, `tenant`, `idempotency_key` and `created_at`. Ask in the transaction that
    makes the job otherwise.
    """
    row = db.execute(
        f"SELECT id FROM {table} WHERE tenant = ? AND idempotency_key = ? AND created_at > ?"  # noqa: S608 - a name from our own code
        " ORDER BY seq DESC LIMIT 1",
        (tenant, key, clock.wall() - REMEMBERED),
    ).fetchone()
    return str(row["id"]) if row is not None else None
