"""How answers are wrapped: one thing under "data", a page of them with "pagination" beside."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel

from pictograph_server.paging import Pagination

T = TypeVar("T")


class One(BaseModel, Generic[T]):
    """One thing."""

    data: T


class Page(BaseModel, Generic[T]):
    """One page of things."""

    data: list[T]
    pagination: Pagination
