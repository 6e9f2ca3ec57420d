"""Did it happen? What an error says of side effects, in the header that the catalogue names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from failwell.server import side_effect

from .shop import Desk, InvalidError, NoMoneyError, OpenDesk, TakenError, raising

pytestmark = pytest.mark.anyio
KEY = {"Idempotency-Key": "k-1"}
SIDE_EFFECT = "side-effect"
BUG = raising(KeyError("boom"))


async def said(desk: Desk, *steps: Callable[[], Any], key: bool = False, path: str = "/orders") -> str | None:
    """What the error says of one more call whose handler does *steps*."""
    desk.shop.steps[:] = steps
    async with desk.client() as client:
        reply = await client.post(path, headers=KEY if key else {}, json={"item": 1})
    assert reply.status_code >= 400
    effect: str | None = reply.headers.get(SIDE_EFFECT)
    return effect


@pytest.mark.parametrize(
    ("steps", "declares", "effect"),
    [
        ((BUG,), True, "none"),
        ((side_effect, BUG), True, "done"),
        ((raising(NoMoneyError("No.")),), True, "none"),
        ((side_effect, raising(InvalidError("No."))), True, "done"),
        ((BUG,), False, None),
        ((side_effect, BUG), False, "done"),
        ((raising(NoMoneyError("No.")),), False, None),
    ],
)
async def test_error_of_a_handler(
    open_desk: OpenDesk, steps: tuple[Callable[[], Any], ...], declares: bool, effect: str | None
) -> None:
    """
    R16. An error says "done" after a side effect. Before it "none", where the app declares all of them: not else.
    """
    assert effect == await said(open_desk(declares_effects=declares, strict=False), *steps)


async def test_refused_before_the_handler(open_desk: OpenDesk) -> None:
    """
    What is refused before a handler has the request says "none", whatever the app declares.
    """
    desk = open_desk()
    async with desk.client() as client:
        without_key = await client.post("/orders", headers={"X-API-Key": ""})
        bad = await client.post("/orders", headers={"Idempotency-Key": " "})

    assert [(401, "none"), (422, "none")] == [(got.status_code, got.headers[SIDE_EFFECT]) for got in (without_key, bad)]


async def test_success_says_nothing(open_desk: OpenDesk) -> None:
    """
    A success needs no such header.
    """
    desk = open_desk(declares_effects=True)
    async with desk.client() as client:
        reply = await client.post("/orders", headers=KEY)

    assert (201, False) == (reply.status_code, SIDE_EFFECT in reply.headers)


async def test_what_is_said_of_a_key(open_desk: OpenDesk) -> None:
    """
    R16. With a key it is about all that had it: nothing, until one fails after an effect; then nobody knows what else.
    """
    desk = open_desk(declares_effects=True, strict=False)
    bug = [await said(desk, BUG, key=True) for _ in range(2)]
    after = await said(desk, side_effect, BUG, key=True)

    assert (["none;key", "none;key"], "done", "unknown") == (bug, after, await said(desk, BUG, key=True))


async def test_replay_says_what_the_first_did(open_desk: OpenDesk) -> None:
    """
    An error that is kept was raised after a side effect: its replay says so. The key with another body did nothing.
    """
    desk = open_desk(declares_effects=True, strict=False)
    first = await said(desk, side_effect, raising(TakenError("Taken.")), key=True)
    async with desk.client() as client:
        again = await client.post("/orders", headers=KEY, json={"item": 1})
        other = await client.post("/orders", headers=KEY, json={"item": 2})

    assert ("done", "done", "none") == (first, again.headers[SIDE_EFFECT], other.headers[SIDE_EFFECT])


async def test_key_whose_first_call_runs(open_desk: OpenDesk) -> None:
    """
    While the first call with a key runs, nobody knows; nor when its owner has died and another has taken over.
    """
    desk = open_desk(declares_effects=True, strict=False, lease=60.0)
    seen: list[str | None] = []

    async def meanwhile() -> None:
        seen.append(await said(desk, BUG, key=True))

    taken: list[tuple[Any, Any]] = []
    original = desk.store.claim

    def claim(record: Any, fingerprint: Any, owner: str, **options: Any) -> Any:
        taken.append((record, fingerprint))
        return original(record, fingerprint, owner, **options)

    desk.store.claim = claim  # type: ignore[method-assign]
    async with desk.client() as client:
        await client.post("/orders", headers={"Idempotency-Key": "other"}, json={"item": 1})
    record, fingerprint = taken[0]
    original(record._replace(key="k-1"), fingerprint, "died", lease=60.0, kept=86400.0)
    await meanwhile()
    desk.clock.advance(61.0)
    await meanwhile()

    assert ["unknown", "unknown"] == seen
