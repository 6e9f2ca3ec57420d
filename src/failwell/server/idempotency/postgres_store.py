"""Idempotency records in Postgres, for the processes of many hosts."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from itertools import count
from typing import Any

from failwell.contract.extras import needs
from failwell.server.idempotency.store import Claim, Claimed, Conflict, InProgress, Record, digest, kept_effect
from failwell.server.storage.errors import StoreDownError
from failwell.server.stored_response import StoredResponse

with needs("postgres", __name__):
    import psycopg

    from failwell.server.storage.postgres import Postgres, check_prefix

logger = logging.getLogger("failwell.server")

CLAIMS_PER_SWEEP, SWEPT_AT_ONCE = 16, 256
"""So many claims of a process later, so many expired records are removed: more than were added."""

CONTENDED = 16
"""How often a claim is tried whose record changes hands just then, each time."""

_COLUMNS = {
    "id": "bytea",
    "fingerprint": "bytea",
    "owner": "text",
    "leased_until": "timestamptz",
    "kept_until": "timestamptz",
    "effect": "text",
    "status": "int4",
    "headers": "text",
    "body": "bytea",
    "request_id": "text",
}

_CREATE = """
CREATE TABLE {table} (
  id bytea PRIMARY KEY, fingerprint bytea NOT NULL,
  owner text NOT NULL, leased_until timestamptz NOT NULL, kept_until timestamptz NOT NULL,
  effect text NOT NULL,
  status int4, headers text, body bytea, request_id text
);
CREATE INDEX ON {table} (kept_until);
"""
# What is in the way of a claim is looked for first, and nothing is written where there is such a thing: no replay waits
# for a disk. Where somebody else was faster meanwhile, no row comes back: it can be seen from then on.
_CLAIM = """
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now, make_interval(secs => %(lease)s::float8) AS lease),
found AS MATERIALIZED (
  SELECT fingerprint <> %(fingerprint)s::bytea AS conflict, leased_until, status, headers, body, request_id
  FROM {table}, moment
  WHERE id = %(id)s::bytea AND kept_until > now AND (
    fingerprint <> %(fingerprint)s::bytea OR status IS NOT NULL
    -- Who asks again did not hear that the record is its own.
    OR (leased_until > now AND owner <> %(owner)s::text))
),
claimed AS (
  INSERT INTO {table} AS old (id, fingerprint, owner, leased_until, kept_until, effect)
  -- However short the answer is to be kept: while it is waited for, the record must be there.
  SELECT %(id)s::bytea, %(fingerprint)s::bytea, %(owner)s::text, now + lease,
    now + greatest(lease, make_interval(secs => %(kept)s::float8)), %(effect)s::text
  FROM moment WHERE NOT EXISTS (SELECT FROM found)
  ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, owner = excluded.owner,
    leased_until = excluded.leased_until, kept_until = excluded.kept_until,
    effect = CASE WHEN old.kept_until <= clock_timestamp() THEN excluded.effect
      WHEN old.effect = 'none' THEN excluded.effect ELSE old.effect END,
    status = NULL, headers = NULL, body = NULL, request_id = NULL
  WHERE old.kept_until <= clock_timestamp() OR (
    old.fingerprint = excluded.fingerprint AND old.status IS NULL
    AND (old.leased_until <= clock_timestamp() OR old.owner = excluded.owner))
  -- What it was before can no longer be seen; who tells of his side effects leaves it as it was.
  RETURNING CASE WHEN xmax = 0 THEN 'none' ELSE effect END AS before  -- not 0: it was there, an update has locked it
),
-- No lease is that long: the clock was set back. It ends in the time of today, unless its owner renews it.
shortened AS (
  UPDATE {table} AS old SET leased_until = now + lease FROM moment, found
  WHERE old.id = %(id)s::bytea AND old.status IS NULL AND NOT conflict AND old.leased_until > now + lease
)
SELECT 'claimed', NULL::float8, NULL::int4, before, NULL::bytea, NULL FROM claimed
UNION ALL
SELECT CASE WHEN conflict THEN 'conflict' WHEN status IS NULL THEN 'leased' ELSE 'answer' END,
  extract(epoch FROM least(leased_until - now, lease))::float8, status, headers, body, request_id
FROM found, moment
"""
_RENEW = """
WITH leased AS (SELECT clock_timestamp() + make_interval(secs => %(lease)s::float8) AS until)
UPDATE {table} SET leased_until = until, kept_until = greatest(kept_until, until),
  effect = CASE WHEN %(begun)s::boolean THEN 'done' ELSE effect END
FROM leased
WHERE id = %(id)s::bytea AND owner = %(owner)s::text AND status IS NULL
"""
# An answer that is there stays: its owner asks again where it did not hear of the first time.
_COMPLETE = """
UPDATE {table} SET
  kept_until = CASE WHEN status IS NULL
    THEN clock_timestamp() + make_interval(secs => %(kept)s::float8) ELSE kept_until END,
  status = coalesce(status, %(status)s::int4), headers = coalesce(headers, %(headers)s::text),
  body = coalesce(body, %(body)s::bytea), request_id = coalesce(request_id, %(request_id)s::text)
