"""`/exports/`."""

from __future__ import annotations

from fastapi import APIRouter

from pictograph_server.callers import Reader, Writer
from pictograph_server.exports import Export, NewExport, create_export, get_export
from pictograph_server.replies import One
from pictograph_server.services import Parts

router = APIRouter(prefix="/exports", tags=["exports"])


@router.post("/", operation_id="exports.create", status_code=201)
def create(caller: Writer, parts: Parts, body: NewExport) -> One[Export]:
    """Freeze the annotated images of a dataset."""
    return One(data=create_export(parts.store, parts.clock, caller.tenant, body))


@router.get("/{export}", operation_id="exports.get")
def get(caller: Reader, parts: Parts, export: str, dataset: str | None = None) -> One[Export]:
    """Get an export by its id, or by its name and *dataset*."""
    return One(data=get_export(parts.store, caller.tenant, dataset, export))
