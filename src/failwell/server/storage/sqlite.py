"""A SQLite file of the server's own, shared by threads and processes: its tables, and one name for all its failures."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from failwell.server.storage.connections import Connections, is_a, look_at
from failwell.server.storage.errors import StoreDownError
from failwell.server.storage.group_commit import GroupCommit

T = TypeVar("T")

BUSY = 2.0
"""Seconds to wait for another writer before the store counts as down."""

APPLICATION_ID = 0x45727261  # "Erra": tells our files from another program's


class NotOurFileError(StoreDownError):
    """The file at *path* is no store of ours, and was left as it is. *problem* says what it is."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path!r} is {self.problem}. Move it away, or name another file for the store."


@dataclass(frozen=True)
class Tables:
    """The tables of one kind of file: the statements that *make* what is not there yet, and those that *upgrade* it.

    A file without our mark is one of ours if it answers *proof*: the first release left no mark.
    """

    make: tuple[str, ...]
    proof: str
    upgrade: Callable[[sqlite3.Connection], object] | None = None


class Database:
    """The file at *path*, with *tables*. *trace* is told each statement that is executed.

    Raises:
        NotOurFileError: here, if the file belongs to somebody else.
        StoreDownError: here and in every block, if SQLite fails.
    """

    def __init__(
        self, path: Path | str, tables: Tables, *, busy: float = BUSY, trace: Callable[[str], object] | None = None
    ) -> None:
        self._connections = Connections(path, busy=busy, trace=trace)
        self._commits = GroupCommit(self._connections.writing, patience=busy)
        try:
            with self._named():
                look_at(path, lambda db: self._check(db, tables), busy=busy)
            self.write(lambda db: self._make(db, tables))
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection to ask one question with."""
        with self._named(), self._connections.reading() as db:
            yield db

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection that alone may write: all of the block is kept, or nothing."""
        with self._named(), self._connections.writing() as db:
            yield db

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What *work* returns, given such a connection; those that wait at the same time share a transaction."""
        with self._named():
            return self._commits.write(work)

    def close(self) -> None:
        """Close what is idle now; what is in use closes when its user is done."""
        self._connections.close()

    def _make(self, db: sqlite3.Connection, tables: Tables) -> None:
        # Once more: somebody else may have made the file since.
        if not self._check(db, tables):
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for statement in tables.make:
            db.execute(statement)
        if tables.upgrade is not None:
            tables.upgrade(db)

    def _check(self, db: sqlite3.Connection, tables: Tables) -> bool:
        """Whether *db* has our mark. Raises: NotOurFileError."""
        mark = db.execute("PRAGMA application_id").fetchone()[0]
        if mark == APPLICATION_ID:
            return True
        empty = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if mark != 0 or not (empty or _answers(db, tables.proof)):
            raise NotOurFileError(self._connections.path, "the database of another program")
        return False

    @contextmanager
    def _named(self) -> Generator[None]:
        path = self._connections.path
        try:
            yield
        except sqlite3.Error as problem:
            if is_a(problem, sqlite3.SQLITE_NOTADB):
                raise NotOurFileError(path, "not a database") from problem
            raise StoreDownError(
                f"The store {path!r} failed: {problem}. Look at its disk and permissions, and at who locks it."
            ) from problem


def _answers(db: sqlite3.Connection, question: str) -> bool:
    try:
        db.execute(question)
    except sqlite3.OperationalError as problem:
        if not is_a(problem, sqlite3.SQLITE_ERROR):
            raise
        return False
    return True
