"""The same key in several processes, which are killed and stopped in the middle of the work."""

from __future__ import annotations

import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from failwell.server import Idempotency, Record
from failwell.server.idempotency.policy import fingerprint

from .shop import Desk, OpenDesk
from .test_idempotency import NoStore
from .workers import Worker, log, until, working

LEASE = 2.0
"""Seconds. The clock of another process is the real one, so that this is how long a test takes."""

KEY = {"Idempotency-Key": "k-1"}
ORDERS = Record("a", "PUT", "/orders", "k-1")


def told(reply: httpx2.Response) -> tuple[int, str | None, str | None]:
    """The status, the code of an error, and how long to wait."""
    code = reply.json().get("error", {}).get("code")
    return reply.status_code, code, reply.headers.get("retry-after")


IN_PROGRESS = (409, "idempotency_in_progress", "1")

OVERDUE = (409, "idempotency_in_progress", "2")
"""What is told while the owner has missed a renewal, or renews late on a busy machine: the rest of the lease."""


def another(worker: Worker, replies: list[httpx2.Response]) -> httpx2.Response:
    """The reply to one more order, which is added to *replies*."""
    replies.append(worker.order())
    return replies[-1]


def ordered_again(worker: Worker) -> tuple[list[httpx2.Response], float]:
    """Order until it is no 409: the replies, the last of them that order's, and how many seconds that took."""
    begun = time.monotonic()
    replies: list[httpx2.Response] = []
    until(lambda: another(worker, replies).status_code != 409)
    return replies, time.monotonic() - begun


def test_killed_worker(tmp_path: Path) -> None:
    """
    S5. After kill -9 in the middle of the work its key is refused until the lease ends; then the work is done once.
    """
    with (
        working(tmp_path, lease=LEASE) as dead,
        working(tmp_path, lease=LEASE) as heir,
        ThreadPoolExecutor() as threads,
    ):
        first = threads.submit(dead.order)
        until(lambda: [f"begun {dead.pid}"] == log(tmp_path))
        dead.send(signal.SIGKILL)
        heir.let_go()
        replies, seconds = ordered_again(heir)
        again = heir.order()

        assert isinstance(first.exception(), httpx2.TransportError)
        assert {told(reply) for reply in replies[:-1]} <= {IN_PROGRESS, OVERDUE}
        assert 201 == replies[-1].status_code
        assert ([f"begun {dead.pid}", f"begun {heir.pid}", f"done {heir.pid}"], True) == (log(tmp_path), seconds < 10)
        assert (replies[-1].content, "true") == (again.content, again.headers["idempotent-replayed"])


def test_stopped_worker(tmp_path: Path) -> None:
    """
    S5. An owner that stood still for longer than its lease comes too late: the record stays that of the next owner.
    """
    with (
        working(tmp_path, lease=LEASE) as late,
        working(tmp_path, lease=LEASE) as heir,
        ThreadPoolExecutor() as threads,
    ):
        first: Future[httpx2.Response] = threads.submit(late.order)
        until(lambda: [f"begun {late.pid}"] == log(tmp_path))
        late.send(signal.SIGSTOP)
        heir.let_go()
        replies, _ = ordered_again(heir)
        late.send(signal.SIGCONT)
        late.let_go()
        of_its_own = first.result()
        kept = [worker.order() for worker in (heir, late)]

    assert (201, {"by": heir.pid}) == (replies[-1].status_code, replies[-1].json())
    assert (201, {"by": late.pid}) == (of_its_own.status_code, of_its_own.json())
    assert [(replies[-1].content, "true")] * 2 == [(r.content, r.headers["idempotent-replayed"]) for r in kept]
    assert 1 == (tmp_path / "errors").read_text().count("was lost before its answer was kept")


