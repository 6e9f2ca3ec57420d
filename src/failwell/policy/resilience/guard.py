"""Retry budget, circuit breaker and pacing of one origin, asked before each attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.frozen import Frozen

if TYPE_CHECKING:
    from failwell.policy.resilience.breaker import Breaker
    from failwell.policy.resilience.budget import Budget
    from failwell.policy.resilience.pacing import Pacer


class Guard(Frozen):
    """Retry budget, circuit breaker and pacer that a call shares with others. Any may be missing."""

    budget: Budget | None = None
    breaker: Breaker | None = None
    pacer: Pacer | None = None


UNGUARDED = Guard(None, None, None)  # each named: what is its own is found sooner than what its class declares
