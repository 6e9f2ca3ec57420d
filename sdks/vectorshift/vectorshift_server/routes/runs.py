"""`/pipeline/{id}/run`."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from failwell.server import EventStreamResponse, SubmissionKey, follow
from vectorshift.exceptions import InternalServerError, UnprocessableEntityError
from vectorshift_server.objects import Done
from vectorshift_server.runs import runs
from vectorshift_server.runs.runs import NewRun, Run
from vectorshift_server.runs.telling import telling, waited_for
from vectorshift_server.services import CurrentUser, Parts

router = APIRouter(prefix="/pipeline/{pipeline_id}", tags=["runs"])


class Started(BaseModel):
    """A run in the background."""

    task_id: str
    trace_id: str = ""


class Outputs(BaseModel):
    """What a run came to."""

    run_id: str
    outputs: dict[str, Any]


class Terminated(BaseModel):
    """The body that ends a run."""

    run_id: str


@router.post("/run", operation_id="pipeline.start", response_model=Started | Outputs)
async def start(user: CurrentUser, parts: Parts, pipeline_id: str, body: NewRun, key: SubmissionKey) -> Any:
    """Run a pipeline: in the background, told as a stream, or waited for."""
    parts.admit("Runs")
    run_id = await run_in_threadpool(partial(runs.create, parts.store, parts.clock, user, pipeline_id, body, key=key))
    parts.jobs.nudge()
    if body.background:
        return Started(task_id=run_id)
    if body.stream:
        # The run goes on when the client leaves.
        return EventStreamResponse(follow(telling(parts.store, run_id), heartbeat=parts.settings.heartbeat))
    ended = await waited_for(parts.store, run_id, parts.settings.run_wait)
    if ended is None:
        message = f"Run {run_id} is not done after {parts.settings.run_wait:g} s, and goes on. Look at its status."
        raise InternalServerError(message).with_case(None, 504)
    if ended.status != "completed":
        raise UnprocessableEntityError(f"Run {run_id} {ended.status}: {ended.error}")
    return Outputs(run_id=run_id, outputs=ended.result or {})


@router.get("/run/status/{run_id}", operation_id="pipeline.run_status", response_model_exclude_none=True)
def status(user: CurrentUser, parts: Parts, pipeline_id: str, run_id: str) -> Run:
    """Tell how a run stands."""
    return runs.get(parts.store, user.organisation, pipeline_id, run_id)


@router.post("/terminate", operation_id="pipeline.terminate")
def terminate(user: CurrentUser, parts: Parts, pipeline_id: str, body: Terminated) -> Done:
    """End a run before its next node."""
    runs.terminate(parts.store, user, pipeline_id, body.run_id)
    return Done()
