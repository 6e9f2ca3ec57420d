"""How a client comes upon each failure: mostly of the reference server, which is asked for what it must refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache, wraps
from typing import Any

from failwell.conformance import Bench, Call, Calls, Observation, Talk, burst
from failwell.sandbox import Answer, BreakSession, Silence
from vectorshift.exceptions import SessionDisconnectedError
from vectorshift.nodes import Node
from vectorshift.promises.driver import Objects

JSON = (("Content-Type", "application/json"),)
NOWHERE = "http://127.0.0.1:1"
"""Where nobody listens."""
QUESTION, ANSWER = {"q": "When are parcels sent?"}, "Mondays"
"""What a pipeline is asked, and a word of what its agent has read of it in the handbook."""
LONG, SHORT = 1e6, 5.0
"""Seconds that outlast any run, and few of one that runs until it is ended; on a clock where they cost nothing."""
MANY = 200_000
"""Characters of a message that is too long."""

Action = Callable[[Any], Any]
Way = Callable[[Bench], Observation]


def says(status: int, message: str = "So it is.") -> Answer:
    """A reply of *status* that says *message*."""
    return gives({"error": message}, status)


def gives(body: object, status: int = 200) -> Answer:
    """A reply with *body*."""
    return Answer(status, JSON, json.dumps(body).encode())


def lists(client: Any) -> Any:
    """A call that reads."""
    return client.pipeline.list()


def fetches(name: str) -> Action:
    """Ask for a pipeline by its name."""
    return lambda client: client.pipeline.fetch(name=name)


def makes(name: str, *nodes: Node) -> Action:
    """A call that writes. Nodes go as they travel: an SDK in an environment of its own has others."""
    return lambda client: client.pipeline.new(name, [node.as_json() for node in nodes])


def runs(pipeline_id: str, timeout: float = LONG) -> Action:
    """Run a pipeline that has one input."""
    return lambda client: client.pipeline.run(pipeline_id, QUESTION, timeout=timeout)


@lru_cache(maxsize=99)
def _id(bench: Bench, kind: str, name: str, role: str | None) -> str:
    return str(bench.call(lambda client: getattr(client, kind).fetch(name=name), role=role).returned().id)


def id_of(bench: Bench, name: str, *, kind: str = "pipeline", role: str | None = None) -> str:
    """The id of one of the objects that the server has from the start, of the organisation of *role*."""
    return _id(bench, kind, name, role)


def agent_of(bench: Bench, role: str | None = None) -> str:
    """The id of the agent that the server has from the start."""
    return id_of(bench, "my-agent", kind="agent", role=role)


def made(bench: Bench, name: str, *nodes: Node) -> str:
    """The id of a pipeline that is made now."""
    return str(bench.call(makes(name, *nodes)).returned().id)


def wired(kind: str, reference: str) -> tuple[Node, ...]:
    """Nodes that ask the object *reference*, of a *kind*, and give what it says as "answer"."""
    asked = Node("input", {"input_type": "string"}, id="asked", name="q")
    given = {"query" if kind == "knowledge_base" else "q" if kind == "pipeline" else "input": asked.output("text")}
    other = Node(kind, {kind: reference, **given}, id="other")
    field = {"pipeline": "answer", "agent": "response", "knowledge_base": "formatted_text"}[kind]
    return asked, other, Node("output", {"value": other.output(field)}, id="answer", name="answer")


@lru_cache(maxsize=99)
def _met(bench: Bench, fail: Way) -> Observation:
    return fail(bench)


def once(fail: Way) -> Way:
    """*fail*, which is gone once in each colour: all rows that look at this failure look at the same."""

    @wraps(fail)
    def met(bench: Bench) -> Observation:
        seen = _met(bench, fail)
        if seen not in bench.seen:
            bench.seen.append(seen)
        return seen

    return met


def unsupported(bench: Bench) -> Observation:
    """A pipeline with an input of no type that there is."""
    return bench.call(makes("unsupported", Node("input", {"input_type": "smell"}, name="q")))


def revoked(bench: Bench) -> Observation:
    """A call with a key that was withdrawn."""
    return bench.call(lists, role="revoked")


def forbidden(bench: Bench) -> Observation:
    """A pipeline that may be read, and is to be deleted."""
    pipeline_id = id_of(bench, "my-pipeline")
    return bench.call(lambda client: client.pipeline.delete(pipeline_id), role="viewer")


def missing(bench: Bench) -> Observation:
    """A pipeline that never was."""
    return bench.call(fetches("no-such-pipeline"))


def miswired(bench: Bench) -> Observation:
    """Nodes that the SDK has nothing to say against, and the server has."""
    question = Node("input", {"input_type": "string"}, id="question", name="q")
    return bench.call(makes("miswired", question, Node("output", {"value": question.output("smell")}, name="answer")))


@once
def rate_limited(bench: Bench) -> Observation:
    """A call beyond the limit of its key."""
    burst(bench.sandbox, "/pipelines", {"Authorization": f"Bearer {bench.sandbox.key('free')}"})
    return bench.call(lists, role="free", max_retries=0)


def broken_server(bench: Bench) -> Observation:
    """A call while the server is down."""
    bench.sandbox.arm(says(503, "The server is down."))
    return bench.call(lists, max_retries=0)


@once
def failed_run(bench: Bench) -> Observation:
    """A run whose agent has no model."""
    return bench.call(runs(id_of(bench, "failing-pipeline")))


@once
def late_run(bench: Bench) -> Observation:
    """A wait for a run that ends when it is told to."""
    pipeline_id = id_of(bench, "slow-pipeline")
    task_id = bench.call(lambda client: client.pipeline.start(pipeline_id, QUESTION)).returned().task_id
    return ended(bench, pipeline_id, bench.call(lambda client: client.run.result(pipeline_id, task_id, timeout=SHORT)))


def ended(bench: Bench, pipeline_id: str, seen: Observation) -> Observation:
    """What was *seen* of a run that would go on for ever; it is ended."""
    task_id = getattr(seen.error, "task_id", None)
    if task_id:
        bench.call(lambda client: client.pipeline.terminate(pipeline_id, task_id)).returned()
    bench.seen.append(seen)
    return seen


def unreachable(bench: Bench) -> Observation:
    """A call to where nobody listens."""
    return bench.call(lists, base_url=NOWHERE, max_retries=0)


@once
def unanswered(bench: Bench) -> Observation:
    """A call that nobody answers."""
    bench.sandbox.arm(Silence())
    return bench.call(lists, timeout=0.2, max_retries=0)


@once
def told_in_a_session(bench: Bench) -> Observation:
    """A message that is too long for the server, which says so and goes on."""
    agent_id = agent_of(bench)
    return bench.call(lambda client: client.agent.ask(agent_id, "x" * MANY))


@once
def dropped(bench: Bench) -> Observation:
    """A session that breaks off in the middle of an answer."""
    agent_id = agent_of(bench)
    bench.sandbox.arm(BreakSession(5))
    return bench.call(lambda client: client.agent.ask(agent_id, "Hello"))


def no_base(bench: Bench) -> Observation:
    """A knowledge base that never was."""
    return bench.call(lambda client: client.knowledge_base.fetch(name="no-such-base"))


def _ingested(bench: Bench, ended: Answer, times: int = 1) -> Observation:
    """An ingestion of this file, which ends like that."""
    upload = gives({"presigned_url": f"{bench.sandbox.url}/signed/here", "s3_key": "k1"})
    for reply in (upload, Answer(200), gives({"file_id": "f1"}), gives({"task_id": "i1"})):
        bench.sandbox.arm(reply)
    bench.sandbox.arm(ended, times=times)
    try:
        return bench.call(lambda client: client.knowledge_base.add_files_and_wait("kb1", [__file__], timeout=SHORT))
    finally:
        bench.sandbox.script.clear()


@once
def failed_ingestion(bench: Bench) -> Observation:
    """An ingestion that ended without a result."""
    return _ingested(bench, gives({"task_id": "i1", "status": "failed", "error": "It is no text."}))


@once
def late_ingestion(bench: Bench) -> Observation:
    """An ingestion that does not end in time."""
    return _ingested(bench, gives({"task_id": "i1", "status": "processing"}), times=99)


def misconfigured(bench: Bench) -> Observation:
    """A client with a base URL that is none."""
    return bench.call(lists, base_url="api.vectorshift.ai")


FAILURES: Sequence[tuple[str, Way]] = (
    ("VectorshiftError", misconfigured),
    ("VectorshiftApiError", lambda bench: refused(bench, 418)),
    ("BadRequestError", unsupported),
    ("AuthenticationError", revoked),
    ("PermissionDeniedError", forbidden),
    ("NotFoundError", missing),
    ("UnprocessableEntityError", miswired),
    ("RateLimitError", rate_limited),
    ("InternalServerError", broken_server),
    ("PipelineRunFailedError", failed_run),
    ("PollTimeoutError", late_run),
    ("ApiConnectionError", unreachable),
    ("ApiTimeoutError", unanswered),
    ("SessionError", told_in_a_session),
    ("SessionDisconnectedError", dropped),
    ("KbNotFound", no_base),
    ("KbIngestionFailed", failed_ingestion),
    ("KbIngestionTimeout", late_ingestion),
)
"""Failures of every source that the SDK has, each with the name of its class."""


def refused(bench: Bench, status: int) -> Observation:
    """A call that is refused with *status*."""
    bench.sandbox.arm(says(status))
    return bench.call(lists, max_retries=0)


def _talks(bench: Bench, answers: list[Any], patience: float) -> Action:
    """Ask an agent, and listen to the end."""
    agent_id = agent_of(bench)

    def blocking(client: Objects) -> None:
        with client.agent.session(agent_id, keepalive=patience) as session:
            session.send("Hello")
            answers.extend(event.text for event in session.listen() if event.is_complete)

    async def awaiting(client: Objects) -> None:
        async with client.agent.session(agent_id, keepalive=patience) as session:
            await session.send("Hello")
            async for event in session.listen():
                answers.extend([event.text] if event.is_complete else [])

    return blocking if bench.colour == "blocking" else awaiting


def talked(
    bench: Bench,
    agent_id: str,
    questions: Sequence[str],
    ids: list[str],
    *,
    answers: int = 1,
    heeds_drops: bool = True,
) -> Action:
    """Go on with the session whose id is the last of *ids*, or begin one; the *answers* that come to *questions*.

    Who does not heed drops sends on.
    """

    def done(session: Any, texts: list[str], event: Any) -> bool:
        ids[:] = [session.handler.session_id]
        texts.extend([event.text] if event.is_complete else [])
        return len(texts) == answers

    def blocking(client: Objects) -> list[str]:
        texts: list[str] = []
        with client.agent.session(agent_id, *ids[-1:]) as session:
            for question in questions:
                session.send(question)
                with suppress(*([] if heeds_drops else [SessionDisconnectedError])):
                    for event in session.listen():
                        if done(session, texts, event):
                            break
        return texts

    async def awaiting(client: Objects) -> list[str]:
        texts: list[str] = []
        async with client.agent.session(agent_id, *ids[-1:]) as session:
            for question in questions:
                await session.send(question)
                with suppress(*([] if heeds_drops else [SessionDisconnectedError])):
                    async for event in session.listen():
                        if done(session, texts, event):
                            break
        return texts

    return blocking if bench.colour == "blocking" else awaiting


CALLS = Calls(
    reads=Call("pipeline.fetch", "GET", fetches("my-pipeline")),
    writes=Call("pipeline.start", "POST", lambda client: client.pipeline.start("p1", QUESTION)),
    talks=Talk("agent.session", _talks, frames=11),
)
"""The session is made, joined, and takes a message: three frames; the answer to it comes in seven pieces, and whole."""
