"""What each tier may call, in numbers."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from failwell.clock import VirtualClock
from failwell.sandbox.assembly import TIERS
from failwell.server import KeyStore
from failwell.server.limits.rate_limits import Limiter
from pictograph_server.vendor import KEYS, serve

NAMES = ("free", "pro", "enterprise")


@pytest.mark.parametrize(("tier", "burst", "an_hour"), [("free", 20, 3600), ("pro", 100, 36_000)])
def test_numbers(tier: str, burst: int, an_hour: int) -> None:
    """
    After a rest the burst passes at once; whoever goes on has the rate of the tier, and waits 1 s at most.
    """
    clock = VirtualClock()
    limiter = Limiter(TIERS[tier], clock)
    calls, waits = 0, set[int]()
    at_once = 0
    while clock.now() < 3600:
        verdict = limiter.hit("key")
        calls += verdict.allowed
        at_once += verdict.allowed and clock.now() == 0
        if not verdict.allowed:
            waits.add(verdict.retry_after)
            clock.advance(verdict.retry_after)

    assert (burst, burst + an_hour - an_hour // 3600, {1}) == (at_once, calls, waits)


def test_each_tier_has_more_than_the_one_below() -> None:
    """
    From free to pro to enterprise both numbers grow: the rate and the burst.
    """
    limits = [TIERS[name] for name in NAMES]
    rates = [item.amount / item.get_expiry() for one in limits for item in one.items]
    bursts = [one.burst or 0 for one in limits]

    assert ([1, 10, 50], [20, 100, 300]) == (rates, bursts)


def test_key_without_a_tier_is_free() -> None:
    """
    A key that was made before there were tiers has the limits of "free", and there are no other names.
    """
    assert (TIERS["free"], {"", *NAMES}) == (TIERS[""], set(TIERS))


def test_demo_keys(tmp_path: Path) -> None:
    """
    There is a demo key in every tier; those of all roles are "enterprise".
    """
    served = serve(tmp_path, VirtualClock())
    with closing(KeyStore(tmp_path / "keys.sqlite")) as keys:
        found = {name: keys.find(key) for name, key in served.keys.items()}
    served.close()

    assert {name: None if name == "revoked" else KEYS[name] for name in KEYS} == {
        name: caller and (caller.tenant, caller.role, caller.tier) for name, caller in found.items()
    }
    assert set(NAMES) == {tier for _, _, tier in KEYS.values()}
    assert {"member", "admin", "viewer", "broke", "revoked"} == {name for name in KEYS if KEYS[name][2] == "enterprise"}


@pytest.mark.anyio
async def test_key_of_an_old_folder(tmp_path: Path) -> None:
    """
    A key that somebody made in the server's folder without a tier is let in, as "free".
    """
    served = serve(tmp_path, VirtualClock())
    with closing(KeyStore(tmp_path / "keys.sqlite")) as keys:
        key = keys.create("acme", "member")
    transport = httpx2.ASGITransport(app=served.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://pictograph") as client:
        got = await client.get("/api/v1/developer/datasets/", headers={"X-API-Key": key})
    served.close()

    assert (200, "20", "19") == (
        got.status_code,
        got.headers["x-ratelimit-limit"],
        got.headers["x-ratelimit-remaining"],
    )
