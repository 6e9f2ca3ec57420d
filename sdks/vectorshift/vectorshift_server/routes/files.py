"""`/files`, and the signed URLs that take their bytes without an API key."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import anyio
from fastapi import APIRouter, Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool

from vectorshift_server.knowledge import files
from vectorshift_server.knowledge.files import FileMade, NewFile, NewUpload, UploadTarget
from vectorshift_server.objects import Done
from vectorshift_server.services import CurrentUser, Parts

router = APIRouter(prefix="/files", tags=["files"])
signed = APIRouter(tags=["files"])

BYTES: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}
"""How a document says that the body of a request is a file."""


@router.post("/presigned-upload-url", operation_id="files.offer")
def offer(user: CurrentUser, parts: Parts, request: Request, body: NewUpload) -> UploadTarget:
    """Ask for a URL that takes the bytes of a file."""
    path, key = files.offer(parts.store, parts.clock, parts.settings, user, body)
    return UploadTarget(presigned_url=f"{str(request.base_url).rstrip('/')}{path}", s3_key=key)


@router.post("/", operation_id="files.make")
def make(user: CurrentUser, parts: Parts, body: NewFile) -> FileMade:
    """Make a file of what was uploaded."""
    return FileMade(file_id=files.make(parts.store, user, body))


@signed.put("/signed/{file_id}", operation_id="files.put", openapi_extra=BYTES)
async def put(parts: Parts, request: Request, file_id: str, expires: int, signature: str) -> Done:
    """Take the bytes of a file."""
    check = partial(files.check_url, parts.store, parts.clock, file_id, expires=expires, signature=signature)
    await run_in_threadpool(check)
    digest, size = hashlib.sha256(), 0
    async with contextmanager_in_threadpool(parts.store.folder.new_file()) as (name, file):
        async for chunk in request.stream():
            size += len(chunk)
            digest.update(chunk)
            await run_in_threadpool(file.write, chunk)
    # All bytes are here: a client that leaves now must not leave a file that nobody knows of.
    with anyio.CancelScope(shield=True):
        await run_in_threadpool(files.accept, parts.store, file_id, (name, size, digest.hexdigest()))
    return Done()
