"""`/connectors/`."""

from __future__ import annotations

from fastapi import APIRouter

from failwell.server import CurrentCaller, CurrentWriter, SubmissionKey
from pictograph_server.imports import (
    Import,
    NewImport,
    NewValidation,
    Validation,
    cancel_import,
    get_import,
    start_import,
    validate_source,
)
from pictograph_server.services import Parts

router = APIRouter(prefix="/connectors", tags=["connectors"])


@router.post("/validate", operation_id="connectors.validate")
def validate(_: CurrentWriter, parts: Parts, body: NewValidation) -> Validation:
    """Ask what there is to import."""
    return validate_source(parts.store, parts.settings, body.provider)


@router.post("/import/start", operation_id="connectors.import_", status_code=201)
def start(caller: CurrentWriter, parts: Parts, body: NewImport, key: SubmissionKey) -> Import:
    """Make datasets of folders or archives; the answer does not wait for the end."""
    parts.admit()
    started = start_import(
        parts.store, parts.clock, parts.settings, tenant=caller.tenant, key_id=caller.key_id, new=body, key=key
    )
    parts.jobs.nudge()
    return started


@router.get("/import/status/{import_id}", operation_id="connectors.get_import")
def get(caller: CurrentCaller, parts: Parts, import_id: str) -> Import:
    """Get an import by its id."""
    return get_import(parts.store, caller.tenant, import_id)


@router.post("/import/cancel/{import_id}", operation_id="connectors.cancel_import")
def cancel(caller: CurrentWriter, parts: Parts, import_id: str) -> Import:
    """End an import before its next image."""
    return cancel_import(parts.store, parts.clock, caller.tenant, import_id)
