"""What became of the files of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pictograph.exceptions import PictographError

if TYPE_CHECKING:
    from pictograph.models import Image

E = TypeVar("E", bound=BaseException)
FileError = PictographError | OSError | ValueError
"""Why one file was not uploaded; a ValueError is about a name that no request can carry."""


@dataclass(frozen=True, slots=True)
class UploadReport:
    """What became of the files of a folder.

    *uploaded* has the image that each became, *skipped* what the dataset had already, *ignored* what is no image or is
    a link to a folder, *failed* the error of each that could not be uploaded. *remaining* is empty unless an error
    ended the whole: then it is what was not uploaded because of it, first of all the file that met it. After Ctrl-C or
    a cancellation an upload of *remaining* may have been under way; with `skip_existing=True` nothing is done twice.
    """

    uploaded: Mapping[Path, Image] = field(default_factory=dict)
    skipped: tuple[Path, ...] = ()
    ignored: tuple[Path, ...] = ()
    failed: Mapping[Path, FileError] = field(default_factory=dict)
    remaining: tuple[Path, ...] = ()

    @staticmethod
    def of(error: BaseException) -> UploadReport | None:
        """The report of the upload that *error* ended, be it Ctrl-C, or None for an error of something else."""
        seen: BaseException | None = error
        while seen is not None:
            report = getattr(seen, "upload_report", None)
            if isinstance(report, UploadReport):
                return report
            # asyncio makes a KeyboardInterrupt of the cancellation that Ctrl-C was.
            seen = seen.__cause__ or seen.__context__
        return None


def with_report(error: E, report: UploadReport) -> E:
    """*error* with *report* as its `upload_report`, and a line that says so."""
    error.upload_report = report  # type: ignore[attr-defined]  # `UploadReport.of` gives it back with its type
    files = len(report.uploaded) + len(report.skipped) + len(report.failed) + len(report.remaining)
    error.add_note(
        f"Of {files} files {len(report.uploaded)} were uploaded, {len(report.skipped)} skipped, "
        f"{len(report.failed)} failed and {len(report.remaining)} remain; `UploadReport.of(e)` names them."
    )
    return error
