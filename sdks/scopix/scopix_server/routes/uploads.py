"""`/uploads`: sessions, and the bytes of the files that belong to one."""

from __future__ import annotations

from typing import Annotated

import anyio
from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from failwell.server import CurrentCaller, CurrentWriter, SubmissionKey
from scopix_server.files.files import File
from scopix_server.files.uploads import NewSession, Session, Uploads
from scopix_server.names import Filename
from scopix_server.receiving import BYTES, announced, receive
from scopix_server.services import Parts, Services

router = APIRouter(prefix="/uploads", tags=["files"])


@router.post("", operation_id="files.create_session", status_code=201)
def create(caller: CurrentWriter, parts: Parts, body: NewSession, key: SubmissionKey) -> Session:
    """Open a session for some files."""
    return _uploads(parts).open(caller.tenant, body, key)


@router.get("/{session_id}", operation_id="files.get_session", response_model=Session)
def get(caller: CurrentCaller, parts: Parts, session_id: str) -> StreamingResponse:
    """Get a session, with the files that have arrived."""
    return StreamingResponse(_uploads(parts).get(caller.tenant, session_id), media_type="application/json")


@router.put("/{session_id}/files", operation_id="files.upload", status_code=201, openapi_extra=BYTES)
async def put(
    caller: CurrentWriter,
    parts: Parts,
    request: Request,
    *,
    session_id: str,
    filename: Annotated[Filename, Query()],
    key: SubmissionKey,
) -> File:
    """Take the bytes of an image. It is described after this answer, if its session says so."""
    uploads = _uploads(parts)
    await run_in_threadpool(uploads.begin, caller.tenant, session_id, announced(request), key)
    received = await receive(parts.store.folder, filename, request.stream())
    file: File | None = None
    # All bytes are here: a client that leaves now must not leave a file that nobody knows of.
    with anyio.CancelScope(shield=True):
        file = await run_in_threadpool(uploads.accept, caller.tenant, session_id, received, key)
    assert file is not None  # for type checkers: the scope swallows nothing
    if file.description_status == "pending":
        parts.jobs.nudge()
    return file


def _uploads(parts: Services) -> Uploads:
    return Uploads(parts.store, parts.clock, parts.settings)
