# ruff: noqa: D205, D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from failwell.sandbox import Answer
from subconscious import (
    AuthenticationError,
    Image,
    NotFoundError,
    RateLimitError,
    RequestTooLargeError,
    Run,
    SubconsciousError,
    ValidationError,
    exceptions,
)

from .sdk import JSON, QUESTION, TABLE, Line, Sdk, says

MOST = 5 * 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n"

NO_KEY = {"api_key": ""}


def rate_limited(sdk: Sdk) -> object:
    """A call that is asked to wait for longer than the SDK ever does."""
    sdk.sandbox.next(RateLimitError("Slow down", retry_after=3600))
    return sdk.get()


FAILURES: dict[type[SubconsciousError], Callable[[Sdk], object]] = {
    ValidationError: lambda sdk: sdk.run("tim", {"tools": 7}),
    AuthenticationError: lambda sdk: sdk.get(**NO_KEY),
    NotFoundError: lambda sdk: sdk.get(),
    RateLimitError: rate_limited,
    SubconsciousError: lambda sdk: sdk.run("tim-down"),
}


@pytest.mark.documented("subconscious", line=14, part=1)
@pytest.mark.parametrize("expected", FAILURES, ids=lambda error: error.__name__)
def test_typed(sdk: Sdk, expected: type[SubconsciousError]) -> None:
    """
    Both SDKs throw typed exceptions you can catch:

    Each by its own class, and by the base class; by no other class of the page.
    """
    with pytest.raises(expected) as caught:
        FAILURES[expected](sdk)

    named = (SubconsciousError, ValidationError, AuthenticationError, NotFoundError, RateLimitError)
    assert {expected, SubconsciousError} == {cls for cls in named if isinstance(caught.value, cls)}


@pytest.mark.documented("subconscious", line=14, part=2)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.code)
def test_code(sdk: Sdk, row: Line) -> None:
    """
    code— Error type
    ("invalid_request","authentication_failed","permission_denied","not_found","rate_limited","internal_error","service_unavailable","timeout")

    It is the same for the server that raises it: an error that is made with a code alone has its status.
    """
    sdk.sandbox.arm(says(row.status, "something_else"))
    with pytest.raises(row.error) as caught:
        sdk.get(max_retries=0)

    assert row.code == caught.value.code
    assert (row.code, row.status) == (SubconsciousError(row.code).code, SubconsciousError(row.code).status)
    assert row.code in exceptions.STATUSES


@pytest.mark.documented("subconscious", line=14, part=3)
@pytest.mark.parametrize("status", [301, 400, 404, 418, 429, 499, 500, 503, 511, 599])
def test_status(sdk: Sdk, status: int) -> None:
    """
    status— HTTP status code

    It is the one that was received.
    """
    sdk.sandbox.arm(Answer(status))
    with pytest.raises(SubconsciousError) as caught:
        sdk.get(max_retries=0)

    assert status == caught.value.status


@pytest.mark.documented("subconscious", line=14, part=3)
def test_no_status(sdk: Sdk) -> None:
    """
    status— HTTP status code

    It is 0 where none was received.
    """
    with pytest.raises(SubconsciousError) as caught:
        sdk.get(base_url="http://127.0.0.1:1", max_retries=0)

    assert ("service_unavailable", 0) == (caught.value.code, caught.value.status)


@pytest.mark.documented("subconscious", line=14, part=4)
def test_details(sdk: Sdk) -> None:
    """
    details— Additional context (e.g. validation errors).

    There is an entry for each field that is wrong.
    """
    with pytest.raises(ValidationError) as caught:
        sdk.run("tim", {"instructions": 7, "tools": [{"type": "no such tool"}]})

    places = {".".join(map(str, entry["loc"])) for entry in caught.value.details}
    assert {"body.input.instructions", "body.input.tools.0"} == places
    assert all(entry["msg"] for entry in caught.value.details)


@pytest.mark.documented("subconscious", line=14, part=4)
@pytest.mark.parametrize("details", [{"limit": ["too big"]}, ["engine"], "engine", 7, {}])
def test_any_details(sdk: Sdk, details: object) -> None:
    """
    details— Additional context (e.g. validation errors).

    They are what the server said, of any type.
    """
    sdk.sandbox.arm(says(400, "invalid_request", details=details))
    with pytest.raises(ValidationError) as caught:
        sdk.get()

    assert details == caught.value.details


@pytest.mark.documented("subconscious", line=14, part=5)
def test_no_details(sdk: Sdk) -> None:
    """
    May beNone.
    """
    with pytest.raises(NotFoundError) as caught:
        sdk.get()

    assert caught.value.details is None


@pytest.mark.documented("subconscious", lines=(14, 15))
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.code)
def test_message(sdk: Sdk, row: Line) -> None:
    """
    Human-readable message — in Python, read via
    str(e)(returns"<code>: <message>") ore.args[0](raw message).

    It is so for an error that a program makes itself, too.
    """
    sdk.sandbox.arm(says(row.status, row.code, "The engine said no."))
    with pytest.raises(row.error) as caught:
        sdk.get(max_retries=0)

    for error in (caught.value, SubconsciousError(row.code, "The engine said no.")):
        assert f"{row.code}: The engine said no." == str(error)
        assert ("The engine said no.",) == error.args


@pytest.mark.documented("subconscious", line=15)
def test_message_attribute(sdk: Sdk) -> None:
    """
    In Node, read viae.message.

    In Python it can be read so, too.
    """
    sdk.sandbox.arm(says(404, "not_found", "There is no such run."))
    with pytest.raises(NotFoundError) as caught:
        sdk.get()

    assert "There is no such run." == caught.value.message


@pytest.mark.documented("subconscious", line=16)
def test_request_too_large(sdk: Sdk) -> None:
    """
    RequestTooLargeError is a ValueError subclass (not a SubconsciousError) raised on the client before any HTTP request
    when the serialized run body exceeds the 5 MiB API limit — catch it separately if you send large multimodal inputs.
    """
    picture = Image.from_bytes(PNG + bytes(4 * 1024 * 1024))
    with pytest.raises(RequestTooLargeError) as caught:
        sdk.run("tim", {**QUESTION, "content": [picture]})

    assert isinstance(caught.value, ValueError)
    assert not isinstance(caught.value, SubconsciousError)
    assert [] == sdk.outcomes
    assert caught.value.size > caught.value.limit == MOST
    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))  # noqa: S301 - our own bytes


@pytest.mark.documented("subconscious", line=16)
def test_the_exact_limit(sdk: Sdk) -> None:
    """
    RequestTooLargeError is a ValueError subclass (not a SubconsciousError) raised on the client before any HTTP request
    when the serialized run body exceeds the 5 MiB API limit — catch it separately if you send large multimodal inputs.

    The limit is 5,242,880 bytes of the body as it is sent. That many are taken, by the server too; one more raises.
    """
    sdk.sandbox.arm(Answer(200, JSON, b'{"runId": "run_1"}'))
    sdk.run("tim", {"instructions": "x"})
    most = MOST - sdk.requests[0].body_length + 1

    run: Run = sdk.run("tim", {"instructions": "x" * most}, timeout=60.0)
    assert run.run_id.startswith("run_")
    assert ([MOST], ["passed 200"]) == ([entry.body_length for entry in sdk.requests], sdk.outcomes)
    with pytest.raises(RequestTooLargeError) as caught:
        sdk.run("tim", {"instructions": "x" * (most + 1)})
    assert (MOST + 1, []) == (caught.value.size, sdk.outcomes)
