"""`/v1/runs`."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool

from failwell import server
from failwell.server import Caller, CurrentCaller, EventStreamResponse, Submission, SubmissionKey, follow, sse_event
from failwell.wire import summarize_field_errors
from subconscious.exceptions import SubconsciousError, ValidationError
from subconscious_server.engine import Engine, EngineDownError, EngineSlowError
from subconscious_server.runs import ENDED, cancel_run, create_run, get_run, thoughts_of
from subconscious_server.settings import Settings
from subconscious_server.store import Store
from subconscious_server.wire import NewRun, Run, RunError

router = APIRouter(prefix="/v1/runs", tags=["runs"])

_WORDS = re.compile(r"\S+\s*|\s+")
"""The pieces of an answer: all of them together are the answer."""


@dataclass(frozen=True)
class Services(server.Services[Store, Settings]):
    """The parts of one running server."""

    engine: Engine


Parts = Annotated[Services, Depends(server.current_services)]


@router.post("", operation_id="run", response_model_exclude_none=True)
def run(caller: CurrentCaller, parts: Parts, body: NewRun, key: SubmissionKey) -> Run:
    """Accept a run; the answer does not wait for its end."""
    return get_run(parts.store, caller.tenant, _accepted(caller, parts, body, key))


@router.post("/stream", operation_id="stream")
async def stream(caller: CurrentCaller, parts: Parts, body: NewRun, key: SubmissionKey) -> EventStreamResponse:
    """Accept a run, and tell its answer as it comes. The run goes on when the client leaves."""
    run_id = await run_in_threadpool(_accepted, caller, parts, body, key)
    return EventStreamResponse(_told(parts, run_id), {"X-Run-Id": run_id})


@router.get("/{run_id}", operation_id="get", response_model_exclude_none=True)
def get(caller: CurrentCaller, parts: Parts, run_id: str) -> Run:
    """Get a run."""
    return get_run(parts.store, caller.tenant, run_id)


@router.post("/{run_id}/cancel", operation_id="cancel", response_model_exclude_none=True)
def cancel(caller: CurrentCaller, parts: Parts, run_id: str) -> Run:
    """End a run. One that has ended is returned as it is: a cancel that got lost may be repeated."""
    return cancel_run(parts.store, caller.tenant, run_id)


def _accepted(caller: Caller, parts: Services, body: NewRun, key: Submission | None) -> str:
    """The id of a run that will be done. Raises: SubconsciousError, ValidationError."""
    problems = list(_problems(parts, body))
    if problems:
        raise ValidationError(summarize_field_errors(problems), problems)
    try:
        parts.admit("Runs")
        parts.engine.admit(body.engine)
    except EngineDownError as problem:
        raise SubconsciousError("service_unavailable", str(problem)) from None
    except EngineSlowError as problem:
        raise SubconsciousError("timeout", str(problem)) from None
    run_id = create_run(parts.store, parts.clock, tenant=caller.tenant, key_id=caller.key_id, new=body, key=key)
    parts.jobs.nudge()
    return run_id


def _problems(parts: Services, body: NewRun) -> Iterator[dict[str, Any]]:
    """What this server does not have."""
    if body.engine not in parts.engine.names:
        known = ", ".join(parts.engine.names)
        yield {"loc": ["body", "engine"], "msg": f"There is no such engine. Use one of: {known}", "type": "unknown"}
    if body.input.skills:
        msg = "There are no skills on this server. Put what they say into the instructions"
        yield {"loc": ["body", "input", "skills"], "msg": msg, "type": "unknown"}
    if body.output.callback_url is not None and not parts.settings.calls_out:
        msg = "This server makes no calls to other servers. Ask for the run with its id"
        yield {"loc": ["body", "output", "callbackUrl"], "msg": msg, "type": "not_allowed"}


async def _told(parts: Services, run_id: str) -> AsyncIterator[bytes]:
    """The events of a run, from its beginning to its end."""
    yield sse_event({"run_id": run_id})
    position = said = 0

    def look() -> tuple[list[bytes], bool]:
        nonlocal position, said
        thoughts, run = thoughts_of(parts.store, run_id, position)
        position += len(thoughts)
        texts = [thought.says for thought in thoughts]
        said += sum(map(len, texts))
        if run.result is not None:
            texts.append(run.result.answer[said:])
        words = (word for text in texts for word in _WORDS.findall(text))
        found = [sse_event({"choices": [{"delta": {"content": word}}]}) for word in words]
        if run.status in ENDED:
            found.append(_end(run))
        return found, run.status in ENDED

    async for one in follow(look, heartbeat=parts.settings.heartbeat):
        yield one


def _end(run: Run) -> bytes:
    """The last event: only a run that succeeded is done."""
    if run.status == "succeeded":
        return sse_event("[DONE]")
    # No code of the table is for a run that was canceled: it is an "other".
    error = run.error or RunError(code="internal_error", message="The run was canceled.")
    return sse_event({"error": error.message, "code": error.code}, "error")
