"""Files: images and documents, found by id, listed, deleted."""

from __future__ import annotations

import sqlite3
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel

from failwell.clock import WallClock
from failwell.server import (
    FromJson,
    Moment,
    Pagination,
    RowModel,
    Submission,
    find_row,
    rows_of_page,
    shorten,
)
from scopix.exceptions import DocumentProcessingError, ResourceNotFoundError
from scopix_server.accounts import give_room_back
from scopix_server.deletions import deleted_before, note_deletion
from scopix_server.store import Store

Kind = Literal["image", "document"]
DescriptionStatus = Literal["pending", "running", "completed", "failed"]


class Problem(BaseModel):
    """Why something failed that was done after its request was answered: a code of the API, and a sentence."""

    code: str
    message: str


class File(RowModel):
    """A file as it travels."""

    id: str
    kind: Kind
    filename: str
    size: int
    content_type: str
    width: int | None
    height: int | None
    sha256: str
    status: Literal["ready", "processing", "failed"]
    description: str | None
    description_status: DescriptionStatus | None
    description_error: Annotated[Problem | None, FromJson]
    created_at: Moment


def get_file(store: Store, tenant: str, file_id: str) -> File:
    """The file of that id. Raises: ResourceNotFoundError."""
    with store.reading() as db:
        return File.of(find_file(db, tenant, file_id))


def list_files(
    store: Store, tenant: str, *, kind: Kind | None, limit: int, offset: int
) -> tuple[list[File], Pagination]:
    """One page of the files of *tenant*, newest first, of one *kind* if given."""
    where, values = ("tenant = ?", [tenant]) if kind is None else ("tenant = ? AND kind = ?", [tenant, kind])
    rows, pagination = rows_of_page(store, "files", where, values, limit=limit, offset=offset)
    return [File.of(row) for row in rows], pagination


def delete_file(
    store: Store, clock: WallClock, tenant: str, file_id: str, key: Submission | None, *, kind: Kind | None = None
) -> None:
    """Delete the file, of any *kind* unless one is given, and give back its room; *key* may have done it already.

    Raises: ResourceNotFoundError; DocumentProcessingError, for a document that is worked on.
    """
    with store.writing() as db:
        if deleted_before(db, clock, tenant, key):
            return
        row = find_file(db, tenant, file_id)
        if kind not in {None, row["kind"]}:
            no_such_file(file_id)
        if row["kind"] == "document" and row["status"] == "processing":
            message = f'The document "{shorten(row["filename"])}" is being processed. Delete it when that has ended.'
            error = DocumentProcessingError(message, document_id=row["id"], status=row["status"])
            raise error.with_case("DOCUMENT_PROCESSING_ERROR", 409)
        db.execute("DELETE FROM files WHERE id = ?", (row["id"],))
        give_room_back(db, tenant, row["size"])
        note_deletion(db, clock, tenant, row["id"], key)
    store.folder.remove(row["file"])


def content_of(store: Store, tenant: str, file_id: str) -> tuple[sqlite3.Row, Any]:
    """The row of the file, and its content, open for reading. Raises: ResourceNotFoundError."""
    with store.reading() as db:
        row = find_file(db, tenant, file_id)
    try:
        return row, (store.folder.files / row["file"]).open("rb")
    except FileNotFoundError:  # it was deleted in between
        no_such_file(file_id)


def find_file(db: sqlite3.Connection, tenant: str, file_id: str) -> sqlite3.Row:
    """The row of the file of that id. Raises: ResourceNotFoundError."""
    row = find_row(db, "files", tenant, file_id)
    if row is None:
        no_such_file(file_id)
    return row


def no_such_file(file_id: str) -> NoReturn:
    """Raise the 404 for a file that is not there, or another's."""
    shown = shorten(file_id)
    raise ResourceNotFoundError("file", shown, message=f'There is no file "{shown}". Verify the id with `files.list`.')
