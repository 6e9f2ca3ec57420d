"""Pictures to annotate and to import, and jobs driven step by step in the place of the worker."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image as Pillow, ImageDraw

from failwell.clock import WallClock
from pictograph.exceptions import PictographError
from pictograph_server import Settings, Store
from pictograph_server.annotating import annotate_one, begin_batch, fail_batch, finish_batch
from pictograph_server.batches import Batch, NewBatch, get_batch, start_batch
from pictograph_server.datasets import NewDataset, create_dataset
from pictograph_server.images import NewImage, register_image
from pictograph_server.importing import begin_import, fail_import, finish_import, import_one
from pictograph_server.imports import Import, NewImport, get_import, start_import
from pictograph_server.uploads import NewUpload, accept_upload, offer_upload

RED, BLUE = (178, 34, 34), (70, 130, 180)
CLASSES = [{"name": "circle", "color": "#b22222"}, {"name": "square", "color": "#4682b4"}]


def drawn(*shapes: tuple[str, tuple[int, int, int, int], Any], size: tuple[int, int] = (96, 72)) -> Pillow.Image:
    """A white picture with *shapes*: "ellipse" or "rectangle", the box with its last column and row, the colour."""
    image = Pillow.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for kind, place, colour in shapes:
        getattr(draw, kind)(place, fill=colour)
    return image


def saved(image: Pillow.Image, kind: str = "PNG", **how: Any) -> bytes:
    """*image* as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def circle(x: int = 8, y: int = 8, side: int = 24) -> bytes:
    """A picture with one red circle."""
    return saved(drawn(("ellipse", (x, y, x + side - 1, y + side - 1), RED)))


def stock(store: Store, clock: WallClock, pictures: Mapping[str, bytes], tenant: str = "acme") -> None:
    """Make the dataset "ds" of *tenant* with *pictures*, each under its path."""
    create_dataset(store, clock, tenant, NewDataset.model_validate({"name": "ds", "classes": CLASSES}))
    for path, content in pictures.items():
        folder, _, filename = path.rpartition("/")
        place = {"dataset": "ds", "directory_path": folder or "/", "filename": filename}
        new = NewUpload.model_validate(place | {"content_type": "image/png"})
        upload = offer_upload(store, clock, tenant, new, 60.0).removeprefix("/signed/").partition("?")[0]
        accept_upload(store, upload, store.folder.write(content), len(content))
        register_image(store, clock, Settings(), tenant, NewImage.model_validate(place))


def batch(store: Store, clock: WallClock, paths: Iterable[str], settings: Settings | None = None, **more: Any) -> str:
    """The id of a batch of "acme" that looks for circles, or for what *more* says."""
    body = {"dataset_name": "ds", "image_filenames": list(paths), "classes": [{"name": "circle"}], **more}
    new = NewBatch.model_validate(body)
    return start_batch(store, clock, settings or Settings(), tenant="acme", key_id="key_1", new=new).job_id


def drive_batch(store: Store, clock: WallClock, job_id: str, settings: Settings | None = None) -> Batch:
    """Do a batch of "acme" the way in which a worker does it; return what became of it."""
    try:
        for item in begin_batch(store, clock, job_id):
            if not annotate_one(store, settings or Settings(), job_id, item):
                break
        finish_batch(store, clock, job_id)
    except PictographError as error:
        fail_batch(store, clock, job_id, error)
    return get_batch(store, "acme", job_id)


def marks(store: Store, filename: str) -> tuple[int, list[dict[str, Any]]]:
    """The version and the annotations of the images of that name."""
    with store.reading() as db:
        row = db.execute("SELECT version, annotations FROM images WHERE filename = ?", (filename,)).fetchone()
    return row["version"], json.loads(row["annotations"])


def put(root: Path, files: Mapping[str, bytes]) -> None:
    """Write *files* below *root*."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def zipped(files: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of *files*."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def import_of(
    store: Store, clock: WallClock, provider: str, *sources: str, settings: Settings | None = None, **more: Any
) -> str:
    """The id of an import of "acme": each source becomes a dataset that is named like it."""
    datasets = [{"id": source, "name": source.replace("/", "-")} for source in sources]
    new = NewImport.model_validate({"provider": provider, "datasets": datasets, **more})
    return start_import(store, clock, settings or Settings(), tenant="acme", key_id="key_1", new=new).import_id


def drive_import(store: Store, clock: WallClock, import_id: str, settings: Settings | None = None) -> Import:
    """Do an import of "acme" the way in which a worker does it; return what became of it."""
    settings = settings or Settings()
    try:
        for item in begin_import(store, clock, settings, import_id):
            if not import_one(store, clock, settings, import_id, item):
                break
        finish_import(store, clock, import_id)
    except PictographError as error:
        fail_import(store, clock, import_id, error)
    return get_import(store, "acme", import_id)


def images(store: Store) -> list[tuple[str, str, int, int]]:
    """Folder, name, width and height of all images, in the order in which they were made."""
    with store.reading() as db:
        rows = db.execute("SELECT directory_path, filename, width, height FROM images ORDER BY seq").fetchall()
    return [tuple(row) for row in rows]
