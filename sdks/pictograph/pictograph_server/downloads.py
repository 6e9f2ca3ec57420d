"""Exports as zip archives, behind signed URLs."""

from __future__ import annotations

import io
import json
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from failwell.clock import WallClock
from pictograph.exceptions import NotFoundError, ServerError
from pictograph_server.datasets import find_dataset
from pictograph_server.exports import find_export
from pictograph_server.store import Store


class DownloadUrl(BaseModel):
    """Where the export is, for a GET without an API key."""

    download_url: str
    expires_in: int


def offer_download(
    store: Store, clock: WallClock, tenant: str, dataset: str | None, export: str, *, seconds: float
) -> str:
    """The path and query at which the export can be fetched for *seconds*.

    Raises: NotFoundError.
    """
    with store.reading() as db:
        dataset_id = find_dataset(db, tenant, dataset)["id"] if dataset is not None else None
        export_id: str = find_export(db, tenant, dataset_id, export)["id"]
    return store.signed_urls.sign("GET", export_id, int(clock.wall() + seconds))


def open_download(
    store: Store, clock: WallClock, export_id: str, *, expires: int, signature: str
) -> tuple[str, Iterator[bytes]]:
    """The name of the export behind a signed URL, and its zip archive in parts: annotations.json, and the images.

    The archive of an export is the same each time. Raises: ForbiddenError, NotFoundError, ServerError.
    """
    store.signed_urls.check("GET", export_id, expires=expires, signature=signature, now=clock.wall())
    with store.reading() as db:
        export = db.execute("SELECT * FROM exports WHERE id = ? AND deleted_at IS NULL", (export_id,)).fetchone()
        if export is None:
            raise NotFoundError("The export was deleted. Create it anew.")
        images = db.execute(
            "SELECT * FROM export_images WHERE export_id = ? ORDER BY position", (export_id,)
        ).fetchall()
    for image in images:
        # Looked for first: once a part is sent, nothing can be said any more.
        if not (store.folder.files / image["file"]).is_file():
            message = f"The file of {image['filename']} is gone from the data folder. Upload the image again."
            raise ServerError(f"{message} Then export again.")
    return export["name"], _zipped(store, export, images)


def _zipped(store: Store, export: sqlite3.Row, images: list[sqlite3.Row]) -> Iterator[bytes]:
    sink = _Sink()
    when = time.gmtime(max(export["created_at"], 315_532_800.0))[:6]  # zip archives know no time before 1980
    with zipfile.ZipFile(sink, "w") as archive:
        about = json.dumps(_contents(export, images), indent=1).encode()
        archive.writestr(zipfile.ZipInfo("annotations.json", when), about, zipfile.ZIP_DEFLATED)
        yield sink.taken()
        for image in images:
            # Pictures are packed as well as they can be already.
            archive.writestr(zipfile.ZipInfo(_path(image), when), store.folder.read(image["file"]))
            yield sink.taken()
    yield sink.taken()


def _contents(export: sqlite3.Row, images: list[sqlite3.Row]) -> dict[str, Any]:
    return {
        "export": {"id": export["id"], "name": export["name"], "format": "pictograph"},
        "images": [
            {
                "filename": image["filename"],
                "directory_path": image["directory_path"],
                "file": _path(image),
                "annotations": json.loads(image["annotations"]),
            }
            for image in images
        ],
    }


def _path(image: sqlite3.Row) -> str:
    return f"images{image['directory_path'].rstrip('/')}/{image['filename']}"


class _Sink(io.RawIOBase):
    """Takes what is written and hands it on; nobody can go back in it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any, /) -> int:
        """Take *data*."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
