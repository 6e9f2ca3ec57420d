"""The steps of a batch auto-annotation. Each may be interrupted and done again: it comes to the same.

`begin_batch`, then `annotate_one` for each item while it says so, then `finish_batch`; a PictographError that one of
them raises goes to `fail_batch`. A batch ends once: who cancels it, or the first of the last two.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from failwell.clock import WallClock
from failwell.server import error_columns
from pictograph.exceptions import CATALOGUE, PictographError, ServerError, ValidationError
from pictograph_server.annotation_rules import check_annotations
from pictograph_server.batches import refuse_unpaid
from pictograph_server.credits import balance_in, change_in
from pictograph_server.detection import Search, detect
from pictograph_server.rejections import invalid, invalid_field
from pictograph_server.settings import Settings
from pictograph_server.store import Store


def unfinished_batches(store: Store) -> list[str]:
    """The ids of the batches that have not ended, oldest first."""
    with store.reading() as db:
        rows = db.execute("SELECT id FROM batches WHERE status IN ('pending', 'running') ORDER BY seq")
        return [str(row["id"]) for row in rows]


def begin_batch(store: Store, clock: WallClock, job_id: str) -> list[int]:
    """Note that a batch runs; return its items that are still to be done, none if it has ended.

    Again: a batch that runs stays as it is, and the items that were done meanwhile are left out.
    """
    with store.writing() as db:
        db.execute(
            "UPDATE batches SET status = 'running', started_at = max(created_at, ?)"
            " WHERE id = ? AND status = 'pending'",
            (clock.wall(), job_id),
        )
        rows = db.execute(
            "SELECT position FROM batch_images JOIN batches ON batches.id = batch_id"
            " WHERE batch_id = ? AND batches.status = 'running' AND batch_images.status = 'pending' ORDER BY position",
            (job_id,),
        ).fetchall()
    return [int(row["position"]) for row in rows]


def annotate_one(store: Store, settings: Settings, job_id: str, item: int) -> bool:
    """Annotate one image and take the credits for it, both or neither; return whether the batch goes on.

    An image that cannot be annotated is noted as failed, and costs nothing. Again: an item that is done is not looked
    at, and nothing is added or charged twice.

    Raises: PaymentRequiredError. Then nothing was done, and once there are credits it can be done again.
    """
    with store.reading() as db:
        row = _item(db, job_id, item)
    if not _is_open(row):
        return _goes_on(row)
    found = _look(store, settings, row)
    with store.writing() as db:
        # Looking takes a while: the batch may have been cancelled, the image annotated by others.
        row = _item(db, job_id, item)
        if _is_open(row):
            _add(db, settings, row, found)
        return _goes_on(row)


def finish_batch(store: Store, clock: WallClock, job_id: str) -> None:
    """End a batch whose items are all done as completed, or as failed if each of them failed.

    Again, and for a batch that has ended or has items left: nothing happens.
    """
    with store.writing() as db:
        batch = db.execute("SELECT * FROM batches WHERE id = ?", (job_id,)).fetchone()
        if batch["processed_images"] + batch["failed_images"] < batch["total_images"]:
            return
        if batch["processed_images"]:
            _end(db, clock, job_id, "completed")
            return
        first = db.execute(
            "SELECT error_message, error FROM batch_images WHERE batch_id = ? ORDER BY position", (job_id,)
        ).fetchone()
        message = f"None of {batch['total_images']} images could be annotated. The first: {first['error_message']}"
        _end(db, clock, job_id, "failed", (message, first["error"]))


def fail_batch(store: Store, clock: WallClock, job_id: str, error: PictographError) -> None:
    """End a batch as failed, and keep *error*. What was annotated stays.

    Again, and for a batch that has ended: nothing happens, the first end counts.
    """
    with store.writing() as db:
        _end(db, clock, job_id, "failed", error_columns(error, CATALOGUE))


def _end(
    db: sqlite3.Connection,
    clock: WallClock,
    job_id: str,
    status: str,
    told: tuple[str | None, str | None] = (None, None),
) -> None:
    db.execute(
        "UPDATE batches SET status = ?, error_message = ?, error = ?,"
        " completed_at = max(coalesce(started_at, created_at), ?) WHERE id = ? AND status IN ('pending', 'running')",
        (status, *told, clock.wall(), job_id),
    )


def _item(db: sqlite3.Connection, job_id: str, item: int) -> sqlite3.Row:
    """An item, with what is needed of its batch and its image."""
    row: sqlite3.Row = db.execute(
        "SELECT batch_images.*, batches.tenant, how, price, batches.status AS batch_status,"
        " processed_images, total_images - processed_images - failed_images AS images_left, images.file,"
        " images.filename, images.annotations FROM batch_images JOIN batches ON batches.id = batch_id"
        " JOIN images ON images.id = image_id WHERE batch_id = ? AND position = ?",
        (job_id, item),
    ).fetchone()
    return row


def _goes_on(row: sqlite3.Row) -> bool:
    return bool(row["batch_status"] == "running")


def _is_open(row: sqlite3.Row) -> bool:
    return _goes_on(row) and row["status"] == "pending"


def _look(store: Store, settings: Settings, row: sqlite3.Row) -> list[dict[str, Any]] | PictographError:
    """What is seen in an item's image, in the form in which it is kept; or why nothing can be."""
    try:
        content = store.folder.read(row["file"])
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        return ServerError(f"The file of {row['filename']} cannot be read ({reason}). Upload the image again.")
    try:
        found = detect(content, Search.model_validate_json(row["how"]), max_pixels=settings.max_image_pixels)
    except ValidationError as error:
        return error
    signed = [annotation | {"created_by": f"auto-annotate {row['batch_id']}"} for annotation in found]
    kept, problems = check_annotations(signed, most=settings.max_annotations)
    return invalid(problems) if problems else kept


