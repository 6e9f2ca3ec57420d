"""Imports as rows: accepted, looked at, cancelled; and what there is to import."""

from __future__ import annotations

import sqlite3
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from failwell.clock import WallClock
from failwell.server import (
    MOST_FAILURES,
    JobError,
    JobFailure,
    Moment,
    RowModel,
    Submission,
    find_row,
    find_submission,
    job_error,
    job_failures,
    shorten,
)
from pictograph.exceptions import ConflictError, NotFoundError
from pictograph_server.datasets import refuse_taken_name
from pictograph_server.names import Name, new_id
from pictograph_server.rejections import invalid_field
from pictograph_server.settings import Settings
from pictograph_server.sources import Provider, SourceId, Sources
from pictograph_server.store import Store

ImportStatus = Literal["processing", "completed", "error", "cancelled"]

_DatasetStatus = Literal["pending", "processing", "completed", "error", "cancelled"]

_Key = SecretStr | None
"""What the published client must send. Nobody needs it here; it is neither kept nor logged."""


class SourceDataset(BaseModel):
    """A folder or an archive, and the dataset to make of it. The published client sends more; *id* decides."""

    model_config = ConfigDict(extra="forbid")

    id: SourceId
    name: Name
    slug: str | None = None
    image_count: int | None = None
    version: int | None = None


class NewImport(BaseModel):
    """The body that starts an import."""

    model_config = ConfigDict(extra="forbid")

    provider: Provider
    api_key: _Key = None
    datasets: Annotated[list[SourceDataset], Field(min_length=1, max_length=100)]


class NewValidation(BaseModel):
    """The body that asks what there is to import."""

    model_config = ConfigDict(extra="forbid")

    provider: Provider
    api_key: _Key = None


class Offered(BaseModel):
    """A folder or an archive that can be imported; *image_count* counts its files."""

    id: str
    name: str
    slug: str
    image_count: int
    version: int | None = None


class Validation(BaseModel):
    """What there is to import; *error* says what cannot be."""

    valid: bool
    workspace: str = ""
    datasets: list[Offered]
    error: str | None = None


class DatasetProgress(RowModel):
    """How far the import of one dataset has come."""

    name: str
    dataset_id: str | None
    status: _DatasetStatus
    imported: int
    failed: int


class Import(RowModel):
    """An import as it travels; *progress* is in per cent."""

    import_id: str
    provider: Provider
    status: ImportStatus
    progress: float
    total_images: int
    imported_images: int
    failed_images: int
    current_dataset: str
    datasets: list[DatasetProgress]
    error_message: str | None
    error: JobError | None
    failures: list[JobFailure]
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    created_by: str


def start_import(
    store: Store,
    clock: WallClock,
    settings: Settings,
    *,
    tenant: str,
    key_id: str,
    new: NewImport,
    key: Submission | None = None,
) -> Import:
    """Accept an import of folders or archives that are there, into datasets that are not; that of a *key* known before.

    Raises: NotFoundError, ConflictError, ValidationError.
    """
    names = [entry.name for entry in new.datasets]
    for index, name in enumerate(names):
        if name in names[:index]:
            msg = f'Two of the datasets would be named "{name}". Take another name'
            raise invalid_field(["body", "datasets", index, "name"], msg, "duplicate_name")
    sources = Sources(store, settings, new.provider)
    for entry in new.datasets:
        sources.find(entry.id)
    import_id = new_id()
    with store.writing() as db:
        if (known := find_submission(db, "imports", clock, tenant, key)) is not None:
            return _shown(db, _find_import(db, tenant, known))
        for name in names:
            refuse_taken_name(db, tenant, name)
            _refuse_promised_name(db, tenant, name)
        db.execute(
            "INSERT INTO imports (id, tenant, created_by, idempotency_key, provider, status, created_at)"
            " VALUES (?, ?, ?, ?, ?, 'processing', ?)",
            (import_id, tenant, key_id, key, new.provider, clock.wall()),
        )
        db.executemany(
            "INSERT INTO import_datasets (import_id, position, source, name) VALUES (?, ?, ?, ?)",
            [(import_id, position, entry.id, entry.name) for position, entry in enumerate(new.datasets)],
        )
        return _shown(db, _find_import(db, tenant, import_id))


