"""Runs over HTTP: accepted, told, ended once."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any, cast

import pytest

from failwell.clock import VirtualClock
from failwell.server import JobsDownError, Step
from subconscious_server import Settings
from subconscious_server.runs import end_run, unfinished_runs
from subconscious_server.store import Store

from .api import Api


def test_accepted(api: Api) -> None:
    """
    A run is accepted as queued, the worker is told of it, and it comes to an answer, its reasoning and its usage.
    """
    run_id = api.submit("What is 6 * 7?")
    queued = api.get(run_id)
    done = api.work(run_id)

    assert ({"runId": run_id, "status": "queued"}, 1) == (queued, api.jobs.nudges)
    step = {
        "title": "What is 6 * 7?",
        "thought": "It asks for a calculation.",
        "tooluse": {
            "tool_name": "calculator",
            "tool_call_id": "call_1",
            "parameters": {"expressions": ["6 * 7"]},
            "tool_result": [42],
        },
        "subtasks": [],
        "conclusion": "6 * 7 = 42",
    }
    assert "succeeded" == done["status"]
    assert {"answer": "6 * 7 = 42", "reasoning": [step]} == done["result"]


def test_usage(api: Api) -> None:
    """
    A token is 4 bytes of UTF-8, rounded up: those of the input, and those of the answer and the reasoning; time is ms.
    """
    run_id = api.submit("What is 6 * 7?")
    given = len(json.dumps({"input": {"instructions": "What is 6 * 7?"}}, separators=(",", ":")))
    said = ["6 * 7 = 42", "What is 6 * 7?", "It asks for a calculation.", "6 * 7 = 42"]

    usage = api.work(run_id)["usage"]

    tokens = {"inputTokens": -(-given // 4), "outputTokens": sum(-(-len(text) // 4) for text in said), "durationMs": 0}
    assert tokens == usage


def test_answer_only(api: Api) -> None:
    """
    `responseContent: "answer_only"` leaves the reasoning out.
    """
    done = api.done("What is 6 * 7?", output={"responseContent": "answer_only"})

    assert {"answer": "6 * 7 = 42"} == done["result"]


def test_max_step_tokens(api: Api) -> None:
    """
    `max_step_tokens` cuts what one step says, and never within a character.
    """
    text = "kiwi ä " * 1000

    done = api.done("Find kiwis", content=[{"type": "text", "text": text}], options={"max_step_tokens": 256})

    said = done["result"]["answer"].encode()
    assert 1021 <= len(said) <= 1024
    assert said.endswith("…".encode())


@pytest.mark.parametrize(
    ("engine", "status", "code"), [("tim-down", 503, "service_unavailable"), ("tim-late", 504, "timeout")]
)
@pytest.mark.parametrize("path", ["/runs", "/runs/stream"])
def test_refused_by_the_engine(api: Api, path: str, engine: str, *, status: int, code: str) -> None:
    """
    An engine that is down is a 503, one that does not answer in time a 504, and no run is made.
    """
    refused = api.send("POST", path, json={"engine": engine, "input": {"instructions": "x"}})

    assert (status, code, 0) == (refused.status_code, refused.json()["error"]["code"], api.jobs.nudges)


@pytest.mark.parametrize(("state", "status"), [("down", 503), ("slow", 504)])
def test_engine_state(serve: Callable[[Settings], Api], state: Any, status: int) -> None:
    """
    The operator's `engine_state` does the same to every engine name; runs accepted before fail.
    """
    run_id = serve(Settings()).submit()
    api = serve(Settings(engine_state=state))

    refused = api.send("POST", "/runs", json={"engine": "tim-gpt", "input": {"instructions": "x"}})
    failed = api.work(run_id)

    assert status == refused.status_code
    assert ("failed", "service_unavailable") == (failed["status"], failed["error"]["code"])


def test_no_worker(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    While no worker can start, a run is refused with 503 and without a word about the inside; none is made.
    """

    def admit() -> None:
        raise JobsDownError("/srv/data", "ModuleNotFoundError: No module named 'secret'")

    monkeypatch.setattr(api.jobs, "admit", admit)
    refused = api.send("POST", "/runs", json={"engine": "tim", "input": {"instructions": "x"}})

    error = refused.json()["error"]
    message = "Runs cannot be started at the moment: the server cannot work on them. Try again in a minute."
    assert (503, "service_unavailable", message) == (refused.status_code, error["code"], error["message"])
    assert ([], 0) == (unfinished_runs(api.services.store), api.jobs.nudges)


def test_engine_goes_down(api: Api) -> None:
    """
    An accepted run whose engine goes down has failed with the code "service_unavailable".
    """
    failed = api.done("x", "tim-broken")

    message = "The engine went down while the run was worked on. Start it again."
    assert ("failed", {"code": "service_unavailable", "message": message}) == (failed["status"], failed["error"])


