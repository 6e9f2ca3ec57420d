from __future__ import annotations

import json
from typing import Annotated

import pytest

import failwell
from failwell import Body, Catalogue, Message, field
from failwell.wire import Detail, Reply, parse_reply, render_error
from pictograph.exceptions import (
    CATALOGUE,
    ConflictError,
    NetworkError,
    PaymentRequiredError,
    PictographError,
    PollTimeoutError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from scopix import exceptions as scopix
from tests.contract.samples.parcels_sample import IN_PROBLEM, BusyDepotError, CustomsError, LostError, RefusedError


def test_payment_required_as_the_page_says() -> None:
    """
    `required`, `remaining`, and `upgrade_url` are populated from the backend's `detail` block.
    """
    error = PaymentRequiredError("Out of credits", required=5, remaining=2, upgrade_url="https://p.test/up")
    reply = render_error(error, CATALOGUE)
    detail = {"message": "Out of credits", "required": 5, "remaining": 2, "upgrade_url": "https://p.test/up"}

    assert (402, {"detail": detail}) == (reply.status, json.loads(reply.body))


def test_validation_error_as_the_page_says() -> None:
    """
    The backend returns a structured body listing every offending field.
    """
    errors = [{"loc": ["body", 0, "name"], "msg": "Field required", "type": "missing"}]
    reply = render_error(ValidationError("1 invalid field", errors=errors), CATALOGUE)

    assert (422, errors) == (reply.status, json.loads(reply.body)["detail"])


def test_retry_after_is_a_header() -> None:
    """
    A wait travels as whole seconds in `Retry-After`, and as nothing when there is none.
    """
    with_wait, without = (render_error(RateLimitError("m", retry_after=wait), CATALOGUE).headers for wait in (7, None))

    assert ("7", None) == (with_wait["retry-after"], without.get("retry-after"))


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ConflictError("m"), 409, None),
        (ConflictError("m", error_code="version_conflict"), 409, "version_conflict"),
        (ConflictError("m").with_case("idempotency_in_progress"), 409, "idempotency_in_progress"),
        (ServerError("m"), 500, None),
        (ServerError("m", status_code=503), 503, None),
        (PictographError("m"), 500, None),
        (NetworkError("m"), 500, None),
        (PollTimeoutError("m", run_id="r"), 500, None),
    ],
    ids=["no code", "a code", "a case", "a range", "in a range", "base class", "transport", "client"],
)
def test_status_and_code(error: PictographError, status: int, code: str | None) -> None:
    """
    The case decides status and code; an error that names no status is sent as 500.
    """
    reply = render_error(error, CATALOGUE)
    detail = json.loads(reply.body)["detail"]

    assert (status, code) == (reply.status, detail.get("error_code") if isinstance(detail, dict) else None)


def test_an_error_as_another_of_its_cases() -> None:
    """
    `with_case` makes an error one of its class's other cases, with that case's status and code.
    """
    error = RefusedError("m").with_case("refused_twice")

    assert (409, "refused_twice", 409) == (error.status, error.code, render_error(error, IN_PROBLEM).status)
    assert (410, None) == (RefusedError("m").status, RefusedError("m").code)


def test_what_the_caller_said_stays() -> None:
    """
    A code of one's own, and a status within the range of the case, are not overwritten by what the case says.
    """
    busy = BusyDepotError("m")
    busy.status = 503

    assert "other" == CustomsError("m", declared="d", code="other").code
    assert (503, 503) == (busy.with_case("depot_busy").status, render_error(busy, IN_PROBLEM).status)


def test_an_unknown_case() -> None:
    """
    A case that the class does not have is refused, and those it has are named.
    """
    with pytest.raises(ValueError, match=r"no case 'gone'\. It has: 409 refused, 409 refused_twice, 410\."):
        RefusedError("m").with_case("gone")


