"""Exports: the annotated images of a dataset, frozen as they were."""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import FromJson, Moment, Pagination, RowModel, insert, rows_of_page, shorten
from pictograph.exceptions import ConflictError, NotFoundError
from pictograph_server.crops import is_crop
from pictograph_server.datasets import find_dataset
from pictograph_server.names import Name, looks_like_id, new_id
from pictograph_server.store import Store

ExportStatus = Literal["pending", "processing", "completed", "failed"]

_WITH_DATASET = """(
    SELECT exports.*, datasets.name AS dataset_name FROM exports JOIN datasets ON datasets.id = dataset_id
)"""


class NewExport(BaseModel):
    """The body that freezes a dataset; *dataset_name* takes an id too."""

    model_config = ConfigDict(extra="forbid")

    dataset_name: Annotated[str, Field(min_length=1)]
    name: Name
    class_filter: Annotated[list[str], Field(max_length=1000)] | None = None
    # What the published client sends by default, and the only export there is here.
    format: Literal["pictograph"] = "pictograph"
    include_images: Literal[False] = False


class Export(RowModel):
    """An export as it travels."""

    id: str
    organization_id: str
    dataset_id: str
    dataset_name: str
    name: str
    format: Literal["pictograph"] = "pictograph"
    include_images: bool = False
    class_filter: Annotated[list[str] | None, FromJson]
    status: Literal["completed"] = "completed"
    image_count: int
    annotation_count: int
    created_at: Moment


def create_export(store: Store, clock: WallClock, tenant: str, new: NewExport) -> Export:
    """Freeze the annotated images of a dataset.

    Raises: NotFoundError, ConflictError.
    """
    export_id = new_id()
    with store.writing() as db:
        dataset = find_dataset(db, tenant, new.dataset_name)
        taken = db.execute("SELECT 1 FROM exports WHERE dataset_id = ? AND name = ?", (dataset["id"], new.name))
        if taken.fetchone() is not None:
            message = f'The dataset has an export named "{new.name}". Use it, or take another name.'
            raise ConflictError(message, error_code="duplicate_name")
        images = _annotated_images(db, dataset["id"], new.class_filter)
        annotations = [annotation for _, kept in images for annotation in kept]
        insert(
            db,
            "exports",
            id=export_id,
            tenant=tenant,
            dataset_id=dataset["id"],
            name=new.name,
            class_filter=json.dumps(new.class_filter),
            image_count=len(images),
            annotation_count=len(annotations),
            crop_count=sum(map(is_crop, annotations)),
            created_at=clock.wall(),
        )
        db.executemany(
            "INSERT INTO export_images (export_id, position, directory_path, filename, file, annotations)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (export_id, position, image["directory_path"], image["filename"], image["file"], json.dumps(kept))
                for position, (image, kept) in enumerate(images)
            ],
        )
        return _shown(find_export(db, tenant, dataset["id"], export_id), dataset["name"])


def get_export(store: Store, tenant: str, dataset: str | None, name_or_id: str) -> Export:
    """The export of that id, or of that name in *dataset*.

    Raises: NotFoundError.
    """
    with store.reading() as db:
        dataset_id = find_dataset(db, tenant, dataset)["id"] if dataset is not None else None
        export = find_export(db, tenant, dataset_id, name_or_id)
        return _shown(export, find_dataset(db, tenant, export["dataset_id"])["name"])


def list_exports(
    store: Store, tenant: str, *, dataset: str | None, status: ExportStatus | None, limit: int, offset: int
) -> tuple[list[Export], Pagination]:
    """One page of the tenant's exports, newest first, of one dataset or status if given.

    Raises: NotFoundError, if there is no such dataset.
    """
    where, values = "tenant = ? AND deleted_at IS NULL", [tenant]
    if dataset is not None:
        with store.reading() as db:
            values.append(find_dataset(db, tenant, dataset)["id"])
        where += " AND dataset_id = ?"
    if status not in {None, "completed"}:
        # An export is completed with the call that creates it.
        where += " AND FALSE"
    rows, pagination = rows_of_page(store, _WITH_DATASET, where, values, limit=limit, offset=offset)
    return [_shown(row, row["dataset_name"]) for row in rows], pagination


def delete_export(store: Store, clock: WallClock, tenant: str, dataset: str | None, name_or_id: str) -> None:
    """Delete the export of that id, or of that name in *dataset*. Its name is free again; its images stay.

    Raises: NotFoundError; ConflictError, while a training run reads it.
    """
    with store.writing() as db:
        dataset_id = find_dataset(db, tenant, dataset)["id"] if dataset is not None else None
        export_id = find_export(db, tenant, dataset_id, name_or_id)["id"]
        run = db.execute(
            "SELECT id FROM runs WHERE export_id = ? AND status IN ('queued', 'running')", (export_id,)
        ).fetchone()
        if run is not None:
            raise ConflictError(f"Training run {run['id']} reads this export. Wait for its end, then delete it.")
        db.execute("DELETE FROM export_images WHERE export_id = ?", (export_id,))
        # The row itself stays for the runs that name it, under a name that nobody can take: an id.
        db.execute("UPDATE exports SET deleted_at = ?, name = id WHERE id = ?", (clock.wall(), export_id))


def find_export(db: sqlite3.Connection, tenant: str, dataset_id: str | None, name_or_id: str) -> sqlite3.Row:
    """The row of an export, by id or by its name in the dataset.

    Raises: NotFoundError.
    """
    if looks_like_id(name_or_id):
        where, values = "id = ? AND dataset_id = coalesce(?, dataset_id)", (name_or_id.lower(), dataset_id)
    else:
        where, values = "name = ? AND dataset_id = ?", (name_or_id, dataset_id)
    row: sqlite3.Row | None = db.execute(
        f"SELECT * FROM exports WHERE tenant = ? AND deleted_at IS NULL AND {where}",  # noqa: S608 - our own words
        (tenant, *values),
    ).fetchone()
    if row is None:
        where_to_look = "in this dataset" if dataset_id is not None else "without ?dataset="
        message = f'There is no export "{shorten(name_or_id)}" {where_to_look}. Verify its name, or create it.'
        raise NotFoundError(message)
    return row


def _annotated_images(
    db: sqlite3.Connection, dataset_id: str, class_filter: list[str] | None
) -> list[tuple[sqlite3.Row, list[dict[str, Any]]]]:
    images: list[tuple[sqlite3.Row, list[dict[str, Any]]]] = []
    wanted = None if class_filter is None else frozenset(class_filter)
    for image in db.execute(
        "SELECT * FROM images WHERE dataset_id = ? AND annotation_count > 0 ORDER BY seq", (dataset_id,)
    ):
        annotations: list[dict[str, Any]] = json.loads(image["annotations"])
        kept = [entry for entry in annotations if wanted is None or entry["name"] in wanted]
        if kept:
            images.append((image, kept))
    return images


def _shown(row: sqlite3.Row, dataset_name: str) -> Export:
    return Export.of(row, organization_id=row["tenant"], dataset_name=dataset_name)
