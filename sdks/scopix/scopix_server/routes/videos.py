"""`/videos` and `/video-analysis`."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from failwell.server import CurrentCaller, CurrentWriter, SubmissionKey
from scopix_server.receiving import receive
from scopix_server.rejections import refuse_field
from scopix_server.services import Parts
from scopix_server.videos.analyses import Analysis, Retry, get_analysis, retry_analysis, start_analysis
from scopix_server.videos.uploads import (
    NewVideo,
    Video,
    accept_chunk,
    begin_video,
    complete_video,
    delete_video,
    expected_size,
    get_video,
)

router = APIRouter(tags=["video_analysis"])

_DIGEST = re.compile(r"(?:^|,)\s*sha-256\s*=\s*:([A-Za-z0-9+/=]*):")


@router.post("/videos", operation_id="video_analysis.create", status_code=201)
def create(caller: CurrentWriter, parts: Parts, body: NewVideo, response: Response) -> Video:
    """Begin an upload, or go on with the one of the same content."""
    video, new = begin_video(parts.store, parts.clock, parts.settings, caller.tenant, body)
    if not new:
        response.status_code = 200
    return video


@router.get("/videos/{media_id}", operation_id="video_analysis.get")
def get(caller: CurrentCaller, parts: Parts, media_id: str) -> Video:
    """Get a video by its id."""
    return get_video(parts.store, caller.tenant, media_id)


@router.delete("/videos/{media_id}", operation_id="video_analysis.delete", status_code=204)
def delete(caller: CurrentWriter, parts: Parts, media_id: str, key: SubmissionKey) -> Response:
    """Delete a video, or what has arrived of it."""
    delete_video(parts.store, parts.clock, caller.tenant, media_id, key)
    return Response(status_code=204)


@router.put("/videos/{media_id}/chunks/{index}", operation_id="video_analysis.put_chunk")
async def put_chunk(
    caller: CurrentWriter,
    parts: Parts,
    request: Request,
    *,
    media_id: str,
    index: Annotated[int, Path(ge=0, le=2**53)],
    content_digest: Annotated[str, Header()] = "",
) -> Video:
    """Take a chunk."""
    store, tenant = parts.store, caller.tenant
    digest = _digest(content_digest)
    await run_in_threadpool(expected_size, store, tenant, media_id, index)
    received = await receive(store.folder, media_id, request.stream())

    def accept() -> Video:
        sha256 = bytes.fromhex(received.sha256)
        return accept_chunk(
            store, tenant, media_id, index, file=received.file, size=received.size, sha256=sha256, digest=digest
        )

    # All bytes are here: a client that leaves now must not leave a file that nobody knows of.
    video: Video | None = None
    with anyio.CancelScope(shield=True):
        video = await run_in_threadpool(accept)
    assert video is not None  # for type checkers: the scope swallows nothing
    return video


@router.post("/videos/{media_id}/complete", operation_id="video_analysis.complete")
def complete(caller: CurrentWriter, parts: Parts, media_id: str) -> Video:
    """Put the chunks together, and check the whole."""
    return complete_video(parts.store, parts.clock, parts.settings, caller.tenant, media_id)


@router.post("/videos/{media_id}/analyses", operation_id="video_analysis.analyze", status_code=202)
def analyze(caller: CurrentWriter, parts: Parts, media_id: str, key: SubmissionKey) -> Analysis:
    """Analyse a video; the answer does not wait for the end."""
    parts.admit("Analyses")
    job = start_analysis(parts.store, parts.clock, caller, media_id, key)
    parts.jobs.nudge()
    return job


@router.get("/video-analysis/jobs/{job_id}", operation_id="video_analysis.get_job")
def get_job(caller: CurrentCaller, parts: Parts, job_id: str) -> Analysis:
    """Get an analysis by its id."""
    return get_analysis(parts.store, caller.tenant, job_id)


@router.post("/video-analysis/jobs/{job_id}/retry", operation_id="video_analysis.retry", status_code=202)
def retry(caller: CurrentWriter, parts: Parts, job_id: str, body: Retry, key: SubmissionKey) -> Analysis:
    """Analyse a video once more, as a new job."""
    parts.admit("Analyses")
    job = retry_analysis(parts.store, parts.clock, caller, job_id=job_id, media_id=body.media_id, key=key)
    parts.jobs.nudge()
    return job


def _digest(header: str) -> bytes | None:
    """The SHA-256 that a Content-Digest (RFC 9530) has; None if it has none, or only others."""
    found = _DIGEST.search(header)
    if found is None:
        if header and "sha-256" in header:
            refuse_field(["header", "content-digest"], "It must have the form sha-256=:BASE64:", "digest_invalid")
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        refuse_field(["header", "content-digest"], "A SHA-256 has 32 bytes, in base64", "digest_invalid")
    return digest
