"""Who may call, and who may write."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from fastapi import Request

from failwell.clock import VirtualClock
from failwell.server import Caller, KeyRefusedError, KeyStore, RateLimits, install
from failwell.server.auth.keys import KeyProblem

from .shop import SHOP, Desk, OpenDesk, Shop, ask, normalised

pytestmark = pytest.mark.anyio

WELL_FORMED = "pk_live_" + "x" * 43


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, 'No API key was sent. Send it as "X-API-Key: <key>".'),
        ({"X-API-Key": "pk_live_short"}, "is malformed"),
        ({"X-API-Key": ""}, "is malformed"),
        ({"X-API-Key": WELL_FORMED}, "This API key is unknown or revoked. Use another one."),
    ],
)
async def test_without_a_key_that_holds_the_answer_is_401(desk: Desk, headers: dict[str, str], message: str) -> None:
    """
    A missing, malformed or unknown key is a 401 with a message of its own, and the handler does not run.
    """
    async with ask(desk.contract, headers=headers) as client:
        got = await client.post("/orders")

    assert (401, 'ApiKey realm="shop"', 0) == (got.status_code, got.headers["www-authenticate"], desk.shop.runs)
    assert message in got.json()["error"]["message"]


async def test_revoked_key_is_like_an_unknown_one(desk: Desk) -> None:
    """
    A revoked key is a 401 that cannot be told from that of a key which never was.
    """
    key = desk.keys.create("a", "member")
    async with ask(desk.contract, headers={"X-API-Key": key}) as client:
        before = await client.get("/orders/7")
        assert desk.keys.revoke(key)
        after = await client.get("/orders/7")
        never = await client.get("/orders/7", headers={"X-API-Key": WELL_FORMED})

    assert (200, 401) == (before.status_code, after.status_code)
    assert after.json()["error"] == never.json()["error"]


@pytest.mark.parametrize(("role", "statuses"), [("viewer", (200, 403)), ("member", (200, 201)), ("admin", (200, 201))])
async def test_viewer_may_not_write(desk: Desk, role: str, statuses: tuple[int, int]) -> None:
    """
    A viewer may read; a write with its key is a 403, and the handler does not run.
    """
    async with desk.client(role=role) as client:
        read, write = await client.get("/orders/7"), await client.post("/orders")

    assert statuses == (read.status_code, write.status_code)
    assert (0 if role == "viewer" else 1) == desk.shop.runs


async def test_public_paths_and_preflights_need_no_key(open_desk: OpenDesk) -> None:
    """
    A path that matches a pattern of `public` needs no key, and neither does a browser's preflight.
    """
    desk = open_desk(public=("/orders/*",))
    async with ask(desk.contract) as client:
        public = await client.get("/orders/7")
        private = await client.post("/orders")
        preflight = await client.options("/orders", headers={"access-control-request-method": "POST"})

    assert (200, 401, 405) == (public.status_code, private.status_code, preflight.status_code)


async def test_public_paths_begin_below_the_mount(open_desk: OpenDesk) -> None:
    """
    A pattern of `public` is of the app's own paths, also where a proxy's prefix stands before them.
    """
    desk = open_desk(public=("/orders/*",))
    transport = httpx2.ASGITransport(app=desk.contract, root_path="/v1")
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        got = await client.get("/v1/orders/7")

    assert 200 == got.status_code


async def test_two_keys_are_malformed(desk: Desk) -> None:
    """
    Two keys contradict each other: neither is taken.
    """
    key = desk.keys.create("a", "member")
    async with ask(desk.contract) as client:
        got = await client.get("/orders/7", headers=[("X-API-Key", key), ("X-API-Key", key)])

    assert 401 == got.status_code


@pytest.mark.parametrize(
    ("value", "status", "challenge"),
    [
        ("Bearer {key}", 200, None),
        ("bearer {key}", 200, None),
        ("Basic {key}", 401, 'Bearer realm="shop"'),
        ("{key}", 401, 'Bearer realm="shop"'),
        (f"Bearer {WELL_FORMED}", 401, 'Bearer realm="shop", error="invalid_token"'),
    ],
)
async def test_bearer_scheme(shop: Shop, tmp_path: Path, value: str, status: int, challenge: str | None) -> None:
    """
    Where keys come in `Authorization`, they stand after "Bearer", and the 401 says so (RFC 6750, 3).
    """
    keys = KeyStore(tmp_path / "keys.db", header="Authorization")
    sent = value.format(key=keys.create("a", "member"))
    async with ask(install(shop.app, SHOP, keys=keys), headers={"Authorization": sent}) as client:
        got = await client.get("/orders/7")
    keys.close()

    assert (status, challenge) == (got.status_code, got.headers.get("www-authenticate"))


async def test_handler_knows_the_caller(desk: Desk) -> None:
    """
    The scope holds the caller: tenant, the key's id and role, and nothing of the key.
    """
    seen: list[object] = []

    @desk.shop.app.get("/me")
    async def me(request: Request) -> None:
        seen.append(request.scope["failwell.caller"])

    async with desk.client("a", "viewer") as client:
        key = client.headers["X-API-Key"]
        await client.get("/me")

    assert [desk.keys.find(key)] == seen
    assert key not in repr(seen)


def test_store_holds_no_key(tmp_path: Path) -> None:
    """
    Only the SHA-256 of a key is stored: the file does not hold it.
    """
    keys = KeyStore(tmp_path / "keys.db", clock=VirtualClock())
    key = keys.create("a", "member")
    keys.close()

    assert 51 == len(key)
    assert not [file for file in tmp_path.iterdir() if key[8:].encode() in file.read_bytes()]


def test_key_is_revoked_by_itself_or_by_its_id(tmp_path: Path) -> None:
    """
    A key can be revoked once, by itself or by its id; an unknown one cannot.
    """
    keys = KeyStore(tmp_path / "keys.db")
    one, two = keys.create("a", "member"), keys.create("a", "member")
    found = keys.find(two)
    assert found is not None
    revoked = [keys.revoke(name) for name in (one, found.key_id, one, "key_none")]

    assert ([True, True, False, False], [None, None]) == (revoked, [keys.find(one), keys.find(two)])
    keys.close()


async def test_keys_that_cannot_be_read_are_a_503(desk: Desk, tmp_path: Path) -> None:
    """
    When the key store is down, the answer is the 503 case with a Retry-After, never an accidental 500.
    """
    client = desk.client()
    desk.keys.close()
    with closing(sqlite3.connect(tmp_path / "keys.db")) as db, db:
        db.execute("DROP TABLE api_keys")
    db.close()
    async with client:
        got = await client.get("/orders/7")

    assert (503, "2", False) == (got.status_code, got.headers["retry-after"], "api_keys" in got.text)


async def test_foreign_and_unknown_keys_cost_the_same_statements(desk: Desk) -> None:
    """
    S1. A revoked key and one that never was have the same status, and the same statements are executed.
    """
    revoked = desk.keys.create("a", "member")
    desk.keys.revoke(revoked)
    seen: list[tuple[int, list[str]]] = []
    for key in (revoked, WELL_FORMED):
        desk.statements.clear()
        async with ask(desk.contract, headers={"X-API-Key": key}) as client:
            got = await client.post("/orders")
        seen.append((got.status_code, normalised(desk.statements)))

    assert seen[0] == seen[1]
    assert 1 == len(seen[0][1])


def test_limits_and_idempotency_need_keys(shop: Shop) -> None:
    """
    Limits are kept per API key: without keys they are refused when the contract is installed.
    """
    with pytest.raises(ValueError, match=r"no keys were given. Pass keys=KeyStore"):
        install(shop.app, SHOP, limits=RateLimits("1/second"))


CODES: dict[KeyProblem, str] = {"invalid": "BAD_KEY", "expired": "OLD_KEY", "revoked": "DEAD_KEY"}


def test_key_expires(tmp_path: Path) -> None:
    """
    A key holds until the moment that it was made for, and not from then on.
    """
    clock = VirtualClock()
    keys = KeyStore(tmp_path / "keys.db", clock=clock)
    key, lasting = keys.create("a", "member", expires_at=clock.wall() + 10), keys.create("a", "member")
    seen = []
    for seconds in (9.5, 0.5, 1e9):
        clock.advance(seconds)
        seen.append((keys.find(key) is not None, keys.find(lasting) is not None))

    assert [(True, True), (False, True), (False, True)] == seen
    keys.close()


async def test_codes_tell_why_a_key_does_not_hold(shop: Shop, tmp_path: Path) -> None:
    """
    Where there are codes for it, a 401 tells a key that is unknown from one that expired, or was revoked.
    """
    clock = VirtualClock()
    keys = KeyStore(tmp_path / "keys.db", codes=CODES, clock=clock)
    expired, revoked = keys.create("a", "member", expires_at=clock.wall()), keys.create("a", "member")
    keys.revoke(revoked)
    contract = install(shop.app, SHOP, keys=keys)
    async with ask(contract) as client:
        answers = [
            await client.get("/orders/7", headers={"X-API-Key": key} if key else {})
            for key in ("", "pk_live_short", WELL_FORMED, expired, revoked)
        ]
    keys.close()

    codes = [answer.json()["error"]["code"] for answer in answers]
    assert (["BAD_KEY"] * 3 + ["OLD_KEY", "DEAD_KEY"], {401}, {'ApiKey realm="shop"'}) == (
        codes,
        {answer.status_code for answer in answers},
        {answer.headers["www-authenticate"] for answer in answers},
    )


async def test_check_keeps_callers_out(shop: Shop, tmp_path: Path) -> None:
    """
    The check of a key store keeps out whom it refuses, with its own status and code, before anything is done.
    """

    def check(caller: Caller) -> None:
        if caller.tenant == "late":
            raise KeyRefusedError("A payment is overdue. Pay it.", "PAST_DUE", 402)

    keys = KeyStore(tmp_path / "keys.db", check=check)
    contract = install(shop.app, SHOP, keys=keys)
    async with ask(contract) as client:
        late, paid = [
            await client.post("/orders", headers={"X-API-Key": keys.create(tenant, "member")}, json={"item": "book"})
            for tenant in ("late", "paid")
        ]
    keys.close()

    assert (402, "PAST_DUE", False) == (
        late.status_code,
        late.json()["error"]["code"],
        "www-authenticate" in late.headers,
    )
    assert (201, 1) == (paid.status_code, shop.runs)
