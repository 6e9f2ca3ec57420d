"""The database and the files of a VectorShift server."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path

from failwell.server import DataStore, SignedUrls
from vectorshift.exceptions import CATALOGUE
from vectorshift_server.schema import SCHEMA


class Store(DataStore):
    """Everything that one server keeps. *trace* is told each statement that is executed. Raises: DataFolderError."""

    signed_urls: SignedUrls

    def __init__(self, folder: Path | str, *, trace: Callable[[str], object] | None = None) -> None:
        super().__init__(folder, "vectorshift.db", SCHEMA, trace=trace)

    def _made(self, db: sqlite3.Connection) -> None:
        db.execute("INSERT OR IGNORE INTO facts VALUES ('signing_key', ?)", (secrets.token_bytes(32),))
        key = db.execute("SELECT value FROM facts WHERE name = 'signing_key'").fetchone()[0]
        self.signed_urls = SignedUrls(bytes(key), CATALOGUE)
