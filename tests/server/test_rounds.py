"""Processes that share a store of idempotency records, and are killed: `make rounds`, for a few seconds."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.dice import seed

from .rounds import Found, Plan, examine

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_all_work_is_done_once(postgres_url: str) -> None:
    """
    S4, S5. Processes that make the same calls, of which some are killed, do all of it once, whatever the store.

    No two answers under one key differ, and none is 409 for ever.
    """
    command = [sys.executable, "-m", "tests.server.rounds", "--stores", f"sqlite,redis,{postgres_url}"]
    dice = ["--seed", str(seed("rounds of kills")), "--crowd", "3x40x5"]
    ran = subprocess.run([*command, *dice], capture_output=True, text=True, check=False, cwd=ROOT)

    assert (0, "") == (ran.returncode, ran.stderr), ran.stdout
    # In each of three stores those without kills, the round, and all rounds.
    assert 9 == ran.stdout.count("calls answered")


PLAN = Plan(processes=2, calls=2, keys=1, lease=1)


@pytest.mark.parametrize(
    ("lines", "killed", "problems"),
    [
        (["ran k 1 -", "answered k 1 a", "refused k 2 409", "answered k 2 a"], set[int](), []),
        (["ran k 1 -", "ran k 2 -", "answered k 2 b"], {1}, []),
        (["ran k 1 -", "answered k 1 a", "ran k 2 -", "answered k 2 b"], {1}, ["k: 2 different answers"]),
        (["ran k 1 -", "ran k 2 -", "answered k 2 b"], {3}, ["k: 2 runs of owners that lived"]),
        (["answered k 1 a"], set[int](), ["0 runs for 1 keys, and nobody was killed"]),
        (["ran k 1 -", "refused k 2 409", "never k 2 409"], {1}, ["k: 409 after 60 s"]),
    ],
)
def test_what_goes_wrong_is_found(lines: list[str], killed: set[int], problems: list[str]) -> None:
    """
    What the processes must never do is seen by who looks at what they did.
    """
    found = Found()
    examine(lines, killed, PLAN, found)

    assert problems == found.problems
    assert Counter({409: sum(line.startswith("refused") for line in lines)}) == found.refused
