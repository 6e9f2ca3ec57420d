"""Documents: texts that are read, searched, and answered from."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import TypeVar

from failwell.client import (
    Awaiting,
    Blocking,
    Pages,
    Resource,
    nothing,
    operation,
    paged,
    resumable,
    upload_source,
    wait_for,
)
from failwell.policy import Flow
from scopix.exceptions import ScopixTimeoutError
from scopix.models import Document, SearchHit
from scopix.resources._jobs import or_its_error
from scopix.uploads.results import unread

C = TypeVar("C", Blocking, Awaiting)


class Documents(Resource[C], name="documents"):
    """Documents: text, Markdown and PDF."""

    @operation
    def upload(
        self, file: str | os.PathLike[str], *, filename: str | None = None, idempotency_key: str | None = None
    ) -> Flow[Document]:
        """Upload a document, as *filename* or under its own name. Its text is read afterwards: wait for it.

        Raises:
            UploadError: it cannot be read, is too large, or there already; `e.stage` is "read" or "upload".
            QuotaExceededError: the storage is used up.
        """
        name = filename or Path(file).name
        try:
            source = upload_source(self.core, file)
        except OSError as problem:
            raise unread(name, problem) from problem
        size = source.size or 0
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return self.api.call(
            "POST",
            "/documents",
            Document,
            params={"filename": name},
            content=source.content(0, size),
            headers=(("Content-Type", kind), ("Content-Length", str(size))),
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @operation
    def get(self, document_id: str) -> Flow[Document]:
        """Get a document by its id. Raises: ResourceNotFoundError."""
        return self.api.call("GET", ("/documents", document_id), Document)

    @operation
    def search(self, q: str, *, limit: int = 10) -> Flow[list[SearchHit]]:
        """Search the documents for words; the best places first."""
        params = {"q": q, "limit": limit}
        return self.api.call("GET", "/documents/search", list[SearchHit], params=params)

    @operation
    def list(self, *, limit: int = 100, offset: int = 0) -> Flow[list[Document]]:
        """List one page of the documents, newest first."""
        params = {"limit": limit, "offset": offset}
        return self.api.call("GET", "/documents", list[Document], params=params)

    @paged
    def iter(self, *, page_size: int = 100, max_total: int | None = None) -> Pages[Document]:
        """Iterate over the documents, newest first, at most *max_total*; *page_size* are asked for at once."""
        return self.api.pages("/documents", Document, page_size, max_total)

    @operation
    @resumable(ScopixTimeoutError, on="poll_timeout")
    def wait_for_completion(
        self, document_id: str, *, timeout: float = 600.0, poll_interval: float = 1.0
    ) -> Flow[Document]:
        """Wait until the text of a document is read, for at most *timeout* seconds.

        Raises:
            DocumentProcessingError: it cannot be read; `e.document_id` and `e.status` say which, and how it ended.
            ScopixTimeoutError: time is up; it is still being read. `e.last_result` is how it was last seen.
            ResourceNotFoundError: there is no such document.
        """
        document = yield from wait_for(self, Documents.get, document_id, timeout=timeout, poll_interval=poll_interval)
        return or_its_error(self, document, document_id=document.id, status=document.status)

    @operation
    def delete(self, document_id: str) -> Flow[None]:
        """Delete a document. Raises: DocumentProcessingError while its text is being read, ResourceNotFoundError."""
        return self.api.call("DELETE", ("/documents", document_id), nothing, mutating=True)
