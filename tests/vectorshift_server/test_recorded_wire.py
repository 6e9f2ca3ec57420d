"""What the published client sends, as it was recorded, is answered with all that it reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .api import Api

JSON = {"Content-Type": "application/json"}
SPEC = Path(__file__).parents[2] / "spec" / "wire" / "wire-vectorshift.json"
SENT = [request for entry in json.loads(SPEC.read_text()) for request in entry["requests"] if not entry["ws"]]
ANSWERED = [sent for sent in SENT if sent["minimal_answer"]]
"""Those whose answer is no stream."""


def kept(least: Any, answer: Any, where: str = "answer") -> list[str]:
    """What *answer* lacks of that which was the *least*, or has of another kind."""
    if isinstance(least, dict) and isinstance(answer, dict):
        lacking = [f"{where}.{name}" for name in least if name not in answer]
        # What an object of the user's is called inside is the user's.
        inner = [name for name in least if name in answer and name not in {"outputs", "result", "llm_client_key"}]
        return lacking + [each for name in inner for each in kept(least[name], answer[name], f"{where}.{name}")]
    if isinstance(least, list) and isinstance(answer, list):
        return kept(least[0], answer[0], f"{where}[0]") if least else []
    return [] if type(least) is type(answer) else [where]


@pytest.mark.parametrize("number", range(len(ANSWERED)), ids=lambda number: f"{number} {ANSWERED[number]['request']}")
def test_recorded(api: Api, number: int) -> None:
    """
    Each recorded request is taken, and its answer has what the client needs, under the same names and of the same kind.
    """
    sent = ANSWERED[number]
    api.jobs.nudge = api.work  # type: ignore[method-assign]  # the job is done before the first look
    pipeline_id = api.get("/pipeline?name=my-pipeline")["object"]["_id"]
    failing = "failed" in sent["minimal_answer"]
    if failing:
        pipeline_id = api.get("/pipeline?name=failing-pipeline")["object"]["_id"]
    run = {"inputs": {"q": "..."}, "background": True}
    task_id = api.post(f"/pipeline/{pipeline_id}/run", run)["task_id"]
    method, _, path = sent["request"].partition(" ")
    for recorded, ours in (("p1", pipeline_id), ("t1", task_id), ("name=a", "name=my-agent")):
        path = path.replace(recorded, ours) if path != "/agents" else path
    body = sent["body"].replace("t1", task_id)

    answer = api.send(method, path, content=body, headers=JSON)

    assert 200 == answer.status_code, answer.text
    assert [] == kept(json.loads(sent["minimal_answer"]), answer.json())


def test_recorded_stream(api: Api) -> None:
    """
    The recorded request of a stream is answered with events.
    """
    (sent,) = (sent for sent in SENT if not sent["minimal_answer"])
    api.jobs.nudge = api.work  # type: ignore[method-assign]  # the same
    pipeline_id = api.get("/pipeline?name=my-pipeline")["object"]["_id"]

    answer = api.send("POST", f"/pipeline/{pipeline_id}/run", content=sent["body"], headers=JSON)

    kind, _, _ = answer.headers["content-type"].partition(";")
    assert ("text/event-stream", True) == (kind, b"event: end\n" in answer.content)
