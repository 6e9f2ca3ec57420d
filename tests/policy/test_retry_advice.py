from __future__ import annotations

import copy
import pickle
from typing import Annotated, Any

import pytest

from failwell import BreakerRules, BudgetRules, DeclarationError, Error, Header, RetryAdvice, with_evidence
from failwell.contract.retry_advice import Assessed
from failwell.policy import Breaker, Budget, Guard, RetryPolicy, UnreadableReplyError, call_or_raise
from failwell.testing import Player
from failwell.wire import Reply, parse_reply
from failwell.wire.messages import Failure, Outcome, Request
from tests.shop import CATALOGUE, NetworkError, PollTimeoutError, ShopError

from .asks import (
    BROKEN,
    BUSY,
    DROPPED,
    IN_PROGRESS,
    KEYED,
    READ,
    REFUSED,
    SHOP,
    SLOW,
    WRITE,
    asked_to_wait,
    retries,
)

READ_ONCE = Request("PUT", "/things/1", content=iter([b"a", b"b"]))
IGNORED = Request("POST", "/things", idempotency_key="key-1", key_counts=False)
GARBLED = Failure("unreadable", "not HTTP")


def document(reply: Reply) -> bytes:
    """The body of a *reply*, if it can be read."""
    if reply.body == b"<html>":
        raise UnreadableReplyError("no JSON")
    return reply.body


def met(request: Request, *outcomes: Outcome, policy: RetryPolicy | None = None, **options: Any) -> ShopError:
    """The error that *request* meets where it is not repeated, unless *policy* is another."""
    flow = call_or_raise(
        request,
        document,
        catalogue=CATALOGUE,
        policy=retries(0) if policy is None else policy,
        timeout=30.0,
        **options,
    )
    with pytest.raises(ShopError) as caught:
        Player(outcomes).run(flow)
    return caught.value


@pytest.mark.parametrize(
    ("request_", "outcome", "expected"),
    [
        # (whether another try may help and is safe, the least seconds until then, whether a repetition is safe)
        pytest.param(READ, BROKEN, (True, None, True), id="read, 500"),
        pytest.param(WRITE, BROKEN, (False, None, False), id="write, 500"),
        pytest.param(KEYED, BROKEN, (True, None, True), id="key, 500"),
        pytest.param(IGNORED, BROKEN, (False, None, False), id="key that does not count, 500"),
        pytest.param(READ_ONCE, BROKEN, (False, None, False), id="body that is gone, 500"),
        pytest.param(WRITE, asked_to_wait("7", 503), (False, 7.0, False), id="write, 503 in 7 s"),
        pytest.param(READ, asked_to_wait("7", 503), (True, 7.0, True), id="read, 503 in 7 s"),
        pytest.param(READ, asked_to_wait("7", 500), (True, None, True), id="a 500 is no invitation"),
        pytest.param(WRITE, BUSY, (True, None, True), id="write, 429"),
        pytest.param(WRITE, asked_to_wait("7"), (True, 7.0, True), id="write, 429 in 7 s"),
        pytest.param(WRITE, asked_to_wait("0"), (True, None, True), id="write, 429 in 0 s"),
        pytest.param(WRITE, asked_to_wait("abc"), (True, None, True), id="write, 429 at some time"),
        pytest.param(READ_ONCE, asked_to_wait("7"), (False, 7.0, False), id="body that is gone, 429"),
        pytest.param(KEYED, IN_PROGRESS, (True, None, True), id="first call still runs"),
        pytest.param(READ, Reply(404), (False, None, True), id="404"),
        pytest.param(WRITE, Reply(402, {"retry-after": "1"}), (False, None, True), id="402"),
        pytest.param(WRITE, DROPPED, (False, None, False), id="write, reset"),
        pytest.param(WRITE, SLOW, (False, None, False), id="write, timeout"),
        pytest.param(WRITE, REFUSED, (True, None, True), id="write, never sent"),
        pytest.param(READ, SLOW, (True, None, True), id="read, timeout"),
        pytest.param(READ, GARBLED, (False, None, True), id="read, unreadable"),
        pytest.param(WRITE, Reply(200, {}, b"<html>"), (False, None, False), id="write, answered unreadably"),
    ],
)
def test_advice(request_: Request, outcome: Outcome, expected: tuple[bool, float | None, bool]) -> None:
    """
    The advice for a call that met an error follows the rules that our own retries do.
    """
    assert RetryAdvice(*expected) == met(request_, outcome).retry


@pytest.mark.parametrize("request_", [READ, WRITE, KEYED, READ_ONCE, IGNORED])
@pytest.mark.parametrize(
    "outcome", [BROKEN, BUSY, DROPPED, SLOW, REFUSED, GARBLED, IN_PROGRESS, Reply(404), Reply(307)]
)
def test_as_our_own_retries(request_: Request, outcome: Outcome) -> None:
    """
    Another engine is told to repeat exactly what our own client repeats.
    """
    assert SHOP.assess(request_, outcome).may_repeat == met(request_, outcome).retry.now


