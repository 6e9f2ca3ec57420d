"""The search in documents: passages that FTS5 finds, or all of them, ranked by the engine."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from pydantic import BaseModel

from scopix_server.engine.ranking import MOST_TEXTS, keywords, ranked, snippet
from scopix_server.store import Store

MOST_WORDS = 50
"""Words of a question that are looked for in the index."""
MOST_CANDIDATES = 200
"""Passages that are ranked of those which the index finds."""


class Hit(BaseModel):
    """A document in which something was found, with the sentence that fits best."""

    document_id: str
    filename: str
    snippet: str
    score: float


@dataclass(frozen=True)
class Passage:
    """A piece of a document."""

    document_id: str
    filename: str
    text: str


def search(store: Store, tenant: str, question: str, limit: int) -> list[Hit]:
    """The documents of *tenant* that fit *question* best, each once, the best first."""
    with store.reading() as db:
        found = passages_about(db, tenant, question, indexed=store.indexed)
    hits: dict[str, Hit] = {}
    for one in ranked(question, [passage.text for passage in found]):
        passage = found[one.index]
        if len(hits) < limit and passage.document_id not in hits:
            hits[passage.document_id] = Hit(
                document_id=passage.document_id,
                filename=passage.filename,
                snippet=snippet(question, passage.text),
                score=round(one.score, 4),
            )
    return list(hits.values())


def passages_about(db: sqlite3.Connection, tenant: str, question: str, *, indexed: bool) -> list[Passage]:
    """The passages of *tenant* that may be about *question*; without an index, all of them."""
    words = [word for word in keywords(question) if re.fullmatch(r"\w+", word)][:MOST_WORDS]
    if not words:
        return []
    source, values, most = "passages", [tenant], MOST_TEXTS
    where, order = "tenant = ?", "passages.seq"
    if indexed:
        source, most = "passage_index JOIN passages ON passages.seq = passage_index.rowid", MOST_CANDIDATES
        where, order = "tenant = ? AND passage_index MATCH ?", "bm25(passage_index), passages.seq"
        values.append(" OR ".join(f'"{word}"' for word in words))
    rows = db.execute(
        f"SELECT document_id, filename, passages.text FROM {source}"  # noqa: S608 - our own words
        f" JOIN files ON files.id = document_id WHERE {where} ORDER BY {order} LIMIT ?",
        (*values, most),
    ).fetchall()
    return [Passage(*row) for row in rows]
