from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import failwell
from subconscious import (
    AgentToolUse,
    AsyncSubconscious,
    NotFoundError,
    RateLimitError,
    ReasoningTask,
    Run,
    RunResult,
    Subconscious,
    SubconsciousError,
    Usage,
    ValidationError,
)

from .talk import ACCEPTED, FAILED, RUNNING, SUCCEEDED, Talk

Talking = Callable[..., Talk]
GIVEN: dict[str, Any] = {"instructions": "Search for AI news", "tools": [{"type": "platform", "id": "fast_search"}]}


def start(client: Any) -> Any:
    """Start a run."""
    return client.run("tim-gpt", GIVEN)


def test_run(talk: Talking) -> None:
    """
    `run` sends the engine and the input, and returns at once, with what the server says and no more.
    """
    talking = talk(ACCEPTED)
    run = talking.ask(start)

    assert (Run(run_id="run_1"), False) == (run, run.finished)
    [request] = talking.sent.requests
    assert ["POST /runs"] == talking.asked
    assert {"engine": "tim-gpt", "input": GIVEN} == request.json
    assert "application/json" == request.headers["content-type"]
    assert talking.keys[0]


def test_text_as_input(talk: Talking) -> None:
    """
    A text is the instructions.
    """
    talking = talk(ACCEPTED)
    talking.ask(lambda client: client.run("tim", "What is 6 * 7?"))

    assert {"instructions": "What is 6 * 7?"} == talking.sent.requests[0].json["input"]


@pytest.mark.parametrize("given", [None, 7, ["x"], b"x"])
def test_neither_text_nor_object(talk: Talking, given: object) -> None:
    """
    What is neither a text nor an object is refused before anything is sent; so there is no status.
    """
    talking = talk()
    with pytest.raises(ValidationError, match=f"input is of type {type(given).__name__}") as caught:
        talking.ask(lambda client: client.run("tim", given))

    assert ([], 0, None) == (talking.asked, caught.value.status, caught.value.known_status)


@pytest.mark.parametrize("options", ["abc", [1], 5], ids=repr)
def test_options_that_are_no_object(talk: Talking, options: Any) -> None:
    """
    So are options that are no object.
    """
    talking = talk()
    with pytest.raises(ValidationError, match=f"options is of type {type(options).__name__}; it must be an object."):
        talking.ask(lambda client: client.run("tim", "x", options))

    assert [] == talking.asked


def test_options(talk: Talking) -> None:
    """
    Options go along under the names of the wire; `output` beside them, `await_completion` is the client's own.
    """
    options = {"timeout": 60, "max_step_tokens": 512, "output": {"responseContent": "answer_only"}}
    kept = dict(options)
    talking = talk(ACCEPTED, SUCCEEDED)
    run = talking.ask(lambda client: client.run("tim", "x", {**options, "await_completion": True}))

    body = talking.sent.requests[0].json
    assert {"timeout": 60, "max_step_tokens": 512} == body["options"]
    assert {"responseContent": "answer_only"} == body["output"]
    assert ("succeeded", kept) == (run.status, options)


def test_await_completion(talk: Talking) -> None:
    """
    With `await_completion` a run is looked at until it has ended: after 1 s, 1.5 s, ... by the SDK's clock.
    """
    talking = talk(ACCEPTED, RUNNING, RUNNING, SUCCEEDED)
    run = talking.ask(lambda client: client.run("tim", "x", await_completion=True))

    assert ["POST /runs", *["GET /runs/run_1"] * 3] == talking.asked
    assert [1.0, 1.5] == talking.sent.waits
    assert (
        RunResult(
            answer="42", reasoning=[ReasoningTask(title="Think", subtasks=[ReasoningTask(conclusion="It is 42.")])]
        )
        == run.result
    )
    assert Usage(input_tokens=3, output_tokens=1, duration_ms=20) == run.usage


