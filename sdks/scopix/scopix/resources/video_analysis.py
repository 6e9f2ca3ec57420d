"""Videos: uploaded in chunks, and analysed scene by scene."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from failwell.client import (
    Awaiting,
    Blocking,
    Resource,
    chunked_upload,
    nothing,
    operation,
    resumable,
    wait_for,
)
from failwell.policy import Flow, UploadProgress
from scopix.exceptions import ScopixError, ScopixTimeoutError
from scopix.models import Job, Video
from scopix.resources._jobs import or_its_error
from scopix.uploads.video import VideoUpload

C = TypeVar("C", Blocking, Awaiting)


class VideoAnalysis(Resource[C], name="video_analysis"):
    """Videos and their analyses."""

    @operation
    @resumable()
    def upload(
        self,
        file: str | os.PathLike[str],
        *,
        progress: UploadProgress | None = None,
        resume_token: str | None = None,
        on_token: Callable[[str], object] | None = None,
    ) -> Flow[Video]:
        """Upload a video in chunks, each read as it is sent, and checked by hash there.

        After a failure, and in another process, the same call goes on from where the server stands: it knows the file
        by its hash. *progress* is told how many bytes the server has, and how many there are. With the *resume_token*
        that *on_token* was told, or an error has, the file need not be hashed again.

        Raises:
            VideoUploadError: it failed, or the file cannot be read; `e.stage` is "initiate", "chunk_upload" or
                "complete", `e.media_id` the video, and `e.partial_chunks` how many chunks the server has.
            QuotaExceededError: the storage is used up.
        """
        name = Path(file).name
        upload = VideoUpload(self.api, name, mimetypes.guess_type(name)[0] or "application/octet-stream")
        try:
            return (
                yield from chunked_upload(
                    self.core,
                    self.operation_name,
                    file,
                    upload.how(),
                    argument="file",
                    arguments={},
                    resume_token=resume_token,
                    progress=progress,
                    on_token=on_token,
                )
            )
        except (ScopixError, OSError) as met:
            error = upload.error(met)
        raise error from error.__cause__

    @operation
    def get(self, media_id: str) -> Flow[Video]:
        """Get a video, or how much of it has been uploaded. Raises: ResourceNotFoundError."""
        return self.api.call("GET", ("/videos", media_id), Video)

    @operation
    def delete(self, media_id: str) -> Flow[None]:
        """Delete a video, or what has been uploaded of it; its storage is free again.

        Raises:
            ResourceNotFoundError: there is no such video.
            ScopixError: an analysis of it has not ended ("CONFLICT").
        """
        return self.api.call("DELETE", ("/videos", media_id), nothing, mutating=True)

    @operation
    def analyze(self, media_id: str, *, idempotency_key: str | None = None) -> Flow[Job]:
        """Begin to analyse a video. Raises: ResourceNotFoundError."""
        return self.api.call(
            "POST", ("/videos", media_id, "analyses"), Job, mutating=True, idempotency_key=idempotency_key
        )

    @operation
    def get_job(self, job_id: str) -> Flow[Job]:
        """Look at an analysis. Raises: ResourceNotFoundError."""
        return self.api.call("GET", ("/video-analysis/jobs", job_id), Job)

    @operation
    @resumable(ScopixTimeoutError, on="poll_timeout")
    def wait_for_completion(self, job_id: str, *, timeout: float = 600.0, poll_interval: float = 1.0) -> Flow[Job]:
        """Wait until an analysis has ended well, for at most *timeout* seconds.

        Raises:
            VideoAnalysisError: it failed; `e.media_id`, `e.analysis_job_id` and `e.status` say which, and how.
            ScopixTimeoutError: time is up; it goes on. `e.last_result` is how it was last seen.
            ResourceNotFoundError: there is no such analysis.
        """
        job = yield from wait_for(
            self, VideoAnalysis.get_job, job_id, timeout=timeout, poll_interval=poll_interval, noun="Analysis"
        )
        details = {"media_id": job.media_id, "analysis_job_id": job.id, "status": job.status}
        return or_its_error(self, job, **details)

    @operation
    def retry(
        self, analysis_job_id: str | None, media_id: str | None, *, idempotency_key: str | None = None
    ) -> Flow[Job]:
        """Analyse a video again whose analysis failed: `retry(e.analysis_job_id, e.media_id)`; a new job.

        Raises:
            ResourceNotFoundError: there is no such analysis or video.
            ValidationError: it did not fail.
        """
        return self.api.call(
            "POST",
            ("/video-analysis/jobs", analysis_job_id or "", "retry"),
            Job,
            payload={"media_id": media_id},
            mutating=True,
            idempotency_key=idempotency_key,
        )
