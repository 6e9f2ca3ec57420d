"""Pipelines: fetched, made, run and waited for. Each operation has a twin that is awaited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from failwell.client import TwofoldObject, check_timeout, twofold, twofold_stream
from vectorshift.client import CLIENTS
from vectorshift.exceptions import CATALOGUE
from vectorshift.models import Done, RunResult
from vectorshift.nodes import Node, graph
from vectorshift.objects import answer, fetched, listed, text_of
from vectorshift.runs import PipelineRun, ended, looked_at, started, streamed

if TYPE_CHECKING:
    from failwell.client import Api
    from failwell.policy import Flow, StreamFlow
    from failwell.wire import Reply
    from vectorshift.models import RunStatus, StreamChunk

Pipelines = list["Pipeline"]


class Pipeline(TwofoldObject, clients=CLIENTS, name="pipeline"):
    """A pipeline: a graph of nodes that is run with inputs.

    Of those that `list` gives, only the id and the name are known.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - what the API calls it
        *,
        name: str = "",
        nodes: Sequence[Node] = (),
        branch_id: str | None = None,
    ) -> None:
        self.id = id
        self.name = name
        self.nodes = [*nodes]
        self.branch_id = branch_id

    def __repr__(self) -> str:
        return f"Pipeline(id={self.id!r}, name={self.name!r}, nodes={len(self.nodes)}, branch_id={self.branch_id!r})"

    @twofold
    @classmethod
    def fetch(cls, api: Api, *, id: str | None = None, name: str | None = None) -> Flow[Pipeline]:  # noqa: A002
        """The pipeline of this *id*, or of this *name*.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        return fetched(api, "/pipeline", _pipeline, id=id, name=name)

    afetch = fetch.awaiting

    @twofold
    @classmethod
    def new(cls, api: Api, name: str, nodes: Sequence[Node] = ()) -> Flow[Pipeline]:
        """Make a pipeline of *nodes*.

        Raises:
            UnprocessableEntityError: the nodes cannot be wired as they are; then nothing was sent, or the server says
                why.
        """
        payload = {**graph(nodes), "name": name}
        made = yield from api.call("POST", "/pipeline", lambda reply: str(answer(reply, "id")), payload=payload)
        # Only one that is fetched tells of its branch.
        return (yield from fetched(api, "/pipeline", _pipeline, id=made, name=None))

    anew = new.awaiting

    @twofold
    def save(self, api: Api) -> Flow[Done]:
        """Save the nodes as they are now.

        Raises:
            UnprocessableEntityError: the nodes cannot be wired as they are; then nothing was sent, or the server says
                why.
        """
        made = graph(self.nodes)
        # What goes in and comes out the server finds itself, of the nodes.
        payload = {"nodes": made["nodes"], "canvas_metadata": made["canvas_metadata"], "branch_id": self.branch_id}
        return api.call("POST", ("/update/pipeline", self.id), Done, payload={**payload, "deploy": True})

    asave = save.awaiting

    @twofold
    def delete(self, api: Api) -> Flow[Done]:
        """Delete the pipeline.

        Raises:
            PermissionDeniedError: the key may read it, and not delete it.
        """
        return api.call("DELETE", ("/pipeline", self.id), Done)

    adelete = delete.awaiting

    @twofold
    def run(
        self, api: Api, inputs: Mapping[str, Any], *, timeout: float = 300.0, poll_interval: float = 1.0
    ) -> Flow[RunResult]:
        """Run it with *inputs*, and wait at most *timeout* seconds for what it comes to.

        Raises:
            PipelineRunFailedError: the run failed; `e.run_error` says why.
            PollTimeoutError: it did not end in time. It goes on; `e.task_id` names it.
        """
        check_timeout(CATALOGUE, timeout)
        task_id = yield from started(api, self.id, inputs)
        status = yield from ended(api, self.id, task_id, timeout=timeout, poll_interval=poll_interval)
        return RunResult(run_id=task_id, outputs=status.result or {})

    arun = run.awaiting

    @twofold
    def start(self, api: Api, inputs: Mapping[str, Any]) -> Flow[PipelineRun]:
        """Start a run with *inputs*; `.result()` of what is returned waits for it."""
        task_id = yield from started(api, self.id, inputs)
        return PipelineRun(self.id, task_id)

    astart = start.awaiting

    @twofold_stream
    def stream(self, api: Api, inputs: Mapping[str, Any]) -> StreamFlow[StreamChunk]:
        """Run it with *inputs*, and iterate over what it comes to as it is made.

        Raises:
            PipelineRunFailedError: the run failed; `e.run_error` says why.
            ApiConnectionError: the stream broke off.
        """
        return streamed(api, self.id, inputs)

    astream = stream.awaiting

    @twofold
    def run_status(self, api: Api, task_id: str) -> Flow[RunStatus]:
        """How a run stands. One that failed is no error here: look at `.status` and `.error`."""
        return looked_at(api, self.id, task_id)

    arun_status = run_status.awaiting

    @twofold
    def terminate(self, api: Api, task_id: str) -> Flow[Done]:
        """End a run before it has ended by itself."""
        return api.call("POST", ("/pipeline", self.id, "terminate"), Done, payload={"run_id": task_id})

    aterminate = terminate.awaiting

    @twofold
    @classmethod
    def list(cls, api: Api, *, limit: int | None = None, offset: int | None = None) -> Flow[Pipelines]:
        """The pipelines of the organisation of the key, without their nodes."""
        return api.call("GET", "/pipelines", _pipelines, params={"limit": limit, "offset": offset})

    alist = list.awaiting  # noqa: A003 - the one above


def _pipeline(found: Mapping[str, Any]) -> Pipeline:
    nodes, branch = found.get("nodes"), found.get("mainBranch")
    return Pipeline(
        text_of(found, "_id", "id", "object_id"),
        name=text_of(found, "name", default=""),
        nodes=[Node.of(name, node) for name, node in nodes.items()] if isinstance(nodes, Mapping) else (),
        branch_id=branch if isinstance(branch, str) else None,
    )


def _pipelines(reply: Reply) -> Pipelines:
    return [_pipeline(found) for found in listed(reply)]
