"""
VectorShift's published client against the server at FAILWELL_URL: a row for each operation, held or failed.

judges/judge.py starts the server and runs this in the client's own environment. It exits with 1 if a row failed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rows import judged, row, same

# The client reads its address when it is imported.
os.environ["VECTORSHIFT_BASE_URL"] = os.environ["FAILWELL_URL"]
os.environ.setdefault("VECTORSHIFT_API_KEY", "")

import vectorshift
from vectorshift import (
    Agent,
    AuthenticationError,
    BadRequestError,
    KnowledgeBase,
    NotFoundError,
    PermissionDeniedError,
    Pipeline,
    PipelineRunFailedError,
    PollTimeoutError,
    RateLimitError,
    UnprocessableEntityError,
    VectorshiftApiError,
)
from vectorshift.agent.object import LlmInfo
from vectorshift.pipeline.nodes import (
    AgentNode,
    ConditionNode,
    InputNode,
    KnowledgeBaseNode,
    OutputNode,
    PipelineNode,
    TextNode,
)
from vectorshift.pipeline.nodes._condition import Clause, ConditionGroup, Operator
from vectorshift.request import async_request_client
from vectorshift.session import Session

QUESTION = {"q": "What is this?"}
TIMEOUT = 60.0
"""Seconds that a run or an answer may take."""


class Bench:
    """The keys of the server; one is in use at a time."""

    def __init__(self, keys: dict[str, str]) -> None:
        self.keys = keys
        vectorshift.api_key = keys["member"]

    @contextmanager
    def as_role(self, role: str) -> Any:
        """Use the key of *role* in a `with` block."""
        vectorshift.api_key = self.keys[role]
        try:
            yield
        finally:
            vectorshift.api_key = self.keys["member"]

    def pipeline(self, name: str = "my-pipeline") -> Pipeline:
        """A pipeline that each organisation has."""
        return Pipeline.fetch(name=name)


def raised(kind: type[Exception], status: int, act: Callable[[], object]) -> str:
    """What *act* raised, in words: exactly *kind*, with *status*."""
    try:
        value = act()
    except VectorshiftApiError as error:
        same("the class and status", (kind, status), (type(error), error.status_code))
        return error.error_message
    raise AssertionError(f"expected {kind.__name__}, it returned {value!r:.80}")


def simple(name: str = "") -> Pipeline:
    """A new pipeline that gives back what it is given."""
    asked = InputNode(node_name="q", input_type="string")
    said = TextNode(node_name="said", text=f"You said: {asked.text}")
    answer = OutputNode(node_name="answer", output_type="string", value=said.text)
    return Pipeline.new(name or f"simple-{uuid.uuid4().hex[:8]}", [asked, said, answer])


async def answered(session: Session, said: str) -> tuple[str, str]:
    """The pieces of an answer, joined, and the answer."""
    events = session.listen()
    posting = asyncio.ensure_future(session.send(said))
    deltas: list[str] = []
    async for event in events:
        if event.delta:
            deltas.append(event.delta)
        if event.error:
            raise AssertionError(event.error)
        if event.is_complete and event.text is not None:
            await posting
            return "".join(deltas), event.text
    raise AssertionError("the session ended before the answer was whole")


def within(talk: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        try:
            return await asyncio.wait_for(talk(), TIMEOUT)
        finally:
            await async_request_client.close()

    return asyncio.run(main())


@row("Pipeline.fetch by its name, and by its id")
def fetch(bench: Bench) -> object:
    found = bench.pipeline()
    again = Pipeline.fetch(id=found.id)
    same("its id and nodes", (found.id, 4), (again.id, len(again.nodes)))
    same("its inputs and outputs", (["q"], ["answer"]), ([*again.inputs], [*again.outputs]))
    return again


@row("Pipeline.list")
def list_(bench: Bench) -> object:
    found = [pipeline.id for pipeline in Pipeline.list()]
    same("whether the one that is known is there", True, bench.pipeline().id in found)
    return f"{len(found)} pipelines"


@row("run")
def run(bench: Bench) -> object:
    done = bench.pipeline().run(QUESTION)
    same("what it has", {"run_id", "outputs"}, {*done})
    same("its outputs", ["answer"], [*done["outputs"]])
    return done["outputs"]


@row("arun, on asyncio")
def arun(bench: Bench) -> object:
    async def run() -> Any:
        return await (await Pipeline.afetch(name="my-pipeline")).arun(QUESTION)

    return within(run)["outputs"]


@row("start, run_status and result")
def start(bench: Bench) -> object:
    handler = bench.pipeline().start(QUESTION)
    same("whether it has a status", True, handler.run_status()["status"] in {"pending", "running", "completed"})
    done = handler.result(poll_interval=0.05, timeout=TIMEOUT)
    same("its status and outputs", ("completed", ["answer"]), (done["status"], [*done["result"]]))
    return done["result"]


@row("result of a run that fails is a PipelineRunFailedError")
def run_fails(bench: Bench) -> object:
    handler = bench.pipeline("failing-pipeline").start(QUESTION)
    try:
        handler.result(poll_interval=0.05, timeout=TIMEOUT)
    except PipelineRunFailedError as error:
        same(
            "its task and whether it names a node", (handler.task_id, True), (error.task_id, "node" in error.run_error)
        )
        return error.run_error
    raise AssertionError("expected PipelineRunFailedError, it completed")


@row("run of one that fails is no success, either")
def run_fails_at_once(bench: Bench) -> object:
    return raised(UnprocessableEntityError, 422, lambda: bench.pipeline("failing-pipeline").run(QUESTION))


@row("result that does not come is a PollTimeoutError, terminate ends the run")
def terminate(bench: Bench) -> object:
    handler = bench.pipeline("slow-pipeline").start(QUESTION)
    try:
        handler.result(poll_interval=0.05, timeout=0.2)
    except PollTimeoutError as error:
        same("its task", handler.task_id, error.task_id)
    else:
        raise AssertionError("expected PollTimeoutError, it completed")
    same("what is answered", "success", handler.terminate()["status"])
    return handler.run_status()["status"]


@row("stream")
def stream(bench: Bench) -> object:
    chunks = list(bench.pipeline().stream(QUESTION))
    said = "".join(chunk.output_value for chunk in chunks if chunk.type == "output")
    same("the last one", ("end", "completed"), (chunks[-1].type, chunks[-1].status))
    same("what was said, and what it came to", chunks[-1].outputs["answer"], said)
    return said


@row("stream of a run that fails")
def stream_fails(bench: Bench) -> object:
    chunks = list(bench.pipeline("failing-pipeline").stream(QUESTION))
    same("the type of the last one", "error", chunks[-1].type)
    return chunks[-1].error


@row("Pipeline.new, save and delete")
def new(bench: Bench) -> object:
    made = simple()
    same("what it answers", {"answer": "You said: Hello"}, made.run({"q": "Hello"})["outputs"])
    found = Pipeline.fetch(id=made.id)
    same("whether it is saved", "success", found.save()["status"])
    same(
        "what it answers then", {"answer": "You said: Hello"}, Pipeline.fetch(id=made.id).run({"q": "Hello"})["outputs"]
    )
    same("what delete answers", "success", found.delete()["status"])
    return raised(NotFoundError, 404, lambda: Pipeline.fetch(id=made.id))


@row("a condition, and the path that is taken")
def condition(bench: Bench) -> object:
    asked = InputNode(node_name="n", input_type="int32")
    clause = Clause(Operator.GREATER_THAN, f"{{{{ {asked.id}.value }}}}", 10)
    check = ConditionNode(node_name="check", conditions=[ConditionGroup([clause])])
    large = TextNode(node_name="large", text="large", dependencies=[str(check.path_0)])
    small = TextNode(node_name="small", text="small", dependencies=[str(check.path_else)])
    outputs = [OutputNode(node_name=one.name, output_type="string", value=one.text) for one in (large, small)]
    made = Pipeline.new("sorting", [asked, check, large, small, *outputs])
    same("what 11 comes to", {"large": "large"}, made.run({"n": 11})["outputs"])
    same("what 7 comes to", {"small": "small"}, made.run({"n": 7})["outputs"])
    return "large, small"


@row("a sub-pipeline, an agent and a knowledge base as nodes")
def references(bench: Bench) -> object:
    inner, agent, base = simple(), Agent.fetch(name="my-agent"), KnowledgeBase.fetch(name="handbook")
    asked = InputNode(node_name="q", input_type="string")
    nodes = [
        PipelineNode(node_name="inner", pipeline=inner, q=asked.text),
        AgentNode(node_name="agent", agent={"object_id": agent.id, "object_type": 0}, input=asked.text),
        KnowledgeBaseNode(node_name="base", knowledge_base={"object_id": base.id, "object_type": 1}, query=asked.text),
    ]
    fields = ("answer", "response", "chunks")
    outputs = [
        OutputNode(node_name=field, output_type="string", value=f"{{{{ {node.id}.{field} }}}}")
        for node, field in zip(nodes, fields, strict=True)
    ]
    done = Pipeline.new("references", [asked, *nodes, *outputs]).run({"q": "parcels"})["outputs"]
    same("what comes out", {*fields}, {*done})
    return done


@row("Agent.new, fetch, list and delete")
def agents(bench: Bench) -> object:
    made = Agent.new(name="made", llm_info=LlmInfo(provider="openai", model_id="gpt-4o"), instructions="Be brief.")
    found = Agent.fetch(id=made.id)
    same("its name and instructions", ("made", "Be brief."), (found.name, found.instructions))
    same("whether it is in the list", True, made.id in [agent.id for agent in Agent.list()])
    same("what delete answers", "success", found.delete()["status"])
    return raised(NotFoundError, 404, lambda: Agent.fetch(id=made.id))


@row("a session: send, listen, get_messages")
def session(bench: Bench) -> object:
    async def talk() -> Any:
        agent = await Agent.afetch(name="my-agent")
        async with await agent.create_session() as session:
            deltas, text = await answered(session, "Hello")
            messages = await session.get_messages()
        same("the pieces and the answer", text, deltas)
        same("the history", ["Hello", text], [message.text for message in messages])
        same("who said it", [True, False], [message.is_user for message in messages])
        return text

    return within(talk)


@row("a session that is gone on with, after its connection is gone")
def session_goes_on(bench: Bench) -> object:
    async def talk() -> Any:
        agent = await Agent.afetch(name="my-agent")
        async with await agent.create_session() as first:
            await answered(first, "Hello")
        async with Session(session_id=first.session_id) as second:
            _, text = await answered(second, "Hello again")
            same("how many messages it has", 4, len(await second.get_messages()))
        return text

    return within(talk)


@row("a session of another organisation is a SessionError")
def foreign_session(bench: Bench) -> object:
    async def talk() -> Any:
        with bench.as_role("other"):
            agent = await Agent.afetch(name="my-agent")
            async with await agent.create_session() as theirs:
                pass
        try:
            async with Session(session_id=theirs.session_id):
                raise AssertionError("it was joined")
        except vectorshift.SessionError as error:
            return error

    return within(talk)


@row("KnowledgeBase.new, ingest, query, list and delete")
def knowledge_base(bench: Bench) -> object:
    made = KnowledgeBase.new(f"base-{uuid.uuid4().hex[:8]}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.txt"
        file.write_text("Parcels are sent on Mondays.\n\nLetters are sent every day.")
        same("whether its ingestion is completed", "completed", made.add_files_and_wait([file], timeout=TIMEOUT).status)
    found = made.query("When are parcels sent?", top_k=1)
    same("what is found", ["Parcels are sent on Mondays."], [chunk["text"] for chunk in found["chunks"]])
    same("whether it is in the list", True, made.id in [base.id for base in KnowledgeBase.list()])
    made.delete()
    return raised(NotFoundError, 404, lambda: KnowledgeBase.fetch(id=made.id))


@row("400 is a BadRequestError")
def error_400(bench: Bench) -> object:
    asked = InputNode(node_name="q", input_type="audio")
    raised(BadRequestError, 400, lambda: Pipeline.new("hears", [asked]))
    stub = next(pipeline for pipeline in Pipeline.list() if pipeline.id == bench.pipeline().id)
    return raised(BadRequestError, 400, lambda: stub.run({"no_such": "input"}))


@row("401 is an AuthenticationError, in words for each reason")
def error_401(bench: Bench) -> object:
    said: list[str] = []
    for role in ("expired", "revoked"):
        with bench.as_role(role):
            said.append(raised(AuthenticationError, 401, Pipeline.list))
    vectorshift.api_key = "vs-unknown"
    said.append(raised(AuthenticationError, 401, Pipeline.list))
    vectorshift.api_key = bench.keys["member"]
    same("how many reasons", 3, len({*said}))
    return said


@row("403 is a PermissionDeniedError")
def error_403(bench: Bench) -> object:
    found = bench.pipeline()
    with bench.as_role("viewer"):
        same("whether it may be read", found.id, Pipeline.fetch(id=found.id).id)
        return raised(PermissionDeniedError, 403, found.delete)


@row("404 is a NotFoundError, for what is missing and what is another's")
def error_404(bench: Bench) -> object:
    raised(NotFoundError, 404, lambda: Pipeline.fetch(id="no-such-pipeline"))
    with bench.as_role("other"):
        theirs = bench.pipeline()
    return raised(NotFoundError, 404, theirs.delete)


@row("422 is an UnprocessableEntityError with the reason")
def error_422(bench: Bench) -> object:
    # The client looks for wires from nowhere by itself.
    said = TextNode(node_name="said", text="Hello")
    outputs = [OutputNode(node_name="answer", output_type="string", value=said.text) for _ in range(2)]
    return raised(UnprocessableEntityError, 422, lambda: Pipeline.new("wrong", [said, *outputs]))


@row("429 is a RateLimitError that names the limit and the wait")
def error_429(bench: Bench) -> object:
    # A key of its own: the others are not used up.
    def used_up() -> None:
        for _ in range(1000):
            Pipeline.list()

    with bench.as_role("free"):
        said = raised(RateLimitError, 429, used_up)
    same("whether it names both", (True, True), ("per" in said, " s" in said))
    return said


def main() -> int:
    """Judge the server at FAILWELL_URL."""
    return judged(f"vectorshift {version('vectorshift')}", Bench(json.loads(os.environ["FAILWELL_KEYS"])))


if __name__ == "__main__":
    sys.exit(main())
