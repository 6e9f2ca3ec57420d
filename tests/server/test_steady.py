"""Leases and kept answers go by a clock that does not jump, whoever sets the time of day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import pictograph_server.vendor
from failwell.clock import SystemClock, VirtualClock
from failwell.server import (
    Claim,
    Claimed,
    DataStore,
    InProgress,
    Record,
    Schema,
    SqliteStore,
    StoredResponse,
    Submission,
    find_submission,
)
from failwell.server.storage import steady_clock

RECORD = Record("a", "POST", "/orders", "k-1")
ANSWER = StoredResponse(201, (), b"", "r-1")

HOUR = 3600.0


class Machine(VirtualClock):
    """The clocks of a machine whose time of day is set, and which is started again."""

    def __init__(self) -> None:
        super().__init__()
        self.boot: str | None = "boot-1"
        self.set_by = 0.0

    def wall(self) -> float:
        return super().wall() + self.set_by

    def reboot(self) -> None:
        """Start again: the steady clock begins at another number, and the time of day goes on."""
        self.boot = "boot-2"
        self.set_by += self.now()
        self.advance(-self.now())


Open = Callable[[], SqliteStore]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine, 1,000 s after its start."""
    machine = Machine()
    machine.advance(1000)
    monkeypatch.setattr(steady_clock, "boot_of", lambda _: machine.boot)
    return machine


