"""Jobs between buckets and the account's files: accepted, looked at, listed, cancelled."""

from __future__ import annotations

import re
import sqlite3
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import Caller, Pagination, Submission, rows_of_page
from scopix_server.cloud.connections import BucketName, Key, Prefix, find_connection
from scopix_server.engine.buckets import check_key
from scopix_server.files.files import find_file
from scopix_server.jobs import Job, add_job, cancel_job, find_job
from scopix_server.store import Store

MOST_ITEMS = 10_000

_LONGEST_NAME = 200
"""Bytes of a name that becomes a key: buckets need some more for a file that is not whole yet."""


class NewImport(BaseModel):
    """The body that imports objects as *files*, by their keys."""

    model_config = ConfigDict(extra="forbid")

    connection_id: str
    files: Annotated[list[Key], Field(min_length=1, max_length=MOST_ITEMS)]


class NewExport(BaseModel):
    """The body that exports files, to keys below *prefix*."""

    model_config = ConfigDict(extra="forbid")

    connection_id: str
    file_ids: Annotated[list[str], Field(min_length=1, max_length=MOST_ITEMS)]
    prefix: Prefix = ""


class NewS3Job(BaseModel):
    """The body that imports all pictures and documents of a bucket."""

    model_config = ConfigDict(extra="forbid")

    bucket: BucketName
    prefix: Prefix = ""


class CloudJob(Job):
    """A cloud storage job as it travels."""

    kind: Literal["import", "export"]
    connection_id: str


class S3Job(Job):
    """An S3 connector job as it travels."""

    bucket: str


def start_import(store: Store, clock: WallClock, caller: Caller, new: NewImport, key: Submission | None) -> CloudJob:
    """Accept an import. Raises: ResourceNotFoundError."""
    with store.writing() as db:
        connection = find_connection(db, caller.tenant, new.connection_id)
        asked = {"bucket": connection["bucket"], "prefix": connection["prefix"], "items": new.files}
        return _cloud(add_job(db, clock, caller, kind="import", about=new.connection_id, asked=asked, key=key))


def start_export(store: Store, clock: WallClock, caller: Caller, new: NewExport, key: Submission | None) -> CloudJob:
    """Accept an export of files that are there. Raises: ResourceNotFoundError."""
    with store.writing() as db:
        connection = find_connection(db, caller.tenant, new.connection_id)
        files = [find_file(db, caller.tenant, file_id) for file_id in dict.fromkeys(new.file_ids)]
        prefix = "/".join(filter(None, (connection["prefix"], new.prefix)))
        items = [[file["id"], key] for file, key in zip(files, _keys(prefix, files), strict=True)]
        asked = {"bucket": connection["bucket"], "items": items}
        return _cloud(add_job(db, clock, caller, kind="export", about=new.connection_id, asked=asked, key=key))


def get_cloud_job(store: Store, tenant: str, job_id: str) -> CloudJob:
    """The import or export of that id. Raises: ResourceNotFoundError."""
    with store.reading() as db:
        return _cloud(find_job(db, tenant, job_id, ["import", "export"]))


def cancel_cloud_job(store: Store, tenant: str, job_id: str) -> CloudJob:
    """End a job before its next item. What was done stays, and so does a job that has ended.

    Raises: ResourceNotFoundError.
    """
    with store.writing() as db:
        find_job(db, tenant, job_id, ["import", "export"])
        return _cloud(cancel_job(db, job_id))


def start_s3_job(store: Store, clock: WallClock, caller: Caller, new: NewS3Job, key: Submission | None) -> S3Job:
    """Accept an import of a whole bucket; whether there is such a bucket, the job says."""
    with store.writing() as db:
        return _s3(add_job(db, clock, caller, kind="s3", about=new.bucket, asked=new.model_dump(), key=key))


def get_s3_job(store: Store, tenant: str, job_id: str) -> S3Job:
    """The S3 connector job of that id. Raises: ResourceNotFoundError."""
    with store.reading() as db:
        return _s3(find_job(db, tenant, job_id, ["s3"]))


def list_s3_jobs(store: Store, tenant: str, *, limit: int, offset: int) -> tuple[list[S3Job], Pagination]:
    """One page of the S3 connector jobs of *tenant*, newest first."""
    where = "tenant = ? AND kind = 's3'"
    rows, pagination = rows_of_page(store, "jobs", where, [tenant], limit=limit, offset=offset)
    return [_s3(row) for row in rows], pagination


def _keys(prefix: str, files: list[sqlite3.Row]) -> list[str]:
    """The key of each of *files*: its name where that is a key that no other has, or else its id."""
    keys: list[str] = []
    for file in files:
        name = re.sub(r"[/\\]", "_", file["filename"])
        try:
            key = check_key("/".join(filter(None, (prefix, name))))
        except ValueError:
            key = ""
        if not key or key in keys or len(name.encode()) > _LONGEST_NAME:
            suffix = re.fullmatch(r"\.\w{1,10}", PurePath(name).suffix)
            key = "/".join(filter(None, (prefix, file["id"] + (suffix[0] if suffix else ""))))
        keys.append(key)
    return keys


def _cloud(row: sqlite3.Row) -> CloudJob:
    return CloudJob.of(row, connection_id=row["about"])


def _s3(row: sqlite3.Row) -> S3Job:
    return S3Job.of(row, bucket=row["about"])
