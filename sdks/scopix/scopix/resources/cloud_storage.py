"""Cloud storage: buckets that files are imported from and exported to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from failwell.client import (
    Awaiting,
    Blocking,
    Resource,
    check_timeout,
    nothing,
    operation,
    path,
    resumable,
    several,
    wait_for,
)
from failwell.policy import Flow
from scopix.exceptions import CATALOGUE, ScopixTimeoutError
from scopix.models import Connection, Job, StoredObject
from scopix.resources._jobs import or_its_error

C = TypeVar("C", Blocking, Awaiting)


class CloudStorage(Resource[C], name="cloud_storage"):
    """Connections to buckets, and the jobs that copy files from and to them."""

    @operation
    def create_connection(
        self, provider: str, bucket: str, *, prefix: str = "", idempotency_key: str | None = None
    ) -> Flow[Connection]:
        """Connect a bucket of a provider: local, s3, gcs or azure; below *prefix* only. Raises: ValidationError."""
        return self.api.call(
            "POST",
            "/cloud-storage/connections",
            Connection,
            payload={"provider": provider, "bucket": bucket, "prefix": prefix},
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @operation
    def list_connections(self, *, limit: int = 100, offset: int = 0) -> Flow[list[Connection]]:
        """List one page of the connections."""
        params = {"limit": limit, "offset": offset}
        return self.api.call("GET", "/cloud-storage/connections", list[Connection], params=params)

    @operation
    def delete_connection(self, connection_id: str) -> Flow[None]:
        """Forget a connection; the bucket stays as it is. Raises: ResourceNotFoundError."""
        return self.api.call("DELETE", ("/cloud-storage/connections", connection_id), nothing, mutating=True)

    @operation
    def objects(self, connection_id: str, *, limit: int = 100, offset: int = 0) -> Flow[list[StoredObject]]:
        """List one page of what is in a bucket.

        Raises:
            ResourceNotFoundError: there is no such connection.
            ValidationError: there is no such bucket, or it is denied; `e.details["reason"]` says which.
        """
        params = {"limit": limit, "offset": offset}
        where = path("/cloud-storage/connections", connection_id, "objects")
        return self.api.call("GET", where, list[StoredObject], params=params)

    @operation
    def import_files(
        self, connection_id: str, files: Sequence[str], *, idempotency_key: str | None = None
    ) -> Flow[Job]:
        """Begin to import files, by their keys in the bucket. Raises: ResourceNotFoundError, ValidationError."""
        return self.api.call(
            "POST",
            "/cloud-storage/imports",
            Job,
            payload={"connection_id": connection_id, "files": several("files", files)},
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @operation
    def import_and_wait(
        self, connection_id: str, files: Sequence[str], *, timeout: float = 600.0, idempotency_key: str | None = None
    ) -> Flow[Job]:
        """Import files, and wait until they are there, for at most *timeout* seconds.

        Raises:
            CloudStorageError: the job failed or was canceled; `e.job_id`, `e.job_status` and `e.body_code` say more.
            ScopixTimeoutError: time is up; the job goes on. `e.resume_token` waits on.
            ResourceNotFoundError: there is no such connection.
        """
        check_timeout(CATALOGUE, timeout)
        job: Job = yield from CloudStorage.import_files.flow(
            self, connection_id, files, idempotency_key=idempotency_key
        )
        return (yield from CloudStorage.wait_for_job.flow(self, job.id, timeout=timeout))

    @operation
    def export_files(
        self, connection_id: str, file_ids: Sequence[str], *, prefix: str = "", idempotency_key: str | None = None
    ) -> Flow[Job]:
        """Begin to export files to the bucket, below *prefix*. Raises: ResourceNotFoundError, ValidationError."""
        return self.api.call(
            "POST",
            "/cloud-storage/exports",
            Job,
            payload={"connection_id": connection_id, "file_ids": several("file_ids", file_ids), "prefix": prefix},
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @operation
    def export_and_wait(
        self,
        connection_id: str,
        file_ids: Sequence[str],
        *,
        prefix: str = "",
        timeout: float = 600.0,
        idempotency_key: str | None = None,
    ) -> Flow[Job]:
        """Export files, and wait until they are there, for at most *timeout* seconds.

        Raises:
            CloudStorageError, ScopixTimeoutError, ResourceNotFoundError: as in `import_and_wait`.
        """
        check_timeout(CATALOGUE, timeout)
        job: Job = yield from CloudStorage.export_files.flow(
            self, connection_id, file_ids, prefix=prefix, idempotency_key=idempotency_key
        )
        return (yield from CloudStorage.wait_for_job.flow(self, job.id, timeout=timeout))

    @operation
    def get_job(self, job_id: str) -> Flow[Job]:
        """Look at a job. Raises: ResourceNotFoundError."""
        return self.api.call("GET", ("/cloud-storage/jobs", job_id), Job)

    @operation
    def cancel_job(self, job_id: str) -> Flow[Job]:
        """Cancel a job that has not ended. Raises: ResourceNotFoundError."""
        return self.api.call("POST", ("/cloud-storage/jobs", job_id, "cancel"), Job, mutating=True)

    @operation
    @resumable(ScopixTimeoutError, on="poll_timeout")
    def wait_for_job(self, job_id: str, *, timeout: float = 600.0, poll_interval: float = 1.0) -> Flow[Job]:
        """Wait until a job has ended well, for at most *timeout* seconds.

        Raises:
            CloudStorageError: it failed or was canceled; `e.job_id`, `e.job_status` and `e.body_code` say more.
            ScopixTimeoutError: time is up; the job goes on. `e.last_result` is how it was last seen.
            ResourceNotFoundError: there is no such job.
        """
        job = yield from wait_for(self, CloudStorage.get_job, job_id, timeout=timeout, poll_interval=poll_interval)
        return or_its_error(self, job, job_id=job.id, job_status=job.status)
