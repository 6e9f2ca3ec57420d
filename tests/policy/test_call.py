from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from failwell.contract import Attempt, RetryRules
from failwell.policy import RetryPolicy, UnreadableReplyError, call_or_raise
from failwell.testing import Player
from failwell.wire.messages import Failure, Outcome, Reply, Request
from tests.shop import (
    CATALOGUE,
    ApiError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    ShopError,
)

from .asks import BROKEN, BUSY, DROPPED, KEYED, OK, READ, REFUSED, SHOP, SLOW, asked_to_wait

NOT_FOUND = Reply(404, {"x-request-id": "req-1"}, b'{"detail": "Dataset not found"}')


def body_of(reply: Reply) -> bytes:
    """Read the body as it is."""
    return reply.body


def called(
    outcomes: Iterable[Outcome],
    request: Request = READ,
    *,
    decode: Any = body_of,
    policy: RetryPolicy = SHOP,
    timeout: float | None = 30.0,
    deadline: float | None = None,
    takes: float = 0.0,
) -> Any:
    """What the call returned, or the error it raised."""
    flow = call_or_raise(request, decode, catalogue=CATALOGUE, policy=policy, timeout=timeout, deadline=deadline)
    try:
        return Player(outcomes, takes=takes).run(flow)
    except ShopError as error:
        return error


def test_answer() -> None:
    """
    The decoded answer of a 2xx is returned.
    """
    assert b"{}" == called([BROKEN, OK])


def test_error_of_the_last_reply() -> None:
    """
    The last reply decides which error is raised.
    """
    error = called([BROKEN, BUSY, NOT_FOUND])

    assert (NotFoundError, "Dataset not found", "req-1") == (type(error), str(error), error.request_id)


def test_every_attempt_is_kept() -> None:
    """
    An error carries each attempt: its status, the delay after it, the reason and the request id.
    """
    first = Reply(503, {"retry-after": "5", "x-request-id": "req-0"})

    assert (
        Attempt(503, 5.0, "status 503", "req-0"),
        Attempt(None, 2.0, "connection reset", None),
        Attempt(404, 0.0, "status 404", "req-1"),
    ) == called([first, DROPPED, NOT_FOUND]).attempts


def test_elapsed() -> None:
    """
    `elapsed` is the time of all attempts and of the waits between them.
    """
    assert 9.0 == called([BROKEN, BROKEN, NOT_FOUND], takes=2.0).elapsed


def test_one_attempt_has_no_story() -> None:
    """
    An error of a single attempt says what to do and what to quote, not how often it tried.
    """
    assert ["Look at the list. (request req-1)"] == called([NOT_FOUND]).__notes__


def test_several_attempts_are_told() -> None:
    """
    An error after retries ends with one line: what to do, how often and how long was tried.
    """
    error = called([BROKEN] * 4)

    assert ["Try again later, and quote the request id if it persists. (4 attempts in 7.0 s)"] == error.__notes__


def test_a_wait_that_is_too_long_is_told() -> None:
    """
    429 with Retry-After above 120 s is raised at once, with the full value and the reason.
    """
    error = called([asked_to_wait("300")])

    assert (RateLimitError, 300, 1) == (type(error), error.retry_after, len(error.attempts))
    assert error.__notes__[0].startswith("Not retried: asked to wait 300 s, the most we wait is 120 s. Wait ")


def test_a_deadline_is_told() -> None:
    """
    An error raised because of the deadline says so.
    """
    error = called([BROKEN], deadline=0.5)

    assert (ServerError, 1) == (type(error), len(error.attempts))
    assert "Not retried: the next try in 1.0 s would come after the deadline of 0.5 s." in error.__notes__[0]


@pytest.mark.parametrize(("request_", "key"), [(KEYED, "key-1"), (READ, None)])
@pytest.mark.parametrize("outcome", [NOT_FOUND, REFUSED, BROKEN, SLOW])
def test_key_is_readable(request_: Request, key: str | None, outcome: Outcome) -> None:
    """
    The idempotency key of the call is readable on whatever error it ends with.
    """
    assert key == called([outcome] * 4, request_).idempotency_key


def test_every_attempt_sends_the_same_request() -> None:
    """
    All attempts of a call send one and the same request, its key included.
    """
    player = Player([BROKEN, DROPPED, BUSY, OK])
    player.run(call_or_raise(KEYED, body_of, catalogue=CATALOGUE, policy=SHOP, timeout=1.0))

    assert [KEYED] * 4 == [ask.request for ask in player.sent]


