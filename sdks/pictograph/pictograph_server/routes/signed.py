"""`/signed/`: where bytes go without an API key, because the URL itself is the permission."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, BinaryIO
from urllib.parse import quote

import anyio
from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from fastapi.responses import StreamingResponse

from failwell.server import DataFolder
from pictograph_server.downloads import open_download
from pictograph_server.rejections import invalid_field
from pictograph_server.services import Parts
from pictograph_server.uploads import accept_upload, open_upload

router = APIRouter(tags=["signed"])

_LONGEST_LENGTH = 18
"""Digits of a Content-Length that can be meant."""


@router.put("/signed/{upload_id}", operation_id="images.put", status_code=200)
async def put(
    parts: Parts,
    request: Request,
    upload_id: str,
    *,
    expires: int,
    signature: str,
    content_type: Annotated[str, Header()] = "",
) -> Response:
    """Take the bytes of an image."""
    await run_in_threadpool(
        open_upload,
        parts.store,
        parts.clock,
        upload_id,
        expires=expires,
        signature=signature,
        content_type=content_type,
    )
    most = parts.settings.max_image_bytes
    announced = request.headers.get("content-length", "")
    # Looked at first, so that what is too large is refused before it is sent.
    if announced.isdecimal() and (len(announced) > _LONGEST_LENGTH or int(announced) > most):
        raise _too_large(most)
    name, size = await _receive(parts.store.folder, request.stream(), most)
    # All bytes are here: a client that leaves now must not leave a file that nobody knows of.
    with anyio.CancelScope(shield=True):
        await run_in_threadpool(accept_upload, parts.store, upload_id, name, size)
    return Response(status_code=200)


@router.get("/signed/{export_id}", operation_id="exports.content")
def get(parts: Parts, export_id: str, *, expires: int, signature: str) -> StreamingResponse:
    """Give an export as a zip archive."""
    name, content = open_download(parts.store, parts.clock, export_id, expires=expires, signature=signature)
    # The name twice: in ASCII, and as it is (RFC 6266).
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in "-_." else "_" for c in name)
    names = f"attachment; filename=\"{plain}.zip\"; filename*=UTF-8''{quote(name, safe='')}.zip"
    return StreamingResponse(content, media_type="application/zip", headers={"Content-Disposition": names})


async def _receive(folder: DataFolder, chunks: AsyncIterator[bytes], most: int) -> tuple[str, int]:
    """Write *chunks* to a new file; return its name and size. Nothing is left of an upload that breaks off."""
    size = 0
    async with contextmanager_in_threadpool(folder.new_file()) as (name, file):
        async for chunk in chunks:
            size += len(chunk)
            if size > most:
                raise _too_large(most)
            await run_in_threadpool(_write, file, chunk)
    return name, size


def _write(file: BinaryIO, chunk: bytes) -> None:
    file.write(chunk)


def _too_large(most: int) -> Exception:
    return invalid_field(["body"], f"The file is larger than {most} bytes, the most we take", "file_too_large")
