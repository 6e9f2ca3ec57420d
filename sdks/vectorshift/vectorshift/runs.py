"""Runs of a pipeline: started, looked at until they have ended, or read as they are made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from failwell.client import PollSpec, TwofoldObject, failed_job, model, path, poll_job, twofold
from failwell.policy import JobFailedError, StreamRules, UnreadableReplyError
from vectorshift.client import CLIENTS
from vectorshift.exceptions import CATALOGUE, PipelineRunFailedError, PollTimeoutError
from vectorshift.models import Done, RunStatus, StreamChunk
from vectorshift.objects import answer

if TYPE_CHECKING:
    from failwell.client import Api
    from failwell.policy import Flow, StreamFlow
    from failwell.wire import Event, Reply

RUN = PollSpec("Run", "pipeline.run_status", id_field="task_id")


class PipelineRun(TwofoldObject, clients=CLIENTS, name="pipeline"):
    """A run that was started, and may have ended since."""

    def __init__(self, pipeline_id: str, task_id: str) -> None:
        self.pipeline_id = pipeline_id
        self.task_id = task_id

    def __repr__(self) -> str:
        return f"PipelineRun(pipeline_id={self.pipeline_id!r}, task_id={self.task_id!r})"

    @twofold
    def result(self, api: Api, *, timeout: float = 300.0, poll_interval: float = 1.0) -> Flow[RunStatus]:
        """Wait at most *timeout* seconds until the run has ended.

        Raises:
            PipelineRunFailedError: it failed; `e.run_error` says why.
            PollTimeoutError: it did not end in time. It goes on.
        """
        return ended(api, self.pipeline_id, self.task_id, timeout=timeout, poll_interval=poll_interval)

    aresult = result.awaiting

    @twofold
    def run_status(self, api: Api) -> Flow[RunStatus]:
        """How the run stands. One that failed is no error here: look at `.status` and `.error`."""
        return looked_at(api, self.pipeline_id, self.task_id)

    arun_status = run_status.awaiting

    @twofold
    def terminate(self, api: Api) -> Flow[Done]:
        """End the run before it has ended by itself."""
        run = {"run_id": self.task_id}
        return api.call("POST", ("/pipeline", self.pipeline_id, "terminate"), Done, payload=run)

    aterminate = terminate.awaiting


def started(api: Api, pipeline_id: str, inputs: Mapping[str, Any]) -> Flow[str]:
    """Start a run; the id that it has."""
    payload = {"inputs": dict(inputs), "background": True}
    return api.call(
        "POST", path("/pipeline", pipeline_id, "run"), lambda reply: str(answer(reply, "task_id")), payload=payload
    )


def looked_at(api: Api, pipeline_id: str, task_id: str) -> Flow[RunStatus]:
    """How a run stands."""
    return api.call("GET", ("/pipeline", pipeline_id, "run", "status", task_id), RunStatus)


def ended(api: Api, pipeline_id: str, task_id: str, *, timeout: float, poll_interval: float) -> Flow[RunStatus]:
    """Look at a run until it has ended.

    Raises:
        PipelineRunFailedError: without a result.
        PollTimeoutError: not within *timeout* seconds.
    """
    target = path("/pipeline", pipeline_id, "run", "status", task_id)
    last: list[Reply] = []

    def decode(reply: Reply) -> RunStatus:
        last[:] = [reply]
        status = model(RunStatus)(reply)
        if status.failed:
            raise JobFailedError(0, _failure(task_id, status.error or f"it was {status.status}"))
        return status

    try:
        return (
            yield from poll_job(
                api.core,
                RUN,
                task_id,
                lambda: api.call("GET", target, decode),
                timeout=timeout,
                poll_interval=poll_interval,
            )
        )
    except PollTimeoutError as late:
        late.method, late.endpoint = "GET", target
        for reply in last:
            late.received(reply.status)
            late.body, late.body_length = api.core.masked(reply.body), len(reply.body)
        raise


def streamed(api: Api, pipeline_id: str, inputs: Mapping[str, Any]) -> StreamFlow[StreamChunk]:
    """Run a pipeline, and read what it comes to as it is made."""
    target = path("/pipeline", pipeline_id, "run")

    def decode(event: Event) -> StreamChunk:
        try:
            told = json.loads(event.data)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise UnreadableReplyError(f"an event with {len(event.data)} characters of data, expected a JSON object")
        chunk = StreamChunk.model_validate({"type": event.name, **told})
        if chunk.error or event.name == "error":
            raise _failed(api, target, chunk)
        return chunk

    # What fails in the stream is the run, which has an error of its own.
    rules = StreamRules(error_event=None)
    return api.stream("POST", target, decode, rules=rules, payload={"inputs": dict(inputs), "stream": True})


def _failed(api: Api, target: str, chunk: StreamChunk) -> Exception:
    said = _failure(chunk.run_id, chunk.error or "the server did not say why")
    facts = {"task_id": said["task_id"], "run_error": said["run_error"]}
    error = failed_job(CATALOGUE, api.operation, said["error"], **facts).received(200)
    assert isinstance(error, PipelineRunFailedError)
    error.method, error.endpoint = "POST", target
    return error


def _failure(task_id: str, reason: str) -> dict[str, str]:
    """What the error of a failed run says."""
    return {"error": f"Run {task_id or 'of the stream'} failed: {reason}", "task_id": task_id, "run_error": reason}
