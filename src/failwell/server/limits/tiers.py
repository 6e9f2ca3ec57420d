"""Tiers of rate limits: everybody the same, or those of the tier that a key is in."""

from __future__ import annotations

from collections.abc import Mapping

from failwell._support.exception_fields import ExceptionFields
from failwell.clock import ServerClock
from failwell.contract import ContractError
from failwell.server.caller import Caller
from failwell.server.limits.rate_limits import LimitDecision, Limiter, RateLimits
from failwell.server.limits.shared_limits import SharedCounter, SharedLimits


class UnknownTierError(ExceptionFields, ContractError):
    """The key *key_id* is in a *tier* that has no limits; those of *known* have. Its calls are answered with 500.

    To let it in without limits, or within those of another tier, would be a guess at what its owner pays for.
    """

    key_id: str
    tier: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        known = ", ".join(f'"{tier}"' for tier in self.known)
        said = f'is in the tier "{self.tier}"' if self.tier else "has no tier"
        return (
            f"The API key {self.key_id} {said}, for which no limits are declared; they are for: {known}. "
            f'Declare limits={{"{self.tier}": RateLimits(...), ...}}, or move the key to another tier: '
            f'KeyStore.move("{self.key_id}", ...)'
        )


class Tiers:
    """Counts the calls of each key, within *rate_limits* or those of its tier, here or in a store.

    In a mapping the tier "" is that of keys which were made without one.

    Raises:
        ValueError: the mapping is empty.
        TypeError: it has something else than limits.
    """

    def __init__(self, rate_limits: RateLimits | Mapping[str, RateLimits] | SharedLimits, clock: ServerClock) -> None:
        self._everybody: Limiter | None = None
        self._by_tier: dict[str, Limiter] = {}
        self._shared: SharedCounter | None = None
        if isinstance(rate_limits, SharedLimits):
            self._shared = SharedCounter(rate_limits, clock)
            rate_limits = rate_limits.limits
        if isinstance(rate_limits, RateLimits):
            self._everybody = Limiter(rate_limits, clock)
            return
        if not rate_limits:
            raise ValueError("No tier has limits. Give each its own: limits={'free': RateLimits('60/minute'), ...}.")
        for tier, own in rate_limits.items():
            if not isinstance(own, RateLimits):
                raise TypeError(f"The limits of the tier {tier!r} are {own!r}. Give it RateLimits(...).")
            self._by_tier[tier] = Limiter(own, clock, tier=tier)

    async def hit(self, caller: Caller) -> LimitDecision:
        """Count one call of *caller*, if its limits allow it.

        Raises:
            UnknownTierError: the key is in a tier that has no limits.
            Refusal: 503, the store of the counts is down, and the limits are kept closed then.
        """
        limiter = self._everybody or self._by_tier.get(caller.tier)
        if limiter is None:
            raise UnknownTierError(caller.key_id, caller.tier, tuple(self._by_tier))
        if self._shared is not None:
            return await self._shared.hit(limiter, caller.key_id)
        return limiter.hit(caller.key_id)
