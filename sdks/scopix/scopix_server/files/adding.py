"""Files are added: counted towards the quotas, and never the same bytes twice."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from failwell.clock import WallClock
from failwell.server import insert, shorten
from scopix.exceptions import UploadError
from scopix_server.accounts import take_room
from scopix_server.engine.pictures import Picture
from scopix_server.files.files import Kind
from scopix_server.names import new_id
from scopix_server.settings import Settings


@dataclass(frozen=True)
class Received:
    """A file whose bytes are here: its name in the data folder, and what was counted while they came."""

    filename: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Adding:
    """The transaction that adds files of *tenant*: whoever adds one has it, and the room for it."""

    db: sqlite3.Connection
    clock: WallClock
    settings: Settings
    tenant: str

    def image(self, received: Received, picture: Picture, *, describe: bool, **more: Any) -> str:
        """The id of the new image. Raises: as `file`."""
        status = "pending" if describe else None
        return self.file("image", received, images=1, **vars(picture), description_status=status, **more)

    def file(self, kind: Kind, received: Received, *, images: int = 0, **columns: Any) -> str:
        """The id of the new file.

        Raises:
            UploadError: the account has these bytes already.
            QuotaExceededError: there is no room for it.
        """
        known = self.duplicate(received.sha256)
        if known is not None:
            message = f'The account has these bytes already, as "{shorten(known["filename"])}" ({known["id"]}).'
            error = UploadError(message, filename=received.filename, stage="upload")
            error.details["file_id"] = known["id"]
            raise error.with_case("CONFLICT", 409)
        take_room(self.db, self.clock, self.settings, self.tenant, size=received.size, images=images)
        file_id = new_id("img" if kind == "image" else "doc")
        insert(
            self.db,
            "files",
            id=file_id,
            tenant=self.tenant,
            kind=kind,
            created_at=self.clock.wall(),
            **vars(received),
            **columns,
        )
        return file_id

    def duplicate(self, sha256: str) -> sqlite3.Row | None:
        """The row of the file with the same content, if the account has one."""
        row: sqlite3.Row | None = self.db.execute(
            "SELECT id, filename FROM files WHERE tenant = ? AND sha256 = ?", (self.tenant, sha256)
        ).fetchone()
        return row
