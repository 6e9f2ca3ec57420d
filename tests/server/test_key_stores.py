"""API keys: each store of them keeps its word, also for the other hosts that share it, and when it fails."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from failwell.clock import VirtualClock
from failwell.server import (
    Caller,
    KeyRefusedError,
    KeyStore,
    NotOurTableError,
    PostgresKeyStore,
    RedisKeyStore,
    StoreDownError,
    install,
)
from failwell.server.auth.keys import StoredKeys

from .shop import SHOP, Shop, ask
from .stores import running_redis

Open = Callable[..., StoredKeys]


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis for the tests of this module."""
    with running_redis(tmp_path_factory.mktemp("redis"), "--appendonly", "no") as url:
        yield url


@pytest.fixture(params=["sqlite", "redis", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock) -> Iterator[Open]:
    """Open a store as one more host, of those that share an empty one."""
    store: Any = {"sqlite": KeyStore, "redis": RedisKeyStore, "postgres": PostgresKeyStore}[request.param]
    if request.param == "sqlite":
        address = str(tmp_path / "keys.db")
    elif request.param == "postgres":
        address = request.getfixturevalue("postgres_url")
    else:
        address = request.getfixturevalue("redis_url")
        with closing(redis.Redis.from_url(address)) as db:
            db.flushdb()
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(closing(store(address, clock=clock, **options)))


def test_key_is_found_by_each_host(opened: Open) -> None:
    """
    A key that one host makes lets its caller in at the other; one that never was does not, and an id is no key.
    """
    one, other = opened(), opened()
    keys = [one.create("acme", "member", tier="pro"), one.create("globex", "viewer")]
    found = [other.find(key) for key in keys]

    told = [(caller.tenant, caller.role, caller.tier) for caller in found if caller is not None]
    assert [("acme", "member", "pro"), ("globex", "viewer", "")] == told
    assert [None, None] == [other.find("pk_live_" + "A" * 43), other.find(id_of(one, keys[0]))]


def id_of(store: StoredKeys, key: str) -> str:
    """The id of a *key* that holds."""
    caller = store.find(key)
    assert caller is not None
    return caller.key_id


@pytest.mark.parametrize("by_id", [False, True])
def test_revoked_at_once(opened: Open, by_id: bool) -> None:
    """
    A key that one host revokes lets nobody in at the other from the next call on; nothing brings it back.
    """
    one, other = opened(), opened(codes={"revoked": "REVOKED"})
    key, stays = one.create("acme", "member"), one.create("acme", "member")
    named = id_of(other, key) if by_id else key
    revoked = [one.revoke(named), one.revoke(named), one.move(named, "pro"), one.revoke("key_none")]

    assert ([True, False, False, False], None) == (revoked, one.find(key))
    with pytest.raises(KeyRefusedError) as refused:
        other.find(key)
    assert "REVOKED" == refused.value.code
    assert isinstance(other.find(stays), Caller)


def test_moved_and_expired(opened: Open, clock: VirtualClock) -> None:
    """
    A key is in its new tier at once, on each host, and holds until its time is over, and not a second longer.
    """
    one, other = opened(), opened()
    key = one.create("acme", "member", tier="free", expires_at=clock.wall() + 60)
    moved = other.move(id_of(one, key), "pro")
    clock.advance(59)
    found = one.find(key)
    clock.advance(1)

    assert (True, "pro") == (moved, None if found is None else found.tier)
    assert [None, None] == [one.find(key), other.find(key)]


def test_key_is_not_kept(opened: Open, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """
    Only the hash of a key is kept: nothing of the key itself can be read in the store.
    """
    key = opened().create("acme", "member")
    kind = request.node.callspec.params["opened"]
    if kind == "sqlite":
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    elif kind == "redis":
        with closing(redis.Redis.from_url(request.getfixturevalue("redis_url"))) as db:
            names: list[bytes] = list(db.scan_iter())
            kept = b"".join(names) + b"".join(db.dump(name) or b"" for name in names)
    else:
        with psycopg.connect(request.getfixturevalue("postgres_url")) as db:
            kept = str(db.execute("SELECT * FROM failwell_api_keys").fetchall()).encode()

    assert b"acme" in kept
    assert key.removeprefix("pk_live_").encode() not in kept


def test_store_that_cannot_be_reached() -> None:
    """
    S12. A store of keys that cannot be reached is told of where it is opened, with its address.
    """
    for store, url in ((RedisKeyStore, "redis://127.0.0.1:1/0"), (PostgresKeyStore, "postgresql://a:b@127.0.0.1:1/c")):
        with pytest.raises(StoreDownError, match=r"127\.0\.0\.1:1.*Look whether it runs"):
            store(url)


def test_somebody_elses_table(postgres_url: str) -> None:
    """
    A table of another schema is left as it is, and told of; another prefix opens a store beside it.
    """
    with psycopg.connect(postgres_url) as db:
        db.execute("CREATE TABLE failwell_api_keys (words text)")
    with pytest.raises(NotOurTableError, match="failwell_api_keys"):
        PostgresKeyStore(postgres_url)
    with closing(PostgresKeyStore(postgres_url, table_prefix="shop")) as store:
        assert store.find(store.create("acme", "member")) is not None


@pytest.mark.anyio
async def test_while_it_is_down(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """
    S12. While the store of keys is down nobody is let in: 503 and Retry-After. A Redis that forgets is told of once.
    """
    with running_redis(tmp_path, "--appendonly", "no") as url, closing(RedisKeyStore(url, busy=0.2)) as keys:
        with closing(redis.Redis.from_url(url)) as db:
            pid = int(db.info("server")["process_id"])
        async with ask(
            install(Shop().app, SHOP, keys=keys), headers={"X-API-Key": keys.create("acme", "member")}
        ) as client:
            before = await client.get("/orders/7")
            os.kill(pid, signal.SIGSTOP)
            try:
                down = await client.get("/orders/7")
            finally:
                os.kill(pid, signal.SIGCONT)
            after = await client.get("/orders/7")
            with closing(redis.Redis.from_url(url)) as db:
                db.flushall()
            lost = await client.get("/orders/7")

    assert [200, 503, 200, 401] == [reply.status_code for reply in (before, down, after, lost)]
    assert "2" == down.headers["retry-after"]
    assert 1 == sum("every API key is gone" in record.getMessage() for record in caplog.records)
