"""A SQLite file that threads and processes share: its connection pool, its transactions, and whether it is ours."""

from __future__ import annotations

import queue
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from failwell._support.exception_fields import ExceptionFields

LONGEST_PAUSE = 0.002
"""Seconds between two tries to get a lock that another process has.

SQLite itself waits longer and longer, up to 0.1 s: with eight processes, who has waited long is overtaken for seconds.
"""


class ForeignFileError(ExceptionFields, sqlite3.DatabaseError):
    """A database is not ours to use. *problem* says why, *remedy* how it starts to be mended."""

    problem: str
    remedy: str
    template = "The database {problem}. {remedy}."


@dataclass(frozen=True)
class Schema:
    """The *tables* of a kind of file, as statements that make those which are not there yet.

    *application_id* tells our file from another program's. One of a later *version* asks for a newer *distribution*.
    """

    application_id: int
    tables: str
    distribution: str
    version: int = 1

    def check(self, db: sqlite3.Connection) -> None:
        """Raise ForeignFileError unless *db* is empty, or a database of ours."""
        mark, version = (db.execute(f"PRAGMA {fact}").fetchone()[0] for fact in ("application_id", "user_version"))
        empty = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if mark != self.application_id and (mark or not empty):
            raise ForeignFileError("is another program's database", "Move it away")
        if version > self.version:
            problem = f"has schema {version}, this server knows up to {self.version}"
            raise ForeignFileError(problem, f"Upgrade {self.distribution}")

    def make(self, db: sqlite3.Connection) -> None:
        """Make the tables that *db* does not have yet."""
        for statement in filter(str.strip, self.tables.split(";")):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {self.application_id}")
        db.execute(f"PRAGMA user_version = {self.version}")


class Database:
    """The file at *path* with the tables of *schema*, and connections to it, kept for whoever needs one next.

    *busy* is how many seconds one waits for another writer. *trace* is told each statement that is executed.

    Raises:
        ForeignFileError: here, if the file belongs to somebody else. It is left as it is.
        sqlite3.Error: here and in every block, as SQLite raises it.
    """

    def __init__(
        self, path: Path | str, schema: Schema, *, busy: float, trace: Callable[[str], object] | None = None
    ) -> None:
        self.path = str(path)
        self._busy = busy
        self._trace = trace
        self._closed = False
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._writers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._turn = threading.Lock()
        try:
            # Before anything is written, there or beside it.
            look_at(path, schema.check, busy=busy)
            with self.writing() as db:
                # Once more: somebody else may have made the file since.
                schema.check(db)
                schema.make(db)
                self._made(db)
        except BaseException:
            self.close()
            raise

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
                with ended(db):
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

    def _made(self, db: sqlite3.Connection) -> None:
        """What else to do in the transaction that makes the tables."""

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
            # Readers and a writer may use the file at the same time, now and for good. Two that change a new file at
            # the same time stand in each other's way: SQLite refuses one at once.
            _tried(lambda: db.execute("PRAGMA journal_mode = WAL"), time.monotonic() + self._busy)
            # Survives the death of the process; a power cut may lose the last moments, but never tears the file.
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            db.row_factory = sqlite3.Row
            db.set_trace_callback(self._trace)
        except BaseException:
            db.close()
            raise
        return db


@contextmanager
def ended(db: sqlite3.Connection) -> Generator[None]:
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
            # One state of the file for all that is asked: somebody else may be making it.
            db.execute("BEGIN")
            question(db)
    except sqlite3.OperationalError as problem:
        # What is wrong, if it is not just a new file, shows when it is opened to be written to.
        if not is_a(problem, sqlite3.SQLITE_CANTOPEN):
            raise


def is_a(problem: sqlite3.Error, code: int) -> bool:
    """Whether *problem* is of the kind *code*: SQLite has codes of its own for the variants of each."""
    return getattr(problem, "sqlite_errorcode", 0) & 0xFF == code
