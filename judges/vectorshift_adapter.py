"""How `failwell check vectorshift --adapter` drives VectorShift's published client, which has no client object."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import vectorshift
from vectorshift.knowledge_base import errors as of_knowledge_bases
from vectorshift.pipeline.node import Node
from vectorshift.pipeline.run_handler import RunHandler
from vectorshift.request import async_request_client, request_client
from vectorshift.session import Session

SDK = "vectorshift 0.1.15"

ERRORS = {
    **{
        name: getattr(vectorshift, name)
        for name in (
            "VectorshiftError",
            "VectorshiftApiError",
            "BadRequestError",
            "AuthenticationError",
            "PermissionDeniedError",
            "NotFoundError",
            "UnprocessableEntityError",
            "RateLimitError",
            "InternalServerError",
            "PipelineRunFailedError",
            "PollTimeoutError",
            "ApiConnectionError",
            "ApiTimeoutError",
            "SessionError",
            "SessionDisconnectedError",
        )
    },
    **{
        name: getattr(of_knowledge_bases, name)
        for name in ("KnowledgeBaseError", "KbIngestionFailed", "KbIngestionTimeout", "KbNotFound")
    },
}


async def _no_pings(_session: Session) -> None:
    """Where a wait costs nothing, its pings would come without end."""


Session._ping_loop = _no_pings  # noqa: SLF001 - it has no switch for them

LONG = 100_000.0
"""Seconds that outlast any run."""
ANSWER_TIME = 5.0
"""Real seconds that an answer in a session may take: a drop ends its loop without a word, or leaves it waiting."""


def _told(**settings: Any) -> None:
    """Let the one client that there is use these settings. It never retries."""
    if settings.get("max_retries") == 0:
        del settings["max_retries"]
    others = sorted(set(settings) - {"api_key", "base_url"})
    if others:
        raise NotImplementedError(f"it takes no {others[0]}")
    vectorshift.api_key = settings["api_key"]
    os.environ["VECTORSHIFT_BASE_URL"] = settings["base_url"]
    request_client.base_url = async_request_client.base_url = settings["base_url"]


def client(**settings: Any) -> str:
    """What returns."""
    _told(**settings)
    return ""


def async_client(**settings: Any) -> str:
    """What is awaited: the same operations, whose names begin with an a."""
    _told(**settings)
    return "a"


async def _closed() -> None:
    await async_request_client.close()


def close(client: str) -> Any:
    """Close the connections of what was awaited."""
    return _closed() if client else None


def _as_object(value: Any) -> Any:
    """What the check reads by attributes, where the client gives a dict."""
    given = {"error": None, "result": None, **value} if isinstance(value, dict) else None
    return value if given is None else SimpleNamespace(**given)


async def _awaited_object(value: Any) -> Any:
    return _as_object(await value)


def _of_class(kind: Any, name: str) -> Callable[..., Any]:
    return lambda client, **given: getattr(kind, client + name)(**given)


def _of_object(make: Callable[..., Any], name: str, ids: int = 1) -> Callable[..., Any]:
    def operate(client: str, *given: Any, **more: Any) -> Any:
        found = getattr(make(*given[:ids]), client + name)(*given[ids:], **more)
        return _awaited_object(found) if client else _as_object(found)

    return operate


def new(client: str, name: str, nodes: Any) -> Any:
    """Make a pipeline of nodes as they travel."""
    return getattr(vectorshift.Pipeline, f"{client}new")(name, [Node.from_json(node) for node in nodes])


def run(client: str, pipeline_id: str, inputs: Any, timeout: float = LONG) -> Any:
    """Run a pipeline, for as long as it takes."""
    if timeout < LONG:
        raise NotImplementedError("its run() takes no timeout")
    return _of_object(_pipeline, "run")(client, pipeline_id, inputs)


def stream(client: str, pipeline_id: str, inputs: Any) -> Any:
    """All that a run comes to as it is made."""
    pipeline = vectorshift.Pipeline(id=pipeline_id)

    async def awaited() -> Any:
        return [chunk async for chunk in pipeline.astream(inputs)]

    return awaited() if client else list(pipeline.stream(inputs))


async def _answers(agent_id: str, questions: Any, session_id: Any) -> list[str]:
    found = []
    async with Session(owner_type="agent", owner_id=agent_id, session_id=session_id) as session:
        for question in questions:
            events = session.listen()
            posting = asyncio.ensure_future(session.send(question))
            async for event in events:
                if event.is_complete and event.text is not None:
                    found.append(event.text)
                    break
            await posting
    return found


def ask(client: str, agent_id: str, *questions: str, session_id: Any = None) -> Any:
    """The answers to *questions*."""
    if not client:
        raise NotImplementedError("its sessions are awaited only")
    return asyncio.wait_for(_answers(agent_id, questions, session_id), ANSWER_TIME)


def left(client: str, agent_id: str) -> Any:
    """Whether a session is still open that was left with an error."""
    if not client:
        raise NotImplementedError("its sessions are awaited only")

    async def awaited() -> bool:
        session = Session(owner_type="agent", owner_id=agent_id)
        try:
            async with session:
                raise KeyError("Left with an error.")
        except KeyError:
            return session.is_connected

    return asyncio.wait_for(awaited(), ANSWER_TIME)


def session(client: str, *_: Any, **_more: Any) -> Any:
    """What the check would talk to step by step."""
    raise NotImplementedError("a session cannot be talked to from another process")


def _pipeline(pipeline_id: str) -> Any:
    return vectorshift.Pipeline(id=pipeline_id)


def _run(pipeline_id: str, task_id: str) -> Any:
    return RunHandler(pipeline_id=pipeline_id, task_id=task_id)


def _knowledge_base(base_id: str) -> Any:
    return vectorshift.KnowledgeBase(id=base_id)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "pipeline.fetch": _of_class(vectorshift.Pipeline, "fetch"),
    "pipeline.list": _of_class(vectorshift.Pipeline, "list"),
    "pipeline.new": new,
    "pipeline.run": run,
    "pipeline.stream": stream,
    **{f"pipeline.{name}": _of_object(_pipeline, name) for name in ("start", "run_status", "terminate", "delete")},
    "run.result": _of_object(_run, "result", ids=2),
    "agent.fetch": _of_class(vectorshift.Agent, "fetch"),
    "agent.list": _of_class(vectorshift.Agent, "list"),
    "agent.ask": ask,
    "agent.left": left,
    "agent.session": session,
    "knowledge_base.list": _of_class(vectorshift.KnowledgeBase, "list"),
    "knowledge_base.fetch": _of_class(vectorshift.KnowledgeBase, "fetch"),
    "knowledge_base.add_files_and_wait": _of_object(_knowledge_base, "add_files_and_wait"),
}
