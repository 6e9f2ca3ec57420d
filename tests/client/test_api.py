"""Operations that ask the API under their own names."""

from __future__ import annotations

from typing import Any

import pytest

from failwell.client import Blocking, Pages, Resource, json_body, operation, paged
from failwell.policy import Flow
from failwell.testing import replies
from pictograph.exceptions import NetworkError, NotFoundError
from pictograph.models import Dataset

from .probe import core


class Tools(Resource[Blocking], name="tools"):
    tried = 0

    @operation
    def get(self, name: str) -> Flow[Any]:
        self.tried += 1
        return self.api.call("GET", f"/{name}", json_body)

    @operation
    def both(self) -> Flow[list[Any]]:
        first = yield from self.api.call("GET", "/first", json_body)
        return [first, (yield from Tools.get.flow(self, "second"))]

    @operation
    def one(self, *parts: str) -> Flow[Dataset]:
        return self.api.call("GET", ("/tools", *parts), Dataset)

    @operation
    def some(self) -> Flow[list[Dataset]]:
        return self.api.call("GET", "/tools", list[Dataset])

    @paged
    def iter(self) -> Pages[Dataset]:
        return self.api.pages("/tools", Dataset, 2, kind="saw")


@pytest.fixture
def told() -> list[str]:
    """The operation of each retry."""
    return []


@pytest.fixture
def tools(told: list[str]) -> Tools:
    """Tools whose retries are told."""
    return Tools(core(on_event=lambda event, facts: told.append(facts["operation"]) if event == "retry" else None))


def test_the_name_is_that_of_the_method(tools: Tools, told: list[str]) -> None:
    """
    A call is known by its resource and the method that runs, be it returned or one of several.
    """
    with replies(tools, NetworkError, {}, NetworkError, {}, NetworkError, {}):
        tools.get("x")
        tools.both()

    assert ["tools.get", "tools.both", "tools.get"] == told


def test_a_returned_call(tools: Tools) -> None:
    """
    A method that returns its call has the errors of one that yields from it, and `self` keeps what it is given.
    """
    with replies(tools, {"a": 1}, NotFoundError):
        assert {"a": 1} == tools.get("x")
        with pytest.raises(NotFoundError):
            tools.get(name="y")

    assert 2 == tools.tried


def test_pages(tools: Tools) -> None:
    """
    A list that comes in pages is asked for by limit and offset, beside what the method says.
    """
    with replies(tools, {"data": [], "pagination": {"has_more": False}}) as sent:
        assert [] == list(tools.iter())

    assert {"kind": "saw", "limit": "2", "offset": "0"} == sent.requests[0].query


def test_what_an_answer_is(tools: Tools) -> None:
    """
    An answer is read as the model that is named, or as a list of them; a path of parts has each id in its place.
    """
    row = {"id": "d1", "name": "birds", "created_at": "2026-01-01T00:00:00Z"}
    with replies(tools, row, {"data": [row]}) as sent:
        assert ("birds", ["birds"]) == (tools.one("a b", "c/d").name, [one.name for one in tools.some()])

    assert ["/tools/a%20b/c%2Fd", "/tools"] == [asked.path for asked in sent.requests]


@pytest.mark.parametrize("part", ["", "..", "../keys"])
def test_a_part_that_leads_elsewhere(tools: Tools, part: str) -> None:
    """
    A part of a path that would lead to another place is refused, and nothing is sent.
    """
    with replies(tools), pytest.raises(ValueError, match="cannot be part of a path"):
        tools.one(part)
