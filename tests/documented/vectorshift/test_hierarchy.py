# ruff: noqa: D205, D400 - these docstrings quote the page
from __future__ import annotations

import pytest

import vectorshift
from tests.spec import tree
from vectorshift import (
    BadRequestError,
    KbIngestionFailed,
    KbIngestionTimeout,
    KbNotFound,
    KnowledgeBaseError,
    VectorshiftError,
)
from vectorshift.exceptions import CATALOGUE

LEAVES = tree("vectorshift")


@pytest.mark.documented("vectorshift", line=9, part=1)
@pytest.mark.documented("vectorshift", line=35)
@pytest.mark.parametrize("error", CATALOGUE.errors, ids=lambda error: error.__name__)
def test_base(error: type[Exception]) -> None:
    """
    Every SDK error subclasses `VectorshiftError`.
    VectorshiftError # base for every SDK error
    """
    assert issubclass(error, VectorshiftError)
    assert getattr(vectorshift, error.__name__) is error


@pytest.mark.documented("vectorshift", line=36)
@pytest.mark.documented("vectorshift", line=37)
@pytest.mark.documented("vectorshift", line=38)
@pytest.mark.documented("vectorshift", line=39)
@pytest.mark.documented("vectorshift", line=40)
@pytest.mark.documented("vectorshift", line=41)
@pytest.mark.documented("vectorshift", line=42)
@pytest.mark.documented("vectorshift", line=43)
@pytest.mark.documented("vectorshift", line=44)
@pytest.mark.documented("vectorshift", line=45)
@pytest.mark.documented("vectorshift", line=46)
@pytest.mark.documented("vectorshift", line=47)
@pytest.mark.documented("vectorshift", line=48)
@pytest.mark.documented("vectorshift", line=49)
@pytest.mark.parametrize("leaf", LEAVES[1:], ids=lambda leaf: leaf.name)
def test_line_of_the_tree(leaf: tuple[str, str, str]) -> None:
    """
    ├── VectorshiftApiError # HTTP error from the API (alias: ApiStatusError)
    │ ├── BadRequestError # 400
    │ ├── AuthenticationError # 401
    │ ├── PermissionDeniedError # 403
    │ ├── NotFoundError # 404
    │ ├── UnprocessableEntityError # 422
    │ ├── RateLimitError # 429
    │ ├── InternalServerError # 500+
    │ ├── PipelineRunFailedError # run completed with failed status
    │ └── PollTimeoutError # polling exceeded the timeout
    ├── ApiConnectionError # network-level failure
    │ └── ApiTimeoutError # request timed out before reaching the API
    ├── SessionError # base for session errors
    │ └── SessionDisconnectedError # websocket dropped
    """
    name, parent, comment = leaf
    found = getattr(vectorshift, name)

    assert parent == found.__bases__[0].__name__
    if comment.isdigit():
        assert [int(comment)] == [case.status for case in found.claims]
    if comment == "500+":
        assert {found} == {CATALOGUE.resolve(status)[0] for status in range(500, 600)}
    if "alias" in comment:
        assert vectorshift.ApiStatusError is found


@pytest.mark.documented("vectorshift", line=50)
def test_ingestion_errors() -> None:
    """
    └── (KnowledgeBase ingestion errors)
    """
    assert KnowledgeBaseError.__bases__ == (VectorshiftError,)
    assert all(issubclass(error, KnowledgeBaseError) for error in (KbIngestionFailed, KbIngestionTimeout, KbNotFound))
    assert not issubclass(BadRequestError, KnowledgeBaseError)
