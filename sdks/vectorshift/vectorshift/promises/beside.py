"""What VectorShift's page does not say, and every reader expects."""

from __future__ import annotations

from typing import Any

from failwell.conformance import Bench, Promises, events_of, expect_equal
from failwell.sandbox import Answer, BreakSession, Cut
from vectorshift.promises import ways
from vectorshift.promises.driver import ADAPTER
from vectorshift.promises.ways import ANSWER, QUESTION

PROMISES = Promises(ADAPTER)

BESIDE = "Beside the page"
STREAM = (("Content-Type", "text/event-stream"),)


@PROMISES(BESIDE, "A wait survives 429 and 5xx, and leaves the run alone when time is up")
def waits_on(bench: Bench) -> None:
    pipeline_id = ways.id_of(bench, "my-pipeline")
    task_id = bench.call(lambda client: client.pipeline.start(pipeline_id, QUESTION)).returned().task_id
    for status in (503, 429, 500):
        bench.sandbox.arm(ways.says(status), times=2)
    ended = bench.call(lambda client: client.run.result(pipeline_id, task_id, timeout=ways.LONG)).returned()
    expect_equal("how the run ended", "completed", ended.status)
    late: Any = ways.late_run(bench)
    late.raised(bench.error("PollTimeoutError"))
    slow = ways.id_of(bench, "slow-pipeline")
    status = bench.call(lambda client: client.pipeline.run_status(slow, late.error.task_id)).returned()
    expect_equal("whether it ran until it was ended", "terminated", status.status)


@PROMISES(BESIDE, "A stream tells of success only if the server did")
def streams(bench: Bench) -> None:
    pipeline_id = ways.id_of(bench, "my-pipeline")
    chunks = bench.call(lambda client: events_of(client.pipeline.stream(pipeline_id, QUESTION))).returned()
    answer = "".join(chunk.output_value for chunk in chunks if chunk.output_name == "answer")
    expect_equal("whether it is answered", True, ANSWER in answer)
    failing = ways.id_of(bench, "failing-pipeline")
    failed = bench.call(lambda client: events_of(client.pipeline.stream(failing, QUESTION)))
    failed.raised(bench.error("PipelineRunFailedError"))
    begun = b'event: output\ndata: {"output_name": "answer", "output_value": "4"}\n\n'
    bench.sandbox.arm(Cut(200, STREAM, begun * 9, after=90))
    cut = bench.call(lambda client: events_of(client.pipeline.stream(pipeline_id, QUESTION)))
    cut.raised(bench.error("ApiConnectionError"))
    cut.tried(1)


@PROMISES(BESIDE, "A body is kept up to 1 MiB, and its length is known")
def kept_body(bench: Bench) -> None:
    most = 1024 * 1024
    for size in (most, most + 1):
        bench.sandbox.arm(Answer(418, ways.JSON, b"x" * size))
        error: Any = bench.call(ways.lists).error
        expect_equal("the bytes of e.raw_response", most, len(error.raw_response))
        expect_equal("whether str(e) stays short", True, len(str(error)) < 4096)


@PROMISES(BESIDE, "A session goes on where it was, after a drop too, and its answers come to their end")
def goes_on(bench: Bench) -> None:
    agent_id = ways.agent_of(bench)
    ids: list[str] = []
    bench.sandbox.arm(BreakSession(5))
    first = bench.call(ways.talked(bench, agent_id, ["Hello"], ids))
    first.raised(bench.error("SessionDisconnectedError"))
    texts = bench.call(ways.talked(bench, agent_id, ["Still there?"], ids, answers=2)).returned()
    expect_equal("the sessions", 1, len(set(ids)))
    expect_equal(
        "what is answered", (True, True), ('"Hello"' in texts[0], '"Still there?" from (question 2' in texts[1])
    )


@PROMISES(BESIDE, "What was not sent is on the error of a session that dropped")
def unsent(bench: Bench) -> None:
    agent_id = ways.agent_of(bench)
    bench.sandbox.arm(BreakSession(3, code=1012))
    seen: Any = bench.call(ways.talked(bench, agent_id, ["Hello", "And now?"], [], heeds_drops=False))
    seen.raised(bench.error("SessionDisconnectedError"))
    expect_equal("e.close_code", 1012, seen.error.close_code)
    expect_equal("how many messages were not sent", 1, len(seen.error.unsent))
    expect_equal("whether it is the second", True, "And now?" in seen.error.unsent[0])


@PROMISES(BESIDE, "No key is told before any request")
def no_key(bench: Bench) -> None:
    seen = bench.call(ways.lists, key="")
    seen.raised(bench.error("AuthenticationError"))
    seen.tried(0)


@PROMISES(BESIDE, "What was not found is that, also of knowledge bases")
def no_base(bench: Bench) -> None:
    caught = ways.no_base(bench).caught_by(("KnowledgeBaseError", "NotFoundError", "BadRequestError"))
    expect_equal("what catches a KbNotFound", {"KnowledgeBaseError", "NotFoundError"}, set(caught))


READABLE: tuple[tuple[object, str], ...] = (
    ({"error": {"message": "inside"}}, "inside"),
    ({"detail": [{"loc": ["body", "q"], "msg": "is missing"}]}, "q: is missing"),
    ({"errors": [{"message": "one"}, {"message": "two"}]}, "one"),
)
"""Bodies, and what has to be in the message that is read of them."""


@PROMISES(BESIDE, "A message is readable, also where the body has an object or a list of them")
def readable(bench: Bench) -> None:
    for body, expected in READABLE:
        bench.sandbox.arm(ways.gives(body, 418))
        text: str = getattr(bench.call(ways.lists).error, "error_message", "")
        expect_equal(f"whether {expected!r} is said for {body}", True, expected in text)
        expect_equal("whether it has the signs of a structure", False, "{" in text or "[" in text)