def test_timed_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A run that takes longer than `options.timeout` is timed_out, with the code "timeout" and the seconds.
    """
    monkeypatch.setattr("subconscious_server.embedded.sleep", api.worker_clock.sleep)

    ended = api.done("x", "tim-slow", options={"timeout": 7})

    message = "The run did not end within 7 s. Run it again with a longer timeout."
    assert ("timed_out", {"code": "timeout", "message": message}) == (ended["status"], ended["error"])
    assert 7 == pytest.approx(api.worker_clock.now(), abs=0.1)


def test_waiting_in_the_queue_is_not_counted(api: Api) -> None:
    """
    The timeout begins when the run does: a queue does not eat it up.
    """
    run_id = api.submit(options={"timeout": 1})
    api.worker_clock.advance(100)

    assert "succeeded" == api.work(run_id)["status"]


def test_cancel(api: Api) -> None:
    """
    A canceled run is not worked on; canceled again it is returned as it is.
    """
    run_id = api.submit()

    canceled = api.send("POST", f"/runs/{run_id}/cancel")
    again = api.send("POST", f"/runs/{run_id}/cancel")

    assert (200, {"runId": run_id, "status": "canceled"}) == (canceled.status_code, canceled.json())
    assert (200, canceled.json()) == (again.status_code, again.json())
    assert canceled.json() == api.work(run_id)


def test_cancel_between_thoughts(api: Api) -> None:
    """
    A run that is canceled while it is worked on ends there: no later thought, and no second end.
    """
    run_id = api.submit("What is 1 + 1?\nWhat is 2 + 2?")

    def step(function: Any, *args: Any) -> Any:
        result = function(*args)
        if function.__name__ == "think" and args[1] == 0:
            api.send("POST", f"/runs/{run_id}/cancel")
        return result

    api.thinking().run(cast("Step", step), run_id)

    assert {"runId": run_id, "status": "canceled"} == api.get(run_id)


def test_cancel_after_the_end(api: Api) -> None:
    """
    Canceling a run that has ended answers with the run as it ended: who repeats a cancel learns what came of it.
    """
    done = api.done("What is 1 + 1?")

    assert done == api.send("POST", f"/runs/{done['runId']}/cancel").json()


def test_slow_engine_hears_of_a_cancel(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An engine that is busy learns that nobody waits any more.
    """
    run_id = api.submit("x", "tim-slow")
    monkeypatch.setattr("subconscious_server.embedded.sleep", lambda _: api.send("POST", f"/runs/{run_id}/cancel"))

    assert "canceled" == api.work(run_id)["status"]


def test_one_end(api: Api) -> None:
    """
    S15. A run that is done twice, as after a lost lease, has one end and each thought once.
    """
    run_id = api.submit("What is 1 + 1?\nWhat is 2 + 2?")
    first = api.work(run_id)

    assert first == api.work(run_id)
    assert ["1 + 1 = 2", "2 + 2 = 4"] == [step["conclusion"] for step in first["result"]["reasoning"]]


def test_step_done_again(api: Api) -> None:
    """
    S15. A step whose result was lost is done again, and comes to the same.
    """
    run_id = api.submit("What is 1 + 1?\nWhat is 2 + 2?")

    def twice(function: Any, *args: Any) -> Any:
        function(*args)
        return function(*args)

    api.thinking().run(cast("Step", twice), run_id)

    assert "1 + 1 = 2\n2 + 2 = 4" == api.get(run_id)["result"]["answer"]


def test_submitted_again(api: Api, clock: VirtualClock) -> None:
    """
    S15. The same idempotency key is the same run, for 24 h, also when the key's record died with a server.
    """
    first = api.submit(key="a-key")
    replayed = api.submit(key="a-key")
    _forget_records(api)
    found = api.submit(key="a-key")
    other = api.submit(key="another-key")
    clock.advance(86_401)

    assert (first, first) == (replayed, found)
    assert 3 == len({first, other, api.submit(key="a-key")})


def _submit(api: Api, path: str, instructions: str) -> tuple[int, str]:
    """The status, and the id of the run, or the message."""
    body = {"engine": "tim", "input": {"instructions": instructions}}
    reply = api.send("POST", path, json=body, headers={"Idempotency-Key": "a-key"})
    if "x-run-id" in reply.headers:
        return reply.status_code, reply.headers["x-run-id"]
    answer = reply.json()
    return reply.status_code, str(answer.get("runId") or answer["error"]["message"])


