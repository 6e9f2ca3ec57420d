"""Documents: accepted, found by id, listed; and the text of each, taken out by the worker."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import PurePath
from typing import Annotated, Literal, NoReturn

from pydantic import AfterValidator

from failwell.clock import WallClock
from failwell.server import FromJson, Moment, Pagination, RowModel, Step, Submission, find_submission, rows_of_page
from scopix.exceptions import ResourceNotFoundError
from scopix_server.engine.texts import SUFFIXES, Limits, UnreadableError, is_document, passages, read_text
from scopix_server.files.adding import Adding, Received
from scopix_server.files.files import Problem, delete_file
from scopix_server.jobs import no_such
from scopix_server.names import Filename
from scopix_server.settings import Settings
from scopix_server.store import Store

_TYPES = {".txt": "text/plain", ".md": "text/markdown", ".pdf": "application/pdf"}
_WHOLE = "files JOIN documents ON file_id = files.id"
_COLUMNS = "files.*, documents.status AS processed, error, pages, characters"


def _check(name: str) -> str:
    if not is_document(name):
        raise ValueError(f"must end with one of {', '.join(SUFFIXES)}")
    return name


DocumentName = Annotated[Filename, AfterValidator(_check)]
"""What a document is called: its end says how it is read."""


class Document(RowModel):
    """A document as it travels."""

    id: str
    filename: str
    size: int
    content_type: str
    status: Literal["queued", "processing", "completed", "failed"]
    error: Annotated[Problem | None, FromJson]
    pages: int | None
    characters: int | None
    created_at: Moment


def accept_document(
    store: Store, clock: WallClock, settings: Settings, *, tenant: str, received: Received, key: Submission | None
) -> Document:
    """Make a document of what was *received*, or return that which *key* has made. It is processed later.

    Raises: QuotaExceededError, UploadError. Then the bytes are removed.
    """
    kept = False
    try:
        with store.writing() as db:
            file_id = find_submission(db, "files", clock, tenant, key)
            new = file_id is None
            if file_id is None:
                file_id = add_document(Adding(db, clock, settings, tenant), received, key)
            row = _find(db, tenant, file_id)
        kept = new
    finally:
        if not kept:
            store.folder.remove(received.file)
    return _shown(row)


def add_document(adding: Adding, received: Received, key: Submission | None = None) -> str:
    """The id of a new document of what was *received*, which is to be processed. Raises: as `Adding.file`."""
    content_type = _TYPES[PurePath(received.filename).suffix.lower()]
    file_id = adding.file("document", received, content_type=content_type, status="processing", idempotency_key=key)
    adding.db.execute("INSERT INTO documents (file_id) VALUES (?)", (file_id,))
    return file_id


def get_document(store: Store, tenant: str, document_id: str) -> Document:
    """The document of that id. Raises: ResourceNotFoundError."""
    with store.reading() as db:
        return _shown(_find(db, tenant, document_id))


def delete_document(store: Store, clock: WallClock, tenant: str, document_id: str, key: Submission | None) -> None:
    """Delete a document. Raises: ResourceNotFoundError; DocumentProcessingError, while it is being processed."""
    try:
        delete_file(store, clock, tenant, document_id, key, kind="document")
    except ResourceNotFoundError:
        _no_such(document_id)


def list_documents(store: Store, tenant: str, *, limit: int, offset: int) -> tuple[list[Document], Pagination]:
    """One page of the documents of *tenant*, newest first."""
    rows, pagination = rows_of_page(store, _WHOLE, "tenant = ?", [tenant], limit=limit, offset=offset, columns=_COLUMNS)
    return [_shown(row) for row in rows], pagination


def unfinished_documents(store: Store) -> list[str]:
    """The ids of the documents that are to be processed, oldest first."""
    with store.reading() as db:
        rows = db.execute(
            f"SELECT id FROM {_WHOLE} WHERE documents.status IN ('queued', 'processing') ORDER BY seq"  # noqa: S608 - our own words
        ).fetchall()
    return [str(row["id"]) for row in rows]


class Processing:
    """Takes the text out of the documents in *store*."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def run(self, step: Step, document_id: str) -> None:
        """Process the document; how that went stands in its row."""
        step(self.process, document_id)

    def process(self, document_id: str) -> None:
        """Keep the document's text in passages, or why it has none. Again: nothing happens to what has ended."""
        with self._store.writing() as db:
            begun = db.execute(
                "UPDATE documents SET status = 'processing' WHERE file_id = ? AND status IN ('queued', 'processing')"
                " RETURNING (SELECT json_array(filename, file) FROM files WHERE id = file_id)",
                (document_id,),
            ).fetchone()
        if begun is None:
            return
        filename, file = json.loads(begun[0])
        chosen = self._settings
        try:
            text = read_text(
                filename,
                self._store.folder.files / file,
                Limits(chosen.document_pages, chosen.document_characters),
                seconds=chosen.document_seconds,
                memory=chosen.document_memory,
            )
        except UnreadableError as problem:
            self._fail(document_id, Problem(code=problem.code, message=problem.message))
            return
        found = [(document_id, position, passage) for position, passage in enumerate(passages(text.text))]

        def keep(db: sqlite3.Connection) -> None:
            db.executemany("INSERT INTO passages (document_id, position, text) VALUES (?, ?, ?)", found)
            values = (text.pages, len(text.text), document_id)
            db.execute("UPDATE documents SET pages = ?, characters = ? WHERE file_id = ?", values)

        self._end(document_id, "completed", "ready", keep)

    def give_up(self, document_id: str, reason: str) -> None:
        """Fail a document that cannot be processed; one that has ended stays as it is."""
        self._fail(document_id, Problem(code="SERVER_ERROR", message=f"The document was given up: {reason}."))

    def _fail(self, document_id: str, problem: Problem) -> None:
        def keep(db: sqlite3.Connection) -> None:
            db.execute("UPDATE documents SET error = ? WHERE file_id = ?", (problem.model_dump_json(), document_id))

        self._end(document_id, "failed", "failed", keep)

    def _end(self, document_id: str, status: str, file_status: str, keep: Callable[[sqlite3.Connection], None]) -> None:
        with self._store.writing() as db:
            ended = db.execute(
                "UPDATE documents SET status = ? WHERE file_id = ? AND status IN ('queued', 'processing')",
                (status, document_id),
            )
            if ended.rowcount:
                keep(db)
                db.execute("UPDATE files SET status = ? WHERE id = ?", (file_status, document_id))


def _find(db: sqlite3.Connection, tenant: str, document_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute(
        f"SELECT {_COLUMNS} FROM {_WHOLE} WHERE tenant = ? AND files.id = ?",  # noqa: S608 - our own words
        (tenant, document_id),
    ).fetchone()
    if row is None:
        _no_such(document_id)
    return row


def _no_such(document_id: str) -> NoReturn:
    no_such("document", document_id, "Verify the id with `documents.list`.")


def _shown(row: sqlite3.Row) -> Document:
    return Document.of(row, status=row["processed"])
