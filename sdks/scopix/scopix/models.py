"""What the API answers with. Fields that it adds later are ignored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

ENDED = frozenset({"completed", "failed", "canceled"})
"""The statuses that a job, a document or a description ends with."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Problem(_Answer):
    """Why something failed that had been accepted."""

    code: str = ""
    message: str = ""


class File(_Answer):
    """An image, or a document that was uploaded as a file.

    *description_status* is None for what is not described, else pending, running, completed or failed.
    """

    id: str
    kind: str = "image"
    filename: str
    size: int = 0
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    status: str = "ready"
    description: str | None = None
    description_status: str | None = None
    description_error: Problem | None = None
    created_at: datetime | None = None

    @property
    def described(self) -> bool:
        """Whether its description is there, has failed, or is not asked for."""
        return self.description_status is None or self.description_status in ENDED


class UploadSession(_Answer):
    """What belongs together because it was uploaded together."""

    session_id: str
    describe: bool = True
    files: list[File] = Field(default_factory=list)

    @property
    def status(self) -> str:
        """How far the descriptions are."""
        return "completed" if self.finished else "running"

    @property
    def finished(self) -> bool:
        """Whether no description is under way."""
        return all(file.described for file in self.files)


class _Work(_Answer):
    """What the server does in its own time."""

    id: str
    status: str
    error: Problem | None = None
    created_at: datetime | None = None

    @property
    def finished(self) -> bool:
        """Whether the status is final."""
        return self.status in ENDED

    @property
    def problem(self) -> str | None:
        """Why it did not end well, in words; None as long as it may, and when it did."""
        if not self.finished or self.status == "completed":
            return None
        return (self.error.message if self.error is not None else "") or f"it ended as {self.status}"


class Document(_Work):
    """A document: its text is read after it was accepted. *status* is queued, processing, completed or failed."""

    filename: str = ""
    size: int = 0
    content_type: str | None = None
    pages: int | None = None
    characters: int | None = None


class SearchHit(_Answer):
    """A place in a document."""

    document_id: str
    filename: str = ""
    snippet: str = ""
    score: float = 0.0


class Job(_Work):
    """A job: *status* is queued, running, completed, failed or canceled; *result* is there when it is completed."""

    result: dict[str, Any] | None = None
    media_id: str | None = None


class ChatSession(_Answer):
    """A conversation about what was uploaded."""

    id: str
    title: str | None = None
    created_at: datetime | None = None


class ChatMessage(_Answer):
    """What the user ("user") or the model ("assistant") said."""

    id: str
    role: str
    content: str
    created_at: datetime | None = None


class SentMessage(_Answer):
    """A message that was accepted; its answer is read at *events*."""

    message_id: str
    events: str


class Connection(_Answer):
    """A bucket that files come from and go to. *provider* is local, s3, gcs or azure."""

    id: str
    provider: str = ""
    bucket: str = ""
    prefix: str = ""
    created_at: datetime | None = None


class StoredObject(_Answer):
    """What is in a bucket."""

    key: str
    size: int = 0
    last_modified: datetime | None = None


class Video(_Answer):
    """A video, or as much of it as has been uploaded: *received* bytes in *chunks* of *chunk_size*."""

    media_id: str
    status: str = "uploading"
    filename: str = ""
    size: int | None = None
    chunk_size: int = Field(default=8 * 1024 * 1024, gt=0)
    received: int = 0
    chunks: int = 0


class Received(_Answer):
    """How much of a video has arrived."""

    received: int
    chunks: int
