"""Two calls that do the same: ours, and the bare one."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.goals import Goal
from benchmarks.measuring import Call


@dataclass(frozen=True)
class Pair:
    """A call of ours, the bare one, and what their ratio may be: in time, or *by_count* in instructions.

    It is called *often* times as often as others in a round: short calls need many for a figure.
    """

    group: str
    what: str
    ours: Call
    bare: Call
    goal: Goal
    by_count: bool = False
    often: float = 1
