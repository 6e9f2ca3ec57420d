"""Advice for other retry engines: whether a call that met an error is repeated, when, and whether that is safe."""

# Without `from __future__ import annotations`: a NamedTuple compiles types that are text, each time it is imported.
from typing import Any, NamedTuple

from failwell.contract.case import WAITS_FOR_THE_SERVER, RetryKind
from failwell.contract.declaration import specs_of

AnyError = Any
"""A `failwell.Error`, whose module knows this one."""


class RetryAdvice(NamedTuple):
    """What a retry engine is to do with a call that ended with an error, by the rules of the contract.

    *retryable* is whether another try may help and is safe. *delay* is the least seconds until then, where the server
    named them; None leaves it to the engine's own backoff. *safe* is whether a repetition cannot do the same twice.
    *not_now* says why a try that is worth making is not to be made by waiting in this call: the deadline, the retry
    budget, an open circuit, a wait that is longer than the contract allows. A queue may still make it later.
    """

    retryable: bool
    delay: float | None
    safe: bool
    not_now: str | None = None

    @property
    def now(self) -> bool:
        """Whether to wait *delay* here and try again: what an engine does that sleeps in the calling process."""
        return self.retryable and self.not_now is None


class Assessed(NamedTuple):
    """What the retry policy found of the last attempt: how its case is retried, and whether that is safe.

    *retry_after* is the seconds that the server asked for; *too_long* says that nobody waits for so long.
    """

    kind: RetryKind | None
    safe: bool
    retry_after: float | None = None
    too_long: str | None = None


NO_ANSWER = frozenset({"network", "timeout"})
"""The occasions on which it is not known whether the server did anything; another try may find it well."""


def advice_of(error: AnyError, assessed: Assessed | None) -> RetryAdvice:
    """What the policy *assessed* of the call that met *error*; where there was none, what its case and fields say."""
    found = assessed or _by_its_case(error)
    kind, suppression = found.kind or _kind(error), error.suppression
    if kind == "never":
        return RetryAdvice(False, None, found.safe)
    held_back, not_now = (None, found.too_long) if suppression is None else (suppression.seconds, suppression.reason)
    delay = max(found.retry_after or 0.0, held_back or 0.0) or None  # 0 must not make a busy loop
    return RetryAdvice(found.safe, delay, found.safe, not_now if found.safe else None)


def _kind(error: AnyError) -> RetryKind:
    return error.case.retry or ("transient" if error.case.on in NO_ANSWER else "never")


def _by_its_case(error: AnyError) -> Assessed:
    """What is known of an error that somebody made: its case, its key, and the field for a Retry-After."""
    kind = _kind(error)
    refused = kind in {"throttled", "in_progress"}  # nothing was done; the policy's other reasons only a call knows
    safe = refused or error.idempotency_key is not None
    waits = refused or error.known_status in WAITS_FOR_THE_SERVER
    named = (getattr(error, spec.name, None) for spec in specs_of(type(error)) if spec.is_wait) if waits else ()
    return Assessed(kind, safe, next((wait for wait in named if isinstance(wait, int | float) and wait > 0), None))
