from __future__ import annotations

import pickle
from typing import Any

import pytest

from failwell.contract import BreakerRules, Error
from failwell.policy import Breaker, Guard, Pacer, RetryPolicy, call_or_raise
from failwell.policy.retry.policy import by_catalogue
from failwell.testing import Player
from failwell.wire.messages import Reply
from scopix.exceptions import CATALOGUE as SCOPIX, CircuitBreakerError
from tests.shop import CATALOGUE, NetworkError, RateLimitError, ShopError

from .asks import BROKEN, READ, SHOP

WHY = "the circuit of training.get is open, because 1 of 1 tries within 30 s failed; it lets calls out again in 12.5 s"
TOLD = "the server asked earlier calls to wait, for 300.0 s more; the most we wait is 120 s"


def document(reply: Reply) -> bytes:
    """Read the body as it is."""
    return reply.body


def not_sent(guard: Guard, catalogue: Any = CATALOGUE, moment: float = 0.0) -> Any:
    """The error of a call that *guard* holds back."""
    player = Player([])
    player.moment = moment
    policy = RetryPolicy(catalogue.retries, by_catalogue(catalogue, None))
    with pytest.raises(Error) as caught:
        player.run(call_or_raise(READ, document, catalogue=catalogue, policy=policy, timeout=30.0, guard=guard))
    assert ([], ()) == (player.sent, caught.value.attempts)
    return caught.value


def broken() -> Guard:
    """A guard whose circuit opened at the moment 0, for 30 s."""
    guard = Guard(breaker=Breaker("training.get", BreakerRules(calls=1)))
    with pytest.raises(ShopError):
        Player([BROKEN]).run(call_or_raise(READ, document, catalogue=CATALOGUE, policy=SHOP, timeout=1.0, guard=guard))
    return guard


def paced() -> Guard:
    """A guard that was asked to wait 300 s."""
    pacer = Pacer()
    pacer.learn(0.0, 300.0)
    return Guard(pacer=pacer)


def test_an_open_circuit() -> None:
    """
    R11. A catalogue that names a class for an open circuit raises it, with the seconds that are left.
    """
    error = not_sent(broken(), SCOPIX, 17.5)

    assert (CircuitBreakerError, "CIRCUIT_OPEN", 12.5) == (type(error), error.code, error.retry_after)
    assert f"GET /things/1 was not sent: {WHY}." == error.message


def test_an_open_circuit_where_there_is_no_class_for_it() -> None:
    """
    A catalogue without one raises its class of a failed connection; the seconds are in `e.suppression`.
    """
    error = not_sent(broken(), moment=17.5)

    assert (NetworkError, None) == (type(error), error.status_code)
    assert f"GET /things/1 was not sent: {WHY}." == str(error)
    assert ("breaker", WHY, 12.5) == error.suppression


def test_paced() -> None:
    """
    A call that is held back for too long raises what the server would have answered, with the full value.
    """
    error = not_sent(paced())

    assert (RateLimitError, 429, 300) == (type(error), error.status_code, error.retry_after)
    assert f"GET /things/1 was not sent: {TOLD}." == str(error)
    assert ("pacing", TOLD, 300.0) == error.suppression


@pytest.mark.parametrize("guard", [broken, paced])
def test_citizenship(guard: Any) -> None:
    """
    Errors of calls that were not sent pickle; the message says once what happened, the note what to do.
    """
    error = not_sent(guard())
    loaded = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert (error.suppression, str(error), error.__notes__) == (loaded.suppression, str(loaded), loaded.__notes__)
    assert [error.case.fix] == error.__notes__
