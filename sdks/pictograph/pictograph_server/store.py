"""The database and the files of a Pictograph server."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from failwell.server import DataStore, Schema, SignedUrls
from pictograph.exceptions import CATALOGUE
from pictograph_server.schema import APPLICATION_ID, STEPS

SCHEMA = Schema(APPLICATION_ID, STEPS, "failwell-pictograph")


class Store(DataStore):
    """Everything that one server keeps: SQLite and files in *folder*.

    *trace* is told each statement that is executed, for tests that compare them.
    Raises: DataFolderError.
    """

    signing_key: bytes
    signed_urls: SignedUrls

    def __init__(self, folder: Path | str, *, trace: Callable[[str], object] | None = None) -> None:
        super().__init__(folder, "pictograph.db", SCHEMA, trace=trace)

    def _begin(self) -> None:
        self.signing_key = self._fact("signing_key", secrets.token_bytes(32))
        self.signed_urls = SignedUrls(self.signing_key, CATALOGUE)

    def _fact(self, name: str, first: bytes) -> bytes:
        """The value kept under *name*; *first* if there is none yet."""
        with self.writing() as db:
            db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, first))
            row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return bytes(row["value"])
