from __future__ import annotations

from typing import Any

import pytest

from failwell.testing import Events
from vectorshift import (
    ApiConnectionError,
    InternalServerError,
    Node,
    NotFoundError,
    Pipeline,
    PipelineRun,
    PipelineRunFailedError,
    PollTimeoutError,
    RateLimitError,
    UnprocessableEntityError,
    VectorshiftApiError,
    VectorshiftError,
)

from .sdk import PIPELINE, Sdk

STARTED = {"task_id": "t1", "trace_id": ""}
RUNNING = {"task_id": "t1", "status": "running"}
COMPLETED = {"task_id": "t1", "status": "completed", "result": {"answer": "42"}}
FAILED = {"task_id": "t1", "status": "failed", "error": "node 3: no such knowledge base"}
STATUS = "/pipeline/p1/run/status/t1"


@pytest.fixture
def pipeline() -> Pipeline:
    """One that was fetched."""
    return Pipeline("p1", name="my-pipeline", branch_id="b1")


def asked(sent: Any) -> list[tuple[str, str]]:
    """The method and the path of each request."""
    return [(one.method, one.path) for one in sent.requests]


def test_fetch(sdk: Sdk) -> None:
    """
    A pipeline is fetched by its id or its name, with its nodes and its branch.
    """
    with sdk.answered(PIPELINE, times=2) as sent:
        found = sdk.call(Pipeline, "fetch", name="my-pipeline")
        assert "p1" == sdk.call(Pipeline, "fetch", id="p1").id

    assert ("p1", "my-pipeline", "b1") == (found.id, found.name, found.branch_id)
    assert [("n1", "input", "q", {"input_type": "string"})] == [
        (node.id, node.type, node.name, node.inputs) for node in found.nodes
    ]
    assert [{"name": "my-pipeline"}, {"id": "p1"}] == [one.query for one in sent.requests]


def test_fetch_of_nothing(sdk: Sdk) -> None:
    """
    Without an id and a name nothing is asked for.
    """
    with sdk.answered(), pytest.raises(VectorshiftError, match="needs an id or a name, and has neither"):
        sdk.call(Pipeline, "fetch")


def test_list(sdk: Sdk) -> None:
    """
    A list has the ids and the names; a part of it is asked for by limit and offset.
    """
    rows = {"objects": [{"_id": "p1", "name": "n"}, {"_id": "p2", "name": "m"}], "object_ids": ["p1", "p2"]}
    with sdk.answered(rows, {"objects": []}) as sent:
        found = sdk.call(Pipeline, "list")
        assert [] == sdk.call(Pipeline, "list", limit=5, offset=10)

    assert [("p1", "n"), ("p2", "m")] == [(one.id, one.name) for one in found]
    assert [{}, {"limit": "5", "offset": "10"}] == [one.query for one in sent.requests]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("fetch", {"object": {"name": "without an id"}}),
        ("fetch", {"object": []}),
        ("fetch", {}),
        ("fetch", []),
        ("fetch", b"<html>"),
        ("list", {"objects": {}}),
        ("list", {"objects": [7]}),
    ],
)
def test_an_answer_of_another_shape(sdk: Sdk, name: str, answer: Any) -> None:
    """
    A success that cannot be read is a `VectorshiftApiError` with the status and the body, and never a raw error.
    """
    with sdk.answered(answer), pytest.raises(VectorshiftApiError) as caught:
        sdk.call(Pipeline, name, **({"id": "p1"} if name == "fetch" else {}))

    assert (200, "GET", True) == (caught.value.status_code, caught.value.method, bool(caught.value.raw_response))