def test_a_timeout_that_cannot_work_starts_nothing(talk: Talking) -> None:
    """
    A timeout that is no number of seconds is refused before the run is started.
    """
    talking = talk()
    with pytest.raises(ValidationError, match="timeout is -1; it must be a number of seconds from 0"):
        talking.ask(lambda client: client.run("tim", "x", await_completion=True, timeout=-1))

    assert [] == talking.asked


@pytest.mark.parametrize("failure", [500, 503, 504, "network", "timeout"])
def test_retried_with_one_key(talk: Talking, failure: object) -> None:
    """
    A run that fails in a way that may pass is asked for again, with the key of the first time.
    """
    talking = talk(failure, failure, ACCEPTED)
    talking.ask(start)

    assert ["POST /runs"] * 3 == talking.asked
    assert 1 == len(set(talking.keys))
    assert pytest.approx([1, 2], rel=0.25) == talking.sent.waits


def test_own_key(talk: Talking) -> None:
    """
    A key of the caller's own is sent, and is on the error.
    """
    talking = talk(SubconsciousError("permission_denied", "No."))
    with pytest.raises(SubconsciousError) as caught:
        talking.ask(lambda client: client.run("tim", "x", idempotency_key="mine"))

    assert (["mine"], "mine") == (talking.keys, caught.value.idempotency_key)


@pytest.mark.parametrize("failure", [500, 503, 504, "network", "timeout"])
def test_without_a_key(talk: Talking, failure: object) -> None:
    """
    `idempotency=False` sends no key, so a request that the server may have executed is not repeated.
    """
    talking = talk(failure)
    with pytest.raises(SubconsciousError) as caught:
        talking.ask(lambda client: client.run("tim", "x", idempotency=False))

    assert ([None], 1, []) == (talking.keys, len(caught.value.attempts), talking.sent.waits)


def test_without_a_key_after_429(talk: Talking) -> None:
    """
    Without a key a run is repeated after a 429 all the same: it was not executed.
    """
    talking = talk(RateLimitError("Slow down", retry_after=7), ACCEPTED)
    talking.ask(lambda client: client.run("tim", "x", idempotency=False))

    assert ([None, None], [7]) == (talking.keys, talking.sent.waits)


def test_get(talk: Talking) -> None:
    """
    `get` looks at a run; fields that the API adds later are ignored.
    """
    used = {"tool_name": "search", "tool_call_id": "call_1", "parameters": {"q": "x"}, "tool_result": ["y"]}
    result = {"answer": "4", "reasoning": [{"tooluse": used}], "parsed_answer": {"n": 4}, "new": 1}
    talking = talk({**SUCCEEDED, "result": result, "added": "later"})
    run = talking.ask(lambda client: client.get("run_1"))

    assert (["GET /runs/run_1"], [None]) == (talking.asked, talking.keys)
    tool = AgentToolUse(tool_name="search", tool_call_id="call_1", parameters={"q": "x"}, tool_result=["y"])
    assert RunResult(answer="4", reasoning=[ReasoningTask(tooluse=tool)], parsed_answer={"n": 4}) == run.result


@pytest.mark.parametrize("operation", ["get", "cancel", "wait"])
@pytest.mark.parametrize(("run_id", "kind"), [("", ValueError), (".", ValueError), ("..", ValueError), (7, TypeError)])
def test_ids_that_are_none(talk: Talking, operation: str, run_id: object, kind: type[Exception]) -> None:
    """
    An id that would ask for another path is refused before anything is sent.
    """
    talking = talk()
    with pytest.raises(kind, match="cannot be part of a path"):
        talking.ask(lambda client: getattr(client, operation)(run_id))

    assert [] == talking.asked


def test_ids_are_quoted(talk: Talking) -> None:
    """
    An id is one part of the path, whatever is in it.
    """
    talking = talk(ACCEPTED)
    talking.ask(lambda client: client.get("run/1?x"))

    assert ["GET /runs/run%2F1%3Fx"] == talking.asked


