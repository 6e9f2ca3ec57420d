"""`/files`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from failwell.server import CurrentCaller, CurrentWriter, Offset, PageLimit, PageReply, SubmissionKey
from scopix_server.files.descriptions import Describing
from scopix_server.files.files import File, Kind, content_of, delete_file, get_file, list_files
from scopix_server.services import Parts

router = APIRouter(prefix="/files", tags=["files"])

BINARY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
"""How a document says that an answer is bytes."""

_PIECE = 256 * 1024


@router.get("", operation_id="files.list")
def list_(
    caller: CurrentCaller, parts: Parts, *, kind: Kind | None = None, limit: PageLimit = 100, offset: Offset = 0
) -> PageReply[File]:
    """List the files of the account, newest first."""
    data, pagination = list_files(parts.store, caller.tenant, kind=kind, limit=limit, offset=offset)
    return PageReply(data=data, pagination=pagination)


@router.get("/{file_id}", operation_id="files.get")
def get(caller: CurrentCaller, parts: Parts, file_id: str) -> File:
    """Get a file by its id; a document, too."""
    return get_file(parts.store, caller.tenant, file_id)


@router.delete("/{file_id}", operation_id="files.delete", status_code=204)
def delete(caller: CurrentWriter, parts: Parts, file_id: str, key: SubmissionKey) -> Response:
    """Delete a file."""
    delete_file(parts.store, parts.clock, caller.tenant, file_id, key)
    return Response(status_code=204)


@router.get("/{file_id}/content", operation_id="files.content", response_class=Response, responses=BINARY)
def content(caller: CurrentCaller, parts: Parts, file_id: str) -> Response:
    """The bytes of a file, as they came."""
    row, file = content_of(parts.store, caller.tenant, file_id)
    return StreamingResponse(
        _pieces(file), media_type=row["content_type"], headers={"Content-Length": str(row["size"])}
    )


@router.post("/{file_id}/description", operation_id="files.describe")
def describe(caller: CurrentWriter, parts: Parts, file_id: str) -> File:
    """Describe an image now; the answer waits for the vision provider."""
    return Describing(parts.store, parts.settings, parts.provider).describe_now(caller.tenant, file_id)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