WHERE id = %(id)s::bytea AND owner = %(owner)s::text
"""
_RELEASE = "DELETE FROM {table} WHERE id = %(id)s::bytea AND owner = %(owner)s::text AND status IS NULL"
_SWEEP = """
DELETE FROM {table} WHERE id IN (
  SELECT id FROM {table} WHERE kept_until <= clock_timestamp() ORDER BY kept_until LIMIT %(most)s
  FOR UPDATE SKIP LOCKED)
"""


class PostgresStore:
    """Keeps records in the Postgres at *url*, in a table whose name begins with *prefix* and which is made if need be.

    Each method is one round trip, and one transaction. Leases go by the clock of Postgres, whatever those of its
    callers say. A process has *connections* open at most. A Postgres that may lose what it has committed is told of in
    the log.

    Raises:
        MissingExtraError: psycopg is not installed.
        ValueError: *url* is none, or *prefix* no name.
        NotOurTableError: here, if the table is somebody else's; it is left as it is.
        StoreDownError: here and in every method, if Postgres refuses, or does not answer within *busy* seconds.
    """

    def __init__(self, url: str, *, prefix: str = "failwell", busy: float = 1.0, connections: int = 8) -> None:
        check_prefix(prefix)
        self._table = f"{prefix}_idempotency"
        self._claim, self._renew, self._complete, self._release, self._sweep = (
            query.format(table=self._table).encode() for query in (_CLAIM, _RENEW, _COMPLETE, _RELEASE, _SWEEP)
        )
        self._db = Postgres(url, busy=busy, connections=connections)
        self._claims = count(1)
        self._make()
        self._warn_of_forgetting()

    def claim(
        self, record: Record, fingerprint: bytes, owner: str, *, lease: float, kept: float, tells: bool = False
    ) -> Claim:
        """Make *owner* the one who runs *record*, unless it was answered, is leased or had another *fingerprint*."""
        values = {"id": digest(record), "fingerprint": fingerprint, "owner": owner, "lease": lease, "kept": kept}
        values["effect"] = kept_effect("none", tells=tells)
        if next(self._claims) % CLAIMS_PER_SWEEP == 0:
            self._ask(self._sweep, {"most": SWEPT_AT_ONCE})
        for _ in range(CONTENDED):
            rows, _ = self._ask(self._claim, values)
            if rows:
                return _claim_of(rows[0])
        raise StoreDownError(
            f"An idempotency key changed hands {CONTENDED} times while it was claimed. Try again a moment later."
        )

    def renew(self, record: Record, owner: str, *, lease: float, begun: bool = False) -> bool:
        """Let the lease begin anew; False if *record* is not *owner*'s any more. *begun*: its side effects begin."""
        values = {"id": digest(record), "owner": owner, "lease": lease, "begun": begun}
        return self._ask(self._renew, values)[1] == 1

    def complete(self, record: Record, owner: str, answer: StoredResponse, *, kept: float) -> bool:
        """Keep *answer*; False, and nothing changes, if *record* is not *owner*'s any more."""
        facts = {"status": answer.status, "headers": json.dumps(answer.headers), "body": answer.body}
        values = {"id": digest(record), "owner": owner, "kept": kept, **facts, "request_id": answer.request_id}
        return self._ask(self._complete, values)[1] == 1

    def release(self, record: Record, owner: str) -> bool:
        """Forget *record* so that its key may be tried again; False if it is not *owner*'s any more."""
        return self._ask(self._release, {"id": digest(record), "owner": owner})[1] == 1

    def close(self) -> None:
        """Close the connections that are idle; those in use close when their user is done."""
        self._db.close()

    def _ask(self, query: bytes, values: Mapping[str, object]) -> tuple[list[tuple[Any, ...]], int]:
        try:
            return self._db.ask(query, values)
        except StoreDownError as problem:
            if not isinstance(problem.__cause__, psycopg.errors.UndefinedTable):
                raise
        logger.warning(
            "The table %s in Postgres at %s is gone, and every idempotency key with it: a call that is repeated is "
            "done twice. It is made anew.",
            self._table,
            self._db.where,
        )
        self._make()
        return self._db.ask(query, values)

    def _make(self) -> None:
        self._db.make(self._table, _CREATE, _COLUMNS)

    def _warn_of_forgetting(self) -> None:
        [(fsync, commit)], _ = self._db.ask(
            b"SELECT current_setting('fsync'), current_setting('synchronous_commit')", {}
        )
        forgetful = [
            f"{name} {value}" for name, value in (("fsync", fsync), ("synchronous_commit", commit)) if value == "off"
        ]
        if forgetful:
            logger.warning(
                "The Postgres at %s may lose what it has committed (%s): after a crash an idempotency key can be "
                "forgotten, and a call that is repeated is done twice. Set both to on.",
                self._db.where,
                ", ".join(forgetful),
            )


def _claim_of(row: tuple[Any, ...]) -> Claim:
    what, left, status, text, body, request_id = row
    match what:
        case "claimed":
            return Claimed(text)
        case "conflict":
            return Conflict()
        case "leased":
            return InProgress(leased_for=left)
        case _:
            pairs = tuple((name, value) for name, value in json.loads(text))
            return StoredResponse(status, pairs, bytes(body), request_id)
