"""API keys in Postgres, for the processes of many hosts."""

from __future__ import annotations

from typing import Literal, Unpack

from failwell.contract.extras import needs
from failwell.server.auth.keys import KeyRow, KeySettings, StoredKeys, hashed

with needs("postgres", __name__):
    from failwell.server.storage.postgres import Postgres, check_prefix

_COLUMNS = {
    "hash": "bytea",
    "id": "text",
    "tenant": "text",
    "role": "text",
    "tier": "text",
    "created_at": "float8",
    "revoked_at": "float8",
    "expires_at": "float8",
}
_CREATE = """
CREATE TABLE {table} (
  hash bytea PRIMARY KEY, id text NOT NULL UNIQUE, tenant text NOT NULL, role text NOT NULL, tier text NOT NULL,
  created_at float8 NOT NULL, revoked_at float8, expires_at float8
)
"""
_ADD = """
INSERT INTO {table} (hash, id, tenant, role, tier, created_at, expires_at)
VALUES (%(hash)s, %(id)s, %(tenant)s, %(role)s, %(tier)s, %(now)s, %(expires_at)s)
ON CONFLICT (hash) DO NOTHING  -- it is asked again where nobody heard of the first time
"""
_CHANGE = """
UPDATE {table} SET {column} = %(value)s WHERE (id = %(key)s OR hash = %(hash)s) AND revoked_at IS NULL
"""
_FIND = "SELECT tenant, id, role, tier, revoked_at, expires_at FROM {table} WHERE hash = %(hash)s"


class PostgresKeyStore(StoredKeys):
    """Keys in the Postgres at *url*, in a table whose name begins with *table_prefix* and which is made if need be.

    Who revokes or moves a key does so for all hosts at once. What else it is told, `StoredKeys` says.

    Raises:
        MissingExtraError: psycopg is not installed.
        ValueError: *url* is none, or *table_prefix* no name.
        NotOurTableError: here, if the table is somebody else's; it is left as it is.
        StoreDownError: here and in every method, if Postgres refuses, or does not answer within *busy* seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        table_prefix: str = "failwell",
        busy: float = 1.0,
        connections: int = 8,
        **settings: Unpack[KeySettings],
    ) -> None:
        super().__init__(**settings)
        check_prefix(table_prefix, "table_prefix")
        self._table = f"{table_prefix}_api_keys"
        self._db = Postgres(url, busy=busy, connections=connections)
        self._db.make(self._table, _CREATE, _COLUMNS)

    def close(self) -> None:
        """Close the connections that are idle; those in use close when their user is done."""
        self._db.close()

    def _add(self, row: KeyRow, hash_: bytes, now: float) -> None:
        self._db.ask(_ADD.format(table=self._table).encode(), {"hash": hash_, "now": now, **row._asdict()})

    def _change(self, column: Literal["tier", "revoked_at"], value: str | float, key: str) -> bool:
        query = _CHANGE.format(table=self._table, column=column).encode()
        return self._db.ask(query, {"value": value, "key": key, "hash": hashed(key)})[1] == 1

    def _row(self, hash_: bytes) -> KeyRow | None:
        rows, _ = self._db.ask(_FIND.format(table=self._table).encode(), {"hash": hash_})
        return KeyRow(*rows[0]) if rows else None
