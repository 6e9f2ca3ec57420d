"""Dice of random tests: they fall in another way each day, and as on any day where its seed is given."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime

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
