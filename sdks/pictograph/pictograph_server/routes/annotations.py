"""`/annotations/`."""

from __future__ import annotations

from fastapi import APIRouter

from failwell.server import CurrentCaller, CurrentWriter
from pictograph_server.annotations import (
    ImageAnnotations,
    SaveAnnotations,
    Saved,
    read_annotations,
    save_annotations,
)
from pictograph_server.images import find_image, find_image_at
from pictograph_server.services import Parts

router = APIRouter(prefix="/annotations", tags=["annotations"])


# The two paths of an image are one operation, so they share its id; only one of them can be in the schema.
# No dataset can be named "by-id".
@router.get("/by-id/{image_id}", operation_id="annotations.get", include_in_schema=False)
def get_by_id(caller: CurrentCaller, parts: Parts, image_id: str) -> ImageAnnotations:
    """Get the annotations of an image, known by its id."""
    return read_annotations(parts.store, lambda db: find_image(db, caller.tenant, image_id))


@router.get("/{dataset}/{path:path}", operation_id="annotations.get")
def get(caller: CurrentCaller, parts: Parts, dataset: str, path: str) -> ImageAnnotations:
    """Get the annotations of an image, known by its dataset and its folder and name."""
    return read_annotations(parts.store, lambda db: find_image_at(db, caller.tenant, dataset, path))


@router.post("/by-id/{image_id}", operation_id="annotations.save", include_in_schema=False)
def save_by_id(caller: CurrentWriter, parts: Parts, image_id: str, body: SaveAnnotations) -> Saved:
    """Replace the annotations of an image, known by its id."""
    return save_annotations(parts.store, parts.settings, lambda db: find_image(db, caller.tenant, image_id), body)


@router.post("/{dataset}/{path:path}", operation_id="annotations.save")
def save(caller: CurrentWriter, parts: Parts, dataset: str, path: str, body: SaveAnnotations) -> Saved:
    """Replace the annotations of an image, known by its dataset and its folder and name."""
    return save_annotations(
        parts.store, parts.settings, lambda db: find_image_at(db, caller.tenant, dataset, path), body
    )
