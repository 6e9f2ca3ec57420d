"""Steady wall clock: a time of day that does not jump, shared by the processes of one machine.

It is the steady clock of the machine, tied to the wall clock once after each boot. The first process to open the file
notes the tie there: all others go by it, whatever has become of the wall clock since. What is left of an earlier boot
is compared by the wall clock as it was then, and now.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from failwell.clock import ServerClock, SystemClock

TABLE = "CREATE TABLE IF NOT EXISTS boots (boot TEXT PRIMARY KEY, began REAL NOT NULL);"

BOOTS_KEPT = 16


def steady_time(db: sqlite3.Connection, clock: ServerClock) -> Callable[[], float]:
    """A function that reads the time from *clock*, in seconds since the epoch, rounded to milliseconds."""
    began = clock.wall() - clock.now()
    boot = boot_of(clock)
    if boot is not None:
        db.execute("INSERT OR IGNORE INTO boots VALUES (?, ?)", (boot, began))
        db.execute("DELETE FROM boots WHERE rowid <= (SELECT max(rowid) FROM boots) - ?", (BOOTS_KEPT,))
        began = db.execute("SELECT began FROM boots WHERE boot = ?", (boot,)).fetchone()[0]
    # Rounded: whoever comes back after the whole seconds that he was told must not come too early by a rounding error.
    return lambda: round(began + clock.now(), 3)


class SteadyClock:
    """The clocks of a server, of which the time of day does not jump either: *wall* is what `steady_time` gives."""

    def __init__(self, wall: Callable[[], float], clock: ServerClock) -> None:
        self.wall = wall
        self.now = clock.now


def boot_of(clock: ServerClock) -> str | None:
    """What names this run of the machine, and of its steady *clock*; None where the system does not tell.

    There each process ties by itself: a wall clock that jumps between the start of two sets them apart.
    """
    if not isinstance(clock, SystemClock):
        return None
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # A container may have a steady clock of its own.
        return f"{boot} {Path('/proc/self/ns/time').readlink()}"
    except OSError:
        return None
