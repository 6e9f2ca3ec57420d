"""Answers: made by the model provider as jobs of the worker, and kept piece by piece."""

from __future__ import annotations

from failwell.server import Step
from vectorshift.exceptions import NotFoundError
from vectorshift_server.agents.answering import Agents
from vectorshift_server.engine.responder import ResponderDownError, ResponderSlowError
from vectorshift_server.store import Store

# The answers of a session are made one after the other: each knows what was said before.
_UNFINISHED = (
    "SELECT id FROM messages WHERE seq IN"
    " (SELECT min(seq) FROM messages WHERE status = 'queued' GROUP BY session_id) ORDER BY seq"
)
_BEFORE = "SELECT content FROM messages WHERE session_id = ? AND role = 'user' AND seq < ? AND seq > ? ORDER BY seq"


def unfinished_answers(store: Store) -> list[str]:
    """The ids of the answers whose turn it is, oldest first."""
    with store.reading() as db:
        return [str(row["id"]) for row in db.execute(_UNFINISHED).fetchall()]


class Answering:
    """Lets *agents* answer what is said in the sessions in *store*."""

    def __init__(self, store: Store, agents: Agents) -> None:
        self._store = store
        self._agents = agents

    def run(self, step: Step, message_id: str) -> None:
        """Make the answer; it is told meanwhile."""
        step(self.answer, message_id)

    def answer(self, message_id: str) -> None:
        """Keep the answer piece by piece, after those that are kept already, until it is whole or has failed."""
        with self._store.reading() as db:
            row = db.execute(
                "SELECT messages.*, tenant, agent_id FROM messages JOIN sessions ON sessions.id = session_id"
                " WHERE messages.id = ? AND status = 'queued'",
                (message_id,),
            ).fetchone()
            if row is None:  # it has ended, or its session is gone
                return
            session_id, seq = row["session_id"], row["seq"]
            last = db.execute(
                "SELECT coalesce(max(seq), 0) FROM messages WHERE session_id = ? AND role = 'agent' AND seq < ?",
                (session_id, seq),
            ).fetchone()[0]
            asked = [text for (text,) in db.execute(_BEFORE, (session_id, seq, last))]
            before = [text for (text,) in db.execute(_BEFORE, (session_id, last, 0))]
            said = [
                text
                for (text,) in db.execute(
                    "SELECT text FROM deltas WHERE message_id = ? ORDER BY position", (message_id,)
                )
            ]
        try:
            for piece in self._agents.answer(
                row["tenant"], row["agent_id"], "\n\n".join(asked), before=before, said="".join(said)
            ):
                if not self._keep(message_id, len(said), piece):
                    return
                said.append(piece)
        except (NotFoundError, ResponderDownError, ResponderSlowError) as problem:
            self._end(message_id, "failed", problem.message if isinstance(problem, NotFoundError) else str(problem))
            return
        self._end(message_id, "completed", "".join(said))

    def give_up(self, message_id: str, reason: str) -> None:
        """Fail an answer that cannot be made; one that has ended stays as it is."""
        self._end(message_id, "failed", f"The answer was given up: {reason}. Ask again.")

    def _keep(self, message_id: str, position: int, piece: str) -> bool:
        """Keep a piece; whether the answer is still wanted."""
        with self._store.writing() as db:
            kept = db.execute(
                "INSERT OR IGNORE INTO deltas SELECT id, ?, ? FROM messages WHERE id = ? AND status = 'queued'",
                (position, piece, message_id),
            )
        return kept.rowcount > 0

    def _end(self, message_id: str, status: str, content: str) -> None:
        with self._store.writing() as db:
            db.execute(
                "UPDATE messages SET status = ?, content = ? WHERE id = ? AND status = 'queued'",
                (status, content, message_id),
            )
