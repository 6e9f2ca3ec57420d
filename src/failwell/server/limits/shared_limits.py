"""Rate limits shared by the processes of many hosts, and what becomes of them while their store is down."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Literal

from failwell.clock import ServerClock
from failwell.server.limits.rate_limits import LimitDecision, Limiter, RateLimits
from failwell.server.refusal import Refusal
from failwell.server.storage.errors import StoreDownError
from failwell.server.storage.threads import Threads

logger = logging.getLogger("failwell.server")

PAUSE = 1.0
"""Seconds between two calls that look whether a store that was down is there again."""


@dataclass(frozen=True, slots=True)
class SharedLimits:
    """*limits*, of everybody or by tier, counted in the Redis at *url* for all processes that use it, by its clock.

    *when_down* says what happens while Redis fails, or does not answer within *patience* seconds: "local", the default,
    counts in each process by itself; "open" lets every call through; "closed" refuses them with 503 and Retry-After.
    One call a second looks whether it is there again, and no other waits for it. So an app starts without it, too.
    Its names begin with *prefix*.
    """

    limits: RateLimits | Mapping[str, RateLimits]
    url: str
    _: KW_ONLY
    when_down: Literal["local", "open", "closed"] = "local"
    patience: float = 0.25
    prefix: str = "failwell"


class SharedCounter:
    """Counts calls within *shared* limits.

    Raises:
        MissingExtraError: redis-py is not installed.
        ValueError: the URL is none of a Redis.
    """

    def __init__(self, shared: SharedLimits, clock: ServerClock) -> None:
        from failwell.server.limits.redis_counts import RedisCounts

        self._shared = shared
        self._clock = clock
        self._counts = RedisCounts(shared.url, prefix=shared.prefix, busy=shared.patience)
        self._threads = Threads()
        self._down = False
        self._asked_again_at = 0.0

    async def hit(self, limiter: Limiter, key_id: str) -> LimitDecision:
        """Count a call of *key_id* within the limits of *limiter*, which counts here while the store is down.

        Raises:
            Refusal: 503, the store is down, and then the limits are closed.
        """
        if not self._down or self._clock.now() >= self._asked_again_at:
            self._asked_again_at = self._clock.now() + PAUSE  # of those that come now, one waits
            ask = partial(self._counts.hit, limiter.rate_limits, limiter.tier, key_id)
            try:
                allowed, counted = await self._threads.run(ask, patience=self._shared.patience)
            except StoreDownError as problem:
                self._note(problem)
            else:
                self._note(None)
                return limiter.decided(counted, allowed=allowed)
        match self._shared.when_down:
            case "local":
                return limiter.hit(key_id)
            case "open":
                return LimitDecision(allowed=True, headers={}, retry_after=0, limit="")
            case "closed":
                message = "Rate limits cannot be checked at the moment. Try again in a few seconds."
                raise Refusal(503, message, headers={"retry-after": "2"})

    def _note(self, problem: StoreDownError | None) -> None:
        """Tell the log where the store went down or came back."""
        was_down, self._down = self._down, problem is not None
        if problem is not None and not was_down:
            then = {"local": "each process counts by itself", "open": "nobody is limited", "closed": "calls get a 503"}
            logger.warning("Rate limits cannot be shared, %s: %s", then[self._shared.when_down], problem)
        elif was_down and problem is None:
            logger.warning("Rate limits are shared again.")
