"""What became of the files of an upload: results by index, with the state of their descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast, overload

from failwell import hint
from failwell.client import BatchOutcome, error_on, failed_job
from failwell.policy import Remaining
from scopix.exceptions import CATALOGUE, ScopixError, UploadError

if TYPE_CHECKING:
    from scopix.models import File, Problem, UploadSession

WORST_FIRST = ("failed", "canceled", "running", "pending", "completed")
"""What the descriptions of several files come to."""

DESCRIBED = "files.wait_for_descriptions"
"""The operation that a description which failed is an error of."""


def raised_on(occasion: str, message: str, **fields: Any) -> ScopixError:
    """The error that is raised on *occasion*, with its remedy as a note."""
    error = cast("ScopixError", error_on(CATALOGUE, occasion, message, **fields))
    error.add_note(hint(error))
    return error


def unread(filename: str, met: Exception, session_id: str | None = None) -> ScopixError:
    """The error of a file that could not be read, because of what it *met*."""
    why = met.strerror if isinstance(met, OSError) and met.strerror else met
    said = f"{filename} could not be read: {why}"
    error = raised_on("unreadable_file", said, filename=filename, stage="read", session_id=session_id)
    error.__cause__ = met
    return error


@dataclass(frozen=True, slots=True)
class UploadResult:
    """What became of one file: *file* where it was uploaded, *error* where not, neither where it was not tried."""

    index: int
    filename: str
    file: File | None = None
    error: ScopixError | None = None

    @property
    def description_status(self) -> str | None:
        """How far its description was when the server was last asked: pending, running, completed or failed."""
        return self.file.description_status if self.file is not None else None

    @property
    def description_error(self) -> Problem | None:
        """Why there is no description."""
        return self.file.description_error if self.file is not None else None


@dataclass(frozen=True, slots=True, repr=False)
class BatchUploadResults(Sequence[UploadResult]):
    """What became of the files of an upload, in the order in which they were given.

    Descriptions are made after the upload: `await client.files.wait_for_descriptions(results)` gives these results with
    their end. `await client.files.retry_failed(results)` uploads what is missing. *ignored* is what of a folder is no
    image or a link to a folder, *unreadable* its folders that may not be read.
    """

    session_id: str | None = None
    items: tuple[UploadResult, ...] = ()
    remaining: tuple[Remaining, ...] = ()
    """What is needed to upload what is missing: `client.files.upload_batch(results.remaining)` takes it."""
    ignored: tuple[Path, ...] = ()
    unreadable: Mapping[Path, ScopixError] = field(default_factory=dict)

    @overload
    def __getitem__(self, index: int) -> UploadResult: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[UploadResult]: ...
    def __getitem__(self, index: int | slice) -> UploadResult | Sequence[UploadResult]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[UploadResult]:
        return iter(self.items)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of {len(self)}: {len(self.uploaded)} uploaded, {len(self.failures)} failed, "
            f"{len(self.not_tried)} not tried>"
        )

    @property
    def uploaded(self) -> dict[int, File]:
        """The files that were uploaded, by index."""
        return {each.index: each.file for each in self.items if each.file is not None}

    @property
    def failures(self) -> dict[int, ScopixError]:
        """The errors of those that were not, by index."""
        return {each.index: each.error for each in self.items if each.error is not None}

    @property
    def not_tried(self) -> tuple[int, ...]:
        """The indexes of those that were not begun, or broken off in the middle."""
        return tuple(each.index for each in self.items if each.file is None and each.error is None)

    @property
    def description_status(self) -> str | None:
        """How far the descriptions are together: failed if one is, completed if all are."""
        found = {each.description_status for each in self.items}
        return next((status for status in WORST_FIRST if status in found), None)

    @property
    def description_error(self) -> Problem | None:
        """Why the first description that failed did."""
        return next((each.description_error for each in self.items if each.description_error is not None), None)

    def raise_on_failures(self) -> Self:
        """These results, if every file was uploaded and no description has failed.

        Raises:
            UploadError: something is missing. Its `partial_results` are these results: `failures` has the error of each
                file by its index, `remaining` what is needed to upload only those.
            DescriptionError: all were uploaded, and a description failed; it is about the first of them. No reply told
                of it, so it has no status; `e.body_code` says why it failed.
        """
        if self.failures or self.not_tried or self.unreadable:
            raise self._missing()
        for each in self.items:
            if each.file is not None and each.description_status == "failed":
                why = each.description_error
                said = f"{each.filename} has no description: {why.message if why else 'nobody knows why'}"
                code = why.code if why else None
                raise failed_job(CATALOGUE, DESCRIBED, said, code=code, image_id=each.file.id, status="failed")
        return self

    def _missing(self) -> ScopixError:
        failures = self.failures
        first = next(iter(failures.values()), None) or next(iter(self.unreadable.values()), None)
        said = [f"{len(failures)} of {len(self)} files failed"] if failures or not self.unreadable else []
        were = "was" if len(self.not_tried) == 1 else "were"
        said += [f"{len(self.not_tried)} {were} not tried"] * bool(self.not_tried)
        folders = "folder" if len(self.unreadable) == 1 else "folders"
        said += [f"{len(self.unreadable)} {folders} could not be read"] * bool(self.unreadable)
        message = " and ".join(said)
        if first is not None:
            where = f"item {next(iter(failures))}: " if failures else ""
            message += f"; {where}{type(first).__name__}: {str(first)[:200]}"
        return raised_on(
            "batch",
            message,
            filename=self.items[next(iter(failures))].filename if failures else None,
            stage=first.stage if isinstance(first, UploadError) else "upload",
            session_id=self.session_id,
            partial_results=self,
        )

    def after(self, later: BatchUploadResults) -> BatchUploadResults:
        """These results, with those of *later*, which uploaded what was missing, in their places."""
        places = [each.index for each in self.remaining]
        known = {places[each.index]: replace(each, index=places[each.index]) for each in later.items}
        rest = tuple(Remaining(places[each.index], each.item, each.idempotency_key) for each in later.remaining)
        return replace(self, items=tuple(known.get(each.index, each) for each in self.items), remaining=rest)

    def as_of(self, session: UploadSession) -> BatchUploadResults:
        """These results, with what *session* now says of their files."""
        known = {file.id: file for file in session.files}
        items = tuple(
            each if each.file is None else replace(each, file=known.get(each.file.id, each.file)) for each in self.items
        )
        return replace(self, items=items)

    @classmethod
    def of(cls, error: BaseException) -> BatchUploadResults | None:
        """What was uploaded before *error* (Ctrl-C, a cancellation, what a progress function raised) ended it."""
        found = getattr(error, "partial_results", None)
        if isinstance(found, cls):
            return found
        outcome: BatchOutcome[Any] | None = BatchOutcome.of(error)
        report = outcome.report if outcome is not None else None
        return report if isinstance(report, cls) else None
