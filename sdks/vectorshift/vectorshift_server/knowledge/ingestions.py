"""Ingestions: the text of a file, taken into the index of a knowledge base by the worker."""

from __future__ import annotations

import sqlite3
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from failwell.clock import WallClock
from failwell.server import RowModel, Step, Submission, find_row, find_submission, insert, shorten
from vectorshift.exceptions import UnprocessableEntityError
from vectorshift_server.access import User
from vectorshift_server.knowledge.bases import keep_passages
from vectorshift_server.knowledge.passages import UnreadableError, passages_of
from vectorshift_server.objects import find, missing, new_id
from vectorshift_server.store import Store


class _File(BaseModel):
    id: Annotated[str, Field(min_length=1, max_length=200)]


class _FileData(BaseModel):
    file: _File


class NewIngestion(BaseModel):
    """The body that has a file ingested."""

    file_data: _FileData


class Ingestion(RowModel):
    """How an ingestion stands, as it travels."""

    task_id: str
    status: Literal["pending", "processing", "completed", "failed"]
    item_ids: list[str]
    error: str | None


def create(
    store: Store, clock: WallClock, user: User, base_id: str, new: NewIngestion, *, key: Submission | None
) -> Ingestion:
    """A new ingestion, or that which *key* has started.

    Raises: KbNotFound, PermissionDeniedError; UnprocessableEntityError, for a file that is not there.
    """
    with store.writing() as db:
        user.check_change(find(db, "knowledge_bases", user.organisation, base_id), "knowledge base")
        task_id = find_submission(db, "ingestions", clock, user.organisation, key)
        if task_id is None:
            file = find_row(db, "files", user.organisation, new.file_data.file.id)
            if file is None or not file["made"]:
                message = f'There is no file "{shorten(new.file_data.file.id)}" in your organisation. Upload it first.'
                raise UnprocessableEntityError(message)
            task_id = new_id("ing")
            insert(
                db,
                "ingestions",
                id=task_id,
                tenant=user.organisation,
                idempotency_key=key,
                base_id=base_id,
                file_id=file["id"],
                item_id=new_id("doc"),
                name=file["name"],
                created_at=clock.wall(),
            )
        return _shown(_find(db, user.organisation, base_id, task_id))


def get(store: Store, organisation: str, base_id: str, task_id: str) -> Ingestion:
    """The ingestion as it is now. Raises: KbNotFound."""
    with store.reading() as db:
        find(db, "knowledge_bases", organisation, base_id)
        return _shown(_find(db, organisation, base_id, task_id))


def unfinished_ingestions(store: Store) -> list[str]:
    """The ids of the ingestions that have not ended, oldest first."""
    with store.reading() as db:
        rows = db.execute("SELECT id FROM ingestions WHERE status IN ('pending', 'processing') ORDER BY seq").fetchall()
    return [str(row["id"]) for row in rows]


class Ingesting:
    """Takes the text of files into the knowledge bases in *store*."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self, step: Step, task_id: str) -> None:
        """Ingest a file; how that went stands in its row."""
        step(self.ingest, task_id)

    def ingest(self, task_id: str) -> None:
        """Keep the passages of the file, or why it has none. Again: nothing happens to what has ended."""
        with self._store.writing() as db:
            row = db.execute(
                "UPDATE ingestions SET status = 'processing' WHERE id = ? AND status IN ('pending', 'processing')"
                " RETURNING *, (SELECT file FROM files WHERE files.id = file_id) AS file",
                (task_id,),
            ).fetchone()
        if row is None:
            return
        try:
            passages = passages_of(row["name"], self._store.folder.read(row["file"]))
        except UnreadableError as problem:
            self._end(task_id, "failed", str(problem))
            return
        self._end(task_id, "completed", None, passages)

    def give_up(self, task_id: str, reason: str) -> None:
        """Fail an ingestion that cannot be done; one that has ended stays as it is."""
        self._end(task_id, "failed", f"The ingestion was given up: {reason}. Add the file again.")

    def _end(self, task_id: str, status: str, error: str | None, passages: list[str] | None = None) -> None:
        with self._store.writing() as db:
            row = db.execute(
                "UPDATE ingestions SET status = ?, error = ? WHERE id = ? AND status IN ('pending', 'processing')"
                " RETURNING base_id, item_id",
                (status, error, task_id),
            ).fetchone()
            # Gone with its knowledge base, it has nowhere to go to.
            if row is not None and passages:
                keep_passages(db, row["base_id"], row["item_id"], passages)


def _find(db: sqlite3.Connection, organisation: str, base_id: str, task_id: str) -> sqlite3.Row:
    row = find(db, "ingestions", organisation, task_id)
    return row if row["base_id"] == base_id else missing("ingestions", task_id)


def _shown(row: sqlite3.Row) -> Ingestion:
    return Ingestion.of(row, task_id=row["id"], item_ids=[row["item_id"]])
