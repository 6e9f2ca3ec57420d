"""Jobs that nobody does, for tests of servers that only accept them."""

from __future__ import annotations


class IdleJobs:
    """Counts how often it was told of a job."""

    def __init__(self) -> None:
        self.nudges = 0

    def admit(self) -> None:
        pass

    def nudge(self) -> None:
        self.nudges += 1
