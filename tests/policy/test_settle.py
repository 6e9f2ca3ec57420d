"""Settling a call: its answer is asked for again, with the same key."""

from __future__ import annotations

import gc
import pickle
import weakref
from typing import Any

import pytest

from failwell import Error, SettleError
from failwell.contract import RetryRules
from failwell.policy import RetryPolicy, call_or_raise
from failwell.policy.lost_calls import LOST_CALLS
from failwell.policy.retry.policy import by_catalogue
from failwell.policy.settle import lost_call, settled
from failwell.testing import Player
from failwell.wire.messages import Failure, Outcome, Reply, Request

from .asks import DROPPED, KEYED, OK, REFUSED, WRITE
from .test_effect import DESK, DeskError, HalfError, SettingError, TakenError, document, says

RUNNING = says(409, "running", side_effect="unknown", retry_after="3")
UNSAID = Request("POST", "/things", idempotency_key="key-1", key_counts=False)
ONCE = Request("POST", "/things", content=iter([b"a"]), idempotency_key="key-1")


class NobodyError(Exception):
    """Nobody settles a call of these tests but the tests."""


class Nobody:
    def settle(self, flow: Any) -> Any:
        """Never called here."""
        raise NobodyError


def lost(*outcomes: Outcome, request: Request = KEYED) -> Any:
    """The error of a call that had these *outcomes*."""
    policy = RetryPolicy(RetryRules(max_retries=len(outcomes) - 1), by_catalogue(DESK, None), catalogue=DESK)
    flow = call_or_raise(request, document, catalogue=DESK, policy=policy, timeout=1.0, settler=Nobody())
    with pytest.raises(Error) as caught:
        Player(outcomes).run(flow)
    return caught.value


def asked(error: Error, *outcomes: Outcome, later: float = 1.0, deadline: float = 60.0) -> tuple[Any, Player]:
    """What settling *error* gives or raises, with these *outcomes*, and the player."""
    known, call = lost_call(error)
    player = Player(outcomes)
    player.moment = later
    try:
        return player.run(settled(call, known.effect, deadline)), player
    except (Error, SettleError) as problem:
        return problem, player


@pytest.mark.parametrize(
    ("outcomes", "effect", "waited"),
    [
        ([OK], None, []),
        ([RUNNING, OK], None, [3.0]),
        ([RUNNING, RUNNING, OK], None, [3.0, 3.0]),
        ([DROPPED, REFUSED, OK], None, [1.0, 1.0]),
        ([says(503), OK], None, [1.0]),
        ([says(422, side_effect="none;key")], "none", []),
        ([says(422, side_effect="none")], "unknown", []),
        ([says(422)], "unknown", []),
        ([says(422, side_effect="done")], "done", []),
        ([Reply(200, {}, b"<html>"), OK], None, [1.0]),
        ([Failure("unreadable", "bad gzip", head=RUNNING), OK], None, [1.0]),
        ([Reply(200, {}, b"failed")], "done", []),
        ([RUNNING, says(409, "taken", side_effect="none;key")], "none", [3.0]),
        ([says(500, side_effect="unknown"), says(500, side_effect="done")], "done", [1.0]),
    ],
)
def test_asked_until_it_is_known(outcomes: list[Outcome], effect: str | None, waited: list[float]) -> None:
    """
    R16. It gives the answer that was lost, or raises what was true; a server that cannot say yet is asked again.
    """
    found, player = asked(lost(DROPPED), *outcomes)

    assert (effect, waited) == (found.effect if isinstance(found, Error) else None, player.waited)
    assert {"key-1"} == {sent.request.idempotency_key for sent in player.sent}


def test_deadline() -> None:
    """
    Nobody is asked for longer than the deadline; then the effect is still unknown, and may be settled later.
    """
    found, _ = asked(lost(DROPPED), *[RUNNING] * 3, deadline=7.0)
    again, _ = asked(found, OK)

    assert ("unknown", b"{}") == (found.effect, again)


def test_of_an_answer_that_could_not_be_read() -> None:
    """
    What was done, and answered in a way that nobody could read, is asked for again.
    """
    error = lost(Reply(200, {}, b"<html>"))

    assert ("done", b"{}") == (error.effect, asked(error, OK)[0])


@pytest.mark.parametrize(
    "error",
    [lost(REFUSED), lost(says(422)), SettingError("No."), HalfError("No."), lost(says(500, side_effect="done"))],
)
def test_what_was_true_is_raised(error: Error) -> None:
    """
    Where nothing had begun, or what the error says is the answer, nothing is asked: it is raised itself.
    """
    with pytest.raises(type(error)) as caught:
        lost_call(error)

    assert error is caught.value


def streamed() -> Error:
    """An error of a stream that broke off."""
    error = TakenError("Cut.")
    error.effect, error.last_event_id = "unknown", ""
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DeskError("Said."), "no_key"),
        (lost(DROPPED, request=WRITE), "unkeyed"),
        (lost(DROPPED, request=UNSAID), "server"),
        (lost(DROPPED, request=ONCE), "elsewhere"),
        (pickle.loads(pickle.dumps(lost(DROPPED))), "elsewhere"),  # noqa: S301 - our own bytes
        (streamed(), "stream"),
    ],
)
def test_what_cannot_be_settled(error: Error, reason: str) -> None:
    """
    Where nobody can be asked, a `SettleError` says why.
    """
    with pytest.raises(SettleError, match="cannot be settled") as caught:
        lost_call(error)

    assert reason == caught.value.reason


@pytest.mark.parametrize(("later", "reason"), [(86_399.0, None), (86_400.0, "expired")])
def test_key_that_has_expired(later: float, reason: str | None) -> None:
    """
    A key that the server has forgotten would do the work again: it is not asked with.
    """
    found, player = asked(lost(DROPPED), *[OK][: reason is None], later=later)

    assert (reason, 1 if reason is None else 0) == (getattr(found, "reason", None), len(player.sent))


def test_no_error_of_a_contract() -> None:
    """
    Whatever else is raised was no call.
    """
    with pytest.raises(TypeError, match="this is a KeyError"):
        lost_call(KeyError("x"))


def test_request_is_kept_as_long_as_its_error() -> None:
    """
    The request of a lost call goes with its error; nothing of it stands on the error.
    """
    error = lost(DROPPED)
    call = LOST_CALLS.get(error)
    assert call is not None
    assert call.request not in vars(error).values()
    request = weakref.ref(call)

    del error, call
    gc.collect()

    assert request() is None
