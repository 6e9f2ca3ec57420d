# ruff: noqa: D205 - these docstrings quote the page
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from failwell.testing import replies
from tests.documented.watched import Program
from tests.vectorshift.sdk import PIPELINE, Sdk
from tests.vectorshift.talk_server import TalkServer, talking
from vectorshift import (
    CLIENTS,
    Agent,
    ApiConnectionError,
    ApiTimeoutError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    Pipeline,
    PipelineRunFailedError,
    PollTimeoutError,
    RateLimitError,
    SessionDisconnectedError,
    VectorshiftError,
)

STARTED = {"task_id": "t1"}
RUNNING = {"task_id": "t1", "status": "running"}
COMPLETED = {"task_id": "t1", "status": "completed", "result": {"a": 1}}
FAILED = {"task_id": "t1", "status": "failed", "error": "node 3"}


def run(program: Program, *answers: Any, then: Any = COMPLETED, **names: Any) -> dict[str, Any]:
    """The names that *program* leaves when it is answered so."""

    async def main() -> dict[str, Any]:
        return await program.run(**names)

    with replies(CLIENTS.blocking, *answers, then=then), program.watched():
        return anyio.run(main)


@pytest.mark.documented("vectorshift", lines=(12, 29))
def test_catching() -> None:
    """
    A run and each of its errors, in the order in which they are caught.
    """
    program = Program("vectorshift", 12, 29, whole=True)
    left = run(program, PIPELINE, STARTED)
    assert {"a": 1} == left["result"].outputs

    for answers in (
        [AuthenticationError("The key is revoked.")],
        [PIPELINE, *[RateLimitError("Wait 3 s.")] * 3],
        [PIPELINE, STARTED, FAILED],
        [PIPELINE, 500],
    ):
        assert "result" not in run(program, *answers)

    assert program.lines == program.seen


@pytest.mark.documented("vectorshift", lines=(65, 72))
@pytest.mark.parametrize("error", [NotFoundError, PermissionDeniedError])
def test_objects_of_others(error: type[VectorshiftError]) -> None:
    """
    What belongs to somebody else is not found, or not allowed.
    """
    program = Program("vectorshift", 65, 72, whole=True)
    assert "p1" == run(program, PIPELINE)["other"].id
    run(program, NotFoundError("There is none."))
    run(program, PermissionDeniedError("Not with this key."))

    assert program.lines == program.seen
    with replies(CLIENTS.blocking, error("No.")), pytest.raises(error):
        Pipeline.fetch(id="<id-from-another-org>")


@pytest.mark.documented("vectorshift", lines=(92, 99))
def test_connections() -> None:
    """
    No answer in time, and no connection.
    """
    program = Program("vectorshift", 92, 99, whole=True)
    run(program, {"objects": []}, Pipeline=Pipeline)
    run(program, then="timeout", Pipeline=Pipeline)
    run(program, then="network", Pipeline=Pipeline)

    assert program.lines == program.seen


@pytest.mark.documented("vectorshift", line=89, part=1)
@pytest.mark.documented("vectorshift", line=89, part=2)
@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1", "https://127.0.0.1:1", "http://no.such.host.invalid"])
def test_before_an_answer(sdk: Sdk, monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    """
    `ApiConnectionError` covers anything that fails before getting an HTTP response — DNS, TLS, refused connections.
    Its subclass `ApiTimeoutError` is raised when the request times out.
    """
    with sdk.answered("timeout", "timeout"), pytest.raises(ApiTimeoutError) as caught:
        sdk.call(Pipeline, "list")
    assert isinstance(caught.value, ApiConnectionError)

    monkeypatch.setenv("VECTORSHIFT_BASE_URL", base_url)
    with pytest.raises(ApiConnectionError) as met:
        sdk.call(Pipeline("p1"), "start", {})
    assert type(met.value) is ApiConnectionError


@pytest.mark.documented("vectorshift", lines=(107, 114))
def test_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """
    A run that failed, and one that takes too long.
    """
    program = Program("vectorshift", 107, 114, whole=True)
    pipeline = Pipeline("p1")
    assert {"a": 1} == run(program, STARTED, pipeline=pipeline)["result"].outputs
    run(program, STARTED, FAILED, pipeline=pipeline)
    run(program, STARTED, then=RUNNING, pipeline=pipeline)

    assert "run t1 failed: node 3\nrun t1 did not complete within 30s\n" == capsys.readouterr().out
    assert program.lines == program.seen


@pytest.mark.documented("vectorshift", line=104, part=1)
@pytest.mark.documented("vectorshift", line=104, part=2)
def test_failed_runs(sdk: Sdk) -> None:
    """
    `PipelineRunFailedError` is raised when a run completes with a failed status. The exception carries the failing
    `task_id` and the server's `run_error` string.
    """
    for name, answers in (("run", [STARTED, RUNNING, FAILED]), ("result", [FAILED])):
        of: Any = Pipeline("p1")
        if name == "result":
            with sdk.answered(STARTED):
                of = sdk.call(of, "start", {})
        with sdk.answered(*answers), pytest.raises(PipelineRunFailedError) as caught:
            sdk.call(of, name, *([{}] if name == "run" else []))
        assert ("t1", "node 3") == (caught.value.task_id, caught.value.run_error)
        assert not isinstance(caught.value, PollTimeoutError)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TalkServer]:
    """A server of sessions."""
    with talking() as running:
        monkeypatch.setenv("VECTORSHIFT_BASE_URL", running.url)
        yield running


@pytest.mark.documented("vectorshift", lines=(122, 130))
@pytest.mark.documented("vectorshift", line=119, part=1)
@pytest.mark.documented("vectorshift", line=119, part=2)
def test_sessions(server: TalkServer) -> None:
    """
    Conversational sessions communicate over a websocket. If the connection drops mid-stream, you get
    `SessionDisconnectedError`.
    """
    program = Program("vectorshift", 122, 130, whole=True)
    server.hangs_up = True

    async def main() -> dict[str, Any]:
        left = await program.run(agent=Agent("a1"))
        await CLIENTS.aclose()
        return left

    with program.watched():
        left = anyio.run(main)

    assert "message_complete" == left["event"].type
    assert ["create_session", "connect_session", "post_message"] == [told["type"] for told in server.told]
    assert program.lines == program.seen


@pytest.mark.documented("vectorshift", line=119, part=3)
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_left_with_an_error(server: TalkServer, error: type[BaseException]) -> None:
    """
    Use the session as an async context manager — it cleans up on exit even when an error is raised.
    """

    async def main() -> None:
        try:
            async with await Agent("a1").create_session() as session:
                await session.receive(10.0)
                raise error
        finally:
            await CLIENTS.aclose()

    with pytest.raises(error):
        anyio.run(main)

    assert server.over.wait(10.0)
    assert [1000] == server.closed
    left = [told["type"] for told in server.told]
    assert ("disconnect_session" in left) == (error is ValueError)


def test_a_drop_is_one(server: TalkServer) -> None:
    """
    What the page's loop ends with is that error, with what the server had not said of its end.
    """
    server.hangs_up = True
    with Agent("a1").session() as session:
        session.send("Hello")
        with pytest.raises(SessionDisconnectedError) as caught:
            for _ in session.listen():
                pass

    assert (1006, ()) == (caught.value.close_code, caught.value.unsent)
