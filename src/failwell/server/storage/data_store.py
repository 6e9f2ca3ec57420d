"""What a server keeps in its data folder: a SQLite file, and files beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from failwell.clock import ServerClock
from failwell.server.side_effects import announced_effect, side_effect
from failwell.server.storage.data_folder import DataFolder, DataFolderError
from failwell.server.storage.sqlite import Database, ForeignFileError, Schema, ended, look_at
from failwell.server.storage.steady_clock import TABLE, SteadyClock, steady_time

_BUSY_SECONDS = 10.0


class DataStore(Database):
    """Everything that one server keeps: the SQLite file *database* with the tables of *schema*, and files, in *folder*.

    *trace* is told each statement that is executed, for tests that compare them.

    Raises:
        DataFolderError: here, if the folder cannot be used, or holds something else.
        sqlite3.Error: in every block, as SQLite raises it.
    """

    def __init__(
        self, folder: Path | str, database: str, schema: Schema, *, trace: Callable[[str], object] | None = None
    ) -> None:
        self.folder = DataFolder(folder, database)
        path, remedy = self.folder.database, "Move it away"
        try:
            # Before the folder is written to.
            look_at(path, schema.check, busy=_BUSY_SECONDS)
            self.folder.prepare()
            super().__init__(path, schema, busy=_BUSY_SECONDS, trace=trace)
        except sqlite3.DatabaseError as problem:
            # An OperationalError is about the way to the file; any other DatabaseError is about what it holds.
            wrong = "cannot be opened" if isinstance(problem, sqlite3.OperationalError) else "is not our database"
            wrong = f"{wrong} ({problem})"
            if isinstance(problem, ForeignFileError):
                wrong, remedy = problem.problem, problem.remedy
            raise DataFolderError(str(path), wrong, f"{remedy}, or name another folder.") from problem

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection that sees one unchanging state of the database."""
        with super().reading() as db:
            db.execute("BEGIN")
            with ended(db):
                yield db

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection that alone may write: all of the block is kept, or nothing.

        What was kept is a side effect of the request: an error that comes later is replayed to who repeats it.
        """
        with super().writing() as db:
            yield db
            announced_effect()  # before anything is kept: else a process that is killed right then had done nothing
        side_effect()

    def steady(self, clock: ServerClock) -> SteadyClock:
        """*clock* with a time of day that does not jump: the same for all processes of the machine."""
        with super().writing() as db:
            db.execute(TABLE)
            return SteadyClock(steady_time(db, clock), clock)
