"""The goals of the project's requirements, and what a figure makes of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """The most a figure may be: to *ship*, and what we *stretch* for."""

    ship: float
    stretch: float

    def verdict(self, figure: float) -> str:
        """Whether *figure* is good enough. It is judged as it was measured, not as it is printed."""
        if figure <= self.stretch:
            return "stretch"
        return "ship" if figure <= self.ship else "missed"
