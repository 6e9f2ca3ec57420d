"""Files: a signed URL that takes the bytes, and the file that is made of them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, Field

from failwell.clock import WallClock
from failwell.server import insert, shorten
from vectorshift.exceptions import BadRequestError, NotFoundError, PermissionDeniedError, UnprocessableEntityError
from vectorshift_server.access import User
from vectorshift_server.objects import Name, new_id
from vectorshift_server.settings import Settings
from vectorshift_server.store import Store

KEPT = 24 * 3600.0
"""Seconds after the end of its URL that an upload is kept of which no file was made."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


class NewUpload(BaseModel):
    """The body that asks for an upload URL; *content_hash* is the SHA-256 of the bytes, in hexadecimal digits."""

    file_name: Name
    file_size: Annotated[int, Field(ge=1)]
    mime_type: Annotated[str, Field(max_length=200)] = "application/octet-stream"
    content_hash: str = ""


class UploadTarget(BaseModel):
    """Where the bytes go, by a PUT without an API key, and what the file is then made of."""

    presigned_url: str
    s3_key: str


class NewFile(BaseModel):
    """The body that makes a file of what was uploaded."""

    s3_key: Annotated[str, Field(min_length=1, max_length=200)]
    metadata: dict[str, Any] = {}


class FileMade(BaseModel):
    """The id of a file."""

    file_id: str


def offer(store: Store, clock: WallClock, settings: Settings, user: User, new: NewUpload) -> tuple[str, str]:
    """The path at which the bytes of a file are taken, and its key. Raises: PermissionDeniedError, BadRequestError."""
    user.check("write")
    if new.file_size > settings.max_file_bytes:
        message = f"A file may have {settings.max_file_bytes:,} bytes, and this one has {new.file_size:,}."
        raise BadRequestError(f"{message} Split it.")
    if new.content_hash and not _DIGEST.fullmatch(new.content_hash):
        raise BadRequestError("The content_hash is the SHA-256 of the bytes, in 64 hexadecimal digits.")
    file_id, expires = new_id("file"), int(clock.wall() + settings.upload_seconds)
    with store.writing() as db:
        forgotten = db.execute(
            "DELETE FROM files WHERE expires_at < ? AND NOT made RETURNING file", (clock.wall() - KEPT,)
        ).fetchall()
        insert(
            db,
            "files",
            id=file_id,
            tenant=user.organisation,
            owner=user.name,
            name=new.file_name,
            size=new.file_size,
            digest=new.content_hash,
            expires_at=expires,
        )
    for row in forgotten:
        store.folder.remove(row["file"])
    return store.signed_urls.sign("PUT", file_id, expires), file_id


def check_url(store: Store, clock: WallClock, file_id: str, *, expires: int, signature: str) -> None:
    """Let a PUT to a signed URL begin. Raises: PermissionDeniedError."""
    store.signed_urls.check("PUT", file_id, expires=expires, signature=signature, now=clock.wall())


def accept(store: Store, file_id: str, received: tuple[str, int, str]) -> None:
    """Make what was *received*, its name in the data folder, its size and its digest, the content of a file.

    The same bytes may come again, as long as no file was made of them. Else what was received is removed.

    Raises: PermissionDeniedError, BadRequestError.
    """
    name, size, digest = received
    superfluous: str | None = name
    try:
        with store.writing() as db:
            row = db.execute("SELECT * FROM files WHERE id = ? AND NOT made", (file_id,)).fetchone()
            if row is None:
                raise PermissionDeniedError("This upload URL was used, or is no longer known. Ask for a new URL.")
            if size != row["size"] or row["digest"] not in ("", digest):
                message = f"{size:,} bytes came with the SHA-256 {digest}, and {row['size']:,} were announced"
                raise BadRequestError(f"{message} with {row['digest'] or 'none'}. Send the file again.")
            db.execute("UPDATE files SET file = ? WHERE id = ?", (name, file_id))
        superfluous = row["file"]
    finally:
        store.folder.remove(superfluous)


def make(store: Store, user: User, new: NewFile) -> str:
    """The id of the file that is made of what was uploaded. Again: the same one.

    Raises: NotFoundError, PermissionDeniedError; UnprocessableEntityError, before the bytes are there.
    """
    user.check("write")
    with store.writing() as db:
        row = db.execute("SELECT * FROM files WHERE tenant = ? AND id = ?", (user.organisation, new.s3_key)).fetchone()
        if row is None:
            raise NotFoundError(f'There is no upload "{shorten(new.s3_key)}" in your organisation.')
        if row["file"] is None:
            raise UnprocessableEntityError("No bytes were uploaded yet. Send them to the presigned_url first.")
        db.execute("UPDATE files SET made = 1 WHERE id = ?", (row["id"],))
    return str(row["id"])
