"""Videos that arrive in chunks: each is checked by its digest, and the whole by its sha256."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Annotated, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import Submission, find_row, insert
from scopix.exceptions import ScopixError, VideoUploadError
from scopix_server.accounts import give_room_back, room_in, take_room
from scopix_server.deletions import deleted_before, note_deletion
from scopix_server.jobs import no_such
from scopix_server.names import Filename, new_id
from scopix_server.settings import Settings
from scopix_server.store import Store

Stage = Literal["initiate", "chunk_upload", "complete"]

_PIECE = 1024 * 1024


class NewVideo(BaseModel):
    """The body that begins an upload: the video's name, its *size* in bytes, and its *sha256* in hexadecimal."""

    model_config = ConfigDict(extra="forbid")

    filename: Filename
    size: Annotated[int, Field(strict=True, ge=1, le=2**53)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    content_type: Annotated[str, Field(max_length=200, pattern=r"^[\w.+-]+/[\w.+-]+$")] = "application/octet-stream"


class Video(BaseModel):
    """A video as it travels. *chunks* counts those that are there from the beginning on, *received* their bytes."""

    media_id: str
    filename: str
    size: int
    chunk_size: int
    received: int
    chunks: int
    status: Literal["uploading", "ready"]


def begin_video(store: Store, clock: WallClock, settings: Settings, tenant: str, new: NewVideo) -> tuple[Video, bool]:
    """A new video, or the one of the same content that the account has, with what has arrived; and whether it is new.

    Raises: VideoUploadError, also for one that is too large; QuotaExceededError.
    """
    if new.size > settings.max_video_bytes:
        message = f"The video has {new.size:,} bytes, the most we take is {settings.max_video_bytes:,}. Shorten it."
        error = VideoUploadError(message, stage="initiate").with_case("HTTP_413", 413)
        error.details |= {"size": new.size, "limit": settings.max_video_bytes}
        raise error
    _forget(store, clock.wall() - settings.video_upload_seconds)
    with store.writing() as db:
        known = db.execute("SELECT * FROM videos WHERE tenant = ? AND sha256 = ?", (tenant, new.sha256)).fetchone()
        if known is not None:
            if known["size"] != new.size:
                _refuse(db, known, "initiate", f"This content was said to have {known['size']:,} bytes before.")
            return _shown(db, known), False
        room_in(db, clock, settings, tenant).check(size=new.size)
        media_id = new_id("vid")
        insert(
            db,
            "videos",
            id=media_id,
            tenant=tenant,
            chunk_size=settings.video_chunk_bytes,
            created_at=clock.wall(),
            **new.model_dump(),
        )
        return _shown(db, find_video(db, tenant, media_id)), True


def _forget(store: Store, before: float) -> None:
    """Remove what has arrived of uploads that were begun *before* a moment, and never completed."""
    with store.writing() as db:
        abandoned = [id_ for (id_,) in db.execute(_ABANDONED, (before,))]
        files = [file for id_ in abandoned for (file,) in db.execute(_FILES, (id_,))]
        db.executemany("DELETE FROM videos WHERE id = ?", [(id_,) for id_ in abandoned])
    for file in files:
        store.folder.remove(file)


def get_video(store: Store, tenant: str, media_id: str) -> Video:
    """The video of that id. Raises: ResourceNotFoundError."""
    with store.reading() as db:
        return _shown(db, find_video(db, tenant, media_id))


def expected_size(store: Store, tenant: str, media_id: str, index: int) -> int:
    """How many bytes the chunk *index* has. Raises: ResourceNotFoundError; VideoUploadError, if there is no such."""
    with store.reading() as db:
        row = find_video(db, tenant, media_id)
        if index >= _chunks(row):
            _refuse(db, row, "chunk_upload", f"The video has {_chunks(row):,} chunks, counted from 0.")
        return _size_of(row, index)


def accept_chunk(
    store: Store, tenant: str, media_id: str, index: int, *, file: str, size: int, sha256: bytes, digest: bytes | None
) -> Video:
    """Keep the chunk in *file*, whose content has the *sha256*, and was said to have the *digest*.

    A chunk that is there is welcome again; it is not kept twice.

    Raises: ResourceNotFoundError, VideoUploadError. Then the file is removed.
    """
    superfluous: str | None = file
    try:
        with store.writing() as db:
            row = find_video(db, tenant, media_id)
            if size != _size_of(row, index):
                _refuse(db, row, "chunk_upload", f"Chunk {index} has {_size_of(row, index):,} bytes, {size:,} came.")
            if digest is not None and digest != sha256:
                message = (
                    f"The {size:,} bytes of chunk {index} are not those that its Content-Digest is of. Send it again."
                )
                _refuse(db, row, "chunk_upload", message)
            if row["file"] is None:
                kept = db.execute("INSERT OR IGNORE INTO video_chunks VALUES (?, ?, ?)", (media_id, index, file))
                superfluous = None if kept.rowcount else file
            found = _shown(db, row)
    except BaseException:
        superfluous = file
        raise
    finally:
        store.folder.remove(superfluous)
    return found


def complete_video(store: Store, clock: WallClock, settings: Settings, tenant: str, media_id: str) -> Video:
    """Put the chunks together; a video that is complete already stays as it is.

    One whose content is not what was announced loses its chunks: none of them can be told to be the wrong one.

    Raises: ResourceNotFoundError, QuotaExceededError, VideoUploadError.
    """
    with store.reading() as db:
        row = find_video(db, tenant, media_id)
        files = [str(file) for (file,) in db.execute(_FILES, (media_id,))]
        if row["file"] is None and len(files) < _chunks(row):
            missing = _chunks(row) - len(files)
            _refuse(db, row, "complete", f"{missing:,} of {_chunks(row):,} chunks are missing. Send them.")
    if row["file"] is None:
        file, sha256 = _assembled(store, files)
        whole = sha256 == row["sha256"]
        superfluous: str | None = file
        try:
            with store.writing() as db:
                row = find_video(db, tenant, media_id)
                if row["file"] is None and whole:
                    take_room(db, clock, settings, tenant, size=row["size"])
                    db.execute("UPDATE videos SET file = ? WHERE id = ?", (file, media_id))
                    superfluous = None
                if row["file"] is None:
                    db.execute("DELETE FROM video_chunks WHERE media_id = ?", (media_id,))
        except BaseException:
            superfluous = file
            raise
        finally:
            store.folder.remove(superfluous)
        # Only now is it certain that nobody needs them.
        for chunk in files:
            store.folder.remove(chunk)
        if not whole and row["file"] is None:
            message = "The content does not have the sha256 that was announced. Upload the video again."
            raise VideoUploadError(message, media_id=media_id, stage="complete")
    return get_video(store, tenant, media_id)


def delete_video(store: Store, clock: WallClock, tenant: str, media_id: str, key: Submission | None) -> None:
    """Delete a video, or what has arrived of it, and give back its room; *key* may have done it already.

    Raises: ResourceNotFoundError; ScopixError, while it is analysed.
    """
    with store.writing() as db:
        if deleted_before(db, clock, tenant, key):
            return
        row = find_video(db, tenant, media_id)
        if db.execute(_ANALYSED, (media_id,)).fetchone() is not None:
            raise ScopixError("CONFLICT", f"The video {media_id} is being analysed. Delete it when that has ended.")
        files = [str(file) for (file,) in db.execute(_FILES, (media_id,))]
        db.execute("DELETE FROM videos WHERE id = ?", (media_id,))
        if row["file"] is not None:
            give_room_back(db, tenant, row["size"])
        note_deletion(db, clock, tenant, media_id, key)
    for file in (row["file"], *files):
        store.folder.remove(file)


def find_video(db: sqlite3.Connection, tenant: str, media_id: str) -> sqlite3.Row:
    """The row of the video of that id. Raises: ResourceNotFoundError."""
    row = find_row(db, "videos", tenant, media_id)
    if row is None:
        no_such("video", media_id, "Verify the id that beginning its upload returned.")
    return row


_ANALYSED = "SELECT 1 FROM jobs WHERE kind = 'analysis' AND about = ? AND status IN ('queued', 'running')"
_ABANDONED = "SELECT id FROM videos WHERE file IS NULL AND created_at < ?"
_FILES = "SELECT file FROM video_chunks WHERE media_id = ? ORDER BY position"


def _assembled(store: Store, files: list[str]) -> tuple[str, str]:
    """A new file of all chunks in turn, and its sha256."""
    digest = hashlib.sha256()
    with store.folder.new_file() as (name, whole):
        for file in files:
            with (store.folder.files / file).open("rb") as chunk:
                while piece := chunk.read(_PIECE):
                    digest.update(piece)
                    whole.write(piece)
    return name, digest.hexdigest()


def _chunks(row: sqlite3.Row) -> int:
    return int(-(-row["size"] // row["chunk_size"]))


def _size_of(row: sqlite3.Row, index: int) -> int:
    return int(min(row["chunk_size"], row["size"] - index * row["chunk_size"]))


def _shown(db: sqlite3.Connection, row: sqlite3.Row) -> Video:
    ready = row["file"] is not None
    chunks = _chunks(row) if ready else _from_the_beginning(db, row["id"])
    return Video(
        media_id=row["id"],
        filename=row["filename"],
        size=row["size"],
        chunk_size=row["chunk_size"],
        received=min(chunks * row["chunk_size"], row["size"]),
        chunks=chunks,
        status="ready" if ready else "uploading",
    )


def _from_the_beginning(db: sqlite3.Connection, media_id: str) -> int:
    """How many chunks there are before the first that is missing."""
    rows = db.execute("SELECT position FROM video_chunks WHERE media_id = ? ORDER BY position", (media_id,)).fetchall()
    return next((count for count, (position,) in enumerate(rows) if position != count), len(rows))


def _refuse(db: sqlite3.Connection, row: sqlite3.Row, stage: Stage, message: str) -> NoReturn:
    raise VideoUploadError(message, media_id=row["id"], stage=stage, partial_chunks=_shown(db, row).chunks)
