"""Demo content: what the snippets of the documentation page work with, from the first minute on."""

from __future__ import annotations

import contextlib
import io
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image as Pillow, ImageDraw

from failwell.clock import WallClock
from pictograph.exceptions import ConflictError, NotFoundError
from pictograph_server.annotations import SaveAnnotations, save_annotations
from pictograph_server.credits import set_credits
from pictograph_server.datasets import DatasetClass, NewDataset, create_dataset
from pictograph_server.exports import NewExport, create_export, get_export
from pictograph_server.images import NewImage, find_image_at, register_image
from pictograph_server.settings import Settings
from pictograph_server.sources import import_root
from pictograph_server.store import Store
from pictograph_server.uploads import NewUpload, accept_upload, offer_upload

TENANTS = ("acme", "globex")
DATASET = "ds"
EXPORT = "exp"

_SOURCE = "shapes"
_CREDITS = {"acme": 1000, "globex": 1000}
_SIZE = (96, 72)
_COLORS = {"circle": "#b22222", "square": "#4682b4"}  # firebrick, steelblue
_PLACES = ((8, 8), (40, 10), (20, 30), (56, 34))
_SIDE = 24


def seed(
    store: Store, *, clock: WallClock, settings: Settings | None = None, credits_left: Mapping[str, int] = _CREDITS
) -> None:
    """Give "acme" and "globex" *credits_left*, and each a dataset "ds" with annotated pictures and an export "exp".

    The import root gets the same pictures as the folder "shapes" and as "shapes.zip", if it has none of that name. A
    tenant that has the export, which is made last, is left as it is: what broke off is completed.
    """
    settings = settings or Settings()
    _add_sources(import_root(store, settings))
    for tenant in TENANTS:
        if _is_seeded(store, tenant):
            continue
        set_credits(store, tenant, credits_left[tenant])
        classes = [DatasetClass(name=name, type="bbox", color=color) for name, color in _COLORS.items()]
        with contextlib.suppress(ConflictError):
            create_dataset(store, clock, tenant, NewDataset(name=DATASET, description="Demo shapes", classes=classes))
        for name in _COLORS:
            for number, place in enumerate(_PLACES, start=1):
                _add_picture(store, clock, settings, tenant, name=name, number=number, place=place)
        create_export(store, clock, tenant, NewExport(dataset_name=DATASET, name=EXPORT))


def _is_seeded(store: Store, tenant: str) -> bool:
    try:
        get_export(store, tenant, DATASET, EXPORT)
    except NotFoundError:
        return False
    return True


def _add_picture(
    store: Store, clock: WallClock, settings: Settings, tenant: str, *, name: str, number: int, place: tuple[int, int]
) -> None:
    """Upload, register and annotate one picture, the way in which a client's would come."""
    filename = f"{name}-{number}.png"
    content = _draw(name, place)
    offered = NewUpload(dataset=DATASET, filename=filename, content_type="image/png")
    with contextlib.suppress(ConflictError):
        path = offer_upload(store, clock, tenant, offered, settings.upload_seconds)
        upload_id = path.removeprefix("/signed/").partition("?")[0]
        accept_upload(store, upload_id, store.folder.write(content), len(content))
        register_image(store, clock, settings, tenant, NewImage(dataset=DATASET, filename=filename))
    x, y = place
    box = {"name": name, "type": "bbox", "bounding_box": {"x": x, "y": y, "w": _SIDE, "h": _SIDE}}
    annotations = SaveAnnotations(annotations=[box])
    save_annotations(store, settings, lambda db: find_image_at(db, tenant, DATASET, filename), annotations)


def _add_sources(root: Path) -> None:
    """Put the demo pictures into *root*, each source under its name once it is whole."""
    root.mkdir(parents=True, exist_ok=True)
    folder, archive = root / _SOURCE, root / f"{_SOURCE}.zip"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=root, prefix=".") as part:
            for path, content in _pictures():
                (Path(part, _SOURCE) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(part, _SOURCE) / path).write_bytes(content)
            Path(part, _SOURCE).rename(folder)
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=root, prefix=".") as part:
            with zipfile.ZipFile(Path(part, archive.name), "w") as packed:
                for path, content in _pictures():
                    packed.writestr(path, content)
            Path(part, archive.name).rename(archive)


def _pictures() -> Iterator[tuple[str, bytes]]:
    for name in _COLORS:
        for number, place in enumerate(_PLACES, start=1):
            yield f"{name}s/{name}-{number}.png", _draw(name, place)


def _draw(name: str, place: tuple[int, int]) -> bytes:
    picture = Pillow.new("RGB", _SIZE, "white")
    x, y = place
    draw = ImageDraw.Draw(picture)
    paint = draw.ellipse if name == "circle" else draw.rectangle
    paint((x, y, x + _SIDE - 1, y + _SIDE - 1), fill=_COLORS[name])
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
