"""What a server keeps in its data folder: who may read and write, and the way from an older schema to today's."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from failwell.server.side_effects import side_effect
from failwell.server.storage.connections import Connections, look_at, snapshot
from failwell.server.storage.data_folder import DataFolder, DataFolderError

_BUSY_SECONDS = 10.0
_REMEDY = "Move it away, or name another folder."


@dataclass(frozen=True)
class Schema:
    """The tables of a database, as the *steps* that lead to them: step N brings one from version N to N + 1.

    *application_id* tells it from another program's. A newer one asks for an upgrade of *distribution*.
    """

    application_id: int
    steps: tuple[str, ...]
    distribution: str


class DataStore:
    """Everything that one server keeps: the SQLite file *database* with the tables of *schema*, and files, in *folder*.

    *trace* is told each statement that is executed, for tests that compare them.

    Raises:
        DataFolderError: the folder cannot be used, or holds something else.
    """

    def __init__(
        self, folder: Path | str, database: str, schema: Schema, *, trace: Callable[[str], object] | None = None
    ) -> None:
        self.folder = DataFolder(folder, database)
        path = self.folder.database
        self._schema = schema
        self._connections = Connections(path, busy=_BUSY_SECONDS, prepare=_prepare, trace=trace)
        try:
            # Before anything is written, there or beside it.
            look_at(path, self._version, busy=_BUSY_SECONDS)
            self.folder.prepare()
            with self._connections.writing() as db:
                self._migrate(db)
            self._begin()
        except sqlite3.DatabaseError as problem:
            self.close()
            # An OperationalError is about the way to the file; any other DatabaseError is about what it holds.
            wrong = "cannot be opened" if isinstance(problem, sqlite3.OperationalError) else "is not our database"
            raise DataFolderError(str(path), f"{wrong} ({problem})", _REMEDY) from problem
        except DataFolderError:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection that sees one unchanging state of the database."""
        with self._connections.reading() as db, snapshot(db):
            yield db

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection that alone may write: all of the block is kept, or nothing.

        What was kept is a side effect of the request: an error that comes later is replayed to who repeats it.
        """
        with self._connections.writing() as db:
            yield db
        side_effect()

    def close(self) -> None:
        """Close what is idle now; what is in use closes when its user is done."""
        self._connections.close()

    def _begin(self) -> None:
        """What else is to be done before the store is used; its failures are those of opening it."""

    def _version(self, db: sqlite3.Connection) -> int:
        """The version of our schema that *db* has. Raises: DataFolderError."""
        path, schema = str(self.folder.database), self._schema
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        application = int(db.execute("PRAGMA application_id").fetchone()[0])
        tables = int(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
        if tables and application != schema.application_id:
            raise DataFolderError(path, "is another program's database", _REMEDY)
        if version > len(schema.steps):
            problem = f"has schema {version}, this server knows up to {len(schema.steps)}"
            raise DataFolderError(path, problem, f"Upgrade {schema.distribution}, or name another folder.")
        return version

    def _migrate(self, db: sqlite3.Connection) -> None:
        """Bring *db* to our schema. Raises: DataFolderError."""
        schema = self._schema
        for step in schema.steps[self._version(db) :]:
            for statement in filter(str.strip, step.split(";")):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {schema.application_id}")
        db.execute(f"PRAGMA user_version = {len(schema.steps)}")


def _prepare(db: sqlite3.Connection) -> None:
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA foreign_keys = ON")
