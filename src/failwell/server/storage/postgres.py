"""Connections to Postgres: at most so many, each query on time, and a URL whose password nobody sees."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from failwell.contract.extras import needs
from failwell.server.storage.errors import NotOurTableError, StoreDownError

with needs("postgres", __name__):
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from psycopg.abc import PQGen

T = TypeVar("T")

_Row = tuple[Any, ...]

SHORTEST_CONNECT = 2
"""Seconds that psycopg waits for a connection at least."""

FORMS = '"postgresql://user:password@host:5432/database"'


class SlowError(psycopg.OperationalError):
    """Postgres has not answered in time. Whether it will do what it was asked, nobody knows."""


class _Connection(psycopg.Connection[_Row]):
    """A connection that waits for an answer until *until*, and no longer."""

    until = math.inf

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """What *gen* returns, which yields what it waits for.

        Raises:
            SlowError: there was no answer in time.
        """
        left = self.until - time.monotonic()
        return super().wait(self._on_time(gen), interval=max(min(interval, left), 0.001))

    def _on_time(self, gen: PQGen[T]) -> PQGen[T]:
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() >= self.until:
                    raise SlowError("it did not answer in time")
                wanted = gen.send(ready)
        except StopIteration as done:
            result: T = done.value
            return result


def check_prefix(prefix: str, argument: str = "prefix") -> None:
    """Return if names of tables can begin with *prefix*. Raises: ValueError, which names the *argument*."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,40}", prefix):
        raise ValueError(f"{argument}={prefix!r} begins no name of a table. Use up to 41 of a-z, 0-9 and _.")


class Postgres:
    """The database at *url*, asked over *connections* at most; each query is a transaction, and ends within *busy* s.

    Raises:
        MissingExtraError: psycopg is not installed.
        ValueError: *url* is none.
        StoreDownError: in every method, if Postgres refuses, or does not answer in time.
    """

    def __init__(self, url: str, *, busy: float, connections: int) -> None:
        try:
            told = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            told = {}
        if not told:
            # What was given may hold a password.
            raise ValueError(f"This is no address of a Postgres. Give one such as {FORMS}.") from None
        told.setdefault("connect_timeout", max(SHORTEST_CONNECT, math.ceil(busy)))
        # Postgres itself gives up as well: who waits there for a lock would keep a connection that nobody listens to.
        told["options"] = f"-c statement_timeout={max(int(busy * 1000), 1)} {told.get('options') or ''}".rstrip()
        self._conninfo = make_conninfo("", **told)
        self.where = f"{told.get('host', 'localhost')}:{told.get('port', 5432)}/{told.get('dbname', '')}"
        """Where it is, for people."""
        self._busy = busy
        self._connections = connections
        self._pid = 0
        self._begin()

    def ask(self, query: bytes, values: Mapping[str, object] | None = None) -> tuple[list[_Row], int]:
        """The rows that *query* has with *values*, and how many it found or changed. It may be asked a second time."""
        until = time.monotonic() + self._busy
        with self._named(), self._slot():
            db = self._idle.pop() if self._idle else None
            if db is not None:
                try:
                    return self._asked(db, query, values, until)
                except SlowError:
                    raise
                except psycopg.OperationalError:
                    if not db.closed:
                        raise
                    # It died while it was idle, and so have the others: Postgres was started anew.
                    self._drop_idle()
            return self._asked(self._connected(), query, values, until)

    @contextmanager
    def transaction(self) -> Generator[psycopg.Connection[_Row]]:
        """A connection of its own, on which all of the block is done, or nothing; it is closed in the end."""
        with self._named(), self._connected() as db, db.transaction():
            db.until = time.monotonic() + self._busy
            yield db

    def make(self, table: str, statement: str, columns: Mapping[str, str]) -> None:
        """Make *table* by *statement*, if it is not there; it has *columns*, with their types.

        Raises:
            NotOurTableError: it has others.
        """
        with self.transaction() as db:
            # One of those that start at the same time makes it, the others wait.
            db.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [table])
            # Who may not create tables may use one that is there.
            if db.execute("SELECT to_regclass(%s)", [table]).fetchone() == (None,):
                db.execute(statement.format(table=table).encode())
            described = db.execute(f"SELECT * FROM {table} LIMIT 0".encode()).description or ()  # noqa: S608 - our own words
            found = {column.name: column.type_display for column in described}
        if found != columns:
            raise NotOurTableError(table, self.where, ", ".join(found) or "none")

    def close(self) -> None:
        """Close the connections that are idle; those in use close when their user is done."""
        self._closed = True
        self._drop_idle()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._closed = False
        self._idle: list[_Connection] = []
        self._slots = threading.BoundedSemaphore(self._connections)

    def _drop_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _connected(self) -> _Connection:
        return _Connection.connect(self._conninfo, autocommit=True)

    def _asked(
        self, db: _Connection, query: bytes, values: Mapping[str, object] | None, until: float
    ) -> tuple[list[_Row], int]:
        db.until = max(until, time.monotonic() + self._busy / 2)  # to connect may have taken all of the time
        try:
            cursor = db.execute(query, values, binary=True)
            rows = cursor.fetchall() if cursor.description is not None else []
        except BaseException:
            db.close()  # whatever state it is in
            raise
        if self._closed:
            db.close()
        else:
            self._idle.append(db)
        return rows, cursor.rowcount

    @contextmanager
    def _slot(self) -> Generator[None]:
        if self._pid != os.getpid():
            # In a process that was forked: the connections are its parent's, and stay open.
            self._of_parent = self._idle
            self._begin()
        slots = self._slots
        if not slots.acquire(timeout=self._busy):
            raise SlowError(f"all {self._connections} connections were in use for {self._busy:g} s")
        try:
            yield
        finally:
            slots.release()

    @contextmanager
    def _named(self) -> Generator[None]:
        try:
            yield
        except psycopg.Error as problem:
            what = str(problem).strip().partition("\n")[0].rstrip(".")
            raise StoreDownError(
                f"The store in Postgres at {self.where} failed: {what}. "
                "Look whether it runs there, lets this server in and has room."
            ) from problem
