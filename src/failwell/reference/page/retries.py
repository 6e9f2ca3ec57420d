"""Retry behaviour in one sentence, with numbers asked from the retry policy itself."""

from __future__ import annotations

from failwell.contract.case import Case, Source
from failwell.contract.catalogues.catalogue import RetryRules
from failwell.policy.retry.policy import RetryPolicy
from failwell.wire.messages import Failure

FAILED = Failure("network", "")


def delays(rules: RetryRules) -> tuple[float, ...]:
    """The seconds before each retry where the server asks for nothing, without jitter."""
    policy = RetryPolicy(rules)
    asked = (policy.backoff(retry, FAILED) for retry in range(1, rules.max_retries + 1))
    return tuple(delay for delay in asked if delay is not None)


def retried(case: Case, source: Source, rules: RetryRules) -> str:
    """Whether a call that met *case* is tried again, and after how long."""
    if source not in ("http", "transport") or case.retry in (None, "never") or not rules.max_retries:
        return "No."
    if case.retry == "transient":
        return f"{times(rules)}, after {backoff(rules)}."
    why = "" if case.retry == "throttled" else " The first request is still running."
    return f"{times(rules)}, when `Retry-After` has passed; without one after {backoff(rules)}.{why}"


def times(rules: RetryRules) -> str:
    """How often at most."""
    return "Up to once" if rules.max_retries == 1 else f"Up to {rules.max_retries} times"


def backoff(rules: RetryRules) -> str:
    """The delays, as on the source pages: "1 s → 2 s → 4 s"."""
    return " → ".join(seconds(delay) for delay in delays(rules))


def seconds(value: float) -> str:
    """*value* with its unit."""
    return f"{value:g} s"