@pytest.fixture
def start(machine: Machine, tmp_path: Path) -> Iterator[Open]:
    """Another process that opens the file."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(SqliteStore(tmp_path / "answers.db", clock=machine)))


def claim(store: SqliteStore, owner: str) -> Claim:
    """Claim the record with a lease of 60 s, to be kept for 100 s."""
    return store.claim(RECORD, b"1", owner, lease=60, kept=100)


JUMPS = pytest.mark.parametrize("jump", [HOUR, -HOUR, 365 * 24 * HOUR, -365 * 24 * HOUR, 61, -61])


@JUMPS
@pytest.mark.parametrize("joins", ["before", "after"])
def test_time_of_day_is_set_during_a_lease(machine: Machine, start: Open, jump: float, joins: str) -> None:
    """
    S4, S5. However the time of day is set, a lease lasts as long as it was given, for processes that start later too.
    """
    one = start()
    other = start() if joins == "before" else None
    claim(one, "one")
    machine.set_by += jump
    other = other or start()
    seen = [claim(other, "other")]
    machine.advance(30)
    renewed = one.renew(RECORD, "one", lease=60)
    seen.append(claim(other, "other"))
    machine.advance(59.5)
    seen.append(claim(other, "other"))
    machine.advance(0.5)
    seen.append(claim(other, "other"))

    assert (True, [InProgress(60), InProgress(60), InProgress(0.5), Claimed()]) == (renewed, seen)


@JUMPS
def test_time_of_day_is_set_while_an_answer_is_kept(machine: Machine, start: Open, jump: float) -> None:
    """
    S6. However the time of day is set, an answer is kept as long as was said, and then forgotten.
    """
    one = start()
    claim(one, "one")
    one.complete(RECORD, "one", ANSWER, kept=100)
    machine.set_by += jump
    machine.advance(99)
    kept = [claim(store, "other") for store in (one, start())]
    machine.advance(1)

    assert [ANSWER] * 2 == kept
    assert Claimed() == claim(start(), "other")


@pytest.mark.parametrize(
    ("jump", "first"),
    [(0, InProgress(50)), (HOUR, Claimed()), (-HOUR, InProgress(60)), (49, InProgress(1)), (-11, InProgress(60))],
)
def test_reboot(machine: Machine, start: Open, jump: float, first: Claim) -> None:
    """
    S5. After a reboot, whatever time it is then, the key of an owner that died with it is free after one lease at most.
    """
    claim(start(), "dead")
    machine.advance(10)
    machine.reboot()
    machine.set_by += jump
    store = start()
    claims = [claim(store, "heir")]
    machine.advance(60)
    claims.append(claim(store, "next"))

    assert [first, Claimed()] == claims


@pytest.mark.parametrize("jump", [0, 60, -HOUR])
def test_answers_outlast_a_reboot(machine: Machine, start: Open, jump: float) -> None:
    """
    S6. An answer that is kept is there after a reboot.
    """
    one = start()
    claim(one, "one")
    one.complete(RECORD, "one", ANSWER, kept=100)
    machine.reboot()
    machine.set_by += jump

    assert ANSWER == claim(start(), "other")


def test_lease_of_another_boot_whose_owner_lives(machine: Machine, start: Open) -> None:
    """
    S4. A lease that is shortened, as that of an earlier boot under a clock that was ahead, holds if it is renewed.
    """
    one = start()
    claim(one, "one")
    machine.boot, machine.set_by = "another container", -HOUR
    other = start()
    seen = [claim(other, "other")]
    machine.advance(59)
    one.renew(RECORD, "one", lease=60)
    machine.advance(59)

    assert [InProgress(60), InProgress(60)] == [*seen, claim(other, "other")]


def test_system_without_a_boot_id(machine: Machine, start: Open) -> None:
    """
    Where the system does not tell its boots apart, a process goes by its own steady clock from its start on.
    """
    machine.boot = None
    one, other = start(), start()
    claim(one, "one")
    machine.set_by += HOUR

    assert InProgress(60) == claim(other, "other")


def test_boot_of_this_machine() -> None:
    """
    A boot is named for the machine's own clock, always the same, and for no other clock.
    """
    assert (True, None) == (
        steady_clock.boot_of(SystemClock()) == steady_clock.boot_of(SystemClock()),
        steady_clock.boot_of(VirtualClock()),
    )


JOBS = Schema(
    1,
    "CREATE TABLE IF NOT EXISTS jobs (seq INTEGER PRIMARY KEY, id TEXT, tenant TEXT, idempotency_key TEXT,"
    " created_at REAL)",
    "nothing",
)
KEY = Submission("k-1", "scope", "body")


@pytest.mark.parametrize("again", [False, True], ids=["the same process", "another process"])
@pytest.mark.parametrize("set_by", [0.0, 48 * HOUR, -48 * HOUR])
@pytest.mark.parametrize(("hours", "found"), [(1, "job_1"), (23, "job_1"), (25, None)])
def test_how_long_a_job_is_found_by_its_key(
    machine: Machine, tmp_path: Path, *, again: bool, set_by: float, hours: int, found: str | None
) -> None:
    """
    S5. A repeated key finds its job for 24 hours, also where the time of day was set to another day meanwhile.
    """
    with closing(DataStore(tmp_path / "data", "jobs.db", JOBS)) as store:
        clock = store.steady(machine)
        with store.writing() as db:
            db.execute("INSERT INTO jobs VALUES (1, 'job_1', 'a', ?, ?)", (KEY, clock.wall()))
        machine.set_by += set_by
        machine.advance(hours * HOUR)
        later = store.steady(machine) if again else clock
        with store.writing() as db:
            assert found == find_submission(db, "jobs", later, "a", KEY)


def test_moments_of_a_reference_server(machine: Machine, tmp_path: Path) -> None:
    """
    What a reference server makes later is later, also where the time of day was set back.
    """
    served = pictograph_server.vendor.serve(tmp_path, machine)
    headers = {"X-API-Key": served.keys["member"]}
    with closing(served), TestClient(served.app, base_url="http://server", headers=headers) as client:
        made = [client.post("/api/v1/developer/datasets/", json={"name": "first"}).json()["data"]["created_at"]]
        machine.set_by -= 24 * HOUR
        machine.advance(1)
        made.append(client.post("/api/v1/developer/datasets/", json={"name": "second"}).json()["data"]["created_at"])

    assert sorted(made) == made