def test_run(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    A run is started once and looked at until it has ended; what it comes to are the values of its outputs.
    """
    with sdk.answered(STARTED, RUNNING, 503, COMPLETED) as sent:
        result = sdk.call(pipeline, "run", {"q": "..."}, timeout=30)

    assert ("t1", {"answer": "42"}) == (result.run_id, result.outputs)
    assert [("POST", "/pipeline/p1/run"), *[("GET", STATUS)] * 3] == asked(sent)
    assert {"inputs": {"q": "..."}, "background": True} == sent.requests[0].json


def test_failed_run(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    A run that fails is a `PipelineRunFailedError`, also from `run()`, with what the answer said.
    """
    with sdk.answered(STARTED, FAILED), pytest.raises(PipelineRunFailedError) as caught:
        sdk.call(pipeline, "run", {"q": "..."})

    error = caught.value
    assert ("t1", FAILED["error"]) == (error.task_id, error.run_error)
    assert (200, "GET", STATUS) == (error.status_code, error.method, error.endpoint)
    assert ("Run t1 failed: node 3: no such knowledge base", True) == (
        error.error_message,
        '"status": "failed"' in error.raw_response,
    )


def test_run_that_takes_too_long(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    A run that has not ended in time is a `PollTimeoutError` with what the last answer said; it goes on.
    """
    with sdk.answered(STARTED, then=RUNNING) as sent, pytest.raises(PollTimeoutError) as caught:
        sdk.call(pipeline, "run", {"q": "..."}, timeout=30)

    error = caught.value
    assert ("t1", 30, 30.0) == (error.task_id, error.timeout, round(sum(sent.waits), 6))
    assert (200, "GET", STATUS) == (error.status_code, error.method, error.endpoint)
    assert '"status": "running"' in error.raw_response
    assert isinstance(error, TimeoutError)


def test_timeout_before_any_answer(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    Where no look at the run was answered there is no status; which run it was is said all the same.
    """
    with sdk.answered(STARTED, then="network"), pytest.raises(PollTimeoutError) as caught:
        sdk.call(pipeline, "run", {}, timeout=5)

    error = caught.value
    assert ("t1", 0, "GET", STATUS, "") == (
        error.task_id,
        error.status_code,
        error.method,
        error.endpoint,
        error.raw_response,
    )


@pytest.mark.parametrize("timeout", [-1, float("nan"), "30", None])
def test_timeouts_that_are_none(sdk: Sdk, pipeline: Pipeline, timeout: Any) -> None:
    """
    What nobody can wait for is refused before a run is started.
    """
    with sdk.answered(), pytest.raises(VectorshiftError, match="timeout is"):
        sdk.call(pipeline, "run", {}, timeout=timeout)


def test_start(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    A run that was started is waited for later, looked at, or ended.
    """
    with sdk.answered(STARTED, RUNNING, COMPLETED, {"status": "success"}) as sent:
        run = sdk.call(pipeline, "start", {"q": "..."})
        assert "running" == sdk.call(run, "run_status").status
        status = sdk.call(run, "result", timeout=30)
        assert "success" == sdk.call(run, "terminate").status

    assert ("completed", {"answer": "42"}) == (status.status, status.result)
    assert {"run_id": "t1"} == sent.requests[-1].json
    assert "PipelineRun(pipeline_id='p1', task_id='t1')" == repr(run)


def test_a_look_at_a_failed_run(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    Who only looks at a run is told that it failed, and nothing is raised.
    """
    with sdk.answered(FAILED):
        status = sdk.call(pipeline, "run_status", "t1")

    assert ("failed", FAILED["error"], True) == (status.status, status.error, status.finished)


def test_waiting_for_a_run_of_another_process(sdk: Sdk) -> None:
    """
    A run is known by its ids.
    """
    with sdk.answered(FAILED), pytest.raises(PipelineRunFailedError, match="node 3"):
        sdk.call(PipelineRun("p1", "t1"), "result")


def test_terminate_and_delete(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    A run is ended by its id, and a pipeline deleted.
    """
    with sdk.answered({"status": "success"}, times=2) as sent:
        sdk.call(pipeline, "terminate", "t1")
        sdk.call(pipeline, "delete")

    assert [("POST", "/pipeline/p1/terminate"), ("DELETE", "/pipeline/p1")] == asked(sent)
    assert {"run_id": "t1"} == sent.requests[0].json


def test_new_and_save(sdk: Sdk) -> None:
    """
    A pipeline is made of nodes, and saved with those that it has then.
    """
    question = Node("input", {"input_type": "string"}, id="question", name="q")
    answer = Node("output", {"value": question.output("text")}, id="answer", name="a")
    with sdk.answered({"id": "p1"}, PIPELINE, {"status": "success"}) as sent:
        made = sdk.call(Pipeline, "new", "my-pipeline", [question, answer])
        made.nodes = [question, answer]
        sdk.call(made, "save")

    new, _, saved = sent.requests
    assert [("POST", "/pipeline"), ("GET", "/pipeline"), ("POST", "/update/pipeline/p1")] == asked(sent)
    assert ("my-pipeline", {"question", "answer"}) == (new.json["name"], set(new.json["nodes"]))
    assert {"value": "{{ question.text }}"} == new.json["nodes"]["answer"]["inputs"]
    assert ({"q"}, {"a"}) == (set(new.json["inputs"]), set(new.json["outputs"]))
    assert ("b1", True, new.json["nodes"]) == (saved.json["branch_id"], saved.json["deploy"], saved.json["nodes"])


def test_wrong_wires_are_not_sent(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    What cannot be wired is refused before anything is sent, whether it is new or saved.
    """
    pipeline.nodes = [Node("output", {"value": "{{ question.text }}"}, id="answer")]
    with sdk.answered():
        with pytest.raises(UnprocessableEntityError, match='no node is called "question"'):
            sdk.call(pipeline, "save")
        with pytest.raises(UnprocessableEntityError, match="Nothing was sent"):
            sdk.call(Pipeline, "new", "name", pipeline.nodes)


def test_stream(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    What a run comes to is given as it is made.
    """
    told = Events({"output_name": "a", "output_value": "x"}, {"output_name": "a", "output_value": "y", "run_id": "r1"})
    with sdk.answered(told) as sent:
        chunks = sdk.listed(pipeline, "stream", {"q": "..."})

    assert [("a", "x", ""), ("a", "y", "r1")] == [(one.output_name, one.output_value, one.run_id) for one in chunks]
    assert {"inputs": {"q": "..."}, "stream": True} == sent.requests[0].json


def test_stream_of_a_run_that_fails(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    A run that fails in its stream is a `PipelineRunFailedError`.
    """
    told = Events({"output_value": "x"}, {"error": "node 3", "run_id": "r1"})
    with sdk.answered(told), pytest.raises(PipelineRunFailedError) as caught:
        sdk.listed(pipeline, "stream", {"q": "..."})

    error = caught.value
    assert ("r1", "node 3") == (error.task_id, error.run_error)
    assert (200, "POST", "/pipeline/p1/run") == (error.status_code, error.method, error.endpoint)


def test_stream_that_is_cut(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    A stream that breaks off is no whole answer.
    """
    with sdk.answered(Events({"output_value": "x"}, ApiConnectionError)), pytest.raises(ApiConnectionError):
        sdk.listed(pipeline, "stream", {"q": "..."})


def test_retries(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    After 500+ a read is repeated once, and a start never; after 429 both are, up to twice.
    """
    limited = RateLimitError("100 calls a minute are used up. Wait 3 s.")
    with sdk.answered(500, PIPELINE):
        sdk.call(Pipeline, "fetch", id="p1")
    with sdk.answered(500, 500) as twice, pytest.raises(InternalServerError):
        sdk.call(Pipeline, "fetch", id="p1")
    with sdk.answered(500) as once, pytest.raises(InternalServerError):
        sdk.call(pipeline, "start", {})
    with sdk.answered(limited, times=3) as thrice, pytest.raises(RateLimitError) as caught:
        sdk.call(pipeline, "start", {})

    assert [2, 1, 3] == [len(sent.requests) for sent in (twice, once, thrice)]
    assert "100 calls a minute are used up. Wait 3 s." == caught.value.error_message


def test_not_found(sdk: Sdk, pipeline: Pipeline) -> None:
    """
    What is not there, or belongs to somebody else, is a `NotFoundError` of the call.
    """
    with sdk.answered(NotFoundError("Pipeline p1 not found")), pytest.raises(NotFoundError) as caught:
        sdk.call(pipeline, "delete")

    assert ("DELETE", "/pipeline/p1", "Pipeline p1 not found") == (
        caught.value.method,
        caught.value.endpoint,
        caught.value.error_message,
    )


def test_what_an_operation_raises() -> None:
    """
    Each operation has the tuple for an `except`, in both colours, and the arguments of a caller.
    """
    import inspect

    pipeline = Pipeline("p1")
    assert PipelineRunFailedError in pipeline.run.raises  # type: ignore[attr-defined]  # every operation has it
    assert pipeline.run.raises == pipeline.arun.raises  # type: ignore[attr-defined]  # the same
    assert ["inputs", "timeout", "poll_interval"] == list(inspect.signature(pipeline.run).parameters)
    assert inspect.iscoroutinefunction(pipeline.arun)
    assert ["id", "name"] == list(inspect.signature(Pipeline.afetch).parameters)


def test_an_unknown_keyword(sdk: Sdk) -> None:
    """
    A keyword that an operation does not take is told with the one that comes near.
    """
    with pytest.raises(TypeError, match=r"fetch\(\) got an unexpected keyword argument 'nme'. Did you mean 'name'\?"):
        sdk.call(Pipeline, "fetch", nme="x")
