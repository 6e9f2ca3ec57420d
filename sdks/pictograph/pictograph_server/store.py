"""The database: connections, transactions, and the way from an older schema to ours."""

from __future__ import annotations

import contextlib
import queue
import secrets
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path

from errata.server import side_effect
from pictograph_server.folder import DataFolder, DataFolderError
from pictograph_server.schema import APPLICATION_ID, STEPS

_BUSY_SECONDS = 10.0
_REMEDY = "Move it away, or name another folder."


class Store:
    """Everything that one server keeps: SQLite and files in *folder*.

    *trace* is told each statement that is executed, for tests that compare them.
    Raises: DataFolderError.
    """

    def __init__(self, folder: Path | str, *, trace: Callable[[str], object] | None = None) -> None:
        self.folder = DataFolder(folder)
        self._trace = trace
        self._closed = False
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        try:
            _look_at(self.folder.database)
            self.folder.prepare()
            with self._connection() as db:
                _migrate(db, str(self.folder.database))
            self.signing_key = self._fact("signing_key", secrets.token_bytes(32))
        except sqlite3.DatabaseError as problem:
            self.close()
            # An OperationalError is about the way to the file; any other DatabaseError is about what it holds.
            wrong = "cannot be opened" if isinstance(problem, sqlite3.OperationalError) else "is not our database"
            raise DataFolderError(str(self.folder.database), f"{wrong} ({problem})", _REMEDY) from problem
        except DataFolderError:
            self.close()
            raise

    @contextlib.contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection that sees one unchanging state of the database."""
        with self._connection() as db, _transaction(db, "BEGIN"):
            yield db

    @contextlib.contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection that alone may write: all of the block is kept, or nothing.

        What was kept is a side effect of the request: an error that comes later is replayed to who repeats it.
        """
        with self._connection() as db, _transaction(db, "BEGIN IMMEDIATE"):
            yield db
        side_effect()

    def close(self) -> None:
        """Close what is idle now; what is in use closes when its user is done."""
        self._closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    @contextlib.contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
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

    def _connect(self) -> sqlite3.Connection:
        # Each connection serves one thread at a time, though not always the same: `_idle` sees to that.
        db = sqlite3.connect(self.folder.database, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            db.set_trace_callback(self._trace)
        except BaseException:
            db.close()
            raise
        return db

    def _fact(self, name: str, first: bytes) -> bytes:
        """The value kept under *name*; *first* if there is none yet."""
        with self.writing() as db:
            db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, first))
            row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return bytes(row["value"])


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection, begin: str) -> Generator[None]:
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A disk-full error may have rolled back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _look_at(path: Path) -> None:
    """Refuse a database that is not ours before anything is written, there or beside it. Raises: DataFolderError."""
    if path.is_file():
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)) as db:
            _version(db, str(path))


def _version(db: sqlite3.Connection, path: str) -> int:
    """The version of our schema that the database at *path* has. Raises: DataFolderError."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    tables = int(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if tables and application != APPLICATION_ID:
        raise DataFolderError(path, "is another program's database", _REMEDY)
    if version > len(STEPS):
        problem = f"has schema {version}, this server knows up to {len(STEPS)}"
        raise DataFolderError(path, problem, "Upgrade errata-pictograph, or name another folder.")
    return version


def _migrate(db: sqlite3.Connection, path: str) -> None:
    """Bring the database at *path* to our schema. Raises: DataFolderError."""
    with _transaction(db, "BEGIN IMMEDIATE"):
        for step in STEPS[_version(db, path) :]:
            for statement in filter(str.strip, step.split(";")):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(STEPS)}")