def _add(
    db: sqlite3.Connection, settings: Settings, row: sqlite3.Row, found: list[dict[str, Any]] | PictographError
) -> None:
    """Add what was *found* to the image, paid for; or note the item as failed."""
    if isinstance(found, PictographError):
        _fail(db, row, found)
        return
    annotations: list[Any] = json.loads(row["annotations"]) + found
    if len(annotations) > settings.max_annotations:
        msg = (
            f"The image would have {len(annotations)} annotations, it takes at most {settings.max_annotations}."
            " Raise `confidence_threshold`, or set `top_k`"
        )
        _fail(db, row, invalid_field(["body", "image_filenames", row["position"]], msg, "too_long"))
        return
    refuse_unpaid(
        balance_in(db, row["tenant"]),
        row["price"],
        row["images_left"],
        settings,
        done=f"Batch {row['batch_id']} has annotated {row['processed_images']} images, which stay. ",
    )
    change_in(db, row["tenant"], -row["price"])
    if found:
        db.execute(
            "UPDATE images SET annotations = ?, annotation_count = ?, version = version + 1 WHERE id = ?",
            (json.dumps(annotations), len(annotations), row["image_id"]),
        )
    db.execute(
        "UPDATE batch_images SET status = 'done', annotations_added = ? WHERE batch_id = ? AND position = ?",
        (len(found), row["batch_id"], row["position"]),
    )
    db.execute(
        "UPDATE batches SET processed_images = processed_images + 1, annotations_added = annotations_added + ?,"
        " credits_charged = credits_charged + price WHERE id = ?",
        (len(found), row["batch_id"]),
    )


def _fail(db: sqlite3.Connection, row: sqlite3.Row, error: PictographError) -> None:
    db.execute(
        "UPDATE batch_images SET status = 'failed', error_message = ?, error = ? WHERE batch_id = ? AND position = ?",
        (*error_columns(error, CATALOGUE), row["batch_id"], row["position"]),
    )
    db.execute("UPDATE batches SET failed_images = failed_images + 1 WHERE id = ?", (row["batch_id"],))
