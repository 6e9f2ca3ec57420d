"""Did it happen? What an error says of side effects, in the header that the catalogue names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failwell.server import Claimed, Record, aside_effect, side_effect
from failwell.server.idempotency.policy import fingerprint

from .shop import Desk, InvalidError, NoMoneyError, OpenDesk, TakenError, raising
from .test_store_down import locked

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
    R16. With a key it is about all that had it: nothing, until one fails after an effect; that is remembered.
    """
    desk = open_desk(declares_effects=True, strict=False)
    bug = [await said(desk, BUG, key=True) for _ in range(2)]
    after = await said(desk, side_effect, BUG, key=True)

    assert (["none;key", "none;key"], "done", "done") == (bug, after, await said(desk, BUG, key=True))


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


ORDER = Record("a", "POST", "/orders", "k-1")
PRINT = fingerprint(b"", b'{"item":1}')


def died(desk: Desk, *, tells: bool = True, begun: bool = False) -> None:
    """Let somebody own the order who is not heard of again, until his lease ends."""
    claimed = desk.store.claim(ORDER, PRINT, "dead", lease=60.0, kept=86400.0, tells=tells)
    assert isinstance(claimed, Claimed)
    if begun:
        desk.store.renew(ORDER, "dead", lease=60.0, begun=True)


@pytest.mark.parametrize(
    ("tells", "begun", "effect"), [(False, False, "unknown"), (True, False, "none;key"), (True, True, "done")]
)
async def test_key_whose_first_owner_died(open_desk: OpenDesk, tells: bool, begun: bool, effect: str) -> None:
    """
    R16. While the first call with a key runs, nobody knows; once its owner has died, who takes over does, each time.
    """
    desk = open_desk(declares_effects=True, strict=False, lease=60.0)
    died(desk, tells=tells, begun=begun)
    meanwhile = await said(desk, BUG, key=True)
    desk.clock.advance(61.0)
    after = [await said(desk, BUG, key=True), await said(desk, raising(NoMoneyError("No.")), key=True)]

    assert ("unknown", [effect] * 2) == (meanwhile, after)


async def asked(desk: Desk, *steps: Callable[[], Any]) -> tuple[int, str | None, str | None]:
    """The status, the code of the error, and what it says of side effects."""
    desk.shop.steps[:] = steps
    async with desk.client() as client:
        reply = await client.post("/orders", headers=KEY, json={"item": 1})
    return reply.status_code, reply.json().get("error", {}).get("code"), reply.headers.get(SIDE_EFFECT)


def begins(awaited: bool, done: list[str]) -> Callable[[], Any]:
    """A step that does something, in a handler that awaits what it says of it, or not."""

    async def anyway() -> None:
        await aside_effect()
        done.append("done")

    def plainly() -> None:
        side_effect()
        done.append("done")

    return anyway if awaited else plainly


@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "awaited"])
async def test_nothing_begins_under_a_key_that_was_lost(open_desk: OpenDesk, awaited: bool) -> None:
    """
    S4, S5. An owner that stood still for longer than its lease finds out before it changes anything: 409, try again.
    """
    desk = open_desk(declares_effects=True, lease=60.0)
    done: list[str] = []

    def overslept() -> None:
        desk.clock.advance(61.0)
        died(desk)

    late = await asked(desk, overslept, begins(awaited, done))
    desk.clock.advance(61.0)
    again = await asked(desk, begins(awaited, done))

    assert (409, "idempotency_in_progress", "unknown") == late
    assert ((201, None, None), ["done"]) == (again, done)


@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "awaited"])
@pytest.mark.parametrize(
    ("when_down", "expected"), [("closed", ((503, None, "none;key"), 0)), ("open", ((201, None, None), 1))]
)
async def test_store_that_goes_down_before_anything_begins(
    open_desk: OpenDesk, tmp_path: Path, when_down: str, expected: object, awaited: bool
) -> None:
    """
    S12. Where the store cannot be told that something begins, it does not; where "open" is declared, it need not know.
    """
    desk = open_desk(declares_effects=True, when_down=when_down, patience=0.1, lease=0.2, busy=0.05)
    done: list[str] = []
    with contextlib.ExitStack() as later:
        first = await asked(
            desk, lambda: later.enter_context(locked(tmp_path / "answers.db")) and None, begins(awaited, done)
        )

    assert expected == (first, len(done))


@pytest.mark.parametrize(
    ("options", "times"),
    [({}, 2), ({"declares_effects": True, "remembers_effects": False}, 2), ({"declares_effects": True}, 3)],
)
async def test_how_often_a_store_is_asked(open_desk: OpenDesk, options: dict[str, bool], times: int) -> None:
    """
    A first write asks its store to claim and to complete; once more where the app declares that something begins.
    """
    desk = open_desk(**options)
    desk.statements.clear()
    done = await asked(desk, side_effect, side_effect)

    writes = [statement for statement in desk.statements if "UPDATE i" in statement or "REPLACE" in statement]
    assert ((201, None, None), times) == (done, len(writes))
