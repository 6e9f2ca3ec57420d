"""Images: registered once their bytes are here, found by id or by their place, listed."""

from __future__ import annotations

import dataclasses
import sqlite3
from dataclasses import dataclass
from typing import Annotated, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import Moment, Pagination, RowModel, find_row, insert, rows_of_page, shorten
from pictograph.exceptions import ConflictError, NotFoundError
from pictograph_server.datasets import find_dataset
from pictograph_server.names import Directory, Filename, looks_like_id, new_id
from pictograph_server.pictures import Picture, decode
from pictograph_server.rejections import invalid_field
from pictograph_server.settings import Settings
from pictograph_server.store import Store
from pictograph_server.uploads import ContentType, refuse_taken

_Strict = Annotated[int, Field(strict=True, ge=0)]


class NewImage(BaseModel):
    """The body that registers an uploaded picture; *dataset* is a name or an id.

    *width* and *height* are what the caller believes: the picture itself decides.
    """

    model_config = ConfigDict(extra="forbid")

    dataset: Annotated[str, Field(min_length=1)]
    filename: Filename
    directory_path: Directory = "/"
    file_size: _Strict | None = None
    content_type: ContentType | None = None
    width: _Strict | None = None
    height: _Strict | None = None


class Image(RowModel):
    """An image as it travels."""

    id: str
    organization_id: str
    dataset_id: str
    filename: str
    directory_path: str
    status: Literal["new", "annotate"]
    annotation_count: int
    version: int
    file_size: int
    width: int
    height: int
    content_type: str
    created_at: Moment


@dataclass(frozen=True)
class Place:
    """Where an image is."""

    dataset_id: str
    directory_path: str
    filename: str


def register_image(store: Store, clock: WallClock, settings: Settings, tenant: str, new: NewImage) -> Image:
    """Decode what was uploaded under this name, and make it an image of the dataset.

    Raises: NotFoundError, ConflictError, ValidationError.
    """
    with store.reading() as db:
        dataset_id = find_dataset(db, tenant, new.dataset)["id"]
        refuse_taken(db, dataset_id, new.directory_path, new.filename)
        upload = _newest_upload(db, dataset_id, new)
    picture = _checked(_content(store, upload["file"]), upload, new, settings)
    place = Place(dataset_id, new.directory_path, new.filename)
    with store.writing() as db:
        refuse_taken(db, dataset_id, new.directory_path, new.filename)
        image_id = add_image(db, clock, tenant, place, picture, file=upload["file"], file_size=upload["file_size"])
        # Decoding takes a while: what was decoded must still be what is kept.
        kept = db.execute(
            "UPDATE uploads SET image_id = ? WHERE id = ? AND file = ? AND image_id IS NULL",
            (image_id, upload["id"], upload["file"]),
        )
        if kept.rowcount == 0:
            _refuse_changed()
        return _shown(find_image(db, tenant, image_id))


def add_image(
    db: sqlite3.Connection, clock: WallClock, tenant: str, place: Place, picture: Picture, *, file: str, file_size: int
) -> str:
    """Make an image of the *picture* in *file* inside of a transaction; return its id."""
    image_id = new_id()
    columns = {**dataclasses.asdict(place), **dataclasses.asdict(picture), "file": file, "file_size": file_size}
    insert(db, "images", id=image_id, tenant=tenant, **columns, created_at=clock.wall())
    return image_id


def get_image(store: Store, tenant: str, image_id: str) -> Image:
    """The image of that id.

    Raises: NotFoundError.
    """
    with store.reading() as db:
        return _shown(find_image(db, tenant, image_id))


def list_images(
    store: Store,
    tenant: str,
    dataset: str,
    *,
    directory_path: str | None,
    filename: str | None,
    limit: int,
    offset: int,
) -> tuple[list[Image], Pagination]:
    """One page of a dataset's images, newest first, of one folder or one name if given.

    Raises: NotFoundError.
    """
    with store.reading() as db:
        dataset_id = find_dataset(db, tenant, dataset)["id"]
    wanted = {"dataset_id": dataset_id, "directory_path": directory_path, "filename": filename}
    given = {column: value for column, value in wanted.items() if value is not None}
    where = " AND ".join(f"{column} = ?" for column in given)
    rows, pagination = rows_of_page(store, "images", where, list(given.values()), limit=limit, offset=offset)
    return [_shown(row) for row in rows], pagination


def find_image(db: sqlite3.Connection, tenant: str, image_id: str) -> sqlite3.Row:
    """The row of the image of that id.

    Raises: NotFoundError.
    """
    row = find_row(db, "images", tenant, image_id.lower())
    if row is None:
        raise NotFoundError(f'There is no image "{shorten(image_id)}". Verify the id with `images.list`.')
    return row


def find_image_at(db: sqlite3.Connection, tenant: str, dataset: str, path: str) -> sqlite3.Row:
    """The row of the image at *path* in a dataset: "x.png", "train/x.png", or its id.

    Raises: NotFoundError.
    """
    dataset_id = find_dataset(db, tenant, dataset)["id"]
    directory, _, filename = path.strip("/").rpartition("/")
    if looks_like_id(path):
        where, values = "id = ?", [path.lower()]
    else:
        where, values = "directory_path = ? AND filename = ?", [f"/{directory}", filename]
    row: sqlite3.Row | None = db.execute(
        f"SELECT * FROM images WHERE dataset_id = ? AND {where}",  # noqa: S608 - our own words
        (dataset_id, *values),
    ).fetchone()
    if row is None:
        message = f'The dataset has no image "{shorten(path)}". Verify with `images.list`; names are case-sensitive.'
        raise NotFoundError(message)
    return row


def _newest_upload(db: sqlite3.Connection, dataset_id: str, new: NewImage) -> sqlite3.Row:
    upload: sqlite3.Row | None = db.execute(
        "SELECT * FROM uploads WHERE dataset_id = ? AND directory_path = ? AND filename = ? AND file IS NOT NULL"
        " AND image_id IS NULL ORDER BY seq DESC LIMIT 1",
        (dataset_id, new.directory_path, new.filename),
    ).fetchone()
    if upload is None:
        msg = "Nothing was uploaded under this name. Ask for an upload URL and PUT the bytes to it first"
        raise invalid_field(["body", "filename"], msg, "not_uploaded")
    return upload


def _content(store: Store, file: str) -> bytes:
    try:
        return store.folder.read(file)
    except FileNotFoundError:
        _refuse_changed()


def _checked(content: bytes, upload: sqlite3.Row, new: NewImage, settings: Settings) -> Picture:
    if new.file_size is not None and new.file_size != len(content):
        msg = f"{len(content)} bytes arrived, not the {new.file_size} announced. Upload the file again"
        raise invalid_field(["body", "file_size"], msg, "file_size_mismatch")
    picture = decode(content, max_pixels=settings.max_image_pixels)
    declared = new.content_type or upload["content_type"]
    if picture.content_type != declared:
        msg = f"Declared {declared}, but the bytes are {picture.content_type}. Upload with that content type"
        raise invalid_field(["body", "content_type"], msg, "content_type_mismatch")
    return picture


def _refuse_changed() -> NoReturn:
    raise ConflictError("The upload changed while it was being registered. Register it again.")


def _shown(row: sqlite3.Row) -> Image:
    return Image.of(row, organization_id=row["tenant"], status="annotate" if row["annotation_count"] else "new")
