"""Connections to buckets: how an account reaches objects that lie elsewhere."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import (
    Moment,
    Pagination,
    RowModel,
    Submission,
    find_row,
    find_submission,
    insert,
    page_of,
    rows_of_page,
)
from scopix.exceptions import ValidationError
from scopix_server.deletions import deleted_before, note_deletion
from scopix_server.engine.buckets import Bucket, BucketError, check_bucket, check_key, check_prefix
from scopix_server.jobs import no_such
from scopix_server.names import new_id
from scopix_server.settings import Settings
from scopix_server.store import Store

BucketName = Annotated[str, AfterValidator(check_bucket)]
Key = Annotated[str, Field(min_length=1), AfterValidator(check_key)]
Prefix = Annotated[str, AfterValidator(check_prefix)]


class NewConnection(BaseModel):
    """The body that makes a connection. Whether the bucket is there shows when it is used."""

    model_config = ConfigDict(extra="forbid")

    provider: Literal["local", "s3", "gcs", "azure"]
    bucket: BucketName
    prefix: Prefix = ""


class Connection(RowModel):
    """A connection as it travels."""

    id: str
    provider: str
    bucket: str
    prefix: str
    created_at: Moment


class ObjectEntry(BaseModel):
    """An object as it travels."""

    key: str
    size: int
    last_modified: Moment


def bucket_of(store: Store, settings: Settings, name: str) -> Bucket:
    """The bucket *name*. Raises: BucketError."""
    root = store.folder.path / "buckets" if settings.bucket_root is None else Path(settings.bucket_root)
    return Bucket(root, name, settings.denied_buckets)


def create_connection(
    store: Store, clock: WallClock, tenant: str, new: NewConnection, key: Submission | None
) -> Connection:
    """Make a connection, or return that which *key* has made."""
    with store.writing() as db:
        connection_id = find_submission(db, "connections", clock, tenant, key)
        if connection_id is None:
            connection_id = new_id("conn")
            insert(
                db,
                "connections",
                id=connection_id,
                tenant=tenant,
                idempotency_key=key,
                created_at=clock.wall(),
                **new.model_dump(),
            )
        return Connection.of(find_connection(db, tenant, connection_id))


def list_connections(store: Store, tenant: str, *, limit: int, offset: int) -> tuple[list[Connection], Pagination]:
    """One page of the connections of *tenant*, newest first."""
    rows, pagination = rows_of_page(store, "connections", "tenant = ?", [tenant], limit=limit, offset=offset)
    return [Connection.of(row) for row in rows], pagination


def delete_connection(store: Store, clock: WallClock, tenant: str, connection_id: str, key: Submission | None) -> None:
    """Delete a connection; its jobs go on. Raises: ResourceNotFoundError."""
    with store.writing() as db:
        if not deleted_before(db, clock, tenant, key):
            find_connection(db, tenant, connection_id)
            db.execute("DELETE FROM connections WHERE id = ?", (connection_id,))
            note_deletion(db, clock, tenant, connection_id, key)


def list_objects(
    store: Store, settings: Settings, tenant: str, connection_id: str, *, limit: int, offset: int
) -> tuple[list[ObjectEntry], Pagination]:
    """One page of the objects of a connection, by their keys. Raises: ResourceNotFoundError, ValidationError."""
    with store.reading() as db:
        row = find_connection(db, tenant, connection_id)
    try:
        found = bucket_of(store, settings, row["bucket"]).objects(row["prefix"])
    except BucketError as problem:
        details = {"field": "connection_id", "reason": problem.code}
        raise ValidationError(problem.message, details=details) from problem
    page, pagination = page_of(found, limit=limit, offset=offset)
    return [ObjectEntry.model_validate(vars(one)) for one in page], pagination


def find_connection(db: sqlite3.Connection, tenant: str, connection_id: str) -> sqlite3.Row:
    """The row of the connection of that id. Raises: ResourceNotFoundError."""
    row = find_row(db, "connections", tenant, connection_id)
    if row is None:
        no_such("connection", connection_id, "Verify the id with `cloud_storage.list_connections`.")
    return row
