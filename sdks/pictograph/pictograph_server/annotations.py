"""Annotations of an image: read, and replaced as a whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pictograph.exceptions import ConflictError
from pictograph_server.annotation_rules import check_annotations
from pictograph_server.rejections import invalid
from pictograph_server.settings import Settings
from pictograph_server.store import Store

Find = Callable[[sqlite3.Connection], sqlite3.Row]
"""Finds the image's row, or raises NotFoundError."""


class SaveAnnotations(BaseModel):
    """The body that replaces an image's annotations.

    *version* is the one that the caller has seen; leave it out to replace whatever is there.
    """

    model_config = ConfigDict(extra="forbid")

    annotations: list[Any]
    version: Annotated[int, Field(strict=True, ge=0)] | None = None


class Saved(BaseModel):
    """What saving did."""

    image_id: str
    previous_count: int
    new_count: int
    status: str
    version: int


class ImageAnnotations(BaseModel):
    """An image's annotations as they travel."""

    image_id: str
    annotations: list[dict[str, Any]]
    version: int


def read_annotations(store: Store, find: Find) -> ImageAnnotations:
    """The annotations of the image that *find* finds.

    Raises: NotFoundError.
    """
    with store.reading() as db:
        image = find(db)
    return ImageAnnotations(
        image_id=image["id"], annotations=json.loads(image["annotations"]), version=image["version"]
    )


def save_annotations(store: Store, settings: Settings, find: Find, body: SaveAnnotations) -> Saved:
    """Replace the annotations of the image that *find* finds.

    Raises: NotFoundError, ValidationError, ConflictError.
    """
    kept, problems = check_annotations(body.annotations, most=settings.max_annotations)
    with store.writing() as db:
        # Before the shape: to somebody else's image, a bad body is answered like a good one.
        image = find(db)
        if problems:
            raise invalid(problems)
        if body.version is not None and body.version != image["version"]:
            message = (
                f"The annotations are at version {image['version']}, you have seen {body.version}. "
                "Read them again, then save with the new version."
            )
            raise ConflictError(message, error_code="version_conflict")
        version = image["version"] + 1
        db.execute(
            "UPDATE images SET annotations = ?, annotation_count = ?, version = ? WHERE id = ?",
            (json.dumps(kept), len(kept), version, image["id"]),
        )
    return Saved(
        image_id=image["id"],
        previous_count=image["annotation_count"],
        new_count=len(kept),
        status="in_progress" if kept else "new",
        version=version,
    )
