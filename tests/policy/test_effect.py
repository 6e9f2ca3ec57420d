"""Did it happen? What `Error.effect` says after a call, by all that is known of it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterable
from typing import Any

import pytest

from failwell import DeclarationError, Error, HeaderNames, StandardError, log_fields, with_evidence
from failwell.contract import BreakerRules, Catalogue, RetryRules
from failwell.contract.construction import error_on
from failwell.policy import Breaker, Guard, JobFailedError, RetryPolicy, UnreadableReplyError, call_or_raise
from failwell.policy.retry.policy import by_catalogue
from failwell.testing import Player
from failwell.wire import Detail
from failwell.wire.messages import Failure, Outcome, Reply, Request

from .asks import BROKEN, DROPPED, KEYED, READ, REFUSED, SLOW, WRITE


class DeskError(StandardError):
    """Base of the errors."""


class BusyError(DeskError, status=429, retry="throttled"):
    """Too many calls."""


class FullError(DeskError, status=507, retry="throttled"):
    """There is no room; nothing was taken in."""


class RunningError(DeskError, status=409, code="running", retry="in_progress"):
    """The first call with the key still runs."""


class TakenError(DeskError, status=409, code="taken"):
    """The name is taken."""


class HalfError(DeskError, status=422, code="half", effect="done"):
    """The first half was sent before the second was found to be wrong."""


class BrokenError(DeskError, status="5XX", retry="transient"):
    """The server failed."""


class ClosedError(DeskError, status=503, retry="transient", effect="none"):
    """The desk is closed: nobody takes anything in."""


class LostError(DeskError, source="transport", on="network", retry="transient"):
    """No answer."""


class LateError(LostError, on="timeout"):
    """No answer in time."""


class UnreadableError(DeskError, source="transport", on="unreadable"):
    """An answer that cannot be read."""


class SettingError(DeskError, source="client", on="configuration"):
    """A setting that cannot work."""


DESK = Catalogue("desk", base=DeskError, default=DeskError, envelope=Detail(), idempotency="server")
LOOSE = Catalogue("loose", base=StandardError, default=StandardError, errors=(), envelope=Detail())
NAMED = Catalogue(
    "named", base=DeskError, default=DeskError, envelope=Detail(), headers=HeaderNames(side_effect="X-Begun")
)


def says(status: int, code: str | None = None, **headers: str) -> Reply:
    """A reply of *status* with *code*, and *headers* by name."""
    body = b'{"detail": {"message": "Said.", "code": "%s"}}' % (code or "").encode() if code else b""
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def document(reply: Reply) -> bytes:
    """The body of a *reply*, if it can be read."""
    if reply.body == b"<html>":
        raise UnreadableReplyError("no JSON")
    if reply.body == b"failed":
        raise JobFailedError(0, {"detail": "It failed."})
    return reply.body


def met(request: Request, outcomes: Iterable[Outcome], catalogue: Catalogue = DESK, retries: int | None = None) -> Any:
    """The error that *request* meets which has these *outcomes*, tried as often as there are any, and its player."""
    told = list(outcomes)
    rules = RetryRules(max_retries=len(told) - 1 if retries is None else retries)
    policy = RetryPolicy(rules, by_catalogue(catalogue, request.operation), catalogue=catalogue)
    player = Player(told)
    with pytest.raises(Error) as caught:
        player.run(call_or_raise(request, document, catalogue=catalogue, policy=policy, timeout=1.0))
    return caught.value, player


CUT_HEAD = Failure("unreadable", "bad gzip", head=Reply(200))
GARBLED = Failure("unreadable", "not HTTP")
PUT = Request("PUT", "/things/1")

ONE_ATTEMPT: list[tuple[str, Request, Outcome, str]] = [
    # What was sent.
    ("never connected", WRITE, REFUSED, "none"),
    ("connection lost", WRITE, DROPPED, "unknown"),
    ("no answer in time", WRITE, SLOW, "unknown"),
    ("never sent in time", WRITE, Failure("timeout", "no connection", sent=False), "none"),
    ("no HTTP came back", WRITE, GARBLED, "unknown"),
    ("a success whose body is broken", WRITE, CUT_HEAD, "done"),
    ("a success that cannot be read", WRITE, Reply(200, {}, b"<html>"), "done"),
    ("a refusal whose body is broken", WRITE, Failure("unreadable", "bad gzip", head=Reply(422)), "none"),
    ("told that the job failed", WRITE, Reply(200, {}, b"failed"), "done"),
    ("a look told that the job failed", READ, Reply(200, {}, b"failed"), "done"),
    # The method: one that only reads changes nothing.
    ("a read, lost", READ, DROPPED, "none"),
    ("a read, 500", READ, BROKEN, "none"),
    ("a read, said to be done", READ, says(500, side_effect="done"), "none"),
    ("a look at the head", Request("HEAD", "/"), SLOW, "none"),
    ("options", Request("OPTIONS", "/"), DROPPED, "none"),
    ("idempotent is not safe", PUT, DROPPED, "unknown"),
    ("delete", Request("DELETE", "/things/1"), DROPPED, "unknown"),
    ("a method of its own", Request("MKCOL", "/things/1"), BROKEN, "unknown"),
    # The server's word, which comes before what the status means.
    ("500 before", WRITE, says(500, side_effect="none"), "none"),
    ("500 after", WRITE, says(500, side_effect="done"), "done"),
    ("422 after", WRITE, says(422, side_effect="done"), "done"),
    ("422, nobody knows", WRITE, says(422, side_effect="unknown"), "unknown"),
    ("nothing by that key", KEYED, says(500, side_effect="none;key"), "none"),
    ("spelled with a space", KEYED, says(500, side_effect="none; key"), "none"),
    ("a word that nobody knows", WRITE, says(500, side_effect="maybe"), "unknown"),
    ("two words", WRITE, says(500, side_effect="none, done"), "unknown"),
    ("no word", WRITE, says(422, side_effect=""), "none"),
    # The case.
    ("declared to be done", WRITE, says(422, "half"), "done"),
    ("declared to be none", WRITE, says(503), "none"),
    ("the server knows better", WRITE, says(503, side_effect="done"), "done"),
    ("throttled", WRITE, says(429), "none"),
    ("throttled, a 5xx", WRITE, says(507), "none"),
    ("the first call still runs", KEYED, says(409, "running"), "unknown"),
    ("409 of the contract", WRITE, says(409, "taken"), "none"),
    # The status: refused before the work began.
    *[(f"{s}", WRITE, says(s), "none") for s in (400, 401, 402, 403, 404, 405, 406, 407, 410, 411, 412, 413, 414, 415)],
    *[(f"{s}", WRITE, says(s), "none") for s in (416, 417, 418, 421, 422, 423, 425, 426, 428, 431, 451, 450)],
    *[(f"{s}", WRITE, says(s), "none") for s in (304, 307, 308, 501, 505, 511)],
    # Of a gateway that stopped waiting, of another step, or at any point of the work.
    *[(f"{s}", WRITE, says(s), "unknown") for s in (408, 424, 460, 499)],
    *[(f"{s}", WRITE, says(s), "unknown") for s in (300, 301, 302, 500, 502, 504, 508, 520, 524, 599)],
    ("see other", WRITE, says(303), "done"),
]


@pytest.mark.parametrize(("request_", "outcome", "effect"), [
    pytest.param(*row, id=name) for name, *row in ONE_ATTEMPT
])  # fmt: skip
def test_one_attempt(request_: Request, outcome: Outcome, effect: str) -> None:
    """
    R16. What one attempt did: by what was sent, the method, the server's word, the case and the status.
    """
    error, _ = met(request_, [outcome])

    assert effect == error.effect


@pytest.mark.parametrize(
    ("request_", "outcomes", "effect"),
    [
        pytest.param(KEYED, [DROPPED, REFUSED], "unknown", id="the first may have done it"),
        pytest.param(KEYED, [REFUSED, REFUSED], "none", id="never connected"),
        pytest.param(KEYED, [REFUSED, DROPPED], "unknown", id="the last may have done it"),
        pytest.param(KEYED, [DROPPED, says(422)], "unknown", id="a refusal is about itself"),
        pytest.param(KEYED, [DROPPED, says(422, side_effect="none")], "unknown", id="and so is the server's word"),
        pytest.param(KEYED, [DROPPED, says(422, side_effect="none;key")], "none", id="unless it is about the key"),
        pytest.param(KEYED, [SLOW, says(500, side_effect="done")], "done", id="the second says that it is done"),
        pytest.param(KEYED, [says(500, side_effect="done"), DROPPED], "done", id="and so does the first"),
        pytest.param(KEYED, [says(500, side_effect="done"), says(422, side_effect="none;key")], "done", id="for good"),
        pytest.param(KEYED, [says(503), says(503), says(429)], "none", id="all declared to be none"),
        pytest.param(KEYED, [says(500), says(429)], "unknown", id="500, then throttled"),
        pytest.param(KEYED, [DROPPED, says(409, "running")], "unknown", id="it runs"),
        pytest.param(WRITE, [says(429), says(500, side_effect="none"), REFUSED], "none", id="without a key"),
        pytest.param(PUT, [DROPPED, says(404)], "unknown", id="a delete may say so after it was done"),
        pytest.param(READ, [DROPPED, SLOW, says(500)], "none", id="a read"),
    ],
)
def test_several_attempts(request_: Request, outcomes: list[Outcome], effect: str) -> None:
    """
    R16. Over several attempts one that did something is enough; what is lost, only the server's word on the key finds.
    """
    error, player = met(request_, outcomes)

    assert (effect, len(outcomes)) == (error.effect, len(player.sent))


@pytest.mark.parametrize(
    ("request_", "said", "sent"),
    [
        (WRITE, {}, 1),
        (WRITE, {"side_effect": "none"}, 2),
        (WRITE, {"side_effect": "none;key"}, 2),
        (WRITE, {"side_effect": "unknown"}, 1),
        (WRITE, {"side_effect": "done"}, 1),
        (WRITE, {"x_begun": "none"}, 1),
        (KEYED, {}, 2),
        (Request("POST", "/", content=iter([b"once"])), {"side_effect": "none"}, 1),
    ],
)
def test_500_before_the_first_effect_is_repeated_without_a_key(
    request_: Request, said: dict[str, str], sent: int
) -> None:
    """
    R8. A 5xx that says that nothing had begun was not executed: it is repeated without a key, if its body can be.
    """
    _, player = met(request_, [says(500, **said), says(404)][:sent], retries=1)

    assert sent == len(player.sent)


def test_header_is_named_by_the_catalogue() -> None:
    """
    The header is that of the catalogue's `HeaderNames`.
    """
    error, player = met(WRITE, [says(500, x_begun="none"), says(500, x_begun="done", side_effect="none")], NAMED)

    assert ("done", 2) == (error.effect, len(player.sent))


def test_409_of_no_contract() -> None:
    """
    A 409 that the contract does not have may be about the first attempt of this very call.
    """
    error, _ = met(WRITE, [says(409)], LOOSE)

    assert "unknown" == error.effect


def test_call_that_was_not_sent() -> None:
    """
    An open circuit sends nothing: "none", also where the catalogue raises the class of a lost connection.
    """
    guard = Guard(breaker=Breaker("things.create", BreakerRules(calls=1)))
    policy = RetryPolicy(RetryRules(max_retries=0), by_catalogue(DESK, None), catalogue=DESK)

    def effect(outcomes: list[Outcome]) -> str:
        with pytest.raises(DeskError) as caught:
            Player(outcomes).run(
                call_or_raise(WRITE, document, catalogue=DESK, policy=policy, timeout=1.0, guard=guard)
            )
        return caught.value.effect

    assert ["unknown", "none"] == [effect([DROPPED]), effect([])]


@pytest.mark.parametrize(
    ("error", "effect"),
    [
        (DeskError("Said."), "unknown"),
        (BrokenError("Said."), "unknown"),
        (HalfError("Said."), "done"),
        (ClosedError("Said."), "none"),
        (LostError("Said."), "unknown"),
        (LateError("Said.").received(None), "unknown"),
        (SettingError("Said."), "none"),
        (TakenError("Said.").received(None), "none"),
        (error_on(DESK, "configuration", "Said."), "none"),
        (error_on(DESK, "network", "Said."), "unknown"),
    ],
)
def test_error_that_met_no_call(error: Error, effect: str) -> None:
    """
    An error that somebody made says what its case declares, "none" where the SDK refused the call, else "unknown".
    """
    assert effect == error.effect


def test_it_travels_with_the_error() -> None:
    """
    The effect is on copies, pickles, log records, and on the error that an SDK raises in the place of another.
    """
    error, _ = met(KEYED, [DROPPED])
    twins = [
        copy.copy(error),
        copy.deepcopy(error),
        pickle.loads(pickle.dumps(error)),  # noqa: S301 - our own bytes
        with_evidence(TakenError("Said."), error),
    ]

    assert (["unknown"] * 4, "unknown") == ([twin.effect for twin in twins], log_fields(error)["error.effect"])


def test_effect_that_is_none() -> None:
    """
    An effect of another name is refused when the class is declared.
    """
    with pytest.raises(DeclarationError, match="effect='maybe' is no effect"):

        class MaybeError(DeskError, status=418, effect="maybe"):  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            """Never."""
