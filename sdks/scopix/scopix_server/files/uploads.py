"""Upload sessions, and the way of a picture's bytes into the data folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import Submission, find_row, find_submission, insert, shorten
from scopix.exceptions import ResourceNotFoundError, UploadError
from scopix_server.accounts import room_in
from scopix_server.engine.pictures import BrokenPictureError, decode
from scopix_server.files.adding import Adding, Received
from scopix_server.files.files import File
from scopix_server.names import new_id
from scopix_server.settings import Settings
from scopix_server.store import Store

MOST_FILES = 100_000

PAGE = 500
"""Files of a session that are in memory at the same time, when somebody looks at it."""


class NewSession(BaseModel):
    """The body that opens a session: how many *files* are to come, and whether they are described."""

    model_config = ConfigDict(extra="forbid")

    files: Annotated[int, Field(strict=True, ge=1, le=MOST_FILES)]
    describe: bool = True


class Session(BaseModel):
    """A session as it travels, with the files that have arrived."""

    session_id: str
    describe: bool
    files: list[File]


class Uploads:
    """The uploads to *store*, within the limits of *settings*."""

    def __init__(self, store: Store, clock: WallClock, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    def open(self, tenant: str, new: NewSession, key: Submission | None = None) -> Session:
        """Open a session, or return that which *key* has opened."""
        with self._store.writing() as db:
            session_id = find_submission(db, "upload_sessions", self._clock, tenant, key)
            if session_id is None:
                session_id = new_id("up")
                insert(
                    db,
                    "upload_sessions",
                    id=session_id,
                    tenant=tenant,
                    idempotency_key=key,
                    describe=new.describe,
                    created_at=self._clock.wall(),
                )
            describe = db.execute("SELECT describe FROM upload_sessions WHERE id = ?", (session_id,)).fetchone()[0]
        return Session(session_id=session_id, describe=describe, files=[])

    def get(self, tenant: str, session_id: str) -> Iterator[bytes]:
        """The JSON of a `Session`, piece by piece: of 10,000 files only some are in memory.

        Raises: ResourceNotFoundError, at once.
        """
        with self._store.reading() as db:
            session = dict(_find(db, tenant, session_id))
        return self._pieces(session)

    def _pieces(self, session: dict[str, Any]) -> Iterator[bytes]:
        head = Session(session_id=session["id"], describe=session["describe"], files=[])
        yield head.model_dump_json().removesuffix("]}").encode()
        last = 0
        while rows := self._files_after(session["id"], last):
            texts = (File.of(row).model_dump_json() for row in rows)
            yield ("," * (last > 0) + ",".join(texts)).encode()
            last = rows[-1]["seq"]
        yield b"]}"

    def _files_after(self, session_id: str, last: int) -> list[sqlite3.Row]:
        with self._store.reading() as db:
            return db.execute(
                "SELECT * FROM files WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?", (session_id, last, PAGE)
            ).fetchall()

    def begin(self, tenant: str, session_id: str, size: int, key: Submission | None = None) -> None:
        """Refuse a file of *size* bytes that would be refused anyway, before they are received.

        Raises: ResourceNotFoundError, QuotaExceededError.
        """
        with self._store.reading() as db:
            _find(db, tenant, session_id)
            if find_submission(db, "files", self._clock, tenant, key) is None:
                room_in(db, self._clock, self._settings, tenant).check(size=size, images=1)

    def accept(self, tenant: str, session_id: str, received: Received, key: Submission | None = None) -> File:
        """Make a file of what was *received*, or return that which *key* has made. It is described later.

        Raises: ResourceNotFoundError, QuotaExceededError, UploadError. Then the bytes are removed.
        """
        kept = False
        try:
            picture = decode(self._store.folder.read(received.file), max_pixels=self._settings.max_image_pixels)
            with self._store.writing() as db:
                session = _find(db, tenant, session_id)
                file_id = find_submission(db, "files", self._clock, tenant, key)
                new = file_id is None
                if file_id is None:
                    adding = Adding(db, self._clock, self._settings, tenant)
                    more = {"session_id": session["id"], "idempotency_key": key}
                    file_id = adding.image(received, picture, describe=bool(session["describe"]), **more)
                row = db.execute("SELECT * FROM files WHERE id = ?", (file_id,)).fetchone()
            kept = new
        except BrokenPictureError as problem:
            error = UploadError(str(problem), filename=received.filename, stage="upload")
            raise error.with_case("IMAGE_PROCESSING_ERROR", 422) from problem
        finally:
            if not kept:
                self._store.folder.remove(received.file)
        return File.of(row)


def _find(db: sqlite3.Connection, tenant: str, session_id: str) -> sqlite3.Row:
    row = find_row(db, "upload_sessions", tenant, session_id)
    if row is None:
        shown = shorten(session_id)
        message = f'There is no upload session "{shown}". Open one with POST /uploads.'
        raise ResourceNotFoundError("upload_session", shown, message=message)
    return row
