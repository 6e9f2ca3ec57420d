"""Dice of random tests: they fall in another way each day, and as on any day where its seed is given."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

T = TypeVar("T")

VARIABLE = "FAILWELL_SEED"

# It is set for the processes that tests start, too: all throw the same dice, also when a run goes on over midnight.
SEED = int(os.environ.setdefault(VARIABLE, f"{datetime.now(UTC):%Y%m%d}"))


def seed(name: str) -> int:
    """The day's seed for what *name* says; it is printed, so that pytest shows it where the test fails."""
    print(f"{VARIABLE}={SEED} throws the same dice for {name}.")  # noqa: T201
    return random.Random(f"{SEED} {name}").randrange(1_000_000)


def dice(name: str) -> random.Random:
    """Dice for what *name* says, of the day's seed."""
    return random.Random(seed(name))


def share(rows: Sequence[T], turn: int, of: int) -> list[T]:
    """What is *turn*'s share of *rows* today, among *of* turns: each row is in one share, and tomorrow in the next.

    For products such as vendor x loop x fault, whose parts share their code: with the sum of the other parts' numbers
    as *turn*, each pair of any two parts is met every day, and the whole product in *of* days.
    """
    print(f"{VARIABLE}={SEED} has the same share for {turn} of {of}.")  # noqa: T201
    return [row for number, row in enumerate(rows) if (number + turn + SEED) % of == 0]
