"""One SQLite file, shared by threads and processes: connections, transactions, and one name for all its failures."""

from __future__ import annotations

import queue
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from errata.server.store import StoreDownError

BUSY = 1.0
"""Seconds to wait for another writer before the store counts as down."""


class Database:
    """The file at *path*, with the tables of *schema*. *trace* is told each statement that is executed.

    Raises:
        StoreDownError: here and in every block, if SQLite fails.
    """

    def __init__(
        self, path: Path | str, schema: str, *, busy: float = BUSY, trace: Callable[[str], object] | None = None
    ) -> None:
        self._path = str(path)
        self._busy = busy
        self._trace = trace
        self._closed = False
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        with self.writing() as db:
            for statement in filter(str.strip, schema.split(";")):
                db.execute(statement)

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection to ask one question with."""
        with self._connection() as db:
            yield db

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection that alone may write: all of the block is kept, or nothing."""
        with self._connection() as db:
            # IMMEDIATE: two that read first and write then would otherwise both read the old state.
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close what is idle now; what is in use closes when its user is done."""
        self._closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        try:
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
        except sqlite3.Error as problem:
            raise StoreDownError(
                f"The store {self._path!r} failed: {problem}. Look at its disk and permissions, and at who locks it."
            ) from problem

    def _connect(self) -> sqlite3.Connection:
        # A connection serves one thread at a time, though not always the same one: `_idle` sees to that.
        db = sqlite3.connect(self._path, timeout=self._busy, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            # Survives the death of the process; a power cut may lose the last moments, but never tears the file.
            db.execute("PRAGMA synchronous = NORMAL")
            db.set_trace_callback(self._trace)
        except BaseException:
            db.close()
            raise
        return db
