"""Releases of a catalogue on several hosts: a snapshot of the contract beside the store, and whether ours fits it.

What one host keeps, another gives back: the answer to an idempotency key, the error of a job. So the hosts of one store
must have the same contract, or two of which one only adds to the other, as during a deployment.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.errors import ContractError
from failwell.contract.extras import needs
from failwell.reference.compat.change import Change
from failwell.reference.compat.diff import compare
from failwell.reference.compat.snapshot import facts_of, read, written
from failwell.server.storage.errors import StoreDownError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

CONTENDED = 16
"""How often a snapshot is looked at again that another host writes at the same moment."""


class OtherReleaseError(ExceptionFields, ContractError):
    """The hosts that use the store at *where* have another release of the contract *name*, which breaks with ours.

    *changes* are those from theirs to ours, the breaking ones first.
    """

    name: str
    where: str
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        breaking = [change.sentence for change in self.changes if change.breaking]
        more = f" And {len(breaking) - 3} more." if len(breaking) > 3 else ""
        return (
            f"The hosts of {self.where} have another release of the contract {self.name!r}, and {len(breaking)} "
            f"changes from theirs to ours break: {' '.join(breaking[:3])}{more} Stop them all, then start this one "
            "with share_release(..., replace=True)."
        )


def share_release(
    catalogue: Catalogue, place: Path | str, *, replace: bool = False, prefix: str = "failwell"
) -> tuple[Change, ...]:
    """Let this host use a store together with others that have *catalogue*, in the same release or one that fits.

    *place* is where the snapshot is kept: a folder, or the URL of a Redis or Postgres, under a name that begins with
    *prefix*. Call it before the host serves. It returns what is different from what the others have. The snapshot is
    that of the newer release from then on; with *replace* it is ours, whatever the others had.

    Raises:
        OtherReleaseError: the two releases break with each other.
        SnapshotError: what is kept there is none.
        StoreDownError: it cannot be read, or written.
    """
    snapshots = _snapshots(place, f"{prefix}_contract_{catalogue.name}")
    ours = facts_of(catalogue)
    with contextlib.closing(snapshots):
        for _ in range(CONTENDED):
            kept = snapshots.read()
            theirs = None if kept is None else read(kept, snapshots.where)
            changes = () if theirs is None else compare(theirs, ours)
            newer = not any(change.breaking for change in changes)
            if theirs is not None and not newer and not replace:
                if any(change.breaking for change in compare(ours, theirs)):
                    raise OtherReleaseError(catalogue.name, snapshots.where, changes)
                return changes  # ours is the older of two that fit
            if not changes and kept is not None:
                return changes
            if snapshots.write(written(ours), before=kept):
                return changes
    raise StoreDownError(f"The snapshot at {snapshots.where} changed {CONTENDED} times while it was looked at.")


class _Snapshots(Protocol):
    """Where a snapshot is kept."""

    where: str

    def read(self) -> str | None:
        """What is kept."""
        ...

    def write(self, text: str, *, before: str | None) -> bool:
        """Keep *text*; False, and nothing changes, if another than *before* is kept by now."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


def _snapshots(place: Path | str, name: str) -> _Snapshots:
    scheme = str(place).partition("://")[0]
    if scheme in {"redis", "rediss", "unix"}:
        return _InRedis(str(place), name)
    if scheme in {"postgresql", "postgres"}:
        return _InPostgres(str(place), name)
    return _InFolder(Path(place), name)


class _InFolder:
    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"
        self.where = str(self._path)

    def read(self) -> str | None:
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise StoreDownError(f"{self.where} cannot be read: {problem.strerror}.") from problem

    def write(self, text: str, *, before: str | None) -> bool:
        part = self._path.with_suffix(".part")
        try:
            with self._path.with_suffix(".lock").open("wb") as lock:
                if fcntl is not None:
                    fcntl.flock(lock, fcntl.LOCK_EX)  # until it is closed: nobody else looks and writes meanwhile
                if self.read() != before:
                    return False
                part.write_text(text, encoding="utf-8")
                part.replace(self._path)
        except OSError as problem:
            raise StoreDownError(f"{self.where} cannot be written: {problem.strerror}.") from problem
        return True

    def close(self) -> None:
        pass


class _InRedis:
    def __init__(self, url: str, name: str) -> None:
        with needs("redis", __name__):
            import redis
        self._failed = redis.RedisError
        self._redis = redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0, decode_responses=True)
        self._name = name
        told = self._redis.connection_pool.connection_kwargs
        self.where = f"the Redis at {told.get('path') or '{}:{}'.format(told.get('host'), told.get('port'))}"
        self._swap = self._redis.register_script(
            "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end\n"
            "redis.call('SET', KEYS[1], ARGV[2])\nreturn 1"
        )

    def read(self) -> str | None:
        try:
            found: str | None = self._redis.get(self._name)  # type: ignore[assignment]  # its stub is of both colours
        except self._failed as problem:
            raise StoreDownError(f"{self.where} failed: {problem}.") from problem
        return found

    def write(self, text: str, *, before: str | None) -> bool:
        try:
            return bool(self._swap(keys=[self._name], args=[before or "", text]))
        except self._failed as problem:
            raise StoreDownError(f"{self.where} failed: {problem}.") from problem

    def close(self) -> None:
        self._redis.close()


class _InPostgres:
    def __init__(self, url: str, name: str) -> None:
        from failwell.server.storage.postgres import Postgres

        self._db = Postgres(url, busy=2.0, connections=1)
        self._name = name
        self.where = f"the Postgres at {self._db.where}"
        with self._db.transaction() as db:
            db.execute("SELECT pg_advisory_xact_lock(hashtext('failwell_contracts'))")
            db.execute("CREATE TABLE IF NOT EXISTS failwell_contracts (name text PRIMARY KEY, snapshot text NOT NULL)")

    def read(self) -> str | None:
        rows, _ = self._db.ask(
            b"SELECT snapshot FROM failwell_contracts WHERE name = %(name)s::text", {"name": self._name}
        )
        return str(rows[0][0]) if rows else None

    def write(self, text: str, *, before: str | None) -> bool:
        _, changed = self._db.ask(
            b"INSERT INTO failwell_contracts AS kept"
            b" SELECT %(name)s::text, %(text)s::text WHERE %(before)s::text IS NULL OR EXISTS"
            b" (SELECT FROM failwell_contracts WHERE name = %(name)s::text)"
            b" ON CONFLICT (name) DO UPDATE SET snapshot = excluded.snapshot WHERE kept.snapshot = %(before)s::text",
            {"name": self._name, "text": text, "before": before},
        )
        return changed == 1

    def close(self) -> None:
        self._db.close()
