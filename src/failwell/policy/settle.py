"""Settle: asks again, with the same idempotency key, for the answer that a failed call may have lost."""

from __future__ import annotations

from typing import Any, Literal, NoReturn

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.case import SideEffect
from failwell.contract.error import Error
from failwell.contract.errors import ContractError
from failwell.contract.mapping import evidence
from failwell.policy.call import call_or_raise
from failwell.policy.flow import NOW, Flow, sleep
from failwell.policy.lost_calls import LOST_CALLS, LostCall

PAUSE = 1.0
"""Seconds between two questions, where the server does not name them."""
WORTH_ASKING = frozenset({"transient", "throttled", "in_progress"})

Unsettled = Literal["no_key", "unkeyed", "server", "expired", "stream", "elsewhere"]


class SettleError(ExceptionFields, ContractError):
    """Nobody can be asked what became of a call. *reason* says why in a word, *problem* in a sentence.

    "no_key": the error met no call that had a key. "unkeyed": its operation sends none. "server": the server knows no
    keys. "expired": it has forgotten the key by now. "stream": what it gave cannot be given again. "elsewhere": the
    call was made in another process, or its body was read once.
    """

    reason: Unsettled
    problem: str
    template = "The call cannot be settled: {problem}"


def lost_call(problem: BaseException) -> tuple[Error, LostCall]:
    """What *problem* says of a call, and what it takes to ask what became of that.

    Raises:
        Error: *problem* itself, where nothing is lost: nothing of the call had begun, or what it says is its answer.
        SettleError: nobody can be asked.
        TypeError: *problem* is no error of a contract.
    """
    error = evidence(problem)
    if error is None:
        raise TypeError(f"settle() takes an error of a contract, this is a {type(problem).__name__}.")
    call = LOST_CALLS.get(error)
    whole = call.answered if call is not None else (error.known_status or 0) >= 300
    if error.effect == "none" or (error.effect == "done" and whole):
        raise problem
    if error.last_event_id is not None or error.close_code is not None:
        raise SettleError("stream", "it was a stream, which is not given twice. Ask for what it made, by its id.")
    if error.idempotency_key is None:
        _refuse_without_key(error)
    if call is None:
        raise SettleError(
            "elsewhere",
            "it was made in another process, or its body can be read only once. Make the same call again, with the "
            f"key {error.idempotency_key!r}.",
        )
    if not call.request.key_counts:
        raise SettleError(
            "server",
            f"the contract of {call.catalogue.name!r} says of no keys that the server keeps. Look for its work.",
        )
    return error, call


def _refuse_without_key(error: Error) -> NoReturn:
    name = type(error).__name__
    if not error.attempts:
        raise SettleError("no_key", f"{name} met no call, and has no idempotency key.")
    raise SettleError("unkeyed", "its operation sends no idempotency key. Look for its work before it is done again.")


def settled(call: LostCall, before: SideEffect, deadline: float) -> Flow[Any]:
    """The answer that *call* lost, or the error that it would have met; *before* is what is known of it so far.

    Raises:
        SettleError: the server has forgotten the key by now.
        Error: what the server says. Its effect is "unknown" only if nobody could be asked for *deadline* seconds.
    """
    started: float = yield NOW
    kept = call.policy.rules.keys_kept
    if started - call.began >= kept:
        age = started - call.began
        raise SettleError("expired", f"the key is {age:.0f} s old, and the server forgets it after {kept:g} s.")
    moment = started
    while True:
        try:
            return (
                yield from call_or_raise(
                    call.request,
                    call.decode,
                    catalogue=call.catalogue,
                    policy=call.policy,
                    timeout=call.timeout,
                    deadline=started + deadline - moment,
                    mask=call.mask,
                    guard=call.guard,
                    settler=call.settler,
                    began=call.began,
                    before=before,
                )
            )
        except Error as error:
            pause = max(error.retry.delay or 0.0, PAUSE)
            moment = yield NOW
            if not _may_say_more(error) or moment + pause >= started + deadline:
                raise
            before = error.effect
        yield from sleep(pause)
        moment = yield NOW


def _may_say_more(error: Error) -> bool:
    """Whether a server that is asked once more may give another answer than the one which *error* is."""
    call = LOST_CALLS.get(error)
    if call is None:  # nothing had begun
        return False
    if not call.answered:
        return True
    status = error.known_status or 0
    return error.effect == "unknown" and (status >= 500 or error.case.retry in WORTH_ASKING)
