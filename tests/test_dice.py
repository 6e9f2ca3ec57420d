from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .dice import SEED, VARIABLE, dice, share

ROOT = Path(__file__).parents[1]


def thrown(day: str) -> tuple[str, str]:
    """What dice say that a process throws on a *day*, and the numbers."""
    program = "from tests.dice import dice; print(dice('a game').random(), dice('another').random())"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={VARIABLE: day}, capture_output=True, text=True, check=True
    )
    *said, numbers = ran.stdout.splitlines()
    return said[0], numbers


def test_a_day_can_be_replayed() -> None:
    """
    The same seed throws the same dice in any process, another seed others; what replays them is printed.
    """
    first, again, other = thrown("20260101"), thrown("20260101"), thrown("20260102")

    assert ("FAILWELL_SEED=20260101 throws the same dice for a game.", first) == (first[0], again)
    assert first[1] != other[1]


def test_each_name_has_dice_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """
    Dice of different names fall differently, and those of one name alike.
    """
    assert dice("one").random() == dice("one").random() != dice("other").random()
    assert f"{VARIABLE}={SEED} throws the same dice for one.\n" in capsys.readouterr().out


def test_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    On a day each pair of two parts of a product is met, by as few as can be; in as many days as there are shares, all.
    """
    vendors, ways, faults = 4, 3, range(100)

    def met(day: int) -> set[tuple[int, int, int]]:
        monkeypatch.setattr("tests.dice.SEED", day)
        return {
            (vendor, way, fault)
            for vendor in range(vendors)
            for way in range(ways)
            for fault in share(faults, vendor + way, ways)
        }

    today = met(20260131)
    assert vendors * len(faults) == len(today) == len({(vendor, fault) for vendor, _, fault in today})
    assert ways * len(faults) == len({(way, fault) for _, way, fault in today})
    assert vendors * ways == len({(vendor, way) for vendor, way, _ in today})
    assert vendors * ways * len(faults) == len(today | met(20260132) | met(20260133))
