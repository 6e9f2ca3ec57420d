"""API keys with a tenant and a role. Only their SHA-256 is stored; a key is shown once, when it is made."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from errata.clock import SystemClock
from errata.server.sqlite import BUSY, Database
from errata.server.times import Clock

SCHEMA = """
CREATE TABLE IF NOT EXISTS api_keys (
  id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, tenant TEXT NOT NULL, role TEXT NOT NULL,
  created_at REAL NOT NULL, revoked_at REAL
)
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request: whose data it is about, with which key, in which role."""

    tenant: str
    key_id: str
    role: str


class Keys(Protocol):
    """What authentication needs to know about keys."""

    @property
    def header(self) -> str:
        """The header that carries a key. In `Authorization` it stands after "Bearer"."""
        ...

    @property
    def shape(self) -> str:
        """What a key looks like, for people."""
        ...

    def well_formed(self, key: str) -> bool:
        """Whether *key* looks like one."""
        ...

    def find(self, key: str) -> Caller | None:
        """The caller of *key*; None if it is unknown or revoked. May block, and may raise `StoreDownError`."""
        ...


class KeyStore:
    """Keys in the SQLite file at *path*, sent in *header*, all beginning with *prefix*.

    Raises:
        StoreDownError: here and in every method, if SQLite fails.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        header: str = "X-API-Key",
        prefix: str = "pk_live_",
        clock: Clock | None = None,
        busy: float = BUSY,
        trace: Callable[[str], object] | None = None,
    ) -> None:
        self.header = header
        self.shape = f'"{prefix}" and 43 letters, digits, "-" or "_"'
        self._prefix = prefix
        self._form = re.compile(re.escape(prefix) + "[A-Za-z0-9_-]{43}")
        self._clock = clock or SystemClock()
        self._database = Database(path, SCHEMA, busy=busy, trace=trace)

    def create(self, tenant: str, role: str) -> str:
        """Make a key of *tenant* for *role* and return it. It cannot be read again."""
        key = self._prefix + secrets.token_urlsafe(32)
        with self._database.writing() as db:
            db.execute(
                "INSERT INTO api_keys (id, hash, tenant, role, created_at) VALUES (?, ?, ?, ?, ?)",
                (f"key_{secrets.token_hex(8)}", _hash(key), tenant, role, self._clock.wall()),
            )
        return key

    def revoke(self, key: str) -> bool:
        """Stop accepting *key*, which may be the key or its id; False if there is no such key, or not any more."""
        with self._database.writing() as db:
            return (
                db.execute(
                    "UPDATE api_keys SET revoked_at = ? WHERE (id = ? OR hash = ?) AND revoked_at IS NULL",
                    (self._clock.wall(), key, _hash(key)),
                ).rowcount
                == 1
            )

    def well_formed(self, key: str) -> bool:
        """Whether *key* looks like one of ours."""
        return self._form.fullmatch(key) is not None

    def find(self, key: str) -> Caller | None:
        """The caller of *key*; None if it is unknown or revoked."""
        with self._database.reading() as db:
            row = db.execute(
                "SELECT tenant, id, role FROM api_keys WHERE hash = ? AND revoked_at IS NULL", (_hash(key),)
            ).fetchone()
        return None if row is None else Caller(*row)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _hash(key: str) -> bytes:
    # 256 random bits need no salt and no slow hash: there is nothing to guess.
    return hashlib.sha256(key.encode()).digest()
