"""One upload of a folder, with several files under way: in threads, or in tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import anyio
import anyio.to_thread

from errata.policy import Sleep
from pictograph.exceptions import PictographError
from pictograph.resources.images import Images
from pictograph.uploads.folder import Found, Picture, in_dataset, look_into
from pictograph.uploads.progress import shown
from pictograph.uploads.tally import Progress, Tally

if TYPE_CHECKING:
    from errata.policy import Flow
    from pictograph.client import AsyncClient, Client
    from pictograph.models import Image
    from pictograph.uploads.report import UploadReport

T = TypeVar("T")
FAILURES = (PictographError, OSError, ValueError)
"""What the upload of one file may end with."""
INTERRUPTED: Final = object()
SLICE = 0.5
"""Seconds of a wait after which a thread looks whether something else happened."""


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

    def workers(self, found: Found) -> range:
        """As many as are useful."""
        return range(min(self.max_workers, len(found.pictures)))

    @property
    def title(self) -> str:
        """What a progress bar is called."""
        return f"Uploading to {self.dataset}"


class Worker(threading.Thread):
    """A thread whose end can be waited for again after Ctrl-C.

    A pool forgets the thread that it was starting when Ctrl-C came; and before Python 3.13 a `join` that Ctrl-C ends
    takes the thread for ended, too.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(name=name)
        self._work = work
        self._over = threading.Event()

    def run(self) -> None:
        """Do the work."""
        try:
            self._work()
        finally:
            self._over.set()

    def wait(self) -> None:
        """Wait for the end of the thread, if it was started."""
        # In slices, because a wait without a timeout is deaf to Ctrl-C on some systems.
        while self.ident is not None and not self._over.wait(SLICE):
            pass
        if self.ident is not None:
            self.join()


def in_threads(client: Client, order: Order) -> UploadReport:
    """Upload in threads, which are joined before anything is returned or raised."""
    found = order.look()
    with shown(order.progress, len(found.pictures), order.title) as progress:
        tally = Tally(found, skip_existing=order.skip_existing, progress=progress)
        if order.skip_existing and found.pictures:
            try:
                images = client.images.iter(order.dataset, directory_path=_only_folder(found))
                tally.leave_out(_place(image) for image in images)
            except PictographError as error:
                tally.stop(error)

        def work() -> None:
            try:
                while (picture := tally.next()) is not None:
                    try:
                        image = client.core.run(_interruptible(_upload(client, order, picture), tally))
                    except FAILURES as error:
                        tally.failed(picture, error)
                    else:
                        if image is not INTERRUPTED:
                            tally.uploaded(picture, image)
            except BaseException as problem:  # noqa: BLE001 - raised below, in the caller's thread
                tally.interrupt(problem)

        threads = [Worker(work, f"pictograph-upload-{each}") for each in order.workers(found)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.wait()
        except BaseException as problem:
            # Ctrl-C: a second one ends this wait, too.
            tally.interrupt(problem)
            for thread in threads:
                thread.wait()
            raise
    if tally.problem is not None:
        raise tally.problem
    return tally.outcome()


async def in_tasks(client: AsyncClient, order: Order) -> UploadReport:
    """Upload in tasks of a group, on asyncio and trio."""
    found = await anyio.to_thread.run_sync(order.look)
    with shown(order.progress, len(found.pictures), order.title) as progress:
        tally = Tally(found, skip_existing=order.skip_existing, progress=progress)
        if order.skip_existing and found.pictures:
            try:
                images = client.images.iter(order.dataset, directory_path=_only_folder(found))
                tally.leave_out([_place(image) async for image in images])
            except PictographError as error:
                tally.stop(error)

        async with anyio.create_task_group() as group:

            async def work() -> None:
                try:
                    while (picture := tally.next()) is not None:
                        try:
                            image = await client.core.arun(_upload(client, order, picture))
                        except FAILURES as error:
                            tally.failed(picture, error)
                        else:
                            tally.uploaded(picture, image)
                except anyio.get_cancelled_exc_class():
                    raise
                except BaseException as problem:  # noqa: BLE001 - raised below, because the group would wrap it
                    tally.interrupt(problem)
                    group.cancel_scope.cancel()

            for _ in order.workers(found):
                group.start_soon(work)
    if tally.problem is not None:
        raise tally.problem
    return tally.outcome()


def _upload(client: Client | AsyncClient, order: Order, picture: Picture) -> Flow[Image]:
    images: Images[Any] = client.images
    return Images.upload.flow(images, order.dataset, picture.path, directory_path=picture.directory_path)


def _interruptible(flow: Flow[T], tally: Tally) -> Flow[Any]:
    """The result of *flow*, or `INTERRUPTED` when the upload was interrupted before its next effect."""
    try:
        effect = next(flow)
        while tally.problem is None:
            if isinstance(effect, Sleep) and effect.seconds > SLICE:
                yield Sleep(SLICE)
                effect = Sleep(effect.seconds - SLICE)
            else:
                effect = flow.send((yield effect))
        return INTERRUPTED
    except StopIteration as stop:
        return stop.value
    finally:
        flow.close()


def _only_folder(found: Found) -> str | None:
    """The one folder of the dataset that all pictures go to, or None if there are several."""
    folders = {picture.directory_path for picture in found.pictures}
    return folders.pop() if len(folders) == 1 else None


def _place(image: Image) -> tuple[str, str]:
    return in_dataset(image.directory_path), image.filename
