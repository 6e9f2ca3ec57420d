"""A disk that fills and empties again, under each store of idempotency records: a small file system of its own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from failwell.server import Claimed, PostgresStore, Record, RedisStore, SqliteStore, StoreDownError, StoredResponse
from tests.postgres import Server

from .shop import OpenDesk
from .stores import running_redis
from .workers import until

pytestmark = pytest.mark.slow

Kept = SqliteStore | RedisStore | PostgresStore

RECORD = Record("a", "POST", "/orders", "kept")
ANSWER = StoredResponse(201, (), b"{}", "r-1")
SIZES = {"sqlite": "1m", "redis": "1m", "postgres": "96m"}


@contextmanager
def small_disk(size: str) -> Generator[Path]:
    """A folder that has room for *size*, and no more."""
    folder = Path(tempfile.mkdtemp(prefix="failwell-disk-"))
    folder.chmod(0o755)
    mounted = (
        shutil.which("mount") is not None
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        ).returncode
    )
    try:
        if not mounted:
            pytest.skip("only root can make a small disk")
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


class Disk:
    """The disk of a store, which can be filled to its last byte."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no room."""
        with self._filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                while True:
                    try:
                        file.write(b"x" * size)
                    except OSError:
                        break

    def empty(self) -> None:
        """Make room again."""
        self._filler.unlink()


@pytest.fixture(params=["sqlite", "redis", "postgres"])
def stored(request: pytest.FixtureRequest) -> Iterator[tuple[Kept, Disk]]:
    """Each store with its data on a small disk."""
    kind: str = request.param
    with ExitStack() as ending:
        folder = ending.enter_context(small_disk(SIZES[kind]))
        store: Kept
        if kind == "sqlite":
            store = SqliteStore(folder / "answers.db")
        elif kind == "redis":
            store = RedisStore(ending.enter_context(running_redis(folder, "--appendonly", "yes")))
        else:
            server = Server(folder, {})
            ending.callback(server.stop)
            server.start()
            store = PostgresStore(server.url, busy=5)
        ending.enter_context(closing(store))
        yield store, Disk(folder)


@pytest.mark.anyio
async def test_disk_that_fills_and_empties(stored: tuple[Kept, Disk], open_desk: OpenDesk) -> None:
    """
    S12. While its disk is full a store is down: 503 with Retry-After, and nothing is done; what it kept is there after.
    """
    store, disk = stored
    numbers = count()
    store.claim(RECORD, b"1", "one", lease=60, kept=1000)
    store.complete(RECORD, "one", ANSWER, kept=1000)

    def works() -> bool:
        record = RECORD._replace(key=f"k-{next(numbers)}")
        try:  # as large as those of the requests below
            return store.claim(record, b"1" * 32, "o" * 32, lease=60, kept=1000, tells=True) == Claimed()
        except StoreDownError:
            return False

    before = works()
    disk.fill()
    until(lambda: not works())
    desk = open_desk(store=store, lease=6.0)
    async with desk.client() as client:
        refused = await client.put("/orders", headers={"Idempotency-Key": "full"})
        runs = desk.shop.runs
        disk.empty()
        until(works)
        after = await client.put("/orders", headers={"Idempotency-Key": "full"})
        again = await client.put("/orders", headers={"Idempotency-Key": "full"})

    assert (True, 503, "2", 0) == (before, refused.status_code, refused.headers["retry-after"], runs)
    assert (200, "true", 1) == (after.status_code, again.headers.get("idempotent-replayed"), desk.shop.runs)
    assert ANSWER == store.claim(RECORD, b"1", "two", lease=60, kept=1000)
