"""Deletions that were done with an idempotency key: asked for again, they are done already."""

from __future__ import annotations

import sqlite3

from failwell.clock import WallClock
from failwell.server import REMEMBERED, Submission, find_submission, insert


def deleted_before(db: sqlite3.Connection, clock: WallClock, tenant: str, key: Submission | None) -> bool:
    """Whether *key* has deleted what it is to delete."""
    return find_submission(db, "deletions", clock, tenant, key) is not None


def note_deletion(db: sqlite3.Connection, clock: WallClock, tenant: str, deleted: str, key: Submission | None) -> None:
    """Remember that *key* has deleted the object of that id; in the transaction that does it."""
    if key is not None:
        now = clock.wall()
        db.execute("DELETE FROM deletions WHERE created_at < ?", (now - REMEMBERED,))
        insert(db, "deletions", id=deleted, tenant=tenant, idempotency_key=key, created_at=now)