def test_working_worker_keeps_its_key(tmp_path: Path) -> None:
    """
    S4. Work that takes longer than its lease keeps the key: the lease is renewed, nobody else begins.
    """
    with (
        working(tmp_path, lease=LEASE) as slow,
        working(tmp_path, lease=LEASE) as other,
        ThreadPoolExecutor() as threads,
    ):
        first = threads.submit(slow.order)
        until(lambda: [f"begun {slow.pid}"] == log(tmp_path))
        begun = time.monotonic()
        seen: list[httpx2.Response] = []
        until(lambda: another(other, seen).status_code != 409 or time.monotonic() - begun > 1.5 * LEASE)
        slow.let_go()

        assert {told(reply) for reply in seen} <= {IN_PROGRESS, OVERDUE}
        assert 201 == first.result().status_code
        assert first.result().content == other.order().content
        assert [f"begun {slow.pid}", f"done {slow.pid}"] == log(tmp_path)


def test_concurrent_calls_over_several_processes(tmp_path: Path) -> None:
    """
    S4. Of 24 concurrent calls with one key over three processes one does the work, once; the others get 409 meanwhile.
    """
    with ExitStack() as stack:
        workers = [stack.enter_context(working(tmp_path, lease=30.0)) for _ in range(3)]
        threads = stack.enter_context(ThreadPoolExecutor(24))
        calls = [threads.submit(workers[number % 3].order) for number in range(24)]
        until(lambda: 23 == sum(call.done() for call in calls))
        for worker in workers:
            worker.let_go()
        statuses = sorted(told(call.result()) for call in calls)
        [winner] = [call.result() for call in calls if call.result().status_code == 201]
        replays = [worker.order() for worker in workers]

        assert [(201, None, None), *[IN_PROGRESS] * 23] == statuses
        assert [f"begun {winner.json()['by']}", f"done {winner.json()['by']}"] == log(tmp_path)
        assert [(201, winner.content, "true")] * 3 == [
            (reply.status_code, reply.content, reply.headers["idempotent-replayed"]) for reply in replays
        ]


def claimed_at(desk: Desk, *, lease: float) -> None:
    """Let somebody who is never heard of again begin the order."""
    claim = desk.store.claim(ORDERS, fingerprint(b"", b""), "dead", lease=lease, kept=99)

    assert "Claimed()" == repr(claim)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("lease", "after", "wait", "then"),
    [
        (60, 0, "1", 409),
        (60, 7.5, "1", 409),
        (60, 7.6, "53", 200),
        (60, 30, "30", 200),
        (60, 45.5, "15", 200),
        (60, 59.5, "1", 200),
        (3, 1.6, "2", 200),
        (1, 0, "1", 200),
    ],
)
async def test_wait_for_an_owner_that_is_overdue(
    open_desk: OpenDesk, lease: float, after: float, wait: str, then: int
) -> None:
    """
    S5. An owner that missed a renewal has probably died: its callers are told the rest of its lease, and then let in.
    """
    desk = open_desk(lease=lease, patience=0.9)
    claimed_at(desk, lease=lease)
    desk.clock.advance(after)
    async with desk.client() as client:
        refused = await client.put("/orders", headers=KEY)
        desk.clock.advance(int(refused.headers["retry-after"]))
        after_it = await client.put("/orders", headers=KEY)

    assert (409, "idempotency_in_progress", wait) == told(refused)
    assert (then, int(then == 200)) == (after_it.status_code, desk.shop.runs)


@pytest.mark.anyio
async def test_who_waits_as_told_outlasts_a_dead_owner(open_desk: OpenDesk) -> None:
    """
    S5. Never 409 for ever: waiting as told, and no longer, comes through in the moment in which the lease ends.
    """
    desk = open_desk()
    claimed_at(desk, lease=60)
    began, statuses = desk.clock.now(), [409]
    async with desk.client() as client:
        while statuses[-1] == 409:
            reply = await client.put("/orders", headers=KEY)
            statuses.append(reply.status_code)
            desk.clock.advance(int(reply.headers.get("retry-after", 0)))

    assert (200, 1, 60) == (statuses[-1], desk.shop.runs, round(desk.clock.now() - began))


@pytest.mark.parametrize(("patience", "lease"), [(3, 3), (3, 2), (0, 60), (-1, 60)])
def test_lease_must_outlast_its_claim(patience: float, lease: float) -> None:
    """
    A lease that may end while its claim still waits for the store is refused when the policy is declared.
    """
    with pytest.raises(ValueError, match=rf"patience={patience} must lie between 0 and lease={lease}, or a lease may"):
        Idempotency(NoStore(), lease=lease, patience=patience)
