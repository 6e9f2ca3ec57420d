"""`/training/`."""

from __future__ import annotations

from fastapi import APIRouter

from failwell.server import CurrentCaller, CurrentWriter, ItemReply, Offset, PageLimit, PageReply, SubmissionKey
from pictograph_server.runs import NewRun, Run, RunStatus, create_run, get_run, list_runs
from pictograph_server.services import Parts

router = APIRouter(prefix="/training", tags=["training"])


@router.post("/", operation_id="training.create", status_code=201)
def create(caller: CurrentWriter, parts: Parts, body: NewRun, key: SubmissionKey) -> ItemReply[Run]:
    """Pay for a run and start it; the answer does not wait for its end."""
    parts.admit()
    run = create_run(
        parts.store, parts.clock, parts.settings, tenant=caller.tenant, key_id=caller.key_id, new=body, key=key
    )
    parts.jobs.nudge()
    return ItemReply(data=run)


@router.get("/", operation_id="training.list")
def list_(
    caller: CurrentCaller,
    parts: Parts,
    *,
    dataset_name: str | None = None,
    status: RunStatus | None = None,
    limit: PageLimit = 100,
    offset: Offset = 0,
) -> PageReply[Run]:
    """List the runs, newest first."""
    data, pagination = list_runs(
        parts.store, caller.tenant, dataset=dataset_name, status=status, limit=limit, offset=offset
    )
    return PageReply(data=data, pagination=pagination)


@router.get("/{run}", operation_id="training.get")
def get(caller: CurrentCaller, parts: Parts, run: str) -> ItemReply[Run]:
    """Get a run by its id, or the newest of its name."""
    return ItemReply(data=get_run(parts.store, caller.tenant, run))
