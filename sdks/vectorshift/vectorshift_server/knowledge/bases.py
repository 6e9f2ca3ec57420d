"""Knowledge bases as rows, each with an index of its own: no score tells of what others have."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from pydantic import BaseModel

from failwell.clock import WallClock
from failwell.server import Submission
from vectorshift_server import objects
from vectorshift_server.access import User
from vectorshift_server.objects import Name
from vectorshift_server.store import Store

MOST_WORDS = 50
"""Words of a question that are looked for in the index."""

_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a about all an and any are as at be by can do does for from had has have how i in into is it its me my of on"
        " or our that the their there they this to was we were what when where which who why will with you your",
    )
)


class NewKnowledgeBase(BaseModel):
    """The body that makes a knowledge base."""

    name: Name


@dataclass(frozen=True)
class Passage:
    """A passage that was found: where it stands, and how well it fits; more is better."""

    text: str
    score: float
    item_id: str
    name: str
    position: int


def create(store: Store, clock: WallClock, user: User, new: NewKnowledgeBase, key: Submission | None) -> str:
    """The id of a new knowledge base, or of that which *key* has made. Raises: PermissionDeniedError."""
    user.check("write")
    with store.writing() as db:
        base_id, is_new = objects.make(db, "knowledge_bases", "kb", user, key, clock=clock, name=new.name)
        if is_new:
            index = _index_of(objects.find(db, "knowledge_bases", user.organisation, base_id))
            db.execute(
                f"CREATE VIRTUAL TABLE {index} USING fts5"
                " (text, item_id UNINDEXED, position UNINDEXED, tokenize = 'porter unicode61')"
            )
    return base_id


def delete(db: sqlite3.Connection, user: User, base_id: str) -> None:
    """Delete a knowledge base, with all that is in it. Raises: KbNotFound, PermissionDeniedError."""
    row = objects.find(db, "knowledge_bases", user.organisation, base_id)
    objects.delete(db, "knowledge_bases", user, base_id)
    db.execute(f"DROP TABLE {_index_of(row)}")


def keep_passages(db: sqlite3.Connection, base_id: str, item_id: str, passages: list[str]) -> None:
    """Put the *passages* of an item into the index of its knowledge base."""
    row = db.execute("SELECT * FROM knowledge_bases WHERE id = ?", (base_id,)).fetchone()
    db.executemany(
        f"INSERT INTO {_index_of(row)} (text, item_id, position) VALUES (?, ?, ?)",  # noqa: S608 - our own words
        [(text, item_id, position) for position, text in enumerate(passages)],
    )


def search(db: sqlite3.Connection, row: sqlite3.Row, question: str, most: int) -> list[Passage]:
    """The passages of the knowledge base of *row* that fit *question* best, the best first."""
    words = [*dict.fromkeys(re.findall(r"\w+", question.lower()))]
    words = [word for word in words if word not in _COMMON][:MOST_WORDS] or words[:MOST_WORDS]
    if not words:
        return []
    index = _index_of(row)
    wanted = " OR ".join(f'"{word}"' for word in words)
    found = db.execute(
        f"SELECT text, -bm25({index}) AS score, ingestions.item_id, name, position FROM {index}"  # noqa: S608 - our own words
        f" JOIN ingestions ON ingestions.item_id = {index}.item_id WHERE {index} MATCH ?"
        f" ORDER BY score DESC, {index}.rowid LIMIT ?",
        (wanted, most),
    )
    return [Passage(text, round(score, 9), *more) for text, score, *more in found]


def _index_of(row: sqlite3.Row) -> str:
    return f"passages_{int(row['seq'])}"
