"""API keys with a tenant, a role and a tier. Only their SHA-256 is stored; a key is shown once, when it is made."""

from __future__ import annotations

import hashlib
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol, TypedDict, Unpack

from failwell._support.exception_fields import ExceptionFields
from failwell.clock import ServerClock, SystemClock
from failwell.server.caller import Caller
from failwell.server.storage.store_file import BUSY, StoreFile, store_schema

_SCHEMA = store_schema("""
CREATE TABLE IF NOT EXISTS api_keys (
  id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, tenant TEXT NOT NULL, role TEXT NOT NULL,
  created_at REAL NOT NULL, revoked_at REAL, tier TEXT NOT NULL DEFAULT '', expires_at REAL
)
""")

_ADD = "INSERT INTO api_keys (id, hash, tenant, role, tier, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)"

KeyProblem = Literal["invalid", "expired", "revoked"]
"""Why a key does not hold: it is missing, malformed or unknown; its time is over; it was withdrawn."""

NO_CODES: Mapping[KeyProblem, str] = MappingProxyType({})

_TOLD: Mapping[KeyProblem, str] = {
    "expired": "This API key has expired. Make a new one.",
    "revoked": "This API key was revoked. Make a new one.",
}


class KeyRefusedError(ExceptionFields, Exception):
    """A key that is known lets nobody in, and its caller may hear why: the answer has this *status* and *code*."""

    message: str
    code: str | None = None
    status: int = 401
    template = "{message}"


class Keys(Protocol):
    """What authentication needs to know about keys; their *codes* too, like those of a `KeyStore`, if there are any."""

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
        """The caller of *key*; None if it lets nobody in. May block.

        Raises:
            KeyRefusedError: it lets nobody in, and its caller may hear why.
            StoreDownError: nobody can tell.
        """
        ...


class KeyRow(NamedTuple):
    """What is kept of a key, beside its hash. *revoked_at* and *expires_at* are in seconds since the epoch."""

    tenant: str
    id: str
    role: str
    tier: str
    revoked_at: float | None
    expires_at: float | None


class KeySettings(TypedDict, total=False):
    """What stores of keys may be told, wherever the rows are. `StoredKeys` says what it means."""

    header: str
    prefix: str
    codes: Mapping[KeyProblem, str]
    check: Callable[[Caller], object] | None
    clock: ServerClock | None


class StoredKeys(ABC):
    """Keys that are kept somewhere: how they look, are made and hold. Who derives from it says where the rows are.

    They are sent in *header*, and all begin with *prefix*. A key that is expired or revoked is answered like one that
    never was, unless *codes* has a code for it: `{"invalid": "INVALID_API_KEY", "expired": "EXPIRED_API_KEY"}`. *check*
    is asked about the caller of each key that holds, and keeps out whom it raises a `KeyRefusedError` for: 402 where a
    payment is overdue.
    """

    def __init__(
        self,
        *,
        header: str = "X-API-Key",
        prefix: str = "pk_live_",
        codes: Mapping[KeyProblem, str] = NO_CODES,
        check: Callable[[Caller], object] | None = None,
        clock: ServerClock | None = None,
    ) -> None:
        self.header = header
        self.shape = f'"{prefix}" and 43 letters, digits, "-" or "_"'
        self.codes = codes
        self._check = check
        self._prefix = prefix
        self._form = re.compile(re.escape(prefix) + "[A-Za-z0-9_-]{43}")
        self._clock = clock or SystemClock()

    def create(self, tenant: str, role: str, *, tier: str = "", expires_at: float | None = None) -> str:
        """Make a key of *tenant* for *role*, within the limits of *tier*, and return it. It cannot be read again.

        It holds until *expires_at*, in seconds since the epoch, or for ever.
        """
        key = self._prefix + secrets.token_urlsafe(32)
        now = self._clock.wall()
        self._add(KeyRow(tenant, f"key_{secrets.token_hex(8)}", role, tier, None, expires_at), hashed(key), now)
        return key

    def move(self, key: str, tier: str) -> bool:
        """Put *key*, which may be the key or its id, into *tier* from the next call on; False if there is no such key.

        Its limits begin anew there.
        """
        return self._change("tier", tier, key)

    def revoke(self, key: str) -> bool:
        """Stop accepting *key*, which may be the key or its id; False if there is no such key, or not any more."""
        return self._change("revoked_at", self._clock.wall(), key)

    def well_formed(self, key: str) -> bool:
        """Whether *key* looks like one of ours."""
        return self._form.fullmatch(key) is not None

    def find(self, key: str) -> Caller | None:
        """The caller of *key*; None if it is unknown, revoked or expired. Raises: KeyRefusedError, as `codes` say."""
        # It is looked for by its hash: how long that takes tells nothing of any key.
        row = self._row(hashed(key))
        if row is None:
            return None
        problem: KeyProblem | None = "revoked" if row.revoked_at is not None else None
        if problem is None and row.expires_at is not None and row.expires_at <= self._clock.wall():
            problem = "expired"
        if problem is not None:
            if problem in self.codes:
                raise KeyRefusedError(_TOLD[problem], self.codes[problem])
            return None
        caller = Caller(row.tenant, row.id, row.role, row.tier)
        if self._check is not None:
            self._check(caller)
        return caller

    @abstractmethod
    def close(self) -> None:
        """Close what is open."""

    @abstractmethod
    def _add(self, row: KeyRow, hash_: bytes, now: float) -> None:
        """Keep *row*, of the key with that hash, which is made *now*."""

    @abstractmethod
    def _change(self, column: Literal["tier", "revoked_at"], value: str | float, key: str) -> bool:
        """Set *column* of *key*, the key or its id; False if it is unknown or revoked."""

    @abstractmethod
    def _row(self, hash_: bytes) -> KeyRow | None:
        """The row of the key with that hash."""


class KeyStore(StoredKeys):
    """Keys in the SQLite file at *path*, for the processes of one host. What else it is told, `StoredKeys` says.

    Raises:
        NotOurFileError: here, if *path* is something else; it is left as it is.
        StoreDownError: here and in every method, if SQLite fails.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        busy: float = BUSY,
        trace: Callable[[str], object] | None = None,
        **settings: Unpack[KeySettings],
    ) -> None:
        super().__init__(**settings)
        self._file = StoreFile(path, _SCHEMA, busy=busy, trace=trace)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _add(self, row: KeyRow, hash_: bytes, now: float) -> None:
        facts = (row.id, hash_, row.tenant, row.role, row.tier, now, row.expires_at)
        self._file.write(lambda db: db.execute(_ADD, facts))

    def _change(self, column: Literal["tier", "revoked_at"], value: str | float, key: str) -> bool:
        statement = f"UPDATE api_keys SET {column} = ? WHERE (id = ? OR hash = ?) AND revoked_at IS NULL"  # noqa: S608 - our own words
        return self._file.write(lambda db: db.execute(statement, (value, key, hashed(key))).rowcount == 1)

    def _row(self, hash_: bytes) -> KeyRow | None:
        with self._file.reading() as db:
            found = db.execute(
                "SELECT tenant, id, role, tier, revoked_at, expires_at FROM api_keys WHERE hash = ?", (hash_,)
            ).fetchone()
        return None if found is None else KeyRow(*found)


def hashed(key: str) -> bytes:
    """What is kept in place of *key*."""
    # 256 random bits need no salt and no slow hash: there is nothing to guess.
    return hashlib.sha256(key.encode()).digest()
