"""The goals of the project's requirements, and what a figure makes of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """The most a figure may be, or *at_least* must be: to *ship*, and what we *stretch* for, if anything."""

    ship: float
    stretch: float | None = None
    at_least: bool = False

    def verdict(self, figure: float) -> str:
        """Whether *figure* is good enough. It is judged as it was measured, not as it is printed."""
        if self.stretch is not None and self._reached(figure, self.stretch):
            return "stretch"
        return "ship" if self._reached(figure, self.ship) else "missed"

    def _reached(self, figure: float, goal: float) -> bool:
        return figure >= goal if self.at_least else figure <= goal
