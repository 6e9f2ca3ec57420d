"""Idempotency records in one SQLite file, for the threads and processes of one host."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from failwell.server.sqlite import BUSY, Database, Tables
from failwell.server.store import Answer, Claim, Claimed, Conflict, InProgress, Record

_TABLE = """
CREATE TABLE IF NOT EXISTS idempotency (
  tenant TEXT NOT NULL, method TEXT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL,
  fingerprint BLOB NOT NULL, kept_until REAL NOT NULL,
  owner TEXT NOT NULL, leased_until REAL NOT NULL,
  status INTEGER, headers TEXT, body BLOB, request_id TEXT,
  UNIQUE (tenant, method, route, key)
)
"""
TABLES = Tables(
    make=(_TABLE, "CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency (kept_until)"),
    proof="SELECT fingerprint, kept_until, owner, leased_until FROM idempotency LIMIT 0",
)

PURGED_AT_ONCE = 16
"""Expired records that one claim removes: more than it adds, so that they cannot pile up."""

_FIND = """
SELECT fingerprint, kept_until, leased_until, status, headers, body, request_id FROM idempotency
WHERE tenant = ? AND method = ? AND route = ? AND key = ?
"""
_BEGIN = """
INSERT OR REPLACE INTO idempotency (fingerprint, kept_until, owner, leased_until, tenant, method, route, key)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_RENEW = """
UPDATE idempotency SET leased_until = ?
WHERE tenant = ? AND method = ? AND route = ? AND key = ? AND owner = ? AND status IS NULL
"""
_COMPLETE = """
UPDATE idempotency SET status = ?, headers = ?, body = ?, request_id = ?, kept_until = ?
WHERE tenant = ? AND method = ? AND route = ? AND key = ? AND owner = ? AND status IS NULL
"""
_RELEASE = """
DELETE FROM idempotency
WHERE tenant = ? AND method = ? AND route = ? AND key = ? AND owner = ? AND status IS NULL
"""
_PURGE = """
DELETE FROM idempotency
WHERE rowid IN (SELECT rowid FROM idempotency WHERE kept_until <= ? ORDER BY kept_until LIMIT ?)
"""


class SqliteStore:
    """Keeps records in the file at *path*. *trace* is told each statement that is executed.

    Raises:
        NotOurFileError: here, if *path* is something else; it is left as it is.
        StoreDownError: here and in every method, if SQLite fails or is locked for more than *busy* seconds.
    """

    def __init__(self, path: Path | str, *, busy: float = BUSY, trace: Callable[[str], object] | None = None) -> None:
        self._database = Database(path, TABLES, busy=busy, trace=trace)

    def claim(
        self, record: Record, fingerprint: bytes, owner: str, *, now: float, leased_until: float, kept_until: float
    ) -> Claim:
        """Make *owner* the one who runs *record*, unless it was answered, is leased or had another *fingerprint*."""
        with self._database.writing() as db:
            db.execute(_PURGE, (now, PURGED_AT_ONCE))
            row = db.execute(_FIND, record).fetchone()
            if row is not None and row[1] > now:
                if row[0] != fingerprint:
                    return Conflict()
                if row[3] is not None:
                    return _answer(row[3:])
                if row[2] > now:
                    return InProgress(leased_until=row[2])
            db.execute(_BEGIN, (fingerprint, kept_until, owner, leased_until, *record))
            return Claimed()

    def renew(self, record: Record, owner: str, *, leased_until: float) -> bool:
        """Lengthen the lease; False if *record* is not *owner*'s any more."""
        return self._change(_RENEW, leased_until, *record, owner)

    def complete(self, record: Record, owner: str, answer: Answer, *, kept_until: float) -> bool:
        """Keep *answer*; False, and nothing changes, if *record* is not *owner*'s any more."""
        facts = (answer.status, json.dumps(answer.headers), answer.body, answer.request_id, kept_until)
        return self._change(_COMPLETE, *facts, *record, owner)

    def release(self, record: Record, owner: str) -> bool:
        """Forget *record* so that its key may be tried again; False if it is not *owner*'s any more."""
        return self._change(_RELEASE, *record, owner)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _change(self, statement: str, *values: object) -> bool:
        with self._database.writing() as db:
            return db.execute(statement, values).rowcount == 1


def _answer(row: tuple[int, str, bytes, str]) -> Answer:
    status, headers, body, request_id = row
    return Answer(status, tuple((name, value) for name, value in json.loads(headers)), body, request_id)
