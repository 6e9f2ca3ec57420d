"""Images, and how they are uploaded."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from failwell.client import (
    Awaiting,
    Blocking,
    Pages,
    Resource,
    model,
    model_page,
    naming,
    nothing,
    operation,
    paged,
    upload_source,
)
from failwell.policy import Flow
from pictograph.resources._paths import collection, path

if TYPE_CHECKING:
    from pictograph.models import Image, UploadTarget

C = TypeVar("C", Blocking, Awaiting)


class Images(Resource[C], name="images"):
    """Images of a dataset."""

    @operation
    def list(
        self, dataset: str, *, directory_path: str | None = None, limit: int = 100, offset: int = 0
    ) -> Flow[list[Image]]:
        """List one page of the images of a dataset, newest first.

        Raises:
            NotFoundError: there is no such dataset.
        """
        from pictograph.models import Image

        params = {"dataset": dataset, "directory_path": directory_path, "limit": limit, "offset": offset}
        return self.api.call("GET", collection("images"), list[Image], params=params)

    @paged
    def iter(
        self, dataset: str, *, directory_path: str | None = None, page_size: int = 1000, max_total: int | None = None
    ) -> Pages[Image]:
        """Iterate over the images of a dataset, newest first, at most *max_total*; *page_size* are asked for at once.

        With *directory_path* only those of that folder. Images that are uploaded meanwhile may let one come twice.

        Raises:
            NotFoundError: there is no such dataset.
        """
        from pictograph.models import Image

        return self.api.pages(
            collection("images"),
            model_page(Image),
            page_size,
            max_total,
            dataset=dataset,
            directory_path=directory_path,
        )

    @operation
    def get(self, image_id: str) -> Flow[Image]:
        """Get an image by its id.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        from pictograph.models import Image

        return self.api.call("GET", path("images", image_id), model(Image, "data"))

    @operation
    def upload(
        self,
        dataset_id: str,
        file_path: str | os.PathLike[str],
        *,
        directory_path: str = "/",
        idempotency_key: str | None = None,
    ) -> Flow[Image]:
        """Upload a file into a dataset, known by its id or its name.

        Three requests: ask where the bytes go, put them there (without the API key), register the image. A key of
        your own is sent with the first and the last; a call repeated with it makes no second image.

        Raises:
            OSError: the file cannot be read.
            SourceChangedError: it was changed while it was sent; it is no PictographError.
            ConflictError: the folder has an image of that name (`error_code="duplicate_filename"`).
            ValidationError: the file is no image that the backend can decode.
            NotFoundError: there is no such dataset.
        """
        from pictograph.models import Image, UploadTarget

        file = Path(file_path)
        source = upload_source(self.core, file)
        size = source.size or 0
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        named = {"dataset": dataset_id, "filename": file.name, "directory_path": directory_path}
        target: UploadTarget = yield from self.api.call(
            "POST",
            path("images", "upload-url"),
            naming(model(UploadTarget, "data"), "upload_url"),
            payload={**named, "content_type": kind},
            mutating=True,
            idempotency_key=idempotency_key,
        )
        yield from self.api.call(
            "PUT",
            target.upload_url,
            nothing,
            content=source.content(0, size),
            headers=(("Content-Type", kind), ("Content-Length", str(size))),
            with_credentials=False,
        )
        payload = {**named, "file_size": size, "content_type": kind, "width": None, "height": None}
        return (
            yield from self.api.call(
                "POST",
                path("images", "register"),
                model(Image, "data"),
                payload=payload,
                mutating=True,
                idempotency_key=idempotency_key,
            )
        )