def test_network_failure() -> None:
    """
    No whole answer is a NetworkError that names the request and the reason, with the copied cause.
    """
    cause = OSError("connection reset")
    error = called([replace(DROPPED, cause=cause)] * 4)

    assert (NetworkError, None, "No whole answer to GET /things/1: connection reset.") == (
        type(error),
        error.status_code,
        str(error),
    )
    assert cause is error.__cause__


def test_timeout() -> None:
    """
    A timeout is a RequestTimeoutError that names the request and the seconds it had.
    """
    error = called([SLOW] * 4)

    assert (RequestTimeoutError, 30.0) == (type(error), error.timeout)
    assert "No answer to GET /things/1 within 30 s: nothing came." == str(error)


def test_timeout_cut_by_the_deadline() -> None:
    """
    A timeout names the seconds that the attempt really had.
    """
    error = called([SLOW], timeout=30.0, deadline=2.0, takes=2.0)

    assert (2.0, "No answer to GET /things/1 within 2 s: nothing came.") == (error.timeout, str(error))


def test_unreadable_answer() -> None:
    """
    A 200 that is not what the operation answers with is the catch-all class, with status, body and request id.
    """

    def decode(reply: Reply) -> None:
        raise UnreadableReplyError("status 200 with 3 bytes of text/plain, expected JSON")

    error = called([Reply(200, {"x-request-id": "req-2"}, b"???")], decode=decode)

    assert (ApiError, 200, b"???", "req-2") == (type(error), error.status_code, error.body, error.request_id)
    assert (
        "The answer to GET /things/1 could not be read: status 200 with 3 bytes of text/plain, expected JSON."
        == str(error)
    )


def test_unreadable_has_no_hidden_context() -> None:
    """
    An unreadable answer leaves no exception behind in `__context__`.
    """

    def decode(reply: Reply) -> None:
        raise UnreadableReplyError("no")

    error = called([OK], decode=decode)

    assert (None, None) == (error.__cause__, error.__context__)


def test_signature_of_a_url_is_not_told() -> None:
    """
    The query of a URL, which may be a signature, is in no message.
    """
    signed = Request("PUT", "https://store.example/x.png?signature=CANARY")

    assert "No whole answer to PUT https://store.example/x.png: connection refused." == str(
        called([REFUSED] * 4, signed)
    )


def test_body_is_capped() -> None:
    """
    8 KiB of the body are kept, with its whole length and a flag.
    """
    error = called([Reply(404, {}, b"x" * 20_000, length=5_000_000)])

    assert (8_192, 5_000_000, True) == (len(error.body), error.body_length, error.body_truncated)


def test_payment_details_survive() -> None:
    """
    402 keeps what its detail block says.
    """
    detail = b'{"detail": {"message": "Out of credits.", "required": 10, "remaining": 3, "upgrade_url": "https://u"}}'
    error = called([Reply(402, {}, detail)])

    assert (PaymentRequiredError, 10, 3, "https://u") == (
        type(error),
        error.required,
        error.remaining,
        error.upgrade_url,
    )


@given(
    st.lists(
        st.one_of(
            st.builds(Reply, st.integers(100, 599), st.just({}), st.binary(max_size=40)),
            st.builds(
                Failure, st.sampled_from(["network", "timeout", "unreadable"]), st.text(max_size=20), st.booleans()
            ),
        ),
        min_size=4,
        max_size=4,
    ),
    st.sampled_from([READ, KEYED]),
)
def test_any_outcomes(outcomes: list[Outcome], request_: Request) -> None:
    """
    Whatever comes back: an answer, or an error of the vendor with as many attempts as requests were sent.
    """
    player = Player(outcomes)
    flow = call_or_raise(request_, body_of, catalogue=CATALOGUE, policy=SHOP, timeout=1.0)
    try:
        player.run(flow)
    except ShopError as raised:
        error = raised
    else:
        return

    assert str(error)
    assert len(player.sent) == len(error.attempts)
    assert [*player.waited, 0.0] == [attempt.delay for attempt in error.attempts]


def test_no_retries_still_tell() -> None:
    """
    With no retries an error carries its one attempt.
    """
    error = called([BROKEN], policy=RetryPolicy(RetryRules(max_retries=0), SHOP.classify))

    assert (Attempt(500, 0.0, "status 500", None),) == error.attempts
