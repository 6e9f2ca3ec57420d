from __future__ import annotations

from collections.abc import Iterator

import pytest

from failwell.policy import RetryPolicy
from failwell.wire.messages import Failure, Outcome, Reply, Request

from .asks import BROKEN, BUSY, DROPPED, IN_PROGRESS, KEYED, OK, READ, REFUSED, SLOW, WRITE, tried

READ_ONCE = Request("PUT", "/things/1", content=iter([b"a", b"b"]), idempotency_key="key-1")
REOPENED = Request("PUT", "/things/1", content=lambda: iter([b"a", b"b"]))


def sent(request: Request, outcome: Outcome) -> int:
    """How often *request* is sent when it first meets *outcome*."""
    return len(tried(request, [outcome, OK])[1].sent)


@pytest.mark.parametrize(
    "status", [300, 301, 302, 304, 307, 308, 400, 401, 402, 403, 404, 405, 408, 410, 413, 418, 422]
)
@pytest.mark.parametrize("request_", [READ, KEYED, WRITE])
def test_never(status: int, request_: Request) -> None:
    """
    Redirects and 4xx other than 429 are answers, not accidents: they are never repeated.
    """
    assert 1 == sent(request_, Reply(status, {"retry-after": "1"}))


@pytest.mark.parametrize("detail", [b"{}", b'{"detail": {"error_code": "insufficient_credits"}}', b"<html>"])
def test_payment_is_never_retried(detail: bytes) -> None:
    """
    R8. 402 is never retried, whatever it says and whatever Retry-After it has.
    """
    assert 1 == sent(KEYED, Reply(402, {"retry-after": "1"}, detail))


@pytest.mark.parametrize("code", ["duplicate_name", "version_conflict", "idempotency_conflict", "", "other"])
def test_conflicts_are_not_retried(code: str) -> None:
    """
    409 is an answer, unless it says that the first call with the key is still running.
    """
    assert 1 == sent(KEYED, Reply(409, {"retry-after": "1"}, b'{"detail": {"error_code": "%s"}}' % code.encode()))


@pytest.mark.parametrize("request_", [READ, KEYED, WRITE])
def test_in_progress_is_retried(request_: Request) -> None:
    """
    409 "idempotency_in_progress" is retried.
    """
    assert 2 == sent(request_, IN_PROGRESS)


IGNORED = Request("POST", "/things", idempotency_key="key-1", key_counts=False)


@pytest.mark.parametrize(
    ("outcome", "times"),
    [(DROPPED, 1), (SLOW, 1), (BROKEN, 1), (Reply(503), 1), (BUSY, 2), (REFUSED, 2), (IN_PROGRESS, 2)],
    ids=str,
)
def test_a_key_that_the_server_ignores(outcome: Outcome, times: int) -> None:
    """
    R8. A write with a key that its server does not know is not sent again when it may have been done.
    """
    assert times == sent(IGNORED, outcome)


def test_a_key_does_not_matter_to_what_may_be_repeated() -> None:
    """
    A PUT, and a read, is repeated with a key that counts for nothing, too.
    """
    ignored = [Request(method, "/things/1", idempotency_key="key-1", key_counts=False) for method in ("PUT", "GET")]

    assert [2, 2] == [sent(request, DROPPED) for request in ignored]


def test_in_progress_counts_inside_409_only() -> None:
    """
    A code refines only inside the status that was really received: 400 with that code is still a 400.
    """
    assert 1 == sent(KEYED, Reply(400, {}, IN_PROGRESS.body))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])
@pytest.mark.parametrize("outcome", [BROKEN, BUSY, DROPPED, REFUSED, SLOW])
def test_idempotent_methods(method: str, outcome: Outcome) -> None:
    """
    What may be sent twice by its method is retried without a key.
    """
    assert 2 == sent(Request(method, "/x"), outcome)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("outcome", [BROKEN, BUSY, DROPPED, REFUSED, SLOW])
def test_with_a_key(method: str, outcome: Outcome) -> None:
    """
    What carries an idempotency key is retried.
    """
    assert 2 == sent(Request(method, "/x", idempotency_key="k"), outcome)


@pytest.mark.parametrize("method", ["POST", "PATCH", "CONNECT", "get", "FROBNICATE"])
@pytest.mark.parametrize("outcome", [BROKEN, Reply(503, {"retry-after": "1"}), Reply(504), DROPPED, SLOW])
def test_without_a_key(method: str, outcome: Outcome) -> None:
    """
    R8. What may have been executed and has no key is not sent again.
    """
    assert 1 == sent(Request(method, "/x"), outcome)


@pytest.mark.parametrize(
    "outcome",
    [REFUSED, Failure("timeout", "connect took too long", sent=False), BUSY, Reply(429, {"retry-after": "2"})],
)
def test_not_executed(outcome: Outcome) -> None:
    """
    A POST without a key is sent again when it never left, or was refused with 429.
    """
    assert 2 == sent(WRITE, outcome)


@pytest.mark.parametrize("outcome", [BROKEN, BUSY, DROPPED, REFUSED, SLOW, IN_PROGRESS])
def test_a_body_read_once_is_sent_once(outcome: Outcome) -> None:
    """
    R8. A body that cannot be rewound is never sent twice, with a key or without.
    """
    assert 1 == sent(READ_ONCE, outcome)


def test_a_body_read_once_is_not_refused() -> None:
    """
    A body that cannot be rewound is sent the first time.
    """
    assert 1 == sent(READ_ONCE, OK)


def test_a_generator_is_read_once() -> None:
    """
    A generator counts as a body that cannot be rewound; a function that makes one does not.
    """

    def chunks() -> Iterator[bytes]:
        yield b"a"

    assert (1, 2) == (
        sent(Request("PUT", "/x", content=chunks()), BROKEN),
        sent(Request("PUT", "/x", content=chunks), BROKEN),
    )


@pytest.mark.parametrize("outcome", [BROKEN, BUSY, DROPPED, REFUSED, SLOW])
def test_a_body_that_reopens_is_sent_again(outcome: Outcome) -> None:
    """
    A body that can be opened anew is retried like any other.
    """
    assert 2 == sent(REOPENED, outcome)


@pytest.mark.parametrize("sent_", [True, False])
def test_unreadable_answers_are_not_retried(sent_: bool) -> None:
    """
    An answer that is no answer will be none the next time either.
    """
    assert 1 == sent(READ, Failure("unreadable", "bad gzip", sent_))


@pytest.mark.parametrize(("status", "times"), [(429, 2), (500, 2), (599, 2), (408, 1), (409, 1), (404, 1)])
def test_without_a_catalogue(status: int, times: int) -> None:
    """
    A policy without a catalogue retries 429 and 5xx.
    """
    _, player = tried(READ, [Reply(status), OK], policy=RetryPolicy())

    assert times == len(player.sent)
