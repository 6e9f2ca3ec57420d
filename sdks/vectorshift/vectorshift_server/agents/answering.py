"""What an agent answers: from its knowledge bases, by the model provider, within its time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from vectorshift_server.engine.responder import Question, Responder, Source, answer_within
from vectorshift_server.knowledge.bases import search
from vectorshift_server.objects import find
from vectorshift_server.settings import Settings
from vectorshift_server.store import Store

MOST_PASSAGES = 10
"""Passages of each of its knowledge bases that an agent answers from."""


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
            bases = [find(db, "knowledge_bases", organisation, each) for each in json.loads(agent["knowledge_bases"])]
            found = [passage for base in bases for passage in search(db, base, asked, MOST_PASSAGES)]
        found.sort(key=lambda passage: -passage.score)
        sources = [Source(passage.name, passage.text) for passage in found]
        question = Question(asked, agent["instructions"], sources, before, said)
        yield from answer_within(self._responder, question, self._seconds)
