"""Lists, one page at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from pictograph_server.store import Store

_LARGEST_PAGE = 1000

Limit = Annotated[int, Query(ge=1, description=f"More than {_LARGEST_PAGE} gives {_LARGEST_PAGE}.")]
# SQLite counts in 64 bits; nothing here has that many rows.
Offset = Annotated[int, Query(ge=0, le=2**53)]


class Pagination(BaseModel):
    """Where a page stands in its list."""

    limit: int
    offset: int
    total: int
    has_more: bool


def rows_of_page(
    store: Store, table: str, where: str, values: Sequence[object], *, limit: int, offset: int
) -> tuple[list[sqlite3.Row], Pagination]:
    """The rows of *table* that meet *where*, newest first, and where they stand.

    *table* and *where* are parts of SQL and never come from outside.
    """
    limit = min(limit, _LARGEST_PAGE)
    with store.reading() as db:
        counted = db.execute(f"SELECT count(*) FROM {table} WHERE {where}", values)  # noqa: S608 - our own words
        total = int(counted.fetchone()[0])
        rows = db.execute(
            f"SELECT * FROM {table} WHERE {where} ORDER BY seq DESC LIMIT ? OFFSET ?",  # noqa: S608 - our own words
            (*values, limit, offset),
        ).fetchall()
    return rows, Pagination(limit=limit, offset=offset, total=total, has_more=offset + len(rows) < total)
