# ruff: noqa: D205 - these docstrings quote the page
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vectorshift import NotFoundError, PermissionDeniedError, PipelineRunFailedError, VectorshiftApiError

from .server import ANSWER, QUESTION, Server

PIPELINE, AGENT = "my-pipeline", "my-agent"
NAMES = {"pipeline": PIPELINE, "agent": AGENT, "knowledge_base": "handbook"}
Ask = Callable[[Any, str], Any]
ASKED: dict[str, Ask] = {
    "fetch": lambda client, id_: client.pipeline.fetch(id=id_),
    "run": lambda client, id_: client.pipeline.run(id_, QUESTION),
    "start": lambda client, id_: client.pipeline.start(id_, QUESTION),
    "run_status": lambda client, id_: client.pipeline.run_status(id_, "run_1"),
    "terminate": lambda client, id_: client.pipeline.terminate(id_, "run_1"),
    "delete": lambda client, id_: client.pipeline.delete(id_),
}


def refused(server: Server, ask: Ask, id_: str, role: str = "other") -> VectorshiftApiError:
    """The error of who asks that."""
    with pytest.raises(VectorshiftApiError) as caught:
        server.call(lambda client: ask(client, id_), role=role)
    return caught.value


@pytest.mark.documented("vectorshift", line=55, part=1)
def test_the_key_carries_the_org(reference: Server) -> None:
    """
    The API key carries the org context.
    """
    ours = {reference.id_of("pipeline", PIPELINE, role) for role in ("member", "admin", "viewer", "colleague")}
    theirs = reference.id_of("pipeline", PIPELINE, "other")

    assert 1 == len(ours)
    assert theirs not in ours


@pytest.mark.documented("vectorshift", line=55, part=2)
@pytest.mark.parametrize("asked", ASKED)
def test_every_call_is_scoped(reference: Server, asked: str) -> None:
    """
    Every `fetch` / `list` / `run` / `delete` call is scoped to the org and user behind that key — there is no
    client-side ownership check because the only enforcement point that matters is the server.
    """
    pipeline_id = reference.id_of("pipeline", PIPELINE)

    error = refused(reference, ASKED[asked], pipeline_id)
    assert (NotFoundError, ["passed 404"]) == (type(error), reference.outcomes)
    listed = reference.call(lambda client: client.pipeline.list(), role="other")
    assert pipeline_id not in {each.id for each in listed}

    # Of two users of an organisation each may delete what is his.
    own = reference.made("of a user")
    assert PermissionDeniedError is type(refused(reference, ASKED["delete"], own, role="colleague"))
    assert ["passed 403"] == reference.outcomes
    assert "success" == reference.call(lambda client: client.pipeline.delete(own)).status


@pytest.mark.documented("vectorshift", line=59, part=2)
@pytest.mark.parametrize("kind", NAMES)
def test_no_id_leaks(reference: Server, kind: str) -> None:
    """
    This prevents leaking object ids across orgs.
    """
    id_ = reference.id_of(kind, NAMES[kind])
    never = f"{id_[:-6]}000000"

    def fetch(client: Any, wanted: str) -> Any:
        return getattr(client, kind).fetch(id=wanted)

    hidden, nothing = refused(reference, fetch, id_), refused(reference, fetch, never)

    assert hidden.raw_response == nothing.raw_response.replace(never, id_)
    assert (hidden.status_code, hidden.method, hidden.endpoint) == (404, "GET", nothing.endpoint)
    assert hidden.case == nothing.case


@pytest.mark.documented("vectorshift", line=59, part=3)
def test_mostly_404(reference: Server) -> None:
    """
    Most cross-org accesses surface as 404.
    """
    pipeline_id = reference.id_of("pipeline", PIPELINE)
    found = {asked: refused(reference, ask, pipeline_id).status_code for asked, ask in ASKED.items()}

    assert dict.fromkeys(ASKED, 404) == found


@pytest.mark.documented("vectorshift", line=62, part=1)
def test_transitively(reference: Server) -> None:
    """
    The same rules apply transitively.
    """
    theirs = reference.id_of("agent", AGENT, "other")
    pipeline_id = reference.asking("agent", theirs)
    for _ in range(3):
        pipeline_id = reference.asking("pipeline", pipeline_id)
        with pytest.raises(PipelineRunFailedError) as caught:
            reference.run(pipeline_id)
        assert theirs in caught.value.run_error


@pytest.mark.documented("vectorshift", line=62, part=2)
@pytest.mark.parametrize("kind", NAMES)
def test_references(reference: Server, kind: str) -> None:
    """
    If a [`Pipeline`](/sdk/pipeline/reference) you run references a sub-pipeline,
    [`KnowledgeBase`](/sdk/knowledge-base/reference), or [`Agent`](/sdk/agent/reference) belonging to a different org,
    the engine will fail the run with a `PipelineRunFailedError` whose `run_error` points at the un-resolvable
    reference.
    """
    theirs = reference.id_of(kind, NAMES[kind], "other")
    with pytest.raises(PipelineRunFailedError) as caught:
        reference.run(reference.asking(kind, theirs))

    assert theirs in caught.value.run_error
    ours = reference.id_of(kind, NAMES[kind])
    assert ANSWER in reference.run(reference.asking(kind, ours)).outputs["answer"]
