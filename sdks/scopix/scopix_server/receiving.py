"""The bytes of a request's body, written to a file of the data folder and counted as they come."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any, BinaryIO

from fastapi import Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool

from failwell.server import DataFolder
from scopix_server.files.adding import Received

BYTES: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}
"""How a document says that the body of a request is a file."""

_LONGEST_LENGTH = 18
"""Digits of a Content-Length that can be meant."""


def announced(request: Request) -> int:
    """How many bytes of body *request* says that it has; 0 if it does not say."""
    length = request.headers.get("content-length", "")
    return int(length[:_LONGEST_LENGTH]) if length.isdecimal() and length.isascii() else 0


async def receive(folder: DataFolder, filename: str, chunks: AsyncIterator[bytes]) -> Received:
    """Write *chunks* to a new file of *folder*. Nothing is left of an upload that breaks off."""
    digest, size = hashlib.sha256(), 0
    async with contextmanager_in_threadpool(folder.new_file()) as (name, file):
        async for chunk in chunks:
            size += len(chunk)
            await run_in_threadpool(_write, file, digest.update, chunk)
    return Received(filename, name, size, digest.hexdigest())


def _write(file: BinaryIO, count: Callable[[bytes], None], chunk: bytes) -> None:
    file.write(chunk)
    count(chunk)
