"""The way of a picture's bytes into the data folder: a signed URL, and the PUT to it."""

from __future__ import annotations

import sqlite3
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from pictograph.exceptions import ConflictError, ForbiddenError
from pictograph_server.datasets import find_dataset
from pictograph_server.names import Directory, Filename, new_id
from pictograph_server.rejections import invalid_field
from pictograph_server.store import Store

_KEPT_SECONDS = 24 * 3600.0

ContentType = Literal["image/bmp", "image/gif", "image/jpeg", "image/png", "image/tiff", "image/webp"]


class NewUpload(BaseModel):
    """The body that asks for an upload URL; *dataset* is a name or an id."""

    model_config = ConfigDict(extra="forbid")

    dataset: Annotated[str, Field(min_length=1)]
    filename: Filename
    directory_path: Directory = "/"
    content_type: ContentType


class UploadUrl(BaseModel):
    """Where the bytes go, by a PUT with the same content type and without an API key."""

    upload_url: str
    expires_in: int


def offer_upload(store: Store, clock: WallClock, tenant: str, new: NewUpload, seconds: float) -> str:
    """Open an upload for *seconds*; return the path and query that its PUT goes to.

    Raises: NotFoundError, ConflictError.
    """
    upload_id, now = new_id(), clock.wall()
    expires = int(now + seconds)
    forgotten: list[sqlite3.Row] = []
    with store.writing() as db:
        dataset_id = find_dataset(db, tenant, new.dataset)["id"]
        refuse_taken(db, dataset_id, new.directory_path, new.filename)
        forgotten = db.execute(
            "DELETE FROM uploads WHERE expires_at < ? AND image_id IS NULL RETURNING file", (now - _KEPT_SECONDS,)
        ).fetchall()
        db.execute(
            "INSERT INTO uploads (id, tenant, dataset_id, directory_path, filename, content_type, created_at,"
            " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (upload_id, tenant, dataset_id, new.directory_path, new.filename, new.content_type, now, expires),
        )
    for row in forgotten:
        store.folder.remove(row["file"])
    return store.signed_urls.sign("PUT", upload_id, expires)


def refuse_taken(db: sqlite3.Connection, dataset_id: str, directory_path: str, filename: str) -> None:
    """Raise ConflictError if the folder has an image of that name."""
    taken = db.execute(
        "SELECT 1 FROM images WHERE dataset_id = ? AND directory_path = ? AND filename = ?",
        (dataset_id, directory_path, filename),
    ).fetchone()
    if taken is not None:
        message = (
            f'The folder "{directory_path}" has an image "{filename}". '
            "Pass skip_existing=True to the upload workflow, or use a new name."
        )
        raise ConflictError(message, error_code="duplicate_filename")


def open_upload(
    store: Store, clock: WallClock, upload_id: str, *, expires: int, signature: str, content_type: str
) -> None:
    """Check that a PUT to the signed URL may begin.

    Raises: ForbiddenError, ValidationError.
    """
    store.signed_urls.check("PUT", upload_id, expires=expires, signature=signature, now=clock.wall())
    with store.reading() as db:
        upload = _find(db, upload_id)
    sent = content_type.partition(";")[0].strip().lower()
    if sent != upload["content_type"]:
        msg = f"This upload URL is for {upload['content_type']}. Send that Content-Type, or ask for a new URL"
        raise invalid_field(["header", "content-type"], msg, "content_type_mismatch")


def accept_upload(store: Store, upload_id: str, file: str, file_size: int) -> None:
    """Make *file* the content of the upload; an earlier one is removed.

    What is an image already stays as it is: the same bytes are welcome again, because who repeats an upload with its
    idempotency key is given the same URL; other bytes are not.

    Raises: ForbiddenError, ConflictError. Then *file* is removed.
    """
    superfluous: str | None = file
    try:
        with store.writing() as db:
            upload = _find(db, upload_id)
            if upload["image_id"] is None:
                db.execute("UPDATE uploads SET file = ?, file_size = ? WHERE id = ?", (file, file_size, upload_id))
            elif not store.folder.same(file, upload["file"]):
                raise ConflictError(
                    "Other bytes were uploaded to this URL, and are an image already. "
                    "Use a new idempotency key, and a new name, for another file.",
                    error_code="idempotency_conflict",
                )
        # Only now is it certain: until the commit, the database may still name the earlier file.
        superfluous = upload["file"] if upload["image_id"] is None else file
    finally:
        store.folder.remove(superfluous)


def _find(db: sqlite3.Connection, upload_id: str) -> sqlite3.Row:
    upload: sqlite3.Row | None = db.execute("SELECT * FROM uploads WHERE id = ?", (upload_id,)).fetchone()
    if upload is None:
        raise ForbiddenError("This upload URL is no longer known. Ask for a new URL.")
    return upload
