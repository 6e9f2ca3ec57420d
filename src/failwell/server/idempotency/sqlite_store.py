"""Idempotency records in one SQLite file, for the threads and processes of one host."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

from failwell.clock import ServerClock, SystemClock
from failwell.contract.case import SideEffect
from failwell.server.idempotency.store import Claim, Claimed, Conflict, InProgress, Record, kept_effect
from failwell.server.storage import steady_clock
from failwell.server.storage.store_file import BUSY, StoreFile, store_schema
from failwell.server.stored_response import StoredResponse

_SCHEMA = store_schema(f"""
CREATE TABLE IF NOT EXISTS idempotency (
  tenant TEXT NOT NULL, method TEXT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL,
  fingerprint BLOB NOT NULL, kept_until REAL NOT NULL,
  owner TEXT NOT NULL, leased_until REAL NOT NULL, effect TEXT NOT NULL,
  status INTEGER, headers TEXT, body BLOB, request_id TEXT,
  UNIQUE (tenant, method, route, key)
);
CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency (kept_until);
{steady_clock.TABLE}
""")

PURGED_AT_ONCE = 16
"""Expired records that one claim removes: more than it adds, so that they cannot pile up."""

_FIND = """
SELECT fingerprint, kept_until, leased_until, effect, status, headers, body, request_id FROM idempotency
WHERE tenant = ? AND method = ? AND route = ? AND key = ?
"""
_BEGIN = """
INSERT OR REPLACE INTO idempotency (fingerprint, kept_until, owner, leased_until, effect, tenant, method, route, key)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SHORTEN = """
UPDATE idempotency SET leased_until = ? WHERE tenant = ? AND method = ? AND route = ? AND key = ?
"""
_RENEW = """
UPDATE idempotency SET leased_until = ?, kept_until = max(kept_until, ?), effect = iif(?, 'done', effect)
WHERE tenant = ? AND method = ? AND route = ? AND key = ? AND owner = ? AND status IS NULL
"""
_COMPLETE = """
UPDATE idempotency SET status = ?, headers = ?, body = ?, request_id = ?, kept_until = ?
WHERE tenant = ? AND method = ? AND route = ? AND key = ? AND owner = ? AND status IS NULL
"""
_ANSWERED = """
SELECT 1 FROM idempotency
WHERE tenant = ? AND method = ? AND route = ? AND key = ? AND owner = ? AND status IS NOT NULL
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
    """Keeps records in the file at *path*. *clock* is the machine's; *trace* is told each statement that is executed.

    Raises:
        NotOurFileError: here, if *path* is something else; it is left as it is.
        StoreDownError: here and in every method, if SQLite fails or is locked for more than *busy* seconds.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        clock: ServerClock | None = None,
        busy: float = BUSY,
        trace: Callable[[str], object] | None = None,
    ) -> None:
        self._file = StoreFile(path, _SCHEMA, busy=busy, trace=trace)
        try:
            self._now = self._file.write(partial(steady_clock.steady_time, clock=clock or SystemClock()))
        except BaseException:
            self.close()
            raise

    def claim(
        self, record: Record, fingerprint: bytes, owner: str, *, lease: float, kept: float, tells: bool = False
    ) -> Claim:
        """Make *owner* the one who runs *record*, unless it was answered, is leased or had another *fingerprint*."""

        def claim(db: sqlite3.Connection) -> Claim:
            now = self._now()
            before: SideEffect = "none"
            db.execute(_PURGE, (now, PURGED_AT_ONCE))
            row = db.execute(_FIND, record).fetchone()
            if row is not None and row[1] > now:
                before = row[3]
                if row[0] != fingerprint:
                    return Conflict()
                if row[4] is not None:
                    return _answer(*row[4:])
                if now < row[2] <= now + lease:
                    return InProgress(leased_for=round(row[2] - now, 3))
                if row[2] > now:
                    # No lease is that long: it is of an earlier boot, under a wall clock that was ahead. It ends in
                    # our time, unless its owner is alive after all and renews it.
                    db.execute(_SHORTEN, (now + lease, *record))
                    return InProgress(leased_for=lease)
            # However short the answer is to be kept: while it is waited for, the record must be there.
            effect = kept_effect(before, tells=tells)
            db.execute(_BEGIN, (fingerprint, now + max(kept, lease), owner, now + lease, effect, *record))
            return Claimed(before)

        return self._file.write(claim)

    def renew(self, record: Record, owner: str, *, lease: float, begun: bool = False) -> bool:
        """Let the lease begin anew; False if *record* is not *owner*'s any more. *begun*: its side effects begin."""

        def renew(db: sqlite3.Connection) -> bool:
            leased_until = self._now() + lease
            return _changed(db, _RENEW, leased_until, leased_until, begun, *record, owner)

        return self._file.write(renew)

    def complete(self, record: Record, owner: str, answer: StoredResponse, *, kept: float) -> bool:
        """Keep *answer*; False, and nothing changes, if *record* is not *owner*'s any more."""
        facts = (answer.status, json.dumps(answer.headers), answer.body, answer.request_id)

        def complete(db: sqlite3.Connection) -> bool:
            if _changed(db, _COMPLETE, *facts, self._now() + kept, *record, owner):
                return True
            return db.execute(_ANSWERED, (*record, owner)).fetchone() is not None

        return self._file.write(complete)

    def release(self, record: Record, owner: str) -> bool:
        """Forget *record* so that its key may be tried again; False if it is not *owner*'s any more."""
        return self._file.write(lambda db: _changed(db, _RELEASE, *record, owner))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _changed(db: sqlite3.Connection, statement: str, *values: object) -> bool:
    return db.execute(statement, values).rowcount == 1


def _answer(status: int, headers: str, body: bytes, request_id: str) -> StoredResponse:
    return StoredResponse(status, tuple((name, value) for name, value in json.loads(headers)), body, request_id)
