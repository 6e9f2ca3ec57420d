"""How the check calls the objects of the SDK: each operation by its name, with the client that the check makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from failwell.client import Awaiting, TwofoldObject
from failwell.conformance import ClassAdapter
from vectorshift import exceptions
from vectorshift.agent import Agent
from vectorshift.client import AsyncClient, Client
from vectorshift.exceptions import CATALOGUE
from vectorshift.knowledge_base import KnowledgeBase
from vectorshift.nodes import Node
from vectorshift.pipeline import Pipeline
from vectorshift.runs import PipelineRun

OF_CLASS = ("fetch", "list")
"""Operations that need no object."""


class _OneClient:
    """In the place of the clients that the objects share: the *client* of one check."""

    catalogue = CATALOGUE

    def __init__(self, client: Client | AsyncClient) -> None:
        self._client = client

    def core(self, *, awaiting: bool) -> Any:
        """The engine of the client, whose colour is that of the check."""
        assert awaiting == isinstance(self._client, Awaiting)
        return self._client.core


class Operations:
    """The operations of one *kind* of objects: `pipeline.fetch(name="p")`, `pipeline.run(pipeline_id, {"q": "..."})`.

    The *ids* of the object come first. What is awaited has the same names.
    """

    def __init__(self, kind: type[TwofoldObject], client: Client | AsyncClient, ids: int = 1) -> None:
        # A class of its own: its objects call by that client, and by no other.
        self._kind: Any = type(kind.__name__, (kind,), {"shared_clients": _OneClient(client)})
        self._awaits = isinstance(client, Awaiting)
        self._ids = ids

    def new(self, name: str, nodes: Sequence[Mapping[str, Any]] = ()) -> Any:
        """Make an object, a pipeline of *nodes* as they travel."""
        given = [[Node.of(str(node["id"]), node) for node in nodes]] if issubclass(self._kind, Pipeline) else []
        return getattr(self._kind, "anew" if self._awaits else "new")(name, *given)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        twin = ("create_session" if name == "session" else f"a{name}") if self._awaits else name

        def operate(*args: Any, **more: Any) -> Any:
            ids = 0 if name in OF_CLASS else self._ids
            of = self._kind(*args[:ids]) if ids else self._kind
            return getattr(of, twin)(*args[ids:], **more)

        return operate


class Sessions(Operations):
    """Those of agents, and what is done in a session with one, with one call."""

    def ask(self, agent_id: str, *questions: str, session_id: str | None = None) -> Any:
        """The answers to *questions*, each of which is whole."""

        def blocking() -> list[str]:
            with self.session(agent_id, session_id) as session:
                return [_answer_to(session, question) for question in questions]

        async def awaiting() -> list[str]:
            async with self.session(agent_id, session_id) as session:
                return [await _awaited_answer_to(session, question) for question in questions]

        return awaiting() if self._awaits else blocking()

    def left(self, agent_id: str) -> Any:
        """Whether a session is still open that was left with an error, which comes out of it."""

        def blocking() -> bool:
            opened: list[Any] = []
            try:
                with self.session(agent_id) as session:
                    opened.append(session)
                    raise KeyError("Left with an error.")
            except KeyError:
                return _takes_messages(opened[0])

        async def awaiting() -> bool:
            opened: list[Any] = []
            try:
                async with self.session(agent_id) as session:
                    opened.append(session)
                    raise KeyError("Left with an error.")
            except KeyError:
                return await _awaits_messages(opened[0])

        return awaiting() if self._awaits else blocking()


def _answer_to(session: Any, question: str) -> str:
    session.send(question)
    for event in session.listen():
        if event.is_complete:
            return str(event.text)
    raise AssertionError("The session ended without an error.")


async def _awaited_answer_to(session: Any, question: str) -> str:
    await session.send(question)
    async for event in session.listen():
        if event.is_complete:
            return str(event.text)
    raise AssertionError("The session ended without an error.")


def _takes_messages(session: Any) -> bool:
    try:
        session.send("Still there?")
    except exceptions.VectorshiftError:
        return False
    return True


async def _awaits_messages(session: Any) -> bool:
    try:
        await session.send("Still there?")
    except exceptions.VectorshiftError:
        return False
    return True


class Objects:
    """All objects, as a client of one colour has them."""

    def __init__(self, client: Client | AsyncClient) -> None:
        self.pipeline = Operations(Pipeline, client)
        self.run = Operations(PipelineRun, client, ids=2)
        self.agent = Sessions(Agent, client)
        self.knowledge_base = Operations(KnowledgeBase, client)
        self.close = client.close if isinstance(client, Client) else client.aclose


ADAPTER = ClassAdapter(
    {
        "blocking": lambda **settings: Objects(Client(**settings)),
        "awaiting": lambda **settings: Objects(AsyncClient(**settings)),
    },
    {name: getattr(exceptions, name) for name in exceptions.__all__ if name not in ("CATALOGUE", "ApiStatusError")},
)
