"""Exports."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from failwell.client import (
    Awaiting,
    Blocking,
    Pages,
    Resource,
    model,
    naming,
    nothing,
    operation,
    paged,
)
from failwell.policy import Flow
from pictograph.resources._paths import collection, path

if TYPE_CHECKING:
    from pictograph.models import DownloadTarget, Export

C = TypeVar("C", Blocking, Awaiting)


class Exports(Resource[C], name="exports"):
    """Frozen copies of a dataset, which training reads."""

    @operation
    def list(self, *, dataset: str | None = None, limit: int = 100, offset: int = 0) -> Flow[list[Export]]:
        """List one page of the exports, newest first; with *dataset* only those of one.

        Raises:
            NotFoundError: there is no such dataset.
        """
        from pictograph.models import Export

        params = {"limit": limit, "offset": offset, "dataset_name": dataset}
        return self.api.call("GET", collection("exports"), list[Export], params=params)

    @paged
    def iter(self, *, dataset: str | None = None, page_size: int = 100, max_total: int | None = None) -> Pages[Export]:
        """Iterate over the exports, newest first, at most *max_total*; *page_size* of them are asked for at once.

        Raises:
            NotFoundError: there is no such *dataset*.
        """
        from pictograph.models import Export

        return self.api.pages(collection("exports"), Export, page_size, max_total, dataset_name=dataset)

    @operation
    def create(
        self,
        dataset_name: str,
        name: str,
        *,
        format: str = "pictograph",  # noqa: A002 - the word that the backend and its users have for it
        include_images: bool = False,
        idempotency_key: str | None = None,
    ) -> Flow[Export]:
        """Freeze the annotated images of a dataset.

        Raises:
            NotFoundError: there is no such dataset.
            ConflictError: the dataset has an export of that name.
            ValidationError: the backend does not make that *format*.
        """
        from pictograph.models import Export

        payload = {"dataset_name": dataset_name, "name": name, "format": format, "include_images": include_images}
        return self.api.call(
            "POST",
            collection("exports"),
            model(Export, "data"),
            payload=payload,
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @operation
    def get(self, export: str, *, dataset: str | None = None) -> Flow[Export]:
        """Get an export by its id, or by its name and *dataset*.

        Raises:
            NotFoundError: there is none.
        """
        from pictograph.models import Export

        params = {"dataset": dataset}
        return self.api.call("GET", path("exports", export), model(Export, "data"), params=params)

    @operation
    def delete(self, export: str, *, dataset: str | None = None, idempotency_key: str | None = None) -> Flow[None]:
        """Delete an export by its id, or by its name and *dataset*.

        Raises:
            NotFoundError: there is none.
        """
        return self.api.call(
            "DELETE",
            path("exports", export),
            nothing,
            params={"dataset": dataset},
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @operation
    def download(self, export: str, path: str | os.PathLike[str], *, dataset: str | None = None) -> Flow[Path]:
        """Write an export, known by its id or by its name and *dataset*, to the file *path*; return that path.

        The file is there whole or not at all: the bytes go to a file of another name beside it, which takes its place
        at the end. A file that was there before is replaced. The client's `timeout` bounds the whole transfer.

        Raises:
            OSError: the file cannot be made (then nothing was asked for), or the disk is full.
            NotFoundError: there is no such export.
        """
        from pictograph.models import DownloadTarget

        target = Path(path)
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "An export is one file; pass the path of a file", str(target))
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "There is no such folder; make it first", str(target.parent))
        part = target.with_name(f".{uuid.uuid4().hex}.part")
        with _gone_in_the_end(part), part.open("xb") as file:

            def from_the_start() -> Callable[[bytes], object]:
                file.seek(0)
                file.truncate()
                return file.write

            where: DownloadTarget = yield from self.api.call(
                "GET",
                _download(export),
                naming(model(DownloadTarget, "data"), "download_url"),
                params={"dataset": dataset},
            )
            yield from self.api.call("GET", where.download_url, nothing, with_credentials=False, into=from_the_start)
            file.close()
            part.replace(target)
        return target


@contextmanager
def _gone_in_the_end(part: Path) -> Generator[None]:
    """Leave no file *part* behind, whatever happens."""
    try:
        yield
    finally:
        part.unlink(missing_ok=True)


def _download(export: str) -> str:
    # The argument of `download` has the same name as the function.
    return path("exports", export, "download")