def opened() -> Guard:
    """A guard whose circuit is open for 30 s."""
    guard = Guard(breaker=Breaker("training.get", BreakerRules(calls=1)))
    met(READ, BROKEN, guard=guard)
    return guard


@pytest.mark.parametrize(
    ("request_", "outcome", "options", "delay", "not_now"),
    [
        (READ, asked_to_wait("3600"), {}, 3600.0, "asked to wait 3600 s, the most we wait is 120 s"),
        (READ, BROKEN, {"deadline": 0.5}, None, "the next try in 1.0 s would come after the deadline of 0.5 s"),
        (READ, BROKEN, {"guard": Guard(budget=Budget(BudgetRules(floor=0)))}, None, "the retry budget of the server"),
        (WRITE, None, {"guard": opened()}, 30.0, "the circuit of training.get is open"),
    ],
    ids=["too long a wait", "deadline", "budget", "open circuit"],
)
def test_not_now(
    request_: Request, outcome: Outcome | None, options: dict[str, Any], delay: float | None, not_now: str
) -> None:
    """
    What held our own retry back keeps an engine from waiting here, and lets a queue come back later.
    """
    advice = met(request_, *([] if outcome is None else [outcome]), policy=SHOP, **options).retry

    assert (True, delay, True, False) == (advice.retryable, delay and advice.delay, advice.safe, advice.now)
    assert not_now in str(advice.not_now)


def test_after_our_own_retries() -> None:
    """
    When our own retries are used up, another engine may go on.
    """
    error = met(READ, *[BROKEN] * 4, policy=SHOP)

    assert (4, RetryAdvice(True, None, True)) == (len(error.attempts), error.retry)


class CrowdedError(Error, status=503, retry="throttled"):
    """Too many at once."""

    retry_after: Annotated[float | None, Header("Retry-After")] = None


class MovedError(Error, status=503, retry="transient"):
    """It is somewhere else for a while."""

    retry_after: Annotated[float | None, Header("Retry-After")] = None


class GoneError(Error, status=410):
    """It is no more."""

    retry_after: Annotated[float | None, Header("Retry-After")] = None


def keyed(error: Error) -> Error:
    """*error* of a call with a key."""
    error.idempotency_key = "key-1"
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CrowdedError(retry_after=2.5), (True, 2.5, True)),
        (CrowdedError(), (True, None, True)),
        (MovedError(retry_after=2.5), (False, 2.5, False)),
        (keyed(MovedError(retry_after=2.5)), (True, 2.5, True)),
        (keyed(GoneError(retry_after=2.5)), (False, None, True)),
        (Error("m"), (False, None, False)),
        (parse_reply(Reply(429, {"retry-after": "3"}), CATALOGUE), (True, 3, True)),
        (keyed(NetworkError("m")), (True, None, True)),
        (NetworkError("m"), (False, None, False)),
    ],
    ids=[
        "refused",
        "refused, no date",
        "transient",
        "with a key",
        "final",
        "nothing known",
        "reply",
        "reset",
        "unsafe",
    ],
)
def test_without_a_call(error: Error, expected: tuple[bool, float | None, bool]) -> None:
    """
    An error that somebody made, or parsed, is judged by its case, its key and its field for a Retry-After.
    """
    assert RetryAdvice(*expected) == error.retry


def test_in_place_of_another() -> None:
    """
    An error that is raised in place of another is repeated as its own class says, and as safely as the other call was.
    """
    taken_over = with_evidence(PollTimeoutError("Still running."), met(READ, BROKEN))

    assert RetryAdvice(False, None, True) == taken_over.retry


@pytest.mark.parametrize("copied", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])  # noqa: S301
def test_copies(copied: Any) -> None:
    """
    The advice is the same after a pickle and in a copy, and is itself a value that pickles and cannot be changed.
    """
    error = met(WRITE, asked_to_wait("3600"), policy=SHOP)

    assert error.retry == copied(error).retry == copied(error.retry)
    with pytest.raises(AttributeError):
        error.retry.delay = 1.0  # type: ignore[misc]  # what must not work


def test_nothing_is_held() -> None:
    """
    For the advice an error holds three facts, and no reply, request or policy.
    """
    assert Assessed("throttled", True, 7.0) == met(WRITE, asked_to_wait("7"))._assessed


def test_no_field_is_called_so() -> None:
    """
    A field cannot be called `retry`, which every error has; it is refused where it is declared, with the way out.
    """
    with pytest.raises(DeclarationError, match="Give the field another name"):

        class OddError(Error):
            """Has a field of that name."""

            retry: bool = False  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride]
