from __future__ import annotations

import pickle
import re

import pytest

import scopix
from failwell import Error
from scopix import exceptions
from scopix.exceptions import (
    CATALOGUE,
    ChatError,
    CircuitBreakerError,
    QuotaExceededError,
    RateLimitError,
    ResourceNotFoundError,
    ScopixError,
    ScopixTimeoutError,
    SSEStreamError,
    UploadError,
)
from tests.contract.samples.instances import example
from tests.spec import page

DRAWN = re.findall(r"(?:├──|└──) (\w+) # (.*?)(?=├──|└──|Base Exception)", page("scopix-sdk"))
CODES = dict(re.findall(r'class (\w+)\(ScopixError\): # code = "(\w+)"', page("scopix-sdk")))
DETAILS = {
    name: set(keys.split(", "))
    for name, keys in re.findall(
        r"class (\w+)\(ScopixError\): [^\n]*?# details contains: ((?:\w+, )*\w+)", page("scopix-sdk")
    )
}
COMMON = {"code", "message", "details", "status_code"}
"""The fields of every class."""


def class_of(name: str) -> type[ScopixError]:
    """The class that the page names."""
    found: type[ScopixError] = getattr(exceptions, name)
    assert issubclass(found, ScopixError)
    return found


def made(name: str) -> ScopixError:
    """One of the class, with something in every argument of its constructor."""
    error = example(f"scopix-{name}")
    assert isinstance(error, ScopixError)
    return error


def test_the_tree() -> None:
    """
    The page's tree: `ScopixError`, and 20 classes directly below it; the docstring of the module draws it.
    """
    assert 20 == len(DRAWN)
    assert {ScopixError} == {class_of(name).__base__ for name, _ in DRAWN}
    assert {"ScopixError", *(name for name, _ in DRAWN)} == {error.__name__ for error in CATALOGUE.errors}
    drawn = re.findall(r"(?:├──|└──) (\w+) +# (.*)", exceptions.__doc__ or "")
    assert [(name, said.strip()) for name, said in DRAWN] == drawn


def test_what_the_package_exports() -> None:
    """
    Every class of the page can be imported from the package itself, and its `__all__` is true.
    """
    assert {error.__name__ for error in CATALOGUE.errors} <= set(scopix.__all__)
    assert {"CATALOGUE", *(error.__name__ for error in CATALOGUE.errors)} == set(exceptions.__all__)
    for error in CATALOGUE.errors:
        assert getattr(scopix, error.__name__) is error


def test_the_page_names_19_codes() -> None:
    """
    Each class of the page has its code there but PaymentRequiredError, whose code is made like the others.
    """
    assert {name for name, _ in DRAWN} - {"PaymentRequiredError"} == CODES.keys()
    assert "PAYMENT_REQUIRED" == exceptions.PaymentRequiredError().code


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_code(name: str, code: str) -> None:
    """
    An error of a class has the code that the page has beside it, whatever the API calls it.
    """
    error = made(name)
    assert code == error.code or (name == "ChatError" and ("täxt", code) == (error.code, ChatError("m").code))
    for case in class_of(name).claims:
        known = made(name).become(case)
        assert code == known.code or (name == "ChatError" and case.code == known.code)


@pytest.mark.parametrize(("name", "keys"), DETAILS.items())
def test_details(name: str, keys: set[str]) -> None:
    """
    `details` has the keys that the page says, with what the attributes of these names hold.
    """
    error = made(name)

    assert keys <= error.details.keys()
    assert {key: getattr(error, key) for key in keys} == {key: error.details[key] for key in keys}
    assert None not in {error.details[key] for key in keys}


def test_details_of_the_page() -> None:
    """
    The page says of ten classes what their details contain.
    """
    assert 10 == len(DETAILS)
    assert {"media_id", "stage", "partial_chunks"} == DETAILS["VideoUploadError"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (exceptions.AuthenticationError(), "Authentication failed"),
        (exceptions.ScopixPermissionError(), "Permission denied"),
        (exceptions.PaymentRequiredError(), "Payment required"),
        (RateLimitError(), "Rate limit exceeded"),
        (ScopixTimeoutError(), "Operation timed out"),
        (exceptions.ScopixConnectionError(), "Connection failed"),
        (exceptions.ServerError(), "Server error"),
        (CircuitBreakerError(), "Circuit open"),
        (ResourceNotFoundError("file", "f1"), 'There is no file "f1".'),
        (ResourceNotFoundError("file", "f1", message="Gone."), "Gone."),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_message(error: ScopixError, message: str) -> None:
    """
    An error that is made without words has those of the page; the message is `str(e)`, and all of `args`.
    """
    assert (message, message, (message,)) == (error.message, str(error), error.args)


@pytest.mark.parametrize(
    ("error", "values"),
    [
        (RateLimitError(), {"retry_after": None, "limit": None, "remaining": None, "reset": None}),
        (QuotaExceededError("m"), {"available": 0, "limit": 0, "partial_results": None}),
        (ScopixTimeoutError(), {"last_result": None, "resource_id": None, "timeout": None}),
        (CircuitBreakerError(), {"retry_after": 0.0}),
        (UploadError("m"), {"filename": None, "stage": None, "session_id": None, "partial_results": None}),
        (exceptions.VideoUploadError("m"), {"media_id": None, "stage": None, "partial_chunks": 0}),
        (SSEStreamError("m"), {"details": {}, "code": "SSE_STREAM_ERROR"}),
        (ChatError("m", error_code=None), {"code": "CHAT_ERROR", "session_id": None}),
        (ChatError("m", error_code="SESSION_BUSY"), {"code": "SESSION_BUSY", "status_code": 409}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Error) else "-".join(value),
)
def test_attributes(error: ScopixError, values: dict[str, object]) -> None:
    """
    What was not given is what the page has as default.
    """
    assert values == {name: getattr(error, name) for name in values}


def test_details_are_the_callers_own() -> None:
    """
    What is given as details is not changed, and an error's own are not shared.
    """
    given = {"field": "limit"}
    first, second = ScopixError("CONFLICT", "m", details=given), ScopixError("CONFLICT", "m", details=given)
    first.details["field"] = "offset"

    assert ({"field": "limit"}, {"field": "limit"}) == (given, second.details)


@pytest.mark.parametrize("name", [error.__name__ for error in CATALOGUE.errors])
def test_an_error_can_be_sent(name: str) -> None:
    """
    C5. An error comes out of a pickle as what went in, also one that was told which case it is.
    """
    for case in class_of(name).claims or (None,):
        error = made(name) if case is None else made(name).become(case)
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - what we wrote ourselves

        assert (type(error), error.case, str(error), repr(error)) == (
            type(again),
            again.case,
            str(again),
            repr(again),
        )
        assert vars(error) == vars(again)


def test_everything_has_a_fix() -> None:
    """
    Every case says what to do.
    """
    assert [] == [(cls.__name__, str(case)) for cls, case in CATALOGUE.cases() if not case.fix]


def test_operations() -> None:
    """
    Each resource of the client has its operations in the catalogue, and what is about a path is one of them.
    """
    resources = {name.partition(".")[0] for name in CATALOGUE.operations}

    assert {"files", "documents", "chat", "cloud_storage", "s3_connector", "video_analysis"} == resources
    assert set(CATALOGUE.resources) <= {*resources, *CATALOGUE.operations}
    named = {error for said in CATALOGUE.operations.values() for error in said}
    assert set(CATALOGUE.errors) == named | set(CATALOGUE.everywhere)