@pytest.mark.parametrize("forget", [False, True], ids=["record", "no record"])
@pytest.mark.parametrize("first", ["/runs", "/runs/stream"])
@pytest.mark.parametrize("second", ["/runs", "/runs/stream"])
@pytest.mark.parametrize("instructions", ["What is 1 + 1?", "What is 2 + 2?"], ids=["same body", "other body"])
def test_key_on_another_route_or_with_another_body(
    api: Api, monkeypatch: pytest.MonkeyPatch, first: str, second: str, *, instructions: str, forget: bool
) -> None:
    """
    S2, S3. A key is that of one route, and of one body: on the other route it is another run, with another body a 409.
    """
    store = api.services.store

    def end() -> None:
        for run in unfinished_runs(store):
            end_run(store, run, "canceled")

    # A stream ends with its run.
    monkeypatch.setattr(api.jobs, "nudge", end)
    _, run_id = _submit(api, first, "What is 1 + 1?")
    if forget and first == "/runs":
        _forget_records(api)
    status, came = _submit(api, second, instructions)

    if first != second:
        assert (200, True) == (status, came.startswith("run_") and came != run_id)
    elif instructions == "What is 1 + 1?":
        assert (200, run_id) == (status, came)
    else:
        told = 'The idempotency key "a-key" was used for another body. Use a new key for a new body.'
        assert (409, told) == (status, came)


def _forget_records(api: Api) -> None:
    with closing(sqlite3.connect(api.services.store.folder.path / "idempotency.sqlite")) as db, db:
        (table,) = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone()
        assert db.execute(f"DELETE FROM {table}").rowcount  # noqa: S608
    db.close()


@pytest.mark.parametrize("call", ["GET /runs/ID", "POST /runs/ID/cancel"])
def test_foreign_is_missing(api: Api, call: str) -> None:
    """
    S11. Somebody else's run is answered like one that does not exist.

    That is true of status, headers, body, the cost of the call, and the statements that are executed.
    """
    run_id, missing = api.submit(), "run_" + "0" * 32
    method, _, path = call.partition(" ")
    statements: list[str] = []
    told, costs = [], []
    with closing(Store(api.services.store.folder.path, trace=statements.append)) as store:
        inner: Any = api.served.app.app
        inner.state.services = dataclasses.replace(api.services, store=store)
        before = int(api.send("GET", "/runs/run_x", "other").headers["x-ratelimit-remaining"])
        for wanted in (run_id, missing):
            statements.clear()
            refused = api.send(method, path.replace("ID", wanted), "other")
            headers = {name: text for name, text in refused.headers.items() if name not in PER_REQUEST}
            executed = [statement.replace(wanted, "ID") for statement in statements]
            said = {**refused.json(), "request_id": None}
            told.append((refused.status_code, json.dumps(said).replace(wanted, "ID"), headers, executed))
            left = int(refused.headers["x-ratelimit-remaining"])
            costs.append(before - left)
            before = left
        inner.state.services = api.services

    assert (404, 'There is no run "ID". Verify the run id.') == (told[0][0], json.loads(told[0][1])["error"]["message"])
    assert told[0] == told[1]
    assert ([1, 1], True) == (costs, any("'ID'" in statement for statement in told[0][3]))
    assert "queued" == api.get(run_id)["status"]


PER_REQUEST = {"x-request-id", "x-ratelimit-remaining", "ratelimit"}
"""Headers that differ from one request to the next, whatever is asked for."""


BAD = [
    ({"input": {"instructions": "x"}}, ["body", "engine"], "missing"),
    ({"engine": "tim"}, ["body", "input"], "missing"),
    ({"engine": "tim", "input": {}}, ["body", "input", "instructions"], "missing"),
    ({"engine": "tim", "input": {"instructions": " "}}, ["body", "input", "instructions"], "string_pattern_mismatch"),
    ({"engine": "gpt-9", "input": {"instructions": "x"}}, ["body", "engine"], "unknown"),
    ({"engine": "tim", "input": {"instructions": 5}}, ["body", "input", "instructions"], "string_type"),
    ({"engine": "tim", "input": {"instructions": "x"}, "secret": 1}, ["body", "secret"], "extra_forbidden"),
    ({"engine": "tim", "input": {"instructions": "x", "skills": ["s"]}}, ["body", "input", "skills"], "unknown"),
    (
        {"engine": "tim", "input": {"instructions": "x", "tools": [{"type": "magic"}]}},
        ["body", "input", "tools", 0],
        "union_tag_invalid",
    ),
    (
        {"engine": "tim", "input": {"instructions": "x"}, "options": {"timeout": 0}},
        ["body", "options", "timeout"],
        "greater_than_equal",
    ),
    (
        {"engine": "tim", "input": {"instructions": "x"}, "options": {"max_step_tokens": 1}},
        ["body", "options", "max_step_tokens"],
        "greater_than_equal",
    ),
    (
        {"engine": "tim", "input": {"instructions": "x"}, "output": {"callbackUrl": "http://127.0.0.1/"}},
        ["body", "output", "callbackUrl"],
        "not_allowed",
    ),
    (
        {
            "engine": "tim",
            "input": {
                "instructions": "x",
                "content": [{"type": "image", "source": {"kind": "base64", "data": "secret!", "mime": "image/png"}}],
            },
        },
        ["body", "input", "content", 0, "image", "source", "base64", "data"],
        "value_error",
    ),
    ({"engine": "tim", "input": {"instructions": "x", "answerFormat": {"a": "\ud800"}}}, ["body"], "value_error"),
]


