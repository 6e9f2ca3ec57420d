"""The rows of the table: what was measured, what was wanted, and what that makes."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.goals import Goal
from benchmarks.measuring import Spread

TIMES, MIB, KIB = "times", "MiB", "KiB"


@dataclass(frozen=True)
class Row:
    """One figure. *time* is what was timed, in *unit*, *instructions* what was counted, and judged where *by_count*.

    *held* is the figure of a promise that is kept or not. Without a *goal* a row is there to compare with; without a
    figure *note* says why. *profile* is the file to read where the goal was missed, *floor* what ours cannot leave out.
    """

    group: str
    what: str
    goal: Goal | None = None
    time: Spread | None = None
    instructions: float | None = None
    unit: str = TIMES
    held: bool | None = None
    note: str = ""
    by_count: bool = False
    profile: str = ""
    floor: str = ""

    @property
    def figure(self) -> float | None:
        """What is judged: the time where nothing was counted."""
        if self.by_count and self.instructions is not None:
            return self.instructions
        return self.time.middle if self.time is not None else None

    @property
    def verdict(self) -> str:
        """What the goal makes of the figure."""
        if self.held is not None:
            return "held" if self.held else "missed"
        if self.figure is None:
            return "not measured"
        return self.goal.verdict(self.figure) if self.goal is not None else ""

    @property
    def missed(self) -> bool:
        """Whether it keeps us from shipping."""
        return self.verdict == "missed"
