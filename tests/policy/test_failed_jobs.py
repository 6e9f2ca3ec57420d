from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from failwell.policy import JobFailedError, call_or_raise
from failwell.testing import Player
from failwell.wire import parse_reply, snapshot
from failwell.wire.json import dumps
from failwell.wire.messages import Reply
from tests.shop import CATALOGUE, PaymentRequiredError, RateLimitError, ServerError, ShopError

from .asks import BROKEN, READ, SHOP

DETAIL = {"message": "Out of credits.", "required": 9, "remaining": 2, "upgrade_url": "https://u"}
LOOK = Reply(200, {"x-request-id": "req-7", "retry-after": "5"}, b'{"status": "failed"}')


def ended(status: int, body: Any, *before: Reply, **settings: Any) -> Any:
    """The error of a call whose answer tells that a job ended with *status* and *body*."""

    def decode(_reply: Reply) -> None:
        raise JobFailedError(status, body)

    flow = call_or_raise(READ, decode, catalogue=CATALOGUE, policy=SHOP, timeout=30.0, **settings)
    with pytest.raises(ShopError) as caught:
        Player([*before, LOOK], takes=1.0).run(flow)
    return caught.value


def test_same_error_as_of_a_call() -> None:
    """
    R2. A job that ended for want of credits raises what a call would: the class, the status, the fields.
    """
    error = ended(402, {"detail": DETAIL})

    assert (PaymentRequiredError, 402, "Out of credits.") == (type(error), error.status_code, str(error))
    assert (9, 2, "https://u") == (error.required, error.remaining, error.upgrade_url)


@given(
    st.integers(400, 599),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    ),
)
def test_one_table(status: int, body: Any) -> None:
    """
    R2. Whatever the status and the body, a failed job is what the catalogue's one table says of such a reply.
    """
    assert snapshot(parse_reply(Reply(status, {}, dumps(body)), CATALOGUE)) == snapshot(ended(status, body))


def test_evidence_of_the_last_look() -> None:
    """
    The error carries the attempts, the time and the request id of the look that told of it, and what it said.
    """
    error = ended(402, {"detail": DETAIL}, BROKEN)

    assert [500, 200] == [attempt.status for attempt in error.attempts]
    assert ("req-7", 3.0, b'{"status": "failed"}') == (error.request_id, error.elapsed, error.body)
    assert ["Show `e.upgrade_url` to the user. (request req-7, 2 attempts in 3.0 s)"] == error.__notes__


def test_not_retried() -> None:
    """
    A job that ended with an error which a call would repeat is told at once: the look itself worked.
    """
    error = ended(503, {"detail": "The model is away"})

    assert (ServerError, "The model is away", 1) == (type(error), str(error), len(error.attempts))


def test_headers_of_the_look() -> None:
    """
    The headers of the look are not the job's: its Retry-After says nothing about the error.
    """
    error = ended(429, {"detail": "Too many"})

    assert (RateLimitError, None) == (type(error), error.retry_after)


def test_without_a_hidden_context() -> None:
    """
    The error of a failed job drags nothing along.
    """
    error = ended(402, {"detail": DETAIL})

    assert (None, None) == (error.__cause__, error.__context__)


def test_secrets_are_masked() -> None:
    """
    R4. A secret that the job's error repeats is masked in all that is kept of it.
    """
    error = ended(422, {"detail": "Key CANARY is bad"}, mask=lambda text: text.replace(b"CANARY", b"***"))

    assert "Key *** is bad" == str(error)
