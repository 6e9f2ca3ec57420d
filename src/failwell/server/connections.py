"""Connections to one SQLite file, for the threads of a process, and the transactions on them."""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

BETWEEN_TRIES = 0.01
"""Seconds between two tries to open a file that another process opens for the first time."""


class Connections:
    """Connections to the file at *path*, kept for whoever needs one next.

    *busy* is how many seconds one waits for another writer. *prepare* is given each new connection, *trace* is told
    each statement that is executed.

    Raises:
        sqlite3.Error: in every method, as SQLite raises it.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        busy: float,
        prepare: Callable[[sqlite3.Connection], object] | None = None,
        trace: Callable[[str], object] | None = None,
    ) -> None:
        self.path = str(path)
        self._busy = busy
        self._prepare = prepare
        self._trace = trace
        self._closed = False
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()

    @contextmanager
    def one(self) -> Generator[sqlite3.Connection]:
        """A connection that nobody else uses meanwhile. Every statement is a transaction of its own."""
        try:
            db = self._idle.get_nowait()
        except queue.Empty:
            db = self._connect()
        try:
            yield db
        finally:
            self._idle.put(db)
            if self._closed:
                self.close()

    def close(self) -> None:
        """Close what is idle now; what is in use closes when its user is done."""
        self._closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def _connect(self) -> sqlite3.Connection:
        # A connection serves one thread at a time, though not always the same one: `_idle` sees to that.
        db = sqlite3.connect(self.path, timeout=self._busy, isolation_level=None, check_same_thread=False)
        try:
            self._share(db)
            # Survives the death of the process; a power cut may lose the last moments, but never tears the file.
            db.execute("PRAGMA synchronous = NORMAL")
            if self._prepare is not None:
                self._prepare(db)
            db.set_trace_callback(self._trace)
        except BaseException:
            db.close()
            raise
        return db

    def _share(self, db: sqlite3.Connection) -> None:
        """Let readers and a writer use the file of *db* at the same time, now and for good."""
        given_up = time.monotonic() + self._busy
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as problem:
                # Two that change a new file at the same time stand in each other's way: SQLite refuses one at once.
                if not is_a(problem, sqlite3.SQLITE_BUSY) or time.monotonic() >= given_up:
                    raise
                time.sleep(BETWEEN_TRIES)


@contextmanager
def transaction(db: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Generator[None]:
    """Keep all that the block does with *db*, or nothing.

    By default it alone may write: two that read first and write then would otherwise both read the old state.
    """
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def look_at(path: Path | str, question: Callable[[sqlite3.Connection], object], *, busy: float) -> None:
    """Ask *question* of the file at *path*, if there is one, before anything is written there or beside it."""
    address = f"{Path(path).absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, timeout=busy, uri=True)) as db:
            question(db)
    except sqlite3.OperationalError as problem:
        # What is wrong, if it is not just a new file, shows when it is opened to be written to.
        if not is_a(problem, sqlite3.SQLITE_CANTOPEN):
            raise


def is_a(problem: sqlite3.Error, code: int) -> bool:
    """Whether *problem* is of the kind *code*: SQLite has codes of its own for the variants of each."""
    return getattr(problem, "sqlite_errorcode", 0) & 0xFF == code
