"""Datasets: made, found by name or id, listed."""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import FromJson, Moment, Pagination, RowModel, insert, rows_of_page, shorten
from pictograph.exceptions import ConflictError, NotFoundError
from pictograph_server.names import Name, looks_like_id, new_id
from pictograph_server.store import Store

AnnotationType = Literal["bbox", "polygon", "polyline", "keypoint"]


class DatasetClass(BaseModel):
    """A class that the dataset's annotations may name."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    type: AnnotationType | None = None
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None


class NewDataset(BaseModel):
    """The body that makes a dataset."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    description: Annotated[str, Field(max_length=10_000)] | None = None
    annotation_types: list[AnnotationType] = ["bbox"]
    classes: Annotated[list[DatasetClass], Field(max_length=1000)] = []


class Dataset(RowModel):
    """A dataset as it travels."""

    id: str
    organization_id: str
    name: str
    description: str | None
    annotation_types: Annotated[list[str], FromJson]
    classes: Annotated[list[DatasetClass], FromJson]
    image_count: int
    completed_image_count: int
    total_size: int
    created_at: Moment
    updated_at: Moment


_WITH_COUNTERS = """(
    SELECT datasets.*,
        (SELECT count(*) FROM images WHERE dataset_id = datasets.id) AS image_count,
        (SELECT count(*) FROM images WHERE dataset_id = datasets.id AND annotation_count > 0) AS annotated_count,
        (SELECT coalesce(sum(file_size), 0) FROM images WHERE dataset_id = datasets.id) AS total_size
    FROM datasets
)"""
_ONE_WITH_COUNTERS = f"SELECT * FROM {_WITH_COUNTERS} WHERE id = ?"  # noqa: S608 - our own words


def create_dataset(store: Store, clock: WallClock, tenant: str, new: NewDataset) -> Dataset:
    """Make a dataset.

    Raises: ConflictError, if the tenant has one of that name.
    """
    with store.writing() as db:
        dataset_id = add_dataset(db, clock, tenant, new)
        return _shown(db.execute(_ONE_WITH_COUNTERS, (dataset_id,)).fetchone())


def add_dataset(db: sqlite3.Connection, clock: WallClock, tenant: str, new: NewDataset) -> str:
    """Make a dataset inside of a transaction; return its id.

    Raises: ConflictError.
    """
    refuse_taken_name(db, tenant, new.name)
    dataset_id = new_id()
    insert(
        db,
        "datasets",
        id=dataset_id,
        tenant=tenant,
        name=new.name,
        folded_name=new.name.casefold(),
        description=new.description,
        annotation_types=json.dumps(new.annotation_types),
        classes=json.dumps([entry.model_dump() for entry in new.classes]),
        created_at=clock.wall(),
    )
    return dataset_id


def refuse_taken_name(db: sqlite3.Connection, tenant: str, name: str) -> None:
    """Raise ConflictError if the tenant has a dataset of that name."""
    if db.execute("SELECT 1 FROM datasets WHERE tenant = ? AND name = ?", (tenant, name)).fetchone() is not None:
        message = f'A dataset named "{name}" exists. Use it, or take another name.'
        raise ConflictError(message, error_code="duplicate_name")


def get_dataset(store: Store, tenant: str, name_or_id: str) -> Dataset:
    """The dataset of that name or id.

    Raises: NotFoundError.
    """
    with store.reading() as db:
        dataset = find_dataset(db, tenant, name_or_id)
        return _shown(db.execute(_ONE_WITH_COUNTERS, (dataset["id"],)).fetchone())


def list_datasets(store: Store, tenant: str, limit: int, offset: int) -> tuple[list[Dataset], Pagination]:
    """One page of the tenant's datasets, newest first."""
    rows, pagination = rows_of_page(store, _WITH_COUNTERS, "tenant = ?", (tenant,), limit=limit, offset=offset)
    return [_shown(row) for row in rows], pagination


def find_dataset(db: sqlite3.Connection, tenant: str, name_or_id: str) -> sqlite3.Row:
    """The row of the dataset of that name or id.

    Raises: NotFoundError, which tells of a dataset whose name differs only by case.
    """
    column = "id" if looks_like_id(name_or_id) else "name"
    row: sqlite3.Row | None = db.execute(
        f"SELECT * FROM datasets WHERE tenant = ? AND {column} = ?",  # noqa: S608 - our own words
        (tenant, name_or_id.lower() if column == "id" else name_or_id),
    ).fetchone()
    if row is not None:
        return row
    similar = db.execute(
        "SELECT name FROM datasets WHERE tenant = ? AND folded_name = ? ORDER BY seq",
        (tenant, name_or_id.casefold()),
    ).fetchone()
    hint = f' Names are case-sensitive: there is "{similar["name"]}".' if similar is not None else ""
    raise NotFoundError(f'There is no dataset "{shorten(name_or_id)}".{hint} Verify with `pictograph datasets list`.')


def _shown(row: sqlite3.Row) -> Dataset:
    return Dataset.of(
        row,
        organization_id=row["tenant"],
        completed_image_count=row["annotated_count"],
        updated_at=row["created_at"],
    )
