from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest

import subconscious
from failwell.wire import Reply, parse_reply
from subconscious import (
    AuthenticationError,
    NotFoundError,
    RateLimitError,
    RequestTooLargeError,
    SubconsciousError,
    ValidationError,
    exceptions,
)
from subconscious.exceptions import CATALOGUE, STATUSES
from tests.spec import page

from .talk import Talk

ROWS = [
    (int(status) if status.isdigit() else 500, code, getattr(exceptions, name))
    for status, code, name in re.findall(
        r"^(?:\| )?(\d{3}|other) \| (\w+) \| (\w+Error) \|", page("subconscious"), re.MULTILINE
    )
]


def get(client: Any) -> Any:
    """Any call."""
    return client.get("run_1")


def test_the_table_of_the_page() -> None:
    """
    The page's table has the eight codes that there are.
    """
    assert STATUSES == {code: status for status, code, _ in ROWS}
    assert 8 == len(ROWS)


@pytest.mark.parametrize(("status", "code", "cls"), ROWS)
@pytest.mark.parametrize("claimed", [*STATUSES, "of_another_page"])
def test_the_status_decides(status: int, code: str, cls: type[SubconsciousError], claimed: str) -> None:
    """
    Whatever code a body claims, the status decides; both can be read, also after pickling.
    """
    body = f'{{"error": {{"code": "{claimed}", "message": "No."}}}}'.encode()
    error = parse_reply(Reply(status, {}, body), CATALOGUE, operation="run")

    assert isinstance(error, SubconsciousError)
    for each in (error, pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert (cls, code, status, claimed) == (type(each), each.code, each.status, each.body_code)
        assert (f"{code}: No.", ("No.",)) == (str(each), each.args)


@pytest.mark.parametrize("status", [199, 300, 304, 402, 405, 409, 422, 499, 500, 501, 502, 505, 599])
def test_other_statuses(status: int) -> None:
    """
    Any other status is an "other": the base class, with the status that was received.
    """
    error = parse_reply(Reply(status, {}, b""), CATALOGUE)

    assert isinstance(error, SubconsciousError)
    assert (SubconsciousError, "internal_error", status) == (type(error), error.code, error.status)


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        ("network", "service_unavailable", "No whole answer to GET /runs/run_1"),
        ("timeout", "timeout", "No answer to GET /runs/run_1 within 30 s"),
        ("unreadable", "internal_error", "could not be read"),
        (b"<h1>Hello</h1>", "internal_error", "could not be read"),
        ({"status": "running"}, "internal_error", "could not be read"),
        ([], "internal_error", "could not be read"),
    ],
    ids=["network", "timeout", "unreadable", "HTML", "no id", "a list"],
)
def test_no_answer(talk: Callable[..., Talk], failure: object, code: str, words: str) -> None:
    """
    Without an answer, or with one that cannot be read, it is a SubconsciousError with a code of the table.
    """
    with pytest.raises(SubconsciousError) as caught:
        talk(failure).ask(get, max_retries=0)

    received = 0 if isinstance(failure, str) else 200
    assert (SubconsciousError, code, received) == (type(caught.value), caught.value.code, caught.value.status)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{code}: ")


@pytest.mark.parametrize(("code", "status"), STATUSES.items())
def test_made_by_code(code: str, status: int) -> None:
    """
    An error that is made with a code has the status of the table, unless it is given another.
    """
    error = SubconsciousError(code, "No.", details=["x"])

    assert (code, status, ["x"], "No.") == (error.code, error.status, error.details, error.message)
    assert 418 == SubconsciousError(code, "No.", 418).status


@pytest.mark.parametrize(
    ("cls", "code", "status"),
    [
        (ValidationError, "invalid_request", 400),
        (AuthenticationError, "authentication_failed", 401),
        (NotFoundError, "not_found", 404),
        (RateLimitError, "rate_limited", 429),
    ],
)
def test_made_by_class(cls: Any, code: str, status: int) -> None:
    """
    A class of its own knows its code and its status, and has words where none are given.
    """
    error = cls()

    assert (code, status, None) == (error.code, error.status, error.details)
    assert re.fullmatch(rf"{code}: \w.+", str(error))
    assert ("No.", {"x": 1}) == (cls("No.", {"x": 1}).message, cls("No.", {"x": 1}).details)


def test_what_the_package_exports() -> None:
    """
    Every class of the page can be imported from the package itself, and its `__all__` is true.
    """
    named = set(re.findall(r"\b\w+Error\b", page("subconscious"))) - {"ValueError"}

    assert {"RequestTooLargeError", "SubconsciousError", "ValidationError"} <= named <= set(subconscious.__all__)
    for name in subconscious.__all__:
        assert name in dir(subconscious)
        assert getattr(subconscious, name) is not None
    assert RequestTooLargeError.__name__ not in [error.__name__ for error in CATALOGUE.errors]


def test_the_tree_in_the_docstring() -> None:
    """
    The docstring of the module draws the classes that there are.
    """
    drawn = re.findall(r"(\w+Error)\b +—", exceptions.__doc__ or "")

    assert [*(error.__name__ for error in CATALOGUE.errors), "RequestTooLargeError"] == drawn
