"""`/cloud-storage` and `/s3-connector`."""

from __future__ import annotations

from fastapi import APIRouter, Response

from failwell.server import CurrentCaller, CurrentWriter, Offset, PageLimit, PageReply, SubmissionKey
from scopix_server.cloud.connections import (
    Connection,
    NewConnection,
    ObjectEntry,
    create_connection,
    delete_connection,
    list_connections,
    list_objects,
)
from scopix_server.cloud.jobs import (
    CloudJob,
    NewExport,
    NewImport,
    NewS3Job,
    S3Job,
    cancel_cloud_job,
    get_cloud_job,
    get_s3_job,
    list_s3_jobs,
    start_export,
    start_import,
    start_s3_job,
)
from scopix_server.services import Parts

router = APIRouter(tags=["cloud_storage"])


@router.post("/cloud-storage/connections", operation_id="cloud_storage.create_connection", status_code=201)
def create(caller: CurrentWriter, parts: Parts, body: NewConnection, key: SubmissionKey) -> Connection:
    """Make a connection to a bucket."""
    return create_connection(parts.store, parts.clock, caller.tenant, body, key)


@router.get("/cloud-storage/connections", operation_id="cloud_storage.list_connections")
def list_(caller: CurrentCaller, parts: Parts, limit: PageLimit = 100, offset: Offset = 0) -> PageReply[Connection]:
    """List the connections of the account, newest first."""
    data, pagination = list_connections(parts.store, caller.tenant, limit=limit, offset=offset)
    return PageReply(data=data, pagination=pagination)


@router.delete(
    "/cloud-storage/connections/{connection_id}", operation_id="cloud_storage.delete_connection", status_code=204
)
def delete(caller: CurrentWriter, parts: Parts, connection_id: str, key: SubmissionKey) -> Response:
    """Delete a connection; its jobs go on."""
    delete_connection(parts.store, parts.clock, caller.tenant, connection_id, key)
    return Response(status_code=204)


@router.get("/cloud-storage/connections/{connection_id}/objects", operation_id="cloud_storage.objects")
def objects(
    caller: CurrentCaller, parts: Parts, connection_id: str, limit: PageLimit = 100, offset: Offset = 0
) -> PageReply[ObjectEntry]:
    """List the objects that a connection reaches."""
    data, pagination = list_objects(
        parts.store, parts.settings, caller.tenant, connection_id, limit=limit, offset=offset
    )
    return PageReply(data=data, pagination=pagination)


@router.post("/cloud-storage/imports", operation_id="cloud_storage.import_files", status_code=202)
def import_(caller: CurrentWriter, parts: Parts, body: NewImport, key: SubmissionKey) -> CloudJob:
    """Import objects as files; the answer does not wait for the end."""
    parts.admit()
    job = start_import(parts.store, parts.clock, caller, body, key)
    parts.jobs.nudge()
    return job


@router.post("/cloud-storage/exports", operation_id="cloud_storage.export_files", status_code=202)
def export(caller: CurrentWriter, parts: Parts, body: NewExport, key: SubmissionKey) -> CloudJob:
    """Export files as objects; the answer does not wait for the end."""
    parts.admit()
    job = start_export(parts.store, parts.clock, caller, body, key)
    parts.jobs.nudge()
    return job


@router.get("/cloud-storage/jobs/{job_id}", operation_id="cloud_storage.get_job")
def get_job(caller: CurrentCaller, parts: Parts, job_id: str) -> CloudJob:
    """Get an import or an export by its id."""
    return get_cloud_job(parts.store, caller.tenant, job_id)


@router.post("/cloud-storage/jobs/{job_id}/cancel", operation_id="cloud_storage.cancel_job")
def cancel(caller: CurrentWriter, parts: Parts, job_id: str) -> CloudJob:
    """End a job before its next item. One that has ended is returned as it is, so a cancel may be repeated."""
    return cancel_cloud_job(parts.store, caller.tenant, job_id)


@router.post("/s3-connector/jobs", operation_id="s3_connector.start_job", status_code=202)
def start_s3(caller: CurrentWriter, parts: Parts, body: NewS3Job, key: SubmissionKey) -> S3Job:
    """Import all pictures and documents of a bucket; the answer does not wait for the end."""
    parts.admit()
    job = start_s3_job(parts.store, parts.clock, caller, body, key)
    parts.jobs.nudge()
    return job


@router.get("/s3-connector/jobs", operation_id="s3_connector.list_jobs")
def list_s3(caller: CurrentCaller, parts: Parts, limit: PageLimit = 100, offset: Offset = 0) -> PageReply[S3Job]:
    """List the S3 connector jobs of the account, newest first."""
    data, pagination = list_s3_jobs(parts.store, caller.tenant, limit=limit, offset=offset)
    return PageReply(data=data, pagination=pagination)


@router.get("/s3-connector/jobs/{job_id}", operation_id="s3_connector.get_job")
def get_s3(caller: CurrentCaller, parts: Parts, job_id: str) -> S3Job:
    """Get an S3 connector job by its id."""
    return get_s3_job(parts.store, caller.tenant, job_id)
