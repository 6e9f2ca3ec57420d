"""What Redis' store of idempotency records does when its server fails, forgets or is set up in another way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from failwell.contract.extras import MissingExtraError
from failwell.server import Claimed, InProgress, Record, RedisStore, StoreDownError, StoredResponse

from .shop import OpenDesk
from .stores import running_redis

RECORD = Record("a", "POST", "/orders", "k-1")
ANSWER = StoredResponse(201, (), b"{}", "r-1")
PASSWORD = "p4ssw0rd"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A Redis of one test."""
    with running_redis(tmp_path) as url:
        yield url


def pid_of(url: str) -> int:
    """The process of the Redis at *url*."""
    with closing(redis.Redis.from_url(url)) as db:
        return int(db.info("server")["process_id"])


def test_down_at_the_start() -> None:
    """
    S12. A Redis that cannot be reached is told of where the store is opened, with its address.
    """
    with pytest.raises(
        StoreDownError,
        match=r"^The store in Redis at 127\.0\.0\.1:1/0 failed: .*refused\. Look whether it runs there",
    ):
        RedisStore("redis://127.0.0.1:1/0")


@pytest.mark.parametrize("url", ["", "127.0.0.1:6379", "http://127.0.0.1"])
def test_no_address(url: str) -> None:
    """
    What is no address of a Redis is told, with the forms that there are.
    """
    with pytest.raises(ValueError, match="redis://"):
        RedisStore(url)


def test_password(tmp_path: Path) -> None:
    """
    A wrong password is a store that is down; no error shows it, and the right one opens.
    """
    with running_redis(tmp_path, "--requirepass", PASSWORD) as url:
        with pytest.raises(StoreDownError, match="password") as caught:
            RedisStore(url.replace("//", f"//:not-{PASSWORD}@"))
        RedisStore(url.replace("//", f"//:{PASSWORD}@")).close()

    assert PASSWORD not in str(caught.value)


def test_stalled(url: str) -> None:
    """
    S12. A Redis that does not answer is waited for as long as was said, and no longer.
    """
    with closing(RedisStore(url, busy=0.2)) as store:
        pid = pid_of(url)
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreDownError, match=r"Timeout"):
                store.claim(RECORD, b"1", "one", lease=60, kept=100)
        finally:
            os.kill(pid, signal.SIGCONT)
        claims = [store.claim(RECORD, b"1", owner, lease=60, kept=100) for owner in ("one", "two")]

    # Whatever Redis made of the first claim, its owner has the record.
    assert [Claimed(), True] == [claims[0], isinstance(claims[1], InProgress)]


def test_data_that_is_lost(url: str) -> None:
    """
    S5. A Redis that forgets while a request runs: its owner cannot keep an answer for a record that is not its own.
    """
    with closing(RedisStore(url)) as store:
        store.claim(RECORD, b"1", "one", lease=60, kept=100)
        with closing(redis.Redis.from_url(url)) as db:
            db.flushall()
        after = [store.renew(RECORD, "one", lease=60), store.complete(RECORD, "one", ANSWER, kept=100)]

    assert [False, False] == after


def test_memory_that_is_full(url: str) -> None:
    """
    S12. A Redis that has no room left is a store that is down; what it kept is there, and it goes on when it has room.
    """
    with closing(RedisStore(url)) as store, closing(redis.Redis.from_url(url)) as db:
        store.claim(RECORD, b"1", "one", lease=60, kept=100)
        store.complete(RECORD, "one", ANSWER, kept=100)
        db.config_set("maxmemory", 1)
        with pytest.raises(StoreDownError, match=r"maxmemory.*has room"):
            store.claim(RECORD._replace(key="k-2"), b"1", "two", lease=60, kept=100)
        db.config_set("maxmemory", 0)
        found = [store.claim(RECORD._replace(key=key), b"1", "two", lease=60, kept=100) for key in ("k-1", "k-2")]

    assert [ANSWER, Claimed()] == found


def test_clock_that_was_set_back(url: str) -> None:
    """
    S5. A lease of a time that has not come yet ends within its length.
    """
    with closing(RedisStore(url)) as store, closing(redis.Redis.from_url(url)) as db:
        store.claim(RECORD, b"1", "dead", lease=60, kept=100)
        (key,) = db.scan_iter()
        db.hincrby(key, "leased_until", 3_600_000)
        found = store.claim(RECORD, b"1", "two", lease=60, kept=100)

    assert InProgress(60) == found


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--appendonly", "no"), ["keeps nothing on disk"]),
        (("--appendonly", "yes"), []),
        (("--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"), ["may drop idempotency keys"]),
    ],
)
def test_a_redis_that_forgets(
    options: tuple[str, ...], told: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """
    S6. A Redis that keeps nothing on disk, or drops what it holds, is told of once, with what to set.
    """
    with running_redis(tmp_path, *options) as url, closing(RedisStore(url)) as store:
        store.claim(RECORD, b"1", "one", lease=60, kept=100)

    said = [record.getMessage() for record in caplog.records if record.name == "failwell.server"]
    assert len(told) == len(said)
    assert all(words in message for words, message in zip(told, said, strict=True))


@pytest.mark.anyio
async def test_requests_while_it_is_down(url: str, open_desk: OpenDesk) -> None:
    """
    S12. While Redis is down a request with a key is refused with 503 and Retry-After, and its work is not done.
    """
    with closing(RedisStore(url, busy=0.5)) as store:
        desk = open_desk(store=store)
        async with desk.client() as client:
            first = await client.put("/orders", headers={"Idempotency-Key": "k-1"})
            again = await client.put("/orders", headers={"Idempotency-Key": "k-1"})
            with closing(redis.Redis.from_url(url)) as db:
                db.shutdown(nosave=True)
            refused = await client.put("/orders", headers={"Idempotency-Key": "k-2"})
            without = await client.put("/orders")

    assert (200, "true") == (first.status_code, again.headers.get("idempotent-replayed"))
    assert (503, "2") == (refused.status_code, refused.headers["retry-after"])
    assert (200, 2) == (without.status_code, desk.shop.runs)


def test_without_redis_py() -> None:
    """
    Where redis-py is missing, the extra that brings it is named.
    """
    program = "import sys; sys.modules['redis'] = None\nfrom failwell.server import RedisStore"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert MissingExtraError.__name__ in ran.stderr
    assert 'pip install "failwell[redis]"' in ran.stderr
