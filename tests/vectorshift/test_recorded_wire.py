from __future__ import annotations

import json
from typing import Any

import pytest

from tests.spec import FOLDER
from vectorshift import Agent, Pipeline

from .sdk import Sdk

RECORDED = {row["call"]: row for row in json.loads((FOLDER / "wire" / "wire-vectorshift.json").read_text("utf-8"))}
PIPELINE = Pipeline("p1")
CALLS: dict[str, Any] = {
    "Pipeline.fetch(name='my-pipeline')": lambda sdk: sdk.call(Pipeline, "fetch", name="my-pipeline"),
    "Pipeline.fetch(id='p1')": lambda sdk: sdk.call(Pipeline, "fetch", id="p1"),
    "pipeline.start({'q': '...'}).result(timeout=30)": lambda sdk: sdk.call(
        sdk.call(PIPELINE, "start", {"q": "..."}), "result", timeout=30
    ),
    "pipeline.run_status('t1')": lambda sdk: sdk.call(PIPELINE, "run_status", "t1"),
    "pipeline.terminate('t1')": lambda sdk: sdk.call(PIPELINE, "terminate", "t1"),
    "pipeline.delete()": lambda sdk: sdk.call(PIPELINE, "delete"),
    "Pipeline.list()": lambda sdk: sdk.call(Pipeline, "list"),
    "Agent.fetch(name='a')": lambda sdk: sdk.call(Agent, "fetch", name="a"),
}
ELSEWHERE = {
    "pipeline.run({'q': '...'})": "started in the background and looked at, so that a run that takes too long is known",
    "pipeline.stream({'q': '...'})": "test_pipeline.py::test_stream",
    "async with await agent.create_session() as session: send, listen": "test_agent.py::test_session",
}


def test_every_call() -> None:
    """
    No recorded call is forgotten.
    """
    assert RECORDED.keys() == CALLS.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("call", CALLS)
def test_recorded(sdk: Sdk, call: str) -> None:
    """
    A call sends what the published client sends, and takes the least answer that it takes.
    """
    requests = RECORDED[call]["requests"]
    with sdk.answered(*(json.loads(one["minimal_answer"]) for one in requests)) as sent:
        assert CALLS[call](sdk) is not None

    seen = [
        (f"{one.method} {one.path}", one.query, json.loads(one.content) if one.content else None)
        for one in sent.requests
    ]
    assert [
        (
            one["request"].partition("?")[0],
            dict([one["request"].partition("?")[2].split("=")]) if "?" in one["request"] else {},
            json.loads(one["body"]) if one["body"] else None,
        )
        for one in requests
    ] == seen


def test_run_sends_what_start_does(sdk: Sdk) -> None:
    """
    `run()` is `start()` and `result()`: the body that is recorded for it, and the word that it is in the background.
    """
    started = RECORDED["pipeline.start({'q': '...'}).result(timeout=30)"]["requests"]
    with sdk.answered(*(json.loads(one["minimal_answer"]) for one in started)) as sent:
        result = sdk.call(PIPELINE, "run", {"q": "..."})

    recorded = json.loads(RECORDED["pipeline.run({'q': '...'})"]["requests"][0]["body"])
    assert {**recorded, "background": True} == sent.requests[0].json
    assert {"answer": "..."} == result.outputs
