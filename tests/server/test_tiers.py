"""Which limits a key has: those of its tier."""

from __future__ import annotations

import logging
import pickle

import pytest

from failwell.server import RateLimits, UnknownTierError, install

from .shop import SHOP, Desk, OpenDesk, Shop, ask

LIMITS = {
    "free": RateLimits.rate("60/minute", burst=1),
    "pro": RateLimits.rate("60/minute", burst=3),
    "team": RateLimits("2/minute"),
}


async def burst_of(desk: Desk, key: str) -> int:
    """How many calls with *key* pass at once."""
    async with ask(desk.contract, headers={"X-API-Key": key}) as client:
        for calls in range(100):
            got = await client.get("/orders/7")
            if got.status_code != 200:
                assert 429 == got.status_code
                return calls
    raise AssertionError("The key was let in 100 times: it has no limit.")


@pytest.mark.anyio
async def test_each_tier_has_its_own_limits(open_desk: OpenDesk) -> None:
    """
    A key may call as often as its tier says; two keys of one tier do not take from each other.
    """
    desk = open_desk(limits=LIMITS)
    keys = [desk.keys.create("a", "member", tier=tier) for tier in ("free", "pro", "team", "free")]

    assert [1, 3, 2, 1] == [await burst_of(desk, key) for key in keys]


@pytest.mark.anyio
async def test_429_names_the_tier(open_desk: OpenDesk) -> None:
    """
    The 429 says whose limits they are: those of the tier.
    """
    desk = open_desk(limits=LIMITS)
    async with ask(desk.contract, headers={"X-API-Key": desk.keys.create("a", "member", tier="free")}) as client:
        replies = [await client.get("/orders/7") for _ in range(2)]

    assert (
        'Rate limit exceeded: 60 per 1 minute, 1 at once (tier "free"). Try again in 1 s.'
        == (replies[1].json()["error"]["message"])
    )


@pytest.mark.anyio
async def test_key_that_is_moved_has_the_limits_of_its_new_tier(open_desk: OpenDesk) -> None:
    """
    A key that was moved to another tier has its limits from the next call on.
    """
    desk = open_desk(limits=LIMITS)
    key = desk.keys.create("a", "member", tier="free")
    before = await burst_of(desk, key)
    moved = desk.keys.move(key, "pro")

    assert (1, True, 3) == (before, moved, await burst_of(desk, key))


@pytest.mark.anyio
async def test_keys_without_a_tier_have_limits_of_their_own(open_desk: OpenDesk) -> None:
    """
    In a mapping "" stands for the keys that were made without a tier.
    """
    desk = open_desk(limits={**LIMITS, "": RateLimits("4/minute")})

    assert 4 == await burst_of(desk, desk.keys.create("a", "member"))


@pytest.mark.anyio
async def test_one_limit_is_for_every_tier(open_desk: OpenDesk) -> None:
    """
    Limits that are no mapping are those of every key, whatever its tier.
    """
    desk = open_desk(limits=RateLimits("2/minute"))

    assert [2, 2] == [await burst_of(desk, desk.keys.create("a", "member", tier=tier)) for tier in ("", "gold")]


@pytest.mark.anyio
@pytest.mark.parametrize("tier", ["gold", ""])
async def test_tier_without_limits(open_desk: OpenDesk, caplog: pytest.LogCaptureFixture, tier: str) -> None:
    """
    A key of a tier that has no limits is not let in; the log names key, tier and remedy, the reply none of them.
    """
    desk = open_desk(limits=LIMITS)
    key = desk.keys.create("a", "member", tier=tier)
    caller = desk.keys.find(key)
    assert caller is not None
    async with ask(desk.contract, headers={"X-API-Key": key}) as client:
        got = await client.post("/orders")
    [record] = caplog.records
    assert record.exc_info is not None
    problem = record.exc_info[1]

    assert isinstance(problem, UnknownTierError)
    assert (500, 0, logging.ERROR) == (got.status_code, desk.shop.runs, record.levelno)
    assert (caller.key_id, tier, ("free", "pro", "team")) == (problem.key_id, problem.tier, problem.known)
    assert [] == [word for word in ("tier", "gold", caller.key_id) if word in got.text]
    assert f'KeyStore.move("{caller.key_id}", ...)' in str(problem)
    assert str(problem) == str(pickle.loads(pickle.dumps(problem)))  # noqa: S301 - our own bytes


def test_words_of_an_unknown_tier() -> None:
    """
    The error says which key, which tier, which tiers there are, and what to do.
    """
    gold, none = (str(UnknownTierError("key_1", tier, ("free", "pro"))) for tier in ("gold", ""))

    assert (
        'The API key key_1 is in the tier "gold", for which no limits are declared; they are for: "free", "pro". '
        'Declare limits={"gold": RateLimits(...), ...}, or move the key to another tier: KeyStore.move("key_1", ...)'
    ) == gold
    assert (
        'The API key key_1 has no tier, for which no limits are declared; they are for: "free", "pro". '
        'Declare limits={"": RateLimits(...), ...}, or move the key to another tier: KeyStore.move("key_1", ...)'
    ) == none


def test_mapping_that_makes_no_sense_is_refused(desk: Desk) -> None:
    """
    A mapping without tiers, or with something else than limits, is refused when the contract is installed.
    """
    with pytest.raises(ValueError, match="No tier has limits"):
        install(Shop().app, SHOP, keys=desk.keys, limits={})
    with pytest.raises(TypeError, match=r"limits of the tier 'free' are '60/minute'. Give it RateLimits"):
        install(Shop().app, SHOP, keys=desk.keys, limits={"free": "60/minute"})  # type: ignore[dict-item]  # on purpose
