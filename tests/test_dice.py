from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .dice import SEED, VARIABLE, dice

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
