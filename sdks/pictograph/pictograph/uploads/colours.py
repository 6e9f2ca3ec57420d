"""One upload of a folder, with several files under way: in threads, or in tasks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import anyio
import anyio.to_thread

from failwell.client import paced, progress_bar, work_in_tasks, work_in_threads
from failwell.policy import BatchQueue
from pictograph.exceptions import (
    AuthError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PaymentRequiredError,
    PictographError,
    RateLimitError,
)
from pictograph.resources.images import Images
from pictograph.uploads.folder import Found, in_dataset, look_into
from pictograph.uploads.report import UploadReport, with_report

if TYPE_CHECKING:
    from failwell.policy import Flow
    from pictograph.client import AsyncClient, Client
    from pictograph.models import Image

Progress = Callable[[int, int, Path], object]
"""Told how many files are done, how many there are in all, and which was the last."""

POINTLESS = (AuthError, ForbiddenError, PaymentRequiredError, NotFoundError)
"""What every further file would meet too."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to upload, and how."""

    dataset: str
    folder: Path
    directory_path: str
    recursive: bool
    skip_existing: bool
    max_workers: int
    progress: Progress | Literal[False] | None

    def look(self) -> Found:
        """What the folder holds."""
        return look_into(self.folder, in_dataset(self.directory_path), recursive=self.recursive)


class Upload:
    """What one upload knows: the pictures by number, those that are skipped, and the tally of the others."""

    def __init__(self, client: Client | AsyncClient, order: Order, found: Found, progress: Progress) -> None:
        # When one file is told to wait, the others wait, too.
        together: Any = paced(client)
        self.core = together.core
        self._images: Images[Any] = together.images
        self._order = order
        self._found = found
        self._progress = progress
        self._skipped: set[int] = set()
        self.leave_out(())

    def leave_out(self, taken: Iterable[tuple[str, str]]) -> None:
        """Skip the pictures whose place is *taken*; the others are what is to be done."""
        places, pictures = set(taken), self._found.pictures
        self._skipped = {number for number, picture in enumerate(pictures) if picture.place in places}
        for done, number in enumerate(sorted(self._skipped), 1):
            self._tell(done, number)
        before, retries = len(self._skipped), self.core.max_retries > 0
        self.tally: BatchQueue[Image | None] = BatchQueue(
            (number for number in range(len(pictures)) if number not in self._skipped),
            workers=self._order.max_workers,
            told=lambda done, _failed, number: self._tell(before + done, number),
            ends_all=_pointless,
            throttled=lambda error: retries and isinstance(error, RateLimitError),
            lock=threading.RLock(),
        )

    def start(self, number: int) -> Flow[Image | None]:
        """Upload one picture; None if its place is taken meanwhile, and that is no failure."""
        order, picture = self._order, self._found.pictures[number]
        try:
            return (
                yield from Images.upload.flow(
                    self._images, order.dataset, picture.path, directory_path=picture.directory_path
                )
            )
        except ConflictError as error:
            if not order.skip_existing or error.error_code != "duplicate_filename":
                raise
            return None

    def outcome(self) -> UploadReport:
        """What became of all files.

        Raises:
            PictographError: the error that ended the whole, with the report.
        """
        stopped_by = self.tally.stopped_by
        error = None if stopped_by is None else self.tally.failures[stopped_by]
        if not isinstance(error, PictographError):
            return self.report()
        # The frames of the thread or task that met it tell a caller nothing.
        raise with_report(error, self.report()).with_traceback(None)

    def report(self) -> UploadReport:
        """What became of the files so far."""
        tally, pictures = self.tally, self._found.pictures
        stopped = {number for number, error in tally.failures.items() if _pointless(error)}
        skipped = self._skipped | {number for number, image in tally.results.items() if image is None}
        failed: dict[Path, Any] = dict(self._found.unreadable)
        failed |= {pictures[number].path: error for number, error in tally.failures.items() if number not in stopped}
        remaining = sorted({*tally.open, *stopped}, key=lambda number: (number != tally.stopped_by, number))
        return UploadReport(
            uploaded={
                pictures[number].path: image for number, image in sorted(tally.results.items()) if image is not None
            },
            skipped=tuple(pictures[number].path for number in sorted(skipped)),
            ignored=tuple(self._found.ignored),
            failed={path: failed[path] for path in sorted(failed)},
            remaining=tuple(pictures[number].path for number in remaining),
        )

    def _tell(self, done: int, number: int) -> None:
        self._progress(done, len(self._found.pictures), self._found.pictures[number].path)

    @property
    def listing(self) -> str | None:
        """The one folder of the dataset that all pictures go to, or None if there are several."""
        folders = {picture.directory_path for picture in self._found.pictures}
        return folders.pop() if len(folders) == 1 else None


def in_threads(client: Client, order: Order) -> UploadReport:
    """Upload in threads, which are joined before anything is returned or raised."""
    found = order.look()
    with _shown(order, found) as progress:
        upload = Upload(client, order, found, progress)
        with _reported(upload):
            if order.skip_existing and found.pictures:
                images = client.images.iter(order.dataset, directory_path=upload.listing)
                upload.leave_out([_place(image) for image in images])
            work_in_threads(upload.core, upload.tally, upload.start, "pictograph-upload")
    return upload.outcome()


async def in_tasks(client: AsyncClient, order: Order) -> UploadReport:
    """Upload in tasks of a group, on asyncio and trio."""
    found = await anyio.to_thread.run_sync(order.look)
    with _shown(order, found) as progress:
        upload = Upload(client, order, found, progress)
        with _reported(upload):
            if order.skip_existing and found.pictures:
                images = client.images.iter(order.dataset, directory_path=upload.listing)
                upload.leave_out([_place(image) async for image in images])
            await work_in_tasks(upload.core, upload.tally, upload.start)
    return upload.outcome()


@contextlib.contextmanager
def _reported(upload: Upload) -> Generator[None]:
    """Whatever ends the upload has its report: a listing that fails, Ctrl-C, a cancellation."""
    try:
        yield
    except BaseException as problem:
        # trio's cancellation is frozen, and leaves as it is.
        with contextlib.suppress(AttributeError):
            with_report(problem, upload.report())
        raise


@contextlib.contextmanager
def _shown(order: Order, found: Found) -> Generator[Progress]:
    """Whom to tell of each file: a function, nobody (False), or by default a bar on stderr."""
    if callable(order.progress):
        yield order.progress
    elif order.progress is False:
        yield _nobody
    else:
        with progress_bar(f"Uploading to {order.dataset}", len(found.pictures)) as shown:
            yield _nobody if shown is None else lambda done, _total, _path: shown(done)


def _nobody(_done: int, _total: int, _path: Path) -> None:
    """Nobody wants to know."""


def _pointless(error: Exception) -> bool:
    """Whether going on is pointless. Only the API's own requests carry a key: the store knows one file, not all."""
    if isinstance(error, ConfigurationError):
        return True
    if not isinstance(error, PictographError) or error.idempotency_key is None:
        return False
    longer_than_ever = error.suppression is not None and error.suppression.by in {"retry_after", "pacing"}
    return isinstance(error, POINTLESS) or longer_than_ever


def _place(image: Image) -> tuple[str, str]:
    return in_dataset(image.directory_path), image.filename
