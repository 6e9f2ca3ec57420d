"""Real stores that fail: locked by another process, on a full disk, in a folder that is read-only, too slow."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import anyio
import httpx2
import pytest

from failwell.server import Caller, install
from failwell.server.auth import auth

from .shop import SHOP, OpenDesk, Shop, ask
from .workers import Worker, log, until, working

LEASE = 4.0
"""Seconds. A worker waits a quarter of it for a lock, and half of it for its store."""

When = Literal["closed", "open"]


@contextmanager
def locked(path: Path) -> Generator[None]:
    """*path* while this process writes into it, and does not come to an end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


def begun(folder: Path) -> int:
    """How many orders the workers of *folder* have begun."""
    return sum(line.startswith("begun") for line in log(folder))


def kept(worker: Worker, key: str) -> bool:
    """Whether an order with *key* is done, and its answer given again."""
    first, again = worker.order(key), worker.order(key)
    return (201, "true") == (first.status_code, again.headers.get("idempotent-replayed"))


def refused_cleanly(reply: httpx2.Response, folder: Path) -> bool:
    """Whether *reply* is the declared 503, which tells when to come back and nothing about the server."""
    said = "Idempotency keys cannot be checked at the moment. Try again in a few seconds, with the same key."
    told = (reply.status_code, reply.headers.get("retry-after"), reply.json().get("error", {}).get("message"))
    return told == (503, "2", said) and str(folder) not in reply.text


@pytest.fixture(params=["closed", "open"])
def when(request: pytest.FixtureRequest) -> When:
    """Each policy."""
    return "open" if request.param == "open" else "closed"


def follows(worker: Worker, when: When, key: str) -> bool:
    """Whether an order with *key* is treated as *when* says, and within the declared time."""
    before, started = begun(worker.folder), time.monotonic()
    reply = worker.order(key)
    in_time = time.monotonic() - started < LEASE
    done = begun(worker.folder) - before
    if when == "closed":
        return in_time and done == 0 and refused_cleanly(reply, worker.folder)
    return in_time and (reply.status_code, done) == (201, 1)


def test_locked_by_another_process(tmp_path: Path, when: When) -> None:
    """
    S12. While another process holds the file of records, each call with a key follows the policy; others never notice.
    """
    with working(tmp_path, lease=LEASE, when_down=when) as worker:
        worker.let_go()
        with locked(tmp_path / "idempotency.sqlite"):
            seen = [follows(worker, when, "k-1"), follows(worker, when, "k-1")]
            without = worker.order("")
        after = [worker.order("k-1"), worker.order("k-1")]

    assert ([True, True], 201) == (seen, without.status_code)
    assert [(201, None), (201, "true")] == [(r.status_code, r.headers.get("idempotent-replayed")) for r in after]


def test_locked_when_the_answer_is_to_be_kept(tmp_path: Path) -> None:
    """
    S4, S12. An answer that cannot be kept is sent in time; it is kept when the lock ends, and the work not done twice.
    """
    with working(tmp_path, lease=60.0) as worker, ThreadPoolExecutor() as threads:
        first = threads.submit(worker.order)
        until(lambda: 1 == begun(tmp_path))
        with locked(tmp_path / "idempotency.sqlite"):
            worker.let_go()
            until(lambda: "could not be kept" in (tmp_path / "errors").read_text())
            sent = first.result()
        again: list[httpx2.Response] = [sent]

        def replayed() -> bool:
            again.append(worker.order())
            return again[-1].status_code != 409

        until(replayed)

    assert (201, 201, "true") == (
        sent.status_code,
        again[-1].status_code,
        again[-1].headers.get("idempotent-replayed"),
    )
    assert 1 == begun(tmp_path)


