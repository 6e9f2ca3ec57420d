"""Resilience settings of a process towards one origin: retry budget, circuit breaker, pacing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Literal

from failwell._support.frozen import Frozen, changed

RetryProfile = Literal["standard", "large_fleet"]
"""How a failed call is repeated: as the vendor's page says, or sparingly, for very many clients that seldom call."""


class BudgetRules(Frozen):
    """Retry budget settings: how many retries the calls to one origin may cost together.

    Every call earns *per_call* of a retry, and *floor* retries within *window* seconds are always free, earned or not.
    What was earned is forgotten after the window, so that a healthy hour does not pay for a storm of retries. The floor
    is ten a second, which may all be made at once: eight workers that meet a blip of three seconds need 24 retries.
    """

    per_call: float = 0.1
    floor: int = 100
    window: float = 10.0


FLEET_BUDGET = BudgetRules(floor=1, window=60.0)
"""For very many clients that seldom call: one retry a minute is free, or a tenth of the calls if that is more."""


class BreakerRules(Frozen):
    """Circuit breaker settings: when an operation is no longer sent, because its calls failed.

    It opens when *ratio* of the tries of the last *window* seconds failed, and they were at least *calls*. With *last*
    it looks at the last so many tries instead, whenever they were: `BreakerRules(last=5, calls=5, ratio=1.0)` opens
    after five failures in a row. Open, it refuses for *open_for* seconds. Then it lets out *probes* tries and no more:
    *successes* of them close it, one that fails opens it again.
    """

    ratio: float = 0.5
    calls: int = 10
    window: float = 30.0
    last: int | None = None
    open_for: float = 30.0
    probes: int = 2
    successes: int = 2


class Resilience(Frozen):
    """Resilience settings that the calls of one process to one origin share.

    *budget* None lets every call retry as often as it may, *breaker* None never refuses a call. With *pacing*, what one
    reply says of waiting (Retry-After on 429 and 503, RateLimit and X-RateLimit with nothing remaining) holds back all
    calls with the same credentials.
    """

    budget: BudgetRules | None = BudgetRules()
    breaker: BreakerRules | None = None
    pacing: bool = False

    def under(self, retry: RetryProfile) -> Resilience:
        """These, with the budget for very many clients in place of the usual one where *retry* asks for it."""
        fleet = retry == "large_fleet" and self.budget == BudgetRules()
        return changed(self, budget=FLEET_BUDGET) if fleet else self

    def problem(self) -> str | None:
        """What of these numbers cannot work, or None."""
        budget, breaker = self.budget, self.breaker
        wrong = []
        if budget is not None:
            wrong += _below("budget.per_call", budget.per_call, 0)
            wrong += _below("budget.floor", budget.floor, 0)
            wrong += _not_above("budget.window", budget.window)
        if breaker is not None:
            wrong += _not_above("breaker.window", breaker.window)
            wrong += _not_above("breaker.open_for", breaker.open_for)
            wrong += _below("breaker.calls", breaker.calls, 1)
            wrong += _below("breaker.successes", breaker.successes, 1)
            if not 0 < breaker.ratio <= 1:
                wrong.append(f"breaker.ratio is {breaker.ratio!r}; it must be above 0, and at most 1")
            if not breaker.successes <= breaker.probes:
                wrong.append(
                    f"breaker.probes is {breaker.probes!r}; at least breaker.successes ({breaker.successes!r}) must be "
                    "let out, or it could never close"
                )
            if breaker.last is not None and not breaker.last >= breaker.calls:
                wrong.append(
                    f"breaker.last is {breaker.last!r}; it must be at least breaker.calls ({breaker.calls!r}), "
                    "or it could never open"
                )
        return "; ".join(wrong) or None


def settings_problem(
    durations: Mapping[str, object], max_retries: object, retry: object, resilience: object
) -> str | None:
    """Which setting of a call cannot work, and what it must be. A duration of None is no limit."""
    for name, value in durations.items():
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else 0
        if value is not None and not 0 < number <= sys.float_info.max:
            return f"{name} is {value!r}; it must be a number of seconds above 0, or None."
    if isinstance(max_retries, bool) or not isinstance(max_retries, int) or max_retries < 0:
        return f"max_retries is {max_retries!r}; it must be a whole number from 0."
    if retry not in ("standard", "large_fleet"):
        return f'retry is {retry!r}; it must be "standard" or "large_fleet".'
    if not isinstance(resilience, Resilience):
        return f"resilience is of type {type(resilience).__name__}; it must be failwell.Resilience(...)."
    wrong = resilience.problem()
    return f"resilience cannot work: {wrong}." if wrong else None


def _below(name: str, value: float, least: int) -> list[str]:
    """A line when *value* is less than *least*, or not a number."""
    return [] if value >= least else [f"{name} is {value!r}; it must be at least {least}"]


def _not_above(name: str, value: float) -> list[str]:
    """A line when *value* is no finite number of seconds above 0."""
    return [] if 0 < value < float("inf") else [f"{name} is {value!r}; it must be a number of seconds above 0"]
