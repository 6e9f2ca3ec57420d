"""One upload of files: the request of each, which errors end the whole, and the results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from failwell.client import BatchOutcome, Resource, model, path, upload_source
from failwell.policy import Flow, Remaining, met_by_all
from scopix.exceptions import (
    CircuitBreakerError,
    QuotaExceededError,
    ResourceNotFoundError,
    ScopixError,
    ScopixPermissionError,
    UploadError,
)
from scopix.uploads.results import BatchUploadResults, UploadResult, unread
from scopix.uploads.sources import Source, Sources

if TYPE_CHECKING:
    from scopix.models import File

POINTLESS = (QuotaExceededError, ScopixPermissionError, ResourceNotFoundError, CircuitBreakerError)
"""What every further file would meet, too, beside what every call would."""


class Upload:
    """One upload: *found* are its files, *session_id* names the session that they go to."""

    def __init__(self, resource: Resource[Any], found: Sources, session_id: str | None) -> None:
        self.core = resource.core
        self._api = resource.api
        self._found = found
        self._sources = [each.item if isinstance(each, Remaining) else each for each in found.files]
        self.session_id = session_id

    def check(self) -> None:
        """Return, if the one file can be read; of many each is looked at when its turn comes.

        Raises:
            UploadError: it cannot.
        """
        [source] = self._sources if self._found.alone else [None]
        if source is not None and isinstance(source.content, Path):
            try:
                upload_source(self.core, source.content)
            except (OSError, ValueError) as problem:
                raise self._typed(0, problem) from problem

    def start(self, source: Source, key: str | None) -> Flow[File]:
        """Upload one file, under *key* where it may be there already."""
        from scopix.models import File

        content: Any = source.content
        headers = [("Content-Type", source.content_type)]
        if isinstance(source.content, Path):
            opened = upload_source(self.core, source.content)
            size = opened.size or 0
            content = opened.content(0, size)
            headers.append(("Content-Length", str(size)))
        return (
            yield from self._api.call(
                "PUT",
                path("/uploads", self.session_id or "", "files"),
                model(File),
                params={"filename": source.filename},
                content=content,
                headers=tuple(headers),
                mutating=True,
                idempotency_key=key,
            )
        )

    def ends_all(self, error: Exception) -> bool:
        """Whether every further file would meet *error*, too."""
        return met_by_all(error) or isinstance(error, POINTLESS)

    def results(self, outcome: BatchOutcome[File] | None = None) -> BatchUploadResults:
        """What became of the files by now."""
        done = {} if outcome is None else outcome.results
        failures = {} if outcome is None else {at: self._typed(at, met) for at, met in outcome.failures.items()}
        return BatchUploadResults(
            self.session_id,
            tuple(
                UploadResult(index, source.filename, done.get(index), failures.get(index))
                for index, source in enumerate(self._sources)
            ),
            () if outcome is None else outcome.remaining,
            self._found.ignored,
            {folder: unread(folder.name, met, self.session_id) for folder, met in self._found.unreadable.items()},
        )

    def settled(self, outcome: BatchOutcome[File]) -> BatchUploadResults:
        """The results of all files.

        Raises:
            ScopixError: what ended the whole, or the error of the only file; the results are its `partial_results`.
        """
        results = self.results(outcome)
        error: ScopixError | None = None
        if outcome.stopped_by is not None:
            error = results[outcome.stopped_by].error
        elif self._found.alone:
            error = results[0].error
        elif not results and results.unreadable:
            error = next(iter(results.unreadable.values()))
        if error is None:
            return results
        error.partial_results = results  # type: ignore[attr-defined]  # `BatchUploadResults.of` finds it on any
        if not self._found.alone:
            error.add_note(f"{results!r}; `BatchUploadResults.of(e)` has them, and `retry_failed` does the rest.")
        # The frames of the thread or task that met it tell a caller nothing.
        raise error.with_traceback(None) from error.__cause__

    def _typed(self, index: int, met: Exception) -> ScopixError:
        """What *met* a file, as an error of this SDK that names the file."""
        name = self._sources[index].filename
        if not isinstance(met, ScopixError):
            return unread(name, met, self.session_id)
        if isinstance(met, UploadError):
            met.filename = met.filename or name
            met.stage = met.stage or "upload"
            met.session_id = met.session_id or self.session_id
            met.settle()
        return met
