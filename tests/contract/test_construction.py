from __future__ import annotations

from typing import Annotated, Any

import pytest

from failwell import AllDetails, Body, Case, Details, Error, Header, Local, Message, Status, field
from failwell.contract.construction import build, error_for


class SentenceError(Error, status=429):
    """Its fields are marked, and have names of their own."""

    sentence: Message = field(kw_only=False)
    http: Annotated[int, Status()] = field(init=False)
    pause: Annotated[int | None, Header("Retry-After")] = None
    attempt: Annotated[int, Local()] = 1


class ExactError(Error, cases=(Case("slow", 503), Case("busy", 429))):
    """One that takes fractions of a second, in the body."""

    text: Message = field(kw_only=False)
    wait: Annotated[float | None, Body("error.retry_after")] = None


class WrittenError(Error):
    """One with a constructor of its own, and no mark for its message."""

    retry_after: Annotated[float | None, Local()] = None

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@pytest.mark.parametrize(
    ("cls", "case", "facts", "expected"),
    [
        (SentenceError, None, {"status": 429, "retry_after": 1.5}, {"sentence": "Wait.", "http": 429, "pause": 2}),
        (SentenceError, None, {"status": None}, {"http": 0, "pause": None}),
        (SentenceError, None, {"attempt": 3, "unknown": 4}, {"http": 429, "attempt": 3}),
        (
            ExactError,
            Case("busy", 429),
            {"retry_after": 1.5},
            {"text": "Wait.", "wait": 1.5, "code_on_the_wire": "busy"},
        ),
        (ExactError, Case("slow", 503), {}, {"wait": None, "status_on_the_wire": 503}),
        (WrittenError, None, {"retry_after": 0.5}, {"args": ("Wait.",), "retry_after": 0.5}),
    ],
)
def test_an_error_is_filled_by_what_its_fields_mean(
    cls: type[Error], case: Case | None, facts: dict[str, Any], expected: dict[str, Any]
) -> None:
    """
    Message, status and wait go to the fields that are marked for them, whatever these are called, as they take them.
    """
    error = error_for(cls, case, message="Wait.", **facts)

    assert expected == {name: getattr(error, name) for name in expected}
    assert "Wait." == str(error)
    assert not hasattr(error, "unknown")


class FullError(Error, status=413):
    """One whose constructor takes no details, and has some of its own."""

    message: Message = field()
    details: Annotated[dict[str, Any], AllDetails()] = field(default_factory=dict)
    stage: Annotated[str | None, Details()] = None

    def __init__(self, message: str, *, stage: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = {}
        self.stage = stage


def test_details_beside_a_constructor_that_takes_none() -> None:
    """
    Details that a constructor does not take are there all the same, beside those that it makes.
    """
    error = build(FullError, {"message": "Full.", "stage": "upload", "details": {"limit": 7, "stage": "other"}})

    assert isinstance(error, FullError)
    assert {"limit": 7, "stage": "upload"} == error.details
