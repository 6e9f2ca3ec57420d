"""Two calls that do the same: ours, and the bare one."""

from __future__ import annotations

import cProfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.goals import Goal
from benchmarks.measuring import Call, Clock
from benchmarks.profiling import Profile


@dataclass(frozen=True)
class Pair:
    """A call of ours, the bare one, and what their ratio may be: in time, or *by_count* in instructions.

    *clock* tells the CPU time that calls take, *profiler* where it goes: of this process, or of the one that answers.
    It is called *often* times as often as others in a round: short calls need many for a figure. *floor* is what ours
    does more than the bare one however fast it is, for whoever reads a profile of a missed goal.
    """

    group: str
    what: str
    ours: Call
    bare: Call
    goal: Goal | None
    by_count: bool = False
    often: float = 1
    clock: Clock = time.process_time
    profiler: Callable[[], Profile] = cProfile.Profile
    floor: str = ""
