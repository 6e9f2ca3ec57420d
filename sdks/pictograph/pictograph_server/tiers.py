"""What each tier may call: a sustained rate, and how many calls may come at once.

The vendor's page links to these numbers and does not give them, so they are ours. A key may make its burst at once
after it was idle, and then goes on at its rate; it gets a 429 with `Retry-After: 1` in between. All tiers get a call
back within a second, so that the SDK's own wait is never long.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from failwell.server import RateLimits

FREE = RateLimits.rate("60/minute", burst=20)
PRO = RateLimits.rate("600/minute", burst=100)
ENTERPRISE = RateLimits.rate("3000/minute", burst=300)

TIERS: Mapping[str, RateLimits] = MappingProxyType({"": FREE, "free": FREE, "pro": PRO, "enterprise": ENTERPRISE})
"""The limits by tier. A key that was made without one, as all were before there were tiers, is "free"."""
