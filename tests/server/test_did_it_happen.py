"""R16 on each store: calls with faults at random points."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from failwell.clock import VirtualClock
from failwell.server import SqliteStore
from tests.dice import dice, seed

from .did_it_happen import FAULTS, World, calls


@pytest.mark.parametrize(("keyed", "retries"), [(True, 3), (True, 0), (False, 3)])
def test_no_error_says_what_is_not_true(keyed: bool, retries: int, tmp_path: Path) -> None:
    """
    R16. Never "none" for work that was done, nor "done" for none; after `settle` it is known, whoever was killed.
    """
    logging.getLogger("failwell.server").disabled = True
    clock = VirtualClock()
    store = SqliteStore(tmp_path / "answers.sqlite", clock=clock)
    world = World(store, tmp_path, dice(f"effects {keyed} {retries}"), 0.7, clock)
    try:
        found = anyio.run(lambda: calls(world, 100, retries=retries, keyed=keyed))
    finally:
        store.close()
        logging.getLogger("failwell.server").disabled = False

    assert ([], 0) == (found.wrong, found.settled["unknown"])
    assert len(FAULTS) / 2 <= len(world.met)
    assert {"none", "unknown", "done"} == {*found.effects}


@pytest.mark.slow
def test_over_sockets(postgres_url: str) -> None:
    """
    R16. On each store, through a proxy that cuts, to processes that are killed: `make effects`, for a few calls.
    """
    command = [sys.executable, "-m", "tests.server.effects_over_sockets", "--stores", f"sqlite,redis,{postgres_url}"]
    ran = subprocess.run(
        [*command, "--seed", str(seed("effects over sockets")), "--calls", "30", "--ways", "1", "--faults", "0.3"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )

    assert (0, "") == (ran.returncode, ran.stderr), ran.stdout
    assert 3 == ran.stdout.count("30 calls")
