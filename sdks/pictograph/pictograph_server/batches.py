"""Batch auto-annotations as rows: accepted, quoted, looked at, cancelled."""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import (
    MOST_FAILURES,
    JobError,
    JobFailure,
    Moment,
    RowModel,
    Submission,
    find_row,
    find_submission,
    insert,
    job_error,
    job_failures,
    shorten,
)
from pictograph.exceptions import NotFoundError, PaymentRequiredError
from pictograph_server.colours import colour_of
from pictograph_server.credits import balance_in
from pictograph_server.datasets import DatasetClass, find_dataset
from pictograph_server.detection import OutputType, Search, Wanted
from pictograph_server.images import find_image_at
from pictograph_server.names import Name, new_id
from pictograph_server.rejections import invalid
from pictograph_server.settings import Settings
from pictograph_server.store import Store

BatchStatus = Literal["pending", "running", "completed", "failed", "cancelled"]

NAMINGS = 2
"""How often an image may be named for each image that a batch takes: by its path, and by its id."""

_Classes = Annotated[list["BatchClass"], Field(max_length=50)]
_Path = Annotated[str, Field(min_length=1, max_length=1000)]


class BatchClass(BaseModel):
    """A class to look for, and as what it is marked; a "tag" is a box around the whole picture."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    output_type: OutputType = "polygon"


class NewBatch(BaseModel):
    """The body that starts a batch; an image is named "x.png", "train/x.png" or by its id.

    Without *top_k*, and with 0, all regions of a class are kept, else the *top_k* largest in each image. A picture is
    looked at pixel by pixel, so slicing it (*sahi*) changes nothing.
    """

    model_config = ConfigDict(extra="forbid")

    dataset_name: Annotated[str, Field(min_length=1)]
    image_filenames: Annotated[list[_Path], Field(min_length=1)]
    classes: Annotated[_Classes, Field(min_length=1)]
    confidence_threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5
    top_k: Annotated[int, Field(strict=True, ge=0)] | None = None
    # There is one way of annotating here, so no other can be asked for.
    model: Literal["color"] | None = None
    sahi: bool = False
    sahi_slice_size: int | None = None


class ProjectedImages(BaseModel):
    """Images that are not uploaded yet."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(strict=True, ge=0, le=2**53)]
    width: int | None = None
    height: int | None = None


class NewQuote(BaseModel):
    """The body that asks what a batch would cost."""

    model_config = ConfigDict(extra="forbid")

    dataset_name: Annotated[str, Field(min_length=1)] | None = None
    image_filenames: list[_Path] = []
    projected: Annotated[list[ProjectedImages], Field(max_length=1000)] = []
    classes: _Classes = []
    model: Literal["color"] | None = None
    sahi: bool = False
    sahi_slice_size: int | None = None


class Quote(BaseModel):
    """What a batch would cost, and whether it could be started and paid for."""

    total_images: int
    estimated_credits: int
    remaining_credits: int
    sufficient: bool
    max_images: int
    exceeds_max_images: bool


class Batch(RowModel):
    """A batch as it travels. *progress* is in per cent; a failed image is not a processed one, and not paid for."""

    job_id: str
    dataset_id: str
    status: BatchStatus
    progress: int
    total_images: int
    processed_images: int
    failed_images: int
    total_annotations_added: int
    estimated_credits: int
    credits_charged: int
    error_message: str | None
    error: JobError | None
    failures: list[JobFailure]
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    created_by: str


def start_batch(
    store: Store,
    clock: WallClock,
    settings: Settings,
    *,
    tenant: str,
    key_id: str,
    new: NewBatch,
    key: Submission | None = None,
) -> Batch:
    """Accept a batch; the batch of an idempotency *key* known before.

    It is paid for image by image; somebody who cannot pay for the first one is refused.

    Raises: NotFoundError, which names the first image that is not there; ValidationError; PaymentRequiredError.
    """
    # Before anything is looked up: nobody else can write while that lasts.
    refuse_too_many_names(new.image_filenames, settings)
    job_id = new_id()
    with store.writing() as db:
        if (known := find_submission(db, "batches", clock, tenant, key)) is not None:
            return _shown(db, _find_batch(db, tenant, known))
        dataset = find_dataset(db, tenant, new.dataset_name)
        search = Search(
            classes=_wanted(new.classes, dataset),
            confidence_threshold=new.confidence_threshold,
            top_k=new.top_k,
        )
        images = _images(db, tenant, dataset["id"], new.image_filenames)
        if len(images) > settings.max_batch_images:
            msg = f"A batch takes at most {settings.max_batch_images} images, these are {len(images)}. Start several"
            raise invalid([{"loc": ["body", "image_filenames"], "msg": msg, "type": "too_long"}])
        price = settings.annotate_credits
        refuse_unpaid(balance_in(db, tenant), price, len(images), settings)
        insert(
            db,
            "batches",
            id=job_id,
            tenant=tenant,
            created_by=key_id,
            idempotency_key=key,
            dataset_id=dataset["id"],
            how=search.model_dump_json(),
            price=price,
            status="pending",
            total_images=len(images),
            created_at=clock.wall(),
        )
        db.executemany(
            "INSERT INTO batch_images (batch_id, position, image_id) VALUES (?, ?, ?)",
            [(job_id, position, image) for position, image in enumerate(images)],
        )
        return _shown(db, _find_batch(db, tenant, job_id))


