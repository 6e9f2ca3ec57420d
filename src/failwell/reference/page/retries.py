"""Retry behaviour in one sentence, with numbers asked from the retry policy itself."""

from __future__ import annotations

from failwell.contract.case import Case, Source
from failwell.contract.catalogues.catalogue import RetryRules
from failwell.policy.retry.policy import RetryPolicy
from failwell.wire.messages import Failure, Outcome, Reply

FAILED = Failure("network", "")
THROTTLED = Reply(429, {}, b"")


def delays(rules: RetryRules, outcome: Outcome = THROTTLED) -> tuple[float, ...]:
    """The seconds before each retry after *outcome* where the server asks for nothing, without jitter."""
    policy = RetryPolicy(rules)
    asked = (policy.backoff(retry, outcome) for retry in range(1, rules.max_retries + 1))
    return tuple(delay for delay in asked if delay is not None)


def retried(case: Case, source: Source, rules: RetryRules) -> str:
    """Whether a call that met *case* is tried again, and after how long."""
    if source not in ("http", "transport") or case.retry in (None, "never") or not rules.max_retries:
        return "No."
    if case.retry == "transient":
        count = rules.most(transient=True)
        return f"{times(count)}, after {backoff(rules, FAILED)}." if count else "No."
    why = "" if case.retry == "throttled" else " The first request is still running."
    return f"{times(rules.max_retries)}, when `Retry-After` has passed; without one after {backoff(rules)}.{why}"


def times(count: int) -> str:
    """How often at most."""
    return "Up to once" if count == 1 else f"Up to {count} times"


def backoff(rules: RetryRules, outcome: Outcome = THROTTLED) -> str:
    """The delays, as on the source pages: "1 s → 2 s → 4 s"."""
    return " → ".join(seconds(delay) for delay in delays(rules, outcome))


def seconds(value: float) -> str:
    """*value* with its unit."""
    return f"{value:g} s"
