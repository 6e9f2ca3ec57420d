"""The database: who may read and write, and the way from an older schema to ours."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path

from errata.server import side_effect
from errata.server.connections import Connections, look_at, transaction
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
        path = self.folder.database
        self._connections = Connections(path, busy=_BUSY_SECONDS, prepare=_prepare, trace=trace)
        try:
            # Before anything is written, there or beside it.
            look_at(path, lambda db: _version(db, str(path)), busy=_BUSY_SECONDS)
            self.folder.prepare()
            with self._connections.one() as db:
                _migrate(db, str(path))
            self.signing_key = self._fact("signing_key", secrets.token_bytes(32))
        except sqlite3.DatabaseError as problem:
            self.close()
            # An OperationalError is about the way to the file; any other DatabaseError is about what it holds.
            wrong = "cannot be opened" if isinstance(problem, sqlite3.OperationalError) else "is not our database"
            raise DataFolderError(str(path), f"{wrong} ({problem})", _REMEDY) from problem
        except DataFolderError:
            self.close()
            raise

    @contextlib.contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection that sees one unchanging state of the database."""
        with self._connections.one() as db, transaction(db, "BEGIN"):
            yield db

    @contextlib.contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection that alone may write: all of the block is kept, or nothing.

        What was kept is a side effect of the request: an error that comes later is replayed to who repeats it.
        """
        with self._connections.one() as db, transaction(db):
            yield db
        side_effect()

    def close(self) -> None:
        """Close what is idle now; what is in use closes when its user is done."""
        self._connections.close()

    def _fact(self, name: str, first: bytes) -> bytes:
        """The value kept under *name*; *first* if there is none yet."""
        with self.writing() as db:
            db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, first))
            row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return bytes(row["value"])


def _prepare(db: sqlite3.Connection) -> None:
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA foreign_keys = ON")


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
    with transaction(db):
        for step in STEPS[_version(db, path) :]:
            for statement in filter(str.strip, step.split(";")):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(STEPS)}")
