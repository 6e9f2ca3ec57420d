"""S3 connector: whole buckets of S3, copied by a job."""

from __future__ import annotations

from typing import TypeVar

from failwell.client import (
    Awaiting,
    Blocking,
    Resource,
    operation,
    resumable,
    wait_for,
)
from failwell.policy import Flow
from scopix.exceptions import ScopixTimeoutError
from scopix.models import Job
from scopix.resources._jobs import or_its_error

C = TypeVar("C", Blocking, Awaiting)


class S3Connector(Resource[C], name="s3_connector"):
    """Jobs that copy what a bucket has."""

    @operation
    def start_job(self, bucket: str, *, prefix: str = "", idempotency_key: str | None = None) -> Flow[Job]:
        """Begin to copy what a bucket has below *prefix*. Raises: ValidationError."""
        return self.api.call(
            "POST",
            "/s3-connector/jobs",
            Job,
            payload={"bucket": bucket, "prefix": prefix},
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @operation
    def get_job(self, job_id: str) -> Flow[Job]:
        """Look at a job. Raises: ResourceNotFoundError."""
        return self.api.call("GET", ("/s3-connector/jobs", job_id), Job)

    @operation
    def list_jobs(self, *, limit: int = 100, offset: int = 0) -> Flow[list[Job]]:
        """List one page of the jobs, newest first."""
        params = {"limit": limit, "offset": offset}
        return self.api.call("GET", "/s3-connector/jobs", list[Job], params=params)

    @operation
    @resumable(ScopixTimeoutError, on="poll_timeout")
    def wait_for_job(self, job_id: str, *, timeout: float = 600.0, poll_interval: float = 1.0) -> Flow[Job]:
        """Wait until a job has ended well, for at most *timeout* seconds.

        Raises:
            S3ConnectorError: it failed or was canceled; `e.job_id`, `e.job_status` and `e.body_code` say more.
            ScopixTimeoutError: time is up; the job goes on. `e.last_result` is how it was last seen.
            ResourceNotFoundError: there is no such job.
        """
        job = yield from wait_for(self, S3Connector.get_job, job_id, timeout=timeout, poll_interval=poll_interval)
        return or_its_error(self, job, job_id=job.id, job_status=job.status)