@pytest.mark.parametrize(("body", "loc", "kind"), BAD)
@pytest.mark.parametrize("path", ["/runs", "/runs/stream"])
def test_bad_fields(api: Api, path: str, body: Any, *, loc: list[str | int], kind: str) -> None:
    """
    Each field that cannot work is a 400 whose details say where and why, and never what was sent.
    """
    refused = api.send("POST", path, content=json.dumps(body), headers={"Content-Type": "application/json"})

    error = refused.json()["error"]
    assert (400, "invalid_request") == (refused.status_code, error["code"])
    assert [(loc, kind)] == [(entry["loc"], entry["type"]) for entry in error["details"]]
    assert {"loc", "msg", "type"} == set(error["details"][0])
    assert "secret!" not in refused.text


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'"x"', b"null"])
def test_no_object(api: Api, body: bytes) -> None:
    """
    A body that is no JSON object is a 400.
    """
    refused = api.send("POST", "/runs", content=body, headers={"Content-Type": "application/json"})

    assert (400, "invalid_request") == (refused.status_code, refused.json()["error"]["code"])


@pytest.mark.parametrize("key", ["a b", "x" * 256, "\x7f"])
def test_bad_idempotency_key(api: Api, key: str) -> None:
    """
    An idempotency key that is none is a bad request like any other: 400 with details.
    """
    refused = api.send("POST", "/runs", json={}, headers={"Idempotency-Key": key})

    error = refused.json()["error"]
    assert (400, ["header", "Idempotency-Key"]) == (refused.status_code, error["details"][0]["loc"])


def test_keys(api: Api) -> None:
    """
    No key, a malformed and a withdrawn one are 401 with WWW-Authenticate; one that only reads may not start runs: 403.
    """
    body = {"engine": "tim", "input": {"instructions": "x"}}
    strangers = [
        api.client.get("/runs/x"),
        api.client.get("/runs/x", headers={"Authorization": "Bearer sk-x"}),
        api.send("GET", "/runs/x", "revoked"),
    ]
    reader = api.send("POST", "/runs", "viewer", json=body)

    assert [(401, "authentication_failed", True)] * 3 == [
        (
            answer.status_code,
            answer.json()["error"]["code"],
            answer.headers["www-authenticate"].startswith('Bearer realm="subconscious"'),
        )
        for answer in strangers
    ]
    assert (403, "permission_denied") == (reader.status_code, reader.json()["error"]["code"])


def test_rate_limit(api: Api) -> None:
    """
    A free key may make 20 calls at once; the next is a 429 with Retry-After.
    """
    answers = [api.send("GET", "/runs/x", "free") for _ in range(21)]

    assert [404] * 20 + [429] == [answer.status_code for answer in answers]
    assert ("1", "rate_limited") == (answers[-1].headers["retry-after"], answers[-1].json()["error"]["code"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/runs/x", 405, "internal_error"),
        ("GET", "/runs/", 404, "not_found"),
    ],
)
def test_no_such_address(api: Api, method: str, path: str, *, status: int, code: str) -> None:
    """
    What the page has no line for is an "internal_error" with its own status; every answer has a request id.
    """
    refused = api.send(method, path)

    body = refused.json()
    assert (status, code) == (refused.status_code, body["error"]["code"])
    assert refused.headers["x-request-id"] == body["request_id"]


def test_given_up(api: Api) -> None:
    """
    A run that may be what ends the worker is failed with the reason; one that has ended stays as it is.
    """
    run_id, done = api.submit(), api.done("What is 1 + 1?")
    for each in (run_id, done["runId"]):
        api.thinking().give_up("run", each, "it was interrupted 21 times, and may be the cause")

    message = "The run was given up: it was interrupted 21 times, and may be the cause. Start it again."
    assert {"code": "internal_error", "message": message} == api.get(run_id)["error"]
    assert done == api.get(done["runId"])
