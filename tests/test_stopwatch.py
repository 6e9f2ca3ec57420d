from __future__ import annotations

import time

from tests.stopwatch import Stopwatch


def test_waiting_counts() -> None:
    """
    Seconds in which a process waits for something else than a core are its own.
    """
    watch = Stopwatch()
    begun = time.monotonic()
    time.sleep(0.05)
    seconds = watch.seconds()

    assert 0.0 < seconds <= time.monotonic() - begun + 0.001
