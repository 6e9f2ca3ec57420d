"""The database and the files of a Scopix server."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from failwell.server import DataStore
from scopix_server.schema import SCHEMA
from scopix_server.schema.documents import INDEX


class Store(DataStore):
    """Everything that one server keeps. *trace* is told each statement that is executed. Raises: DataFolderError."""

    indexed = True
    """Whether passages of documents are found by an index of words."""

    def __init__(self, folder: Path | str, *, trace: Callable[[str], object] | None = None) -> None:
        super().__init__(folder, "scopix.db", SCHEMA, trace=trace)

    def _made(self, db: sqlite3.Connection) -> None:
        try:
            for statement in INDEX:
                db.execute(statement)
        except sqlite3.OperationalError:  # this SQLite was built without FTS5
            self.indexed = False
