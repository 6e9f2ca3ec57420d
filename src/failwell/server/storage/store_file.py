"""A SQLite file of the server's own: writes share commits, and all its failures have one name."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from failwell.server.storage.errors import NotOurFileError, StoreDownError
from failwell.server.storage.group_commit import GroupCommit
from failwell.server.storage.sqlite import Database, ForeignFileError, Schema, is_a

T = TypeVar("T")

BUSY = 2.0
"""Seconds to wait for another writer before the store counts as down."""


def store_schema(tables: str) -> Schema:
    """The schema of a file of ours. Several stores may share a file, each with its own *tables*."""
    return Schema(0x4661696C, tables, "failwell")  # "Fail": tells our files from another program's


class StoreFile(Database):
    """The file at *path* with the tables of *schema*.

    Raises:
        NotOurFileError: here, if the file belongs to somebody else. It is left as it is.
        StoreDownError: here and in every block, if SQLite fails.
    """

    def __init__(
        self, path: Path | str, schema: Schema, *, busy: float = BUSY, trace: Callable[[str], object] | None = None
    ) -> None:
        self._commits = GroupCommit(super().writing, patience=busy)
        with _named(path):
            super().__init__(path, schema, busy=busy, trace=trace)

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection that nobody else uses meanwhile. Every statement is a transaction of its own."""
        with _named(self.path), super().reading() as db:
            yield db

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection that alone may write: all of the block is kept, or nothing."""
        with _named(self.path), super().writing() as db:
            yield db

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What *work* returns, given such a connection; those that wait at the same time share a transaction."""
        with _named(self.path):
            return self._commits.write(work)


@contextmanager
def _named(path: Path | str) -> Generator[None]:
    try:
        yield
    except ForeignFileError as problem:
        raise NotOurFileError(str(path), problem.problem, problem.remedy) from problem
    except sqlite3.Error as problem:
        if is_a(problem, sqlite3.SQLITE_NOTADB):
            raise NotOurFileError(str(path), "is not a database") from problem
        raise StoreDownError(
            f"The store {str(path)!r} failed: {problem}. Look at its disk and permissions, and at who locks it."
        ) from problem
