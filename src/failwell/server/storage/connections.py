"""Connections to one SQLite file, for the threads of a process, and the transactions on them."""

from __future__ import annotations

import queue
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

LONGEST_PAUSE = 0.002
"""Seconds between two tries to get a lock that another process has.

SQLite itself waits longer and longer, up to 0.1 s: with eight processes, who has waited long is overtaken for seconds.
"""


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
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._writers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._turn = threading.Lock()

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection that nobody else uses meanwhile. Every statement is a transaction of its own."""
        with self._one(self._readers, self._busy) as db:
            yield db

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection that alone may write: all of the block is kept, or nothing.

        Two that read first and write then would otherwise both read the old state.
        """
        given_up = time.monotonic() + self._busy
        # One thread of each process at a time asks for the file's lock.
        if not self._turn.acquire(timeout=self._busy):
            raise locked()
        try:
            with self._one(self._writers, 0) as db:
                _tried(lambda: db.execute("BEGIN IMMEDIATE"), given_up)
                with _ended(db):
                    yield db
        finally:
            self._turn.release()

    def close(self) -> None:
        """Close what is idle now; what is in use closes when its user is done."""
        self._closed = True
        for idle in (self._readers, self._writers):
            while True:
                try:
                    idle.get_nowait().close()
                except queue.Empty:
                    break

    @contextmanager
    def _one(self, idle: queue.LifoQueue[sqlite3.Connection], busy: float) -> Generator[sqlite3.Connection]:
        try:
            db = idle.get_nowait()
        except queue.Empty:
            db = self._connect(busy)
        try:
            yield db
        finally:
            idle.put(db)
            if self._closed:
                self.close()

    def _connect(self, busy: float) -> sqlite3.Connection:
        # A connection serves one thread at a time, though not always the same one: the queues see to that.
        db = sqlite3.connect(self.path, timeout=busy, isolation_level=None, check_same_thread=False)
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
        # Two that change a new file at the same time stand in each other's way: SQLite refuses one at once.
        _tried(lambda: db.execute("PRAGMA journal_mode = WAL"), time.monotonic() + self._busy)


@contextmanager
def snapshot(db: sqlite3.Connection) -> Generator[None]:
    """Let *db* see one unchanging state of the database in the block."""
    db.execute("BEGIN")
    with _ended(db):
        yield


@contextmanager
def _ended(db: sqlite3.Connection) -> Generator[None]:
    """Keep all that the block does in the transaction of *db*, or nothing."""
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _tried(execute: Callable[[], object], given_up: float) -> None:
    """*execute* until it is not refused because of another's lock, or until the moment *given_up*."""
    while True:
        try:
            execute()
        except sqlite3.OperationalError as problem:
            if not is_a(problem, sqlite3.SQLITE_BUSY) or time.monotonic() >= given_up:
                raise
        else:
            return
        time.sleep(LONGEST_PAUSE * random.uniform(0.25, 1))  # noqa: S311 - so that two do not keep step


def locked() -> sqlite3.OperationalError:
    """What SQLite says of a file that another writes to."""
    problem = sqlite3.OperationalError("database is locked")
    problem.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return problem


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
