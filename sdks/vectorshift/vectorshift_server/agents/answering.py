"""What an agent answers: from its knowledge bases, by the model provider, within its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vectorshift_server.engine.responder import Question, Responder
from vectorshift_server.objects import find
from vectorshift_server.settings import Settings
from vectorshift_server.store import Store


class Agents:
    """The agents in *store*, for which *responder* answers."""

    def __init__(self, store: Store, settings: Settings, responder: Responder) -> None:
        self._store = store
        self._seconds = settings.answer_seconds
        self._responder = responder

    def answer(
        self, organisation: str, agent_id: str, asked: str, *, before: Sequence[str] = (), said: str = ""
    ) -> Iterator[str]:
        """The pieces of what the agent answers after what it has *said*.

        Raises: NotFoundError, for the agent or a knowledge base of its; ResponderDownError, ResponderSlowError.
        """
        with self._store.reading() as db:
            agent = find(db, "agents", organisation, agent_id)
        yield from self._responder.answer(Question(asked, agent["instructions"], (), before, said))
