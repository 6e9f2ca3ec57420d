"""One upload of a folder: a batch of its pictures, with a report of all of its files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from failwell.client import BatchOutcome, BatchSpec, batch_of, in_thread, paced
from pictograph.exceptions import (
    AuthError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PaymentRequiredError,
    PictographError,
)
from pictograph.resources.images import Images
from pictograph.uploads.folder import Found, Picture, in_dataset, look_into
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
    """What one upload knows: what was found, which pictures are skipped, and which are to be uploaded."""

    def __init__(self, client: Client | AsyncClient, order: Order) -> None:
        # When one file is told to wait, the others wait, too.
        together: Any = paced(client)
        self._core = together.core
        self._images: Images[Any] = together.images
        self._order = order
        self._found: Found | None = None
        self._skipped: list[Picture] = []
        self._todo: list[Picture] = []

    def flow(self) -> Flow[UploadReport]:
        """Upload the folder, and tell what became of each file.

        Raises:
            PictographError: the error that ended the whole, with the report.
        """
        order = self._order
        found: Found = yield from in_thread(order.look)
        self._found, self._todo = found, found.pictures
        if order.skip_existing and found.pictures:
            taken = yield from self._taken(found)
            self._skipped = [picture for picture in found.pictures if picture.place in taken]
            self._todo = [picture for picture in found.pictures if picture.place not in taken]
        done, progress = count(1), order.progress

        def tell(picture: Picture) -> None:
            if callable(progress):
                progress(next(done), len(found.pictures), picture.path)

        for picture in self._skipped:
            tell(picture)
        spec = BatchSpec(
            self._start,
            self._todo,
            order.max_workers,
            progress=False if callable(progress) else progress,
            title=f"Uploading to {order.dataset}",
            ends_all=_pointless,
            each=lambda index: tell(self._todo[index]),
        )
        outcome = yield from batch_of(self._core, spec)
        report = self._report(outcome)
        error = None if outcome.stopped_by is None else outcome.failures[outcome.stopped_by]
        if not isinstance(error, PictographError):
            return report
        # The frames of the thread or task that met it tell a caller nothing.
        raise with_report(error, report).with_traceback(None)

    def _taken(self, found: Found) -> Flow[set[tuple[str, str]]]:
        """The places that the dataset has images in, of those that the pictures go to."""
        folders = {picture.directory_path for picture in found.pictures}
        listing = folders.pop() if len(folders) == 1 else None
        pages = Images.iter.flow(self._images, self._order.dataset, directory_path=listing)
        places: set[tuple[str, str]] = set()
        seen, more = 0, True
        while more:
            page = yield from pages.fetch(pages.page_size, seen)
            places.update((in_dataset(image.directory_path), image.filename) for image in page.rows)
            seen, more = seen + len(page.rows), page.has_more
        return places

    def _start(self, picture: Picture, _key: str | None) -> Flow[Image | None]:
        """Upload one picture; None if its place is taken meanwhile, and that is no failure."""
        order = self._order
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

    @contextlib.contextmanager
    def reporting(self) -> Generator[None]:
        """Whatever ends the upload has its report: a listing that fails, Ctrl-C, a cancellation."""
        try:
            yield
        except BaseException as problem:
            # trio's cancellation is frozen, and leaves as it is.
            with contextlib.suppress(AttributeError):
                if self._found is not None and UploadReport.of(problem) is None:
                    with_report(problem, self._report(BatchOutcome.of(problem)))
            raise

    def _report(self, outcome: BatchOutcome[Image | None] | None) -> UploadReport:
        """What became of the files so far."""
        found, todo = self._found or Found([], [], {}), self._todo
        results = {} if outcome is None else outcome.results
        failures = {} if outcome is None else outcome.failures
        first = None if outcome is None else outcome.stopped_by
        stopped = {index for index, error in failures.items() if _pointless(error)}
        open_ = range(len(todo)) if outcome is None else outcome.not_tried
        skipped = {*self._skipped, *(todo[index] for index, image in results.items() if image is None)}
        failed: dict[Path, Any] = dict(found.unreadable)
        failed |= {todo[index].path: error for index, error in failures.items() if index not in stopped}
        return UploadReport(
            uploaded={todo[index].path: image for index, image in sorted(results.items()) if image is not None},
            skipped=tuple(picture.path for picture in found.pictures if picture in skipped),
            ignored=tuple(found.ignored),
            failed={path: failed[path] for path in sorted(failed)},
            remaining=tuple(
                todo[index].path for index in sorted({*open_, *stopped}, key=lambda index: (index != first, index))
            ),
        )


def upload_in_threads(client: Client, order: Order) -> UploadReport:
    """Upload in threads, which are joined before anything is returned or raised."""
    upload = Upload(client, order)
    with upload.reporting():
        return client.core.run(upload.flow())


async def upload_in_tasks(client: AsyncClient, order: Order) -> UploadReport:
    """Upload in tasks of a group, on asyncio and trio."""
    upload = Upload(client, order)
    with upload.reporting():
        return await client.core.arun(upload.flow())


def _pointless(error: Exception) -> bool:
    """Whether going on is pointless. Only the API's own requests carry a key: the store knows one file, not all."""
    if isinstance(error, ConfigurationError):
        return True
    if not isinstance(error, PictographError) or error.idempotency_key is None:
        return False
    longer_than_ever = error.suppression is not None and error.suppression.by in {"retry_after", "pacing"}
    return isinstance(error, POINTLESS) or longer_than_ever