def quote_batch(store: Store, settings: Settings, tenant: str, new: NewQuote) -> Quote:
    """What a batch would cost. With a dataset the images must be there, without one they are only counted.

    Raises: NotFoundError, ValidationError.
    """
    refuse_too_many_names(new.image_filenames, settings)
    with store.reading() as db:
        total = len(dict.fromkeys(new.image_filenames))
        if new.dataset_name is not None:
            dataset = find_dataset(db, tenant, new.dataset_name)
            _wanted(new.classes, dataset)
            total = len(_images(db, tenant, dataset["id"], new.image_filenames))
        remaining = balance_in(db, tenant)
    total += sum(entry.count for entry in new.projected)
    cost = total * settings.annotate_credits
    return Quote(
        total_images=total,
        estimated_credits=cost,
        remaining_credits=remaining,
        sufficient=remaining >= cost,
        max_images=settings.max_batch_images,
        exceeds_max_images=total > settings.max_batch_images,
    )


def get_batch(store: Store, tenant: str, job_id: str) -> Batch:
    """The batch of that id.

    Raises: NotFoundError.
    """
    with store.reading() as db:
        return _shown(db, _find_batch(db, tenant, job_id))


def cancel_batch(store: Store, clock: WallClock, tenant: str, job_id: str) -> Batch:
    """End a batch before its next image. What was annotated stays, and so does a batch that has ended already.

    Raises: NotFoundError.
    """
    with store.writing() as db:
        batch = _find_batch(db, tenant, job_id)
        db.execute(
            "UPDATE batches SET status = 'cancelled', completed_at = max(coalesce(started_at, created_at), ?)"
            " WHERE id = ? AND status IN ('pending', 'running')",
            (clock.wall(), batch["id"]),
        )
        return _shown(db, _find_batch(db, tenant, job_id))


def refuse_too_many_names(names: list[str], settings: Settings) -> None:
    """Refuse more *names* than the images of a batch can have. Raises: ValidationError."""
    most = NAMINGS * settings.max_batch_images
    if len(names) > most:
        msg = (
            f"A batch takes at most {settings.max_batch_images} images, named {most} times at most; these are"
            f" {len(names)} names. Start several"
        )
        raise invalid([{"loc": ["body", "image_filenames"], "msg": msg, "type": "too_long"}])


def refuse_unpaid(remaining: int, price: int, images: int, settings: Settings, *, done: str = "") -> None:
    """Raise PaymentRequiredError if *remaining* credits do not pay for the first of *images* at *price* each.

    *done* is the sentence that says what was paid for before.
    """
    if remaining < price:
        required = images * price
        raise PaymentRequiredError(
            f"{done}Annotating {_counted(images, 'image')} costs {_counted(required, 'credit')}, {remaining} are left."
            f" Top up at {settings.upgrade_url}",
            required=required,
            remaining=remaining,
            upgrade_url=settings.upgrade_url,
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _wanted(classes: list[BatchClass], dataset: sqlite3.Row) -> list[Wanted]:
    """*classes* with their colours. Raises: ValidationError, for each that has none, and each that comes twice."""
    known = [DatasetClass.model_validate(entry) for entry in json.loads(dataset["classes"])]
    wanted: list[Wanted] = []
    problems: list[dict[str, object]] = []
    for index, entry in enumerate(classes):
        colour = colour_of(entry.name, known)
        if colour is None:
            msg = (
                f'The class "{shorten(entry.name)}" has no colour to look for. Use a class to which the dataset gives'
                ' a `color`, or put a CSS colour into its name, as in "red circle"'
            )
            problems.append({"loc": ["body", "classes", index, "name"], "msg": msg, "type": "no_color"})
            continue
        if entry in classes[:index]:
            msg = f'The class "{shorten(entry.name)}" is there already. Remove it'
            problems.append({"loc": ["body", "classes", index, "name"], "msg": msg, "type": "duplicate_class"})
        wanted.append(Wanted(name=entry.name, output_type=entry.output_type, colour=colour))
    if problems:
        raise invalid(problems)
    return wanted


def _images(db: sqlite3.Connection, tenant: str, dataset_id: str, paths: list[str]) -> list[str]:
    """The ids of the images at *paths*, each once. Raises: NotFoundError."""
    images = (find_image_at(db, tenant, dataset_id, path)["id"] for path in dict.fromkeys(paths))
    return list(dict.fromkeys(images))


def _find_batch(db: sqlite3.Connection, tenant: str, job_id: str) -> sqlite3.Row:
    row = find_row(db, "batches", tenant, job_id.lower())
    if row is None:
        raise NotFoundError(f'There is no batch "{shorten(job_id)}". Verify the id that starting it returned.')
    return row


def _shown(db: sqlite3.Connection, row: sqlite3.Row) -> Batch:
    failures = db.execute(
        "SELECT position, filename, error_message, error FROM batch_images JOIN images ON images.id = image_id"
        " WHERE batch_id = ? AND status = 'failed' ORDER BY position LIMIT ?",
        (row["id"], MOST_FAILURES),
    ).fetchall()
    return Batch.of(
        row,
        job_id=row["id"],
        progress=100 * (row["processed_images"] + row["failed_images"]) // row["total_images"],
        total_annotations_added=row["annotations_added"],
        estimated_credits=row["total_images"] * row["price"],
        error=job_error(row),
        failures=job_failures(failures),
    )