def test_cancel(talk: Talking) -> None:
    """
    `cancel` ends a run. Canceling twice is canceling once, so it is repeated where that helps.
    """
    talking = talk(503, {"runId": "run_1", "status": "canceled"})
    run = talking.ask(lambda client: client.cancel("run_1"))

    assert ["POST /runs/run_1/cancel"] * 2 == talking.asked
    assert ("canceled", True) == (run.status, run.finished)


def test_wait_survives(talk: Talking) -> None:
    """
    A look that meets 429, a 5xx or no answer does not end a wait, nor does one that asks to wait for very long.
    """
    late = RateLimitError("Slow down", retry_after=3600)
    talking = talk(*[503] * 4, *["network"] * 4, *[429] * 4, late, RUNNING, SUCCEEDED)
    run = talking.ask(lambda client: client.wait("run_1", timeout=100_000.0))

    assert "succeeded" == run.status
    assert 15 == len(talking.asked)


@pytest.mark.parametrize("error", [NotFoundError("There is none."), SubconsciousError("permission_denied", "No.")])
def test_wait_ends(talk: Talking, error: SubconsciousError) -> None:
    """
    A look that another one would not help ends the wait.
    """
    talking = talk(RUNNING, error)
    with pytest.raises(type(error)) as caught:
        talking.ask(lambda client: client.wait("run_1"))

    assert (error.code, error.message) == (caught.value.code, caught.value.message)


def test_wait_returns_a_run_that_failed(talk: Talking) -> None:
    """
    A run that failed is returned: to wait for it did not fail.
    """
    run = talk(FAILED).ask(lambda client: client.wait("run_1"))

    assert ("failed", "internal_error") == (run.status, run.error.code)


def test_poll_timeout(talk: Talking) -> None:
    """
    When time is up the error has the run's id, what was seen last, and how to go on; nothing was canceled.
    """
    talking = talk(RUNNING, RUNNING, RUNNING)
    with pytest.raises(SubconsciousError) as caught:
        talking.ask(lambda client: client.wait("run_1", timeout=2.0))

    error = caught.value
    assert ("timeout", 0, "run_1") == (error.code, error.status, error.run_id)
    assert "running" == error.last_result["status"]
    assert 2.0 == sum(talking.sent.waits)
    for words in ("run_1", '"running"', "2 s", "not cancel", 'client.wait("run_1")'):
        assert words in str(error)
    assert ["GET /runs/run_1"] * 3 == talking.asked


def test_resumed(talk: Talking) -> None:
    """
    The token of such an error goes on with the wait, in another process and in the other colour.
    """
    with pytest.raises(SubconsciousError) as caught:
        talk(RUNNING).ask(lambda client: client.wait("run_1", timeout=0.0))
    token = caught.value.resume_token
    assert token

    talking = talk(RUNNING, SUCCEEDED)
    run = talking.ask(lambda client: failwell.resume(token, client, timeout=60.0))
    assert ("succeeded", ["GET /runs/run_1"] * 2) == (run.status, talking.asked)


def test_other_errors_of_a_wait_have_no_token(talk: Talking) -> None:
    """
    Only a wait whose time is up can be gone on with.
    """
    with pytest.raises(NotFoundError) as caught:
        talk(NotFoundError("There is none.")).ask(lambda client: client.wait("run_1"))

    assert caught.value.resume_token is None


def test_same_operations() -> None:
    """
    Both clients have the same operations, each with its errors.
    """
    names = ("cancel", "get", "run", "stream", "wait")
    for client in (Subconscious("sk-test"), AsyncSubconscious("sk-test")):
        assert all(SubconsciousError in getattr(client, name).raises for name in names)
        found = [name for name in dir(client) if name[0] != "_" and hasattr(getattr(client, name), "raises")]
        assert sorted(names) == found
