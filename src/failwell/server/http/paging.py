"""Pagination of lists by limit and offset: query parameters, and a page of rows as it travels."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from failwell.contract.extras import needs
from failwell.server.storage.data_store import DataStore

with needs("fastapi", __name__):
    from pydantic import BaseModel, Field

T = TypeVar("T")

LARGEST_PAGE = 1000

# Fields of pydantic are query parameters to FastAPI, too, and the process that does jobs does not load that.
PageLimit = Annotated[int, Field(ge=1, description=f"More than {LARGEST_PAGE} gives {LARGEST_PAGE}.")]
# SQLite counts in 64 bits; no table has that many rows.
Offset = Annotated[int, Field(ge=0, le=2**53)]


class Pagination(BaseModel):
    """Where a page stands in its list."""

    limit: int
    offset: int
    total: int
    has_more: bool


class ItemReply(BaseModel, Generic[T]):
    """One thing, under "data"."""

    data: T


class PageReply(BaseModel, Generic[T]):
    """One page of things."""

    data: list[T]
    pagination: Pagination


def rows_of_page(
    store: DataStore,
    table: str,
    where: str,
    values: Sequence[object],
    *,
    limit: int,
    offset: int,
    columns: str = "*",
    newest_first: bool = True,
) -> tuple[list[sqlite3.Row], Pagination]:
    """The *columns* of the rows of *table* that meet *where*, by `seq`, and where they stand.

    *table*, which may be a join, *where* and *columns* are parts of SQL and never come from outside.
    """
    limit = min(limit, LARGEST_PAGE)
    order = "DESC" if newest_first else "ASC"
    with store.reading() as db:
        counted = db.execute(f"SELECT count(*) FROM {table} WHERE {where}", values)  # noqa: S608 - our own words
        total = int(counted.fetchone()[0])
        rows = db.execute(
            f"SELECT {columns} FROM {table} WHERE {where} ORDER BY seq {order} LIMIT ? OFFSET ?",  # noqa: S608 - our own words
            (*values, limit, offset),
        ).fetchall()
    return rows, Pagination(limit=limit, offset=offset, total=total, has_more=offset + len(rows) < total)


def page_of(everything: Sequence[T], *, limit: int, offset: int) -> tuple[list[T], Pagination]:
    """A page of *everything*, which is in order, and where it stands."""
    limit, total = min(limit, LARGEST_PAGE), len(everything)
    page = list(everything[offset : offset + limit])
    return page, Pagination(limit=limit, offset=offset, total=total, has_more=offset + len(page) < total)
