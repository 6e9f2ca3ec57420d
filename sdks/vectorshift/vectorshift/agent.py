"""Agents: fetched, listed, and talked to in sessions. Each operation has a twin that is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell.client import TwofoldObject, twofold, twofold_session
from vectorshift.client import CLIENTS
from vectorshift.objects import fetched, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from failwell.client import Api
    from failwell.policy import Flow, SessionFlow, SessionProtocol
    from failwell.wire import Reply
    from vectorshift.sessions import SessionEvent

Agents = list["Agent"]


class Agent(TwofoldObject, clients=CLIENTS, name="agent"):
    """An agent, which is talked to in sessions."""

    def __init__(self, id: str, *, name: str = "", type: str = "conversational") -> None:  # noqa: A002 - as the API
        self.id = id
        self.name = name
        self.type = type

    def __repr__(self) -> str:
        return f"Agent(id={self.id!r}, name={self.name!r}, type={self.type!r})"

    @twofold
    @classmethod
    def fetch(cls, api: Api, *, id: str | None = None, name: str | None = None) -> Flow[Agent]:  # noqa: A002
        """The agent of this *id*, or of this *name*.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        return fetched(api, "/agent", _agent, id=id, name=name)

    afetch = fetch.awaiting

    @twofold_session
    def session(
        self, api: Api, session_id: str | None = None, *, keepalive: float | None = 20.0
    ) -> SessionFlow[SessionProtocol[str, SessionEvent]]:
        """Talk to the agent: `with agent.session() as session`. *session_id* is one that is gone on with.

        A server that says nothing for *keepalive* seconds is asked whether it is there (None: never), and has as many
        to answer.

        Raises:
            NotFoundError: there is no such agent, or it belongs to somebody else.
            SessionDisconnectedError: the connection dropped; `e.unsent` are the messages that were not sent.
        """
        from vectorshift.sessions import AgentTalk

        return api.session("/ws/session", AgentTalk(self.id, session_id, keepalive))

    create_session = session.awaiting

    @twofold
    @classmethod
    def list(cls, api: Api, *, limit: int | None = None, offset: int | None = None) -> Flow[Agents]:
        """The agents of the organisation of the key."""
        return api.call("GET", "/agents", _agents, params={"limit": limit, "offset": offset})

    alist = list.awaiting  # noqa: A003 - the one above


def _agent(found: Mapping[str, Any]) -> Agent:
    return Agent(
        text_of(found, "_id", "id"),
        name=text_of(found, "name", default=""),
        type=text_of(found, "agent_type", "type", default="conversational"),
    )


def _agents(reply: Reply) -> Agents:
    from vectorshift.objects import listed

    return [_agent(found) for found in listed(reply)]
