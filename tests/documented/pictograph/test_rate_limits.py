from __future__ import annotations

import re
from typing import NamedTuple

import httpx2
import pytest

from pictograph.exceptions import RateLimitError

from .sdk import Sdk, list_datasets

TIERS = {"free": "free", "pro": "pro", "enterprise": "member"}
"""The demo key of each tier."""

OTHERS = ("viewer", "admin", "broke")
"""Demo keys that no test here uses up."""


class Told(NamedTuple):
    """What an answer tells about the limits of its key."""

    per_minute: float
    burst: int
    left: int


def told(sdk: Sdk, role: str) -> Told:
    """What the answer to one call with the key of *role* tells."""
    headers = {"X-API-Key": sdk.sandbox.keys[role]}
    answer = httpx2.get(f"{sdk.sandbox.url}/api/v1/developer/datasets/", headers=headers).headers
    policy = re.fullmatch(r'".*";q=(\d+);w=(\d+)', answer["RateLimit-Policy"])
    limit, left = (int(answer[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining"))
    assert policy is not None
    assert limit == int(policy[1])
    return Told(limit * 60 / int(policy[2]), limit, left)


@pytest.mark.documented("pictograph", lines=(142, 143))
def test_each_tier_has_limits_of_its_own(both: tuple[Sdk, Sdk]) -> None:
    """
    See [Rate limits](/docs/rate-limits.md) for the per-tier limits and burst behaviour.

    Every answer tells them: free has less than pro, and pro less than enterprise, in its rate and in its burst.
    """
    free, pro, enterprise = (told(both[0], role) for role in TIERS.values())

    assert free.per_minute < pro.per_minute < enterprise.per_minute
    assert free.burst < pro.burst < enterprise.burst
    assert [(60, 20), (600, 100), (3000, 300)] == [(tier.per_minute, tier.burst) for tier in (free, pro, enterprise)]


@pytest.mark.documented("pictograph", lines=(142, 143))
@pytest.mark.parametrize("tier", TIERS)
def test_burst(both: tuple[Sdk, Sdk], tier: str) -> None:
    """
    See [Rate limits](/docs/rate-limits.md) for the per-tier limits and burst behaviour.

    The burst of the tier passes at once, the next call does not, and says when it may come again. Other keys go on.
    """
    role = TIERS[tier]
    limits = told(both[0], role)

    assert (limits.burst - 1, limits.left) == (limits.left, both[0].use_up(role))
    for sdk in both:
        with pytest.raises(RateLimitError) as caught:
            sdk.call(list_datasets, role=role, max_retries=0)
        assert (429, 1, ["passed 429"]) == (caught.value.status_code, caught.value.retry_after, sdk.outcomes)
        assert f'{limits.burst} at once (tier "{tier}")' in str(caught.value)
        for other in OTHERS:
            sdk.call(list_datasets, role=other, max_retries=0)
            assert ["passed 200"] == sdk.outcomes


@pytest.mark.documented("pictograph", lines=(142, 143))
@pytest.mark.parametrize("tier", TIERS)
def test_after_a_burst(sdk: Sdk, tier: str) -> None:
    """
    See [Rate limits](/docs/rate-limits.md) for the per-tier limits and burst behaviour.

    After a burst the SDK waits by itself, as long as it is asked, and goes through.
    """
    sdk.use_up(TIERS[tier])

    assert "ds" in [dataset.name for dataset in sdk.call(list_datasets, role=TIERS[tier])]
    assert (["passed 429", "passed 200"], [1]) == (sdk.outcomes, sdk.waits)


@pytest.mark.documented("pictograph", lines=(142, 143))
@pytest.mark.parametrize("tier", TIERS)
def test_rate_after_a_burst(both: tuple[Sdk, Sdk], tier: str) -> None:
    """
    See [Rate limits](/docs/rate-limits.md) for the per-tier limits and burst behaviour.

    After a burst calls come back at the rate of the tier; after a minute's rest the whole burst is there again.
    """
    sdk, role = both[0], TIERS[tier]
    limits = told(sdk, role)
    sdk.use_up(role)
    seen: list[int] = []
    for seconds in (2.001, 60.0):
        sdk.clock.advance(seconds)
        seen.append(sdk.use_up(role))

    assert [round(limits.per_minute * 2 / 60), limits.burst] == seen
