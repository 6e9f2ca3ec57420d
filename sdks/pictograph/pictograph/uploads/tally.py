"""Who uploads what, and what came of it: shared by the threads or tasks of one upload."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pictograph.exceptions import (
    AuthError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PaymentRequiredError,
    PictographError,
)
from pictograph.uploads.report import FileError, UploadReport, with_report

if TYPE_CHECKING:
    from pictograph.models import Image
    from pictograph.uploads.folder import Found, Picture

Progress = Callable[[int, int, Path], object]
"""Told how many files are done, how many there are in all, and which was the last."""

POINTLESS = (AuthError, ForbiddenError, PaymentRequiredError, NotFoundError)
"""What every further file would meet too."""


class Tally:
    """Gives out the pictures of a folder, and notes what became of each."""

    def __init__(self, found: Found, *, skip_existing: bool, progress: Progress) -> None:
        self.problem: BaseException | None = None
        """Ctrl-C, or what nobody expected: it ends the upload, and is raised as it is."""
        self._found = found
        self._skip_existing = skip_existing
        self._progress = progress
        self._lock = threading.Lock()
        self._waiting = iter(found.pictures)
        self._uploaded: dict[Path, Image] = {}
        self._skipped: set[Path] = set()
        self._failed: dict[Path, FileError] = dict(found.unreadable)
        self._stopped_by: PictographError | None = None
        self._stopped_at: Path | None = None
        self._done = 0

    def leave_out(self, taken: Iterable[tuple[str, str]]) -> None:
        """Skip the pictures whose place is *taken*, and give out the others."""
        places = set(taken)
        for picture in self._found.pictures:
            if picture.place in places:
                self._skip(picture)
        self._waiting = iter([each for each in self._found.pictures if each.place not in places])

    def next(self) -> Picture | None:
        """The next picture, or None when there is none or no more may be started."""
        with self._lock:
            ended = self.problem is not None or self._stopped_by is not None
            return None if ended else next(self._waiting, None)

    def uploaded(self, picture: Picture, image: Image) -> None:
        """Note that *picture* became *image*."""
        with self._lock:
            self._uploaded[picture.path] = image
            self._tell(picture)

    def failed(self, picture: Picture, error: FileError) -> None:
        """Note what *picture* met: a place that is taken meanwhile, an error of its own, or one that ends the whole."""
        with self._lock:
            if self._skip_existing and isinstance(error, ConflictError) and error.error_code == "duplicate_filename":
                self._skip(picture)
            elif isinstance(error, PictographError) and _pointless(error):
                self.stop(error, picture.path)
            else:
                self._failed[picture.path] = error
                self._tell(picture)

    def stop(self, error: PictographError, at: Path | None = None) -> None:
        """Let nothing more be started because of *error*, which the file *at* met; the first one counts."""
        if self._stopped_by is None:
            self._stopped_by, self._stopped_at = error, at

    def interrupt(self, problem: BaseException) -> None:
        """Let nothing more be started; in threads, uploads under way end before their next request."""
        if self.problem is None:
            self.problem = problem

    def outcome(self) -> UploadReport:
        """What became of all files.

        Raises:
            PictographError: the error that ended the whole, with the report.
        """
        error = self._stopped_by
        if error is None:
            return self._report()
        # The frames of the thread or task that met it tell a caller nothing.
        raise with_report(error, self._report()).with_traceback(None)

    def _report(self) -> UploadReport:
        paths = [picture.path for picture in self._found.pictures]
        settled = {*self._uploaded, *self._skipped, *self._failed}
        remaining = [path for path in paths if path not in settled]
        return UploadReport(
            uploaded={path: self._uploaded[path] for path in paths if path in self._uploaded},
            skipped=tuple(path for path in paths if path in self._skipped),
            ignored=tuple(self._found.ignored),
            failed={path: self._failed[path] for path in sorted(self._failed)},
            remaining=tuple(sorted(remaining, key=lambda path: path != self._stopped_at)),
        )

    def _skip(self, picture: Picture) -> None:
        self._skipped.add(picture.path)
        self._tell(picture)

    def _tell(self, picture: Picture) -> None:
        self._done += 1
        self._progress(self._done, len(self._found.pictures), picture.path)


def _pointless(error: PictographError) -> bool:
    """Whether going on is pointless. Only the API's own requests carry a key: the store knows one file, not all."""
    return isinstance(error, ConfigurationError) or (isinstance(error, POINTLESS) and error.idempotency_key is not None)