def test_locked_keys_can_be_read(tmp_path: Path) -> None:
    """
    S12. Keys are found also while another process writes into their file.
    """
    with working(tmp_path, lease=LEASE) as worker:
        worker.let_go()
        with locked(tmp_path / "keys.sqlite"):
            reply = worker.order()

    assert 201 == reply.status_code


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux lets one process change another's limits")
def test_full_disk(tmp_path: Path, when: When) -> None:
    """
    S12. When there is no room for records, each call with a key follows the policy; when there is again, keys work.
    """
    with working(tmp_path, lease=LEASE, when_down=when, limit=96 * 1024) as worker:
        worker.let_go()
        until(lambda: not kept(worker, os.urandom(8).hex()))
        seen = [follows(worker, when, f"full-{number}") for number in range(5)]
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        after = [worker.order("full-1"), worker.order("full-1")]

    assert [True] * 5 == seen
    assert [(201, None), (201, "true")] == [(r.status_code, r.headers.get("idempotent-replayed")) for r in after]


@pytest.mark.anyio
async def test_late_claim_is_given_back(open_desk: OpenDesk, tmp_path: Path) -> None:
    """
    S12. A call is refused once its patience ends, however long the store may wait; what it claims later is released.
    """
    desk = open_desk(busy=60, patience=0.3)
    started = time.monotonic()
    async with desk.client() as client:
        with locked(tmp_path / "answers.db"):
            refused = await client.put("/orders", headers={"Idempotency-Key": "k-1"})
            seconds = time.monotonic() - started
        with anyio.fail_after(30):
            replies = [refused]
            while replies[-1].status_code != 200:
                replies.append(await client.put("/orders", headers={"Idempotency-Key": "k-1"}))

    assert (True, True, 1) == (refused_cleanly(refused, tmp_path), 0.3 <= seconds < 5, desk.shop.runs)


@pytest.mark.parametrize("there", [False, True])
def test_read_only_folder(there: bool) -> None:
    """
    S12. In a folder that is read-only, whether the files are there or not, opening them is a `StoreDownError`.
    """
    program = (
        "import os, sys; from failwell.server import *\n"
        "os.setuid(int(sys.argv[2]))\n"
        "for store in (KeyStore, SqliteStore):\n"
        "    try: store(sys.argv[1] + '/' + store.__name__)\n"
        "    except StoreDownError as problem: print(problem)\n"
    )
    # Not pytest's folder, which only its owner may enter; the superuser may write everywhere, so somebody else looks.
    folder = Path(tempfile.mkdtemp())
    run = [sys.executable, "-c", program, str(folder)]
    me, somebody = os.geteuid(), os.geteuid() or 65534
    try:
        if there:
            subprocess.run([*run, str(me)], check=True)
        for path in (*folder.iterdir(), folder):
            path.chmod(0o555 if path == folder else 0o444)
        said = subprocess.run([*run, str(somebody)], capture_output=True, text=True, check=True).stdout.splitlines()
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)

    wrong = "attempt to write a readonly database" if there else "unable to open database file"
    remedy = "Look at its disk and permissions, and at who locks it."
    stores = [f"{folder}/KeyStore", f"{folder}/SqliteStore"]
    assert [f"The store {path!r} failed: {wrong}. {remedy}" for path in stores] == said


class SlowKeys:
    """Keys on a disk that does not answer."""

    header = "X-API-Key"
    shape = "anything"

    def __init__(self) -> None:
        self.free = threading.Event()

    def well_formed(self, key: str) -> bool:
        return bool(key)

    def find(self, key: str) -> Caller | None:
        self.free.wait()
        return Caller("a", "key_1", "member")


@pytest.mark.anyio
async def test_keys_that_do_not_answer_are_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    S12. Where keys cannot be looked up in time nobody is let in: 503 and Retry-After; afterwards it goes on.
    """
    monkeypatch.setattr(auth, "PATIENCE", 0.1)
    keys = SlowKeys()
    async with ask(install(Shop().app, SHOP, keys=keys), headers={"X-API-Key": "k"}) as client:
        with anyio.fail_after(5):
            refused = await client.get("/orders/7")
        keys.free.set()
        after = await client.get("/orders/7")

    assert (503, "2", 200) == (refused.status_code, refused.headers["retry-after"], after.status_code)
