"""Each store of idempotency records, in which time goes by when a test says so; a Redis."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
import redis

from failwell.clock import VirtualClock
from failwell.server import MemoryStore, PostgresStore, RedisStore, SqliteStore, Store

PATIENCE = 30.0
"""Seconds in which a server must have started."""


class TimedStore(Store, Protocol):
    """A store of a test."""

    def at(self, now: float) -> TimedStore:
        """This store at the second *now*, counted from its beginning."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class TimedSqlite(SqliteStore):
    """SQLite goes by the clock of the machine, which stands still here."""

    def __init__(self, path: Path) -> None:
        self.clock = VirtualClock(wall=0.0)
        super().__init__(path, clock=self.clock)

    def at(self, now: float) -> TimedSqlite:
        """Move the clock."""
        self.clock.advance(now - self.clock.now())
        return self


class TimedMemory(MemoryStore):
    """Memory goes by the clock that it was given."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        super().__init__(clock=self.clock)

    def at(self, now: float) -> TimedMemory:
        """Move the clock."""
        self.clock.advance(now - self.clock.now())
        return self


class TimedRedis(RedisStore):
    """Redis goes by a clock of its own: what it keeps becomes older instead."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._seconds = 0.0
        super().__init__(url)

    def at(self, now: float) -> TimedRedis:
        """Let everything that is kept be older by the time that has gone by."""
        older, self._seconds = int((now - self._seconds) * 1000), now
        with closing(redis.Redis.from_url(self.url)) as db:
            for key in db.scan_iter() if older else ():
                left = db.pttl(key) - older
                db.hincrby(key, "leased_until", -older)
                db.pexpire(key, left) if left > 0 else db.delete(key)
        return self


class TimedPostgres(PostgresStore):
    """Postgres goes by a clock of its own: what it keeps becomes older instead."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._seconds = 0.0
        super().__init__(url)

    def at(self, now: float) -> TimedPostgres:
        """Let everything that is kept be older by the time that has gone by."""
        older, self._seconds = now - self._seconds, now
        with psycopg.connect(self.url) as db:
            db.execute(
                "UPDATE failwell_idempotency SET leased_until = leased_until - make_interval(secs => %(older)s),"
                " kept_until = kept_until - make_interval(secs => %(older)s)",
                {"older": older},
            )
        return self


def timed_store(address: str) -> TimedStore:
    """The store at *address*, a path or a URL."""
    if address.startswith("redis:"):
        return TimedRedis(address)
    return TimedPostgres(address) if address.startswith("postgresql:") else TimedSqlite(Path(address))


@contextmanager
def running_redis(folder: Path, *options: str) -> Generator[str]:
    """A Redis of our own, which keeps nothing; its address."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip(
            "there is no redis-server: `make test` installs it, which wants root (Debian: apt-get install redis-server)"
        )
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        begun = time.monotonic()
        while "Ready to accept connections" not in (line := process.stdout.readline()):
            assert line, "Redis ended before it was ready"
            assert time.monotonic() - begun < PATIENCE
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
