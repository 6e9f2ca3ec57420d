"""Files: uploads of one or of thousands, and what is known of them."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from failwell.client import (
    Awaiting,
    BatchProgress,
    BatchSpec,
    Blocking,
    Pages,
    Resource,
    batch_of,
    check_batch,
    check_timeout,
    in_thread,
    nothing,
    operation,
    paced,
    paged,
    raw,
    wait_for,
)
from failwell.policy import Flow
from scopix.exceptions import CATALOGUE, ScopixTimeoutError
from scopix.models import File, UploadSession
from scopix.uploads.results import BatchUploadResults
from scopix.uploads.sources import Uploads, look
from scopix.uploads.upload import Upload

C = TypeVar("C", Blocking, Awaiting)


class Files(Resource[C], name="files"):
    """Images, and documents as files."""

    @operation
    def upload_batch(
        self,
        files: Uploads,
        *,
        describe: bool = True,
        recursive: bool = True,
        max_workers: int = 8,
        progress: BatchProgress | Literal[False] | None = None,
        session_id: str | None = None,
    ) -> Flow[BatchUploadResults]:
        """Upload a file or many: a path, bytes, a folder of images (sub-folders too if *recursive*), or a list of such.

        Bytes in a list may come with a name: `[("cat.png", data)]`. At most *max_workers* files are under way at once;
        each is read as it is sent. *progress* is called with the files done, those of them that failed, and all; None
        is a bar on stderr, if that is a terminal and `rich` is installed, and False is silence. *describe* asks for
        descriptions, which begin after the upload. *session_id* goes on with an earlier upload. Without files nothing
        is sent.

        The error of a single file is raised. Of many files each has its error in the results, and only what ends the
        whole is raised: whatever further files would meet, too. `BatchUploadResults.of(error)` has what was done by
        then, also after Ctrl-C; `retry_failed` does the rest.

        Raises:
            UploadError: a file is not there, cannot be read, or is refused; `e.stage` is "read" or "upload".
            QuotaExceededError: the storage, or the images of this month, are used up; `e.partial_results` has the rest.
            AuthenticationError, ScopixPermissionError, PaymentRequiredError, RateLimitError: every file is refused.
        """
        check_batch(self.core, max_workers, progress)
        found = yield from in_thread(lambda: look(files, recursive=recursive))
        upload = Upload(paced(self), found, session_id)
        if not found.files and not found.unreadable:
            return upload.results()
        upload.check()
        if upload.session_id is None and found.files:
            payload = {"files": len(found.files), "describe": describe}
            session: UploadSession = yield from self.api.call(
                "POST", "/uploads", UploadSession, payload=payload, mutating=True
            )
            upload.session_id = session.session_id
        spec = BatchSpec(upload.start, found.files, max_workers, progress, "Uploading", upload.ends_all, upload.results)
        return upload.settled((yield from batch_of(upload.core, spec)))

    @operation
    def retry_failed(
        self,
        results: BatchUploadResults,
        *,
        max_workers: int = 8,
        progress: BatchProgress | Literal[False] | None = None,
    ) -> Flow[BatchUploadResults]:
        """Upload what is missing of an earlier upload, and nothing else; the results of all of it.

        Raises:
            QuotaExceededError, AuthenticationError, RateLimitError: as in `upload_batch`.
        """
        later: BatchUploadResults = yield from Files.upload_batch.flow(
            self,
            results.remaining,
            max_workers=max_workers,
            progress=progress,
            session_id=results.session_id,
        )
        return results.after(later)

    @operation
    def refresh(self, results: BatchUploadResults) -> Flow[BatchUploadResults]:
        """Ask once how far the descriptions of an upload are."""
        if results.session_id is None:
            return results
        return results.as_of((yield from self._session(results.session_id)))

    @operation
    def wait_for_descriptions(
        self, results: BatchUploadResults, *, timeout: float = 600.0, poll_interval: float = 1.0
    ) -> Flow[BatchUploadResults]:
        """Wait until every description of an upload is there or has failed, for at most *timeout* seconds.

        `results.raise_on_failures()` then tells of those that failed.

        Raises:
            ScopixTimeoutError: time is up; they are still being made. `e.last_result` are the results so far.
        """
        check_timeout(CATALOGUE, timeout)
        session_id = results.session_id
        if session_id is None:
            return results
        seen = results
        again: Any = Files.wait_for_descriptions

        def look() -> Flow[UploadSession]:
            nonlocal seen
            session = yield from self._session(session_id)
            seen = results.as_of(session)
            return session

        try:
            yield from wait_for(
                self, again, session_id, timeout=timeout, poll_interval=poll_interval, noun="Upload", fetch=look
            )
        except ScopixTimeoutError as error:
            error.last_result = seen
            raise
        return seen

    @operation
    def list(self, *, kind: str | None = None, limit: int = 100, offset: int = 0) -> Flow[list[File]]:
        """List one page of the files, newest first; *kind* "image" or "document" are only those."""
        params = {"kind": kind, "limit": limit, "offset": offset}
        return self.api.call("GET", "/files", list[File], params=params)

    @paged
    def iter(self, *, kind: str | None = None, page_size: int = 100, max_total: int | None = None) -> Pages[File]:
        """Iterate over the files, newest first, at most *max_total*; *page_size* are asked for at once."""
        return self.api.pages("/files", File, page_size, max_total, kind=kind)

    @operation
    def get(self, file_id: str) -> Flow[File]:
        """Get a file by its id. Raises: ResourceNotFoundError."""
        return self.api.call("GET", ("/files", file_id), File)

    @operation
    def content(self, file_id: str) -> Flow[bytes]:
        """The bytes of a file, as they were uploaded. Raises: ResourceNotFoundError."""
        return self.api.call("GET", ("/files", file_id, "content"), raw)

    @operation
    def describe(self, file_id: str) -> Flow[File]:
        """Describe an image now, whether it is described or not.

        Raises:
            DescriptionError: it cannot be described; `e.image_id` and `e.status` say which, and how far it is.
            ServerError: the provider failed.
            ScopixTimeoutError: the provider was too slow.
            ResourceNotFoundError: there is no such file.
        """
        return self.api.call("POST", ("/files", file_id, "description"), File, mutating=True)

    @operation
    def delete(self, file_id: str) -> Flow[None]:
        """Delete a file.

        Raises:
            DocumentProcessingError: it is a document whose text is being read.
            ResourceNotFoundError: there is no such file.
        """
        return self.api.call("DELETE", ("/files", file_id), nothing, mutating=True)

    def _session(self, session_id: str) -> Flow[UploadSession]:
        return self.api.call("GET", ("/uploads", session_id), UploadSession)