def get_import(store: Store, tenant: str, import_id: str) -> Import:
    """The import of that id.

    Raises: NotFoundError.
    """
    with store.reading() as db:
        return _shown(db, _find_import(db, tenant, import_id))


def cancel_import(store: Store, clock: WallClock, tenant: str, import_id: str) -> Import:
    """End an import before its next image. What was imported stays, and so does an import that has ended already.

    Raises: NotFoundError.
    """
    with store.writing() as db:
        row = _find_import(db, tenant, import_id)
        db.execute(
            "UPDATE imports SET status = 'cancelled', completed_at = max(coalesce(started_at, created_at), ?)"
            " WHERE id = ? AND status = 'processing'",
            (clock.wall(), row["id"]),
        )
        return _shown(db, _find_import(db, tenant, import_id))


def validate_source(store: Store, settings: Settings, provider: Provider) -> Validation:
    """What *provider* has to import."""
    try:
        good, bad = Sources(store, settings, provider).listed()
    except NotFoundError as problem:
        return Validation(valid=False, datasets=[], error=problem.message)
    offered = [Offered(id=name, name=name.removesuffix(".zip"), slug=name, image_count=count) for name, count in good]
    error = f"{len(bad)} cannot be imported: {', '.join(bad[:MOST_FAILURES])}" if bad else None
    return Validation(valid=True, workspace="imports", datasets=offered, error=error)


def _refuse_promised_name(db: sqlite3.Connection, tenant: str, name: str) -> None:
    """Raise ConflictError if an import that is under way will make a dataset of that name."""
    promised = db.execute(
        "SELECT imports.id FROM import_datasets JOIN imports ON imports.id = import_id"
        " WHERE tenant = ? AND name = ? AND status = 'processing'",
        (tenant, name),
    ).fetchone()
    if promised is not None:
        message = f'Import {promised["id"]} is making a dataset named "{name}". Wait for it, or take another name.'
        raise ConflictError(message, error_code="duplicate_name")


def _find_import(db: sqlite3.Connection, tenant: str, import_id: str) -> sqlite3.Row:
    row = find_row(db, "imports", tenant, import_id.lower())
    if row is None:
        raise NotFoundError(f'There is no import "{shorten(import_id)}". Verify the id that starting it returned.')
    return row


def _shown(db: sqlite3.Connection, row: sqlite3.Row) -> Import:
    failures = db.execute(
        "SELECT position, entry AS filename, error_message, error FROM import_entries"
        " WHERE import_id = ? AND status = 'failed' ORDER BY position LIMIT ?",
        (row["id"], MOST_FAILURES),
    ).fetchall()
    datasets = _datasets(db, row)
    current = next((entry.name for entry in datasets if entry.status == "processing"), "")
    done = row["imported_images"] + row["failed_images"]
    # Until the files have been counted nothing is known; an import without any is done when it is completed.
    progress = 100 * done / row["total_images"] if row["total_images"] else 100.0 * (row["status"] == "completed")
    return Import.of(
        row,
        import_id=row["id"],
        progress=round(progress, 1),
        current_dataset=current,
        datasets=datasets,
        error=job_error(row),
        failures=job_failures(failures),
    )


def _datasets(db: sqlite3.Connection, row: sqlite3.Row) -> list[DatasetProgress]:
    rows = db.execute(
        "SELECT name, dataset_id, total(status = 'pending') AS left, total(status = 'done') AS imported,"
        " total(status = 'failed') AS failed FROM import_datasets LEFT JOIN import_entries"
        " ON import_entries.import_id = import_datasets.import_id AND dataset = import_datasets.position"
        " WHERE import_datasets.import_id = ? GROUP BY import_datasets.position ORDER BY import_datasets.position",
        (row["id"],),
    )
    datasets = [DatasetProgress.of(entry, status=_status(row, entry)) for entry in rows]
    # One after the other: the first that is not done is the one that is worked at.
    waiting = [entry for entry in datasets if entry.status == "pending"]
    if waiting and row["started_at"] is not None:
        waiting[0].status = "processing"
    return datasets


def _status(row: sqlite3.Row, entry: sqlite3.Row) -> _DatasetStatus:
    if entry["dataset_id"] is not None and not entry["left"]:
        return "completed" if entry["imported"] else "error"
    match row["status"]:
        case "error":
            return "error"
        case "cancelled":
            return "cancelled"
        case _:
            return "pending"
