"""How long something took, on a machine that has other things to do."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

TASKS = Path("/proc/self/task")


class Stopwatch:
    """Counts seconds from when it is made, but not those in which a thread of this process waited for a core.

    What is measured is then ours, and not how busy the machine is. Linux tells; elsewhere all seconds count.
    """

    def __init__(self) -> None:
        self._held_up = _held_up()
        self._begun = time.monotonic()

    def seconds(self) -> float:
        """Seconds that passed while every thread had a core that wanted one."""
        passed = time.monotonic() - self._begun
        waited = sum(held - self._held_up.get(thread, 0.0) for thread, held in _held_up().items())
        return passed - min(waited, passed)


def _held_up() -> dict[str, float]:
    """For how many seconds each thread of this process could have run, and did not."""
    found: dict[str, float] = {}
    for task in TASKS.iterdir() if TASKS.is_dir() else ():
        # A thread may have ended meanwhile, and a kernel may not count.
        with contextlib.suppress(OSError, IndexError):
            found[task.name] = int((task / "schedstat").read_text().split()[1]) / 1e9
    return found
