"""Losses of an import: what of an OpenAPI document could not be carried over."""

from __future__ import annotations


class Losses:
    """Collects what is lost, and where; the same loss in many places is one line."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, None]] = {}

    def add(self, what: str, where: str) -> None:
        """Remember that *what* was lost at *where*."""
        self._places.setdefault(what, {})[where] = None

    def lines(self) -> tuple[str, ...]:
        """One sentence for each loss, with how often and the first places."""
        return tuple(
            f"{what} ({len(places)} x): {', '.join(list(places)[:SHOWN])}{', ...' if len(places) > SHOWN else ''}"
            for what, places in self._places.items()
        )


SHOWN = 3
