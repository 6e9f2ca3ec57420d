"""`/auto-annotate/batch`."""

from __future__ import annotations

from fastapi import APIRouter

from failwell.server import CurrentCaller, CurrentWriter, SubmissionKey
from pictograph_server.batches import (
    Batch,
    NewBatch,
    NewQuote,
    Quote,
    cancel_batch,
    get_batch,
    quote_batch,
    start_batch,
)
from pictograph_server.services import Parts

router = APIRouter(prefix="/auto-annotate/batch", tags=["auto_annotate"])


@router.post("", operation_id="auto_annotate.batch", status_code=201)
def batch(caller: CurrentWriter, parts: Parts, body: NewBatch, key: SubmissionKey) -> Batch:
    """Look for classes in many images; the answer does not wait for the end."""
    parts.admit()
    started = start_batch(
        parts.store, parts.clock, parts.settings, tenant=caller.tenant, key_id=caller.key_id, new=body, key=key
    )
    parts.jobs.nudge()
    return started


@router.post("/quote", operation_id="auto_annotate.quote")
def quote(caller: CurrentWriter, parts: Parts, body: NewQuote) -> Quote:
    """Ask what a batch would cost."""
    return quote_batch(parts.store, parts.settings, caller.tenant, body)


@router.get("/{job_id}", operation_id="auto_annotate.get_batch")
def get(caller: CurrentCaller, parts: Parts, job_id: str) -> Batch:
    """Get a batch by its id."""
    return get_batch(parts.store, caller.tenant, job_id)


@router.post("/{job_id}/cancel", operation_id="auto_annotate.cancel_batch")
def cancel(caller: CurrentWriter, parts: Parts, job_id: str) -> Batch:
    """End a batch before its next image."""
    return cancel_batch(parts.store, parts.clock, caller.tenant, job_id)
