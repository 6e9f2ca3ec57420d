"""Uploads of files: the API says where to, the storage takes the bytes, the API is told of them."""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from failwell.client import configuration_problem, in_thread, naming, nothing, upload_source
from vectorshift.exceptions import CATALOGUE
from vectorshift.objects import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from failwell.client import Api
    from failwell.policy import Flow
    from failwell.wire import Reply

Uploadable = str | os.PathLike[str] | IO[bytes]
"""A path, or a file that is open for reading bytes."""

UNKNOWN = "application/octet-stream"


class _Target:
    """Where the bytes go, and what the API is to be told of them then."""

    def __init__(self, reply: Reply) -> None:
        self.presigned_url = str(answer(reply, "presigned_url"))
        self.key = str(answer(reply, "s3_key"))


def uploaded(api: Api, file: Uploadable) -> Flow[dict[str, Any]]:
    """Upload *file*; what the API calls it.

    Raises:
        OSError: it is not there, or may not be read.
        VectorshiftError: nothing is in it.
    """
    source = yield from in_thread(lambda: upload_source(api.core, file))
    size, name = source.size, Path(source.name or "file").name
    if not size:
        raise configuration_problem(CATALOGUE, f'"{name}" is empty, or its size is not known; nothing was sent.')
    content = source.content(0, size)
    digest = yield from in_thread(lambda: _digest(content))
    kind = guess_type(name)[0] or UNKNOWN
    about = {"name": name, "mime_type": kind, "content_hash": digest.hex(), "path": name}
    asked = {"file_name": name, "file_size": size, "mime_type": kind, "content_hash": digest.hex()}
    target = yield from api.call(
        "POST",
        "/files/presigned-upload-url",
        naming(_Target, "presigned_url"),
        payload={**asked, "is_permanent": True},
    )
    yield from api.call(
        "PUT",
        target.presigned_url,
        nothing,
        content=source.content(0, size),
        headers=(
            ("Content-Type", kind),
            ("Content-Length", str(size)),
            ("x-amz-checksum-sha256", b64encode(digest).decode()),
        ),
        with_credentials=False,
    )
    file_id = yield from api.call(
        "POST",
        "/files/",
        lambda reply: str(answer(reply, "file_id")),
        payload={"s3_key": target.key, "metadata": about},
    )
    return {"id": file_id, "s3_key": target.key, "metadata": about}


def _digest(content: bytes | Iterable[bytes] | Callable[[], Iterable[bytes]]) -> bytes:
    """The SHA-256 of what is sent."""
    hashed = sha256()
    pieces = content() if callable(content) else content
    for piece in (pieces,) if isinstance(pieces, bytes) else pieces:
        hashed.update(piece)
    return hashed.digest()
