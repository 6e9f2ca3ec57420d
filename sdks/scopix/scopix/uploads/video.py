"""Chunked uploads of videos, in the API's dialect: numbered chunks with digests, found again by the file's hash."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any, cast

from failwell import with_evidence
from failwell.client import Api, configuration_problem, error_on, in_thread, model, path
from failwell.policy import ChunkedUpload, Flow, Piece, Standing, UploadSource
from scopix.exceptions import (
    CATALOGUE,
    AuthenticationError,
    CircuitBreakerError,
    PaymentRequiredError,
    QuotaExceededError,
    RateLimitError,
    ScopixError,
    ScopixPermissionError,
    VideoUploadError,
)
from scopix.models import Received, Video

ABOUT_THE_ACCOUNT = (
    AuthenticationError,
    CircuitBreakerError,
    PaymentRequiredError,
    QuotaExceededError,
    RateLimitError,
    ScopixPermissionError,
)
"""What any other call would meet, too: it is raised as it is, and not as an error of the upload."""


class VideoUpload:
    """One upload of a video: what is asked of the API, and how far it came."""

    def __init__(self, api: Api, filename: str, content_type: str) -> None:
        self._api = api
        self._filename = filename
        self._content_type = content_type
        self._stage = "initiate"
        self._media_id: str | None = None
        self._chunks = 0
        self._chunk_size = 0

    def how(self) -> ChunkedUpload[Video]:
        """How the API takes it."""
        return ChunkedUpload(self._create, self._offset, self._send, self._finish)

    def _create(self, source: UploadSource) -> Flow[Standing]:
        """Begin it, or find it again: the API knows it by its hash."""
        size = source.size
        if size is None:
            raise configuration_problem(CATALOGUE, "A stream of unknown length cannot be uploaded; pass a file.")
        digest = yield from in_thread(lambda: _digest(source.content(0, size)))
        video: Video = yield from self._api.call(
            "POST",
            "/videos",
            model(Video),
            payload={
                "filename": self._filename,
                "size": size,
                "sha256": digest.hex(),
                "content_type": self._content_type,
            },
            mutating=True,
        )
        return self._stands(video)

    def _offset(self, address: str) -> Flow[Standing]:
        return self._stands((yield from self._api.call("GET", address, model(Video))))

    def _send(self, piece: Piece) -> Flow[int]:
        self._stage = "chunk_upload"
        digest = yield from in_thread(lambda: _digest(piece.content))
        received: Received = yield from self._api.call(
            "PUT",
            path(piece.address, "chunks", str(piece.number)),
            model(Received),
            content=piece.content,
            headers=(
                ("Content-Type", "application/octet-stream"),
                ("Content-Length", str(piece.length)),
                ("Content-Digest", f"sha-256=:{b64encode(digest).decode()}:"),
            ),
        )
        self._chunks = received.chunks
        return piece.offset + (piece.length or 0)

    def _finish(self, address: str) -> Flow[Video]:
        self._stage = "complete"
        return (yield from self._api.call("POST", path(address, "complete"), model(Video), mutating=True))

    def _stands(self, video: Video) -> Standing:
        self._media_id, self._chunks = video.media_id, video.chunks
        address = f"{self._api.core.base_url}{path('/videos', video.media_id)}"
        return Standing(address, video.received, video.chunk_size)

    def error(self, met: ScopixError | OSError) -> ScopixError:
        """What the upload raises for what it *met*."""
        if isinstance(met, VideoUploadError):
            if met.media_id is None:  # else the server knows best how much it has, also if that is nothing
                met.media_id, met.partial_chunks = self._media_id, self._chunks
            met.stage = met.stage or self._stage
            met.settle()
            return met
        if isinstance(met, ABOUT_THE_ACCOUNT) or (isinstance(met, ScopixError) and met.case.on == "configuration"):
            return met
        told: dict[str, Any] = {"media_id": self._media_id, "stage": self._stage, "partial_chunks": self._chunks}
        if isinstance(met, ScopixError):
            said = f"{self._filename} was not uploaded: {met}"
            error = with_evidence(VideoUploadError(said, **told), met)
        else:
            said = f"{self._filename} was not uploaded: {met.strerror or met}"
            error = cast("VideoUploadError", error_on(CATALOGUE, "unreadable_video", said, **told))
        error.__cause__ = met.with_traceback(None)
        return error


def _digest(content: Any) -> bytes:
    """The SHA-256 of what a source gives, block by block."""
    digest = sha256()
    for block in content():
        digest.update(block)
    return digest.digest()