def test_wire_code_and_sdk_code_may_differ() -> None:
    """
    `e.code` is the SDK's code, `e.case.code` the wire's.
    """
    reply = render_error(scopix.AuthenticationError().with_case("EXPIRED_API_KEY"), scopix.CATALOGUE)
    error = parse_reply(reply, scopix.CATALOGUE)

    assert "EXPIRED_API_KEY" == json.loads(reply.body)["error"]["code"]
    assert isinstance(error, scopix.AuthenticationError)
    assert ("AUTH_ERROR", "EXPIRED_API_KEY") == (error.code, error.case.code)


def test_a_class_without_a_message_field() -> None:
    """
    An error whose class declares no message is sent with what it prints.
    """

    class BareError(failwell.Error, status=404): ...

    contract = Catalogue("bare", base=BareError, default=BareError, errors=(BareError,), envelope=Detail())

    error = BareError()
    error.args = ("said",)

    assert {"detail": "said"} == json.loads(render_error(error, contract).body)


def test_details_are_mirrored() -> None:
    """
    A field marked `Details()` is also in `e.details`, on the server and in the client.
    """
    error = scopix.ResourceNotFoundError("file", "f1", details={"bucket": "b"})
    arrived = parse_reply(render_error(error, scopix.CATALOGUE), scopix.CATALOGUE)
    expected = {"bucket": "b", "resource_type": "file", "resource_id": "f1"}

    assert isinstance(arrived, scopix.ResourceNotFoundError)
    assert (expected, expected) == (error.details, arrived.details)


def test_always_sent() -> None:
    """
    A field marked `Details(always=True)` is in the reply also where it has its default: others read that, too.
    """
    full = json.loads(render_error(scopix.QuotaExceededError("Full", limit=7), scopix.CATALOGUE).body)
    silent = json.loads(render_error(scopix.DescriptionError("No"), scopix.CATALOGUE).body)

    assert {"code": "STORAGE_QUOTA_EXCEEDED", "message": "Full", "available": 0, "limit": 7} == full["detail"]
    assert {"code": "IMAGE_PROCESSING_ERROR", "message": "No"} == silent["detail"]


def test_local_fields_stay_at_home() -> None:
    """
    A `Local()` field is not in the reply, and an arrived error has its default.
    """
    reply = render_error(scopix.QuotaExceededError("m", available=1, partial_results=["secret"]), scopix.CATALOGUE)
    arrived = parse_reply(reply, scopix.CATALOGUE)

    assert b"secret" not in reply.body
    assert isinstance(arrived, scopix.QuotaExceededError)
    assert (None, {"available": 1, "limit": 0}) == (arrived.partial_results, arrived.details)


def test_a_silent_reply_gives_the_defaults() -> None:
    """
    A required field of an error that a proxy's bare page becomes holds what its declaration says for that.
    """
    arrived = parse_reply(render_error(LostError("m"), IN_PROBLEM), scopix.CATALOGUE)

    assert isinstance(arrived, scopix.ResourceNotFoundError)
    assert ("resource", "") == (arrived.resource_type, arrived.resource_id)


def test_defaults_are_not_shared() -> None:
    """
    What a silent reply fills in belongs to that error alone.
    """

    class SilentError(failwell.Error, status=404):
        message: Message = field(kw_only=False)
        tags: Annotated[list[str], Body("tags")] = field(missing=[])
        notes: Annotated[list[str], Body("notes")] = field(default_factory=list)

    contract = Catalogue("silent", base=SilentError, default=SilentError, errors=(), envelope=Detail())
    first, second = parse_reply(Reply(404), contract), parse_reply(Reply(404), contract)
    assert isinstance(first, SilentError)
    assert isinstance(second, SilentError)
    first.tags.append("mine")
    first.notes.append("mine")

    assert ([], []) == (second.tags, second.notes)


def test_a_reply_says_what_it_is() -> None:
    """
    A rendered error names its media type, and its request id in header and body.
    """
    reply = render_error(LostError("m"), IN_PROBLEM, request_id="req-1")

    assert ("application/problem+json", "req-1") == (reply.headers["content-type"], reply.headers["x-request-id"])
    assert "req-1" == json.loads(reply.body)["request_id"]
