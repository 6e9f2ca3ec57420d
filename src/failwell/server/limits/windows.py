"""Moving and fixed windows: how many calls of a key fit into so many seconds. In memory, for one process.

Their owner calls them under a lock, with moments that never go back. The library's own storage in memory reads
`time.time()`, and starts a thread to expire what is old.
"""

from __future__ import annotations

from collections import deque

SWEPT_EVERY = 256
"""Hits between two sweeps of keys that nobody uses any more."""


class MovingWindow:
    """*amount* hits of a key fit into any stretch of *seconds*."""

    def __init__(self, amount: int, seconds: int) -> None:
        self._amount = amount
        self._seconds = seconds
        self._hits: dict[str, deque[float]] = {}
        self._count = 0

    def room(self, key: str, now: float) -> int:
        """How many hits of *key* fit in now."""
        hits = self._hits.get(key)
        if hits is None:
            return self._amount
        # `ends` adds up the same two numbers to say how long to wait: not a bit may differ.
        while hits and hits[0] + self._seconds <= now:
            hits.popleft()
        return self._amount - len(hits)

    def enter(self, key: str, now: float) -> None:
        """Enter a hit of *key*, which has room."""
        self._count += 1
        if self._count % SWEPT_EVERY == 0:
            self._sweep(now)
        hits = self._hits.get(key)
        if hits is None:
            hits = self._hits[key] = deque()
        hits.append(now)

    def ends(self, key: str, now: float) -> float:
        """When the oldest hit of *key* leaves the window."""
        hits = self._hits.get(key)
        return (hits[0] if hits else now) + self._seconds

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._hits)

    def _sweep(self, now: float) -> None:
        self._hits = {key: hits for key, hits in self._hits.items() if hits and hits[-1] + self._seconds > now}


class FixedWindow:
    """*amount* hits of a key fit into *seconds* that begin with the first."""

    def __init__(self, amount: int, seconds: int) -> None:
        self._amount = amount
        self._seconds = seconds
        self._hits: dict[str, tuple[int, float]] = {}
        self._count = 0

    def room(self, key: str, now: float) -> int:
        """How many hits of *key* fit in now."""
        count, until = self._hits.get(key, (0, now))
        return self._amount - count if until > now else self._amount

    def enter(self, key: str, now: float) -> None:
        """Enter a hit of *key*, which has room."""
        self._count += 1
        if self._count % SWEPT_EVERY == 0:
            self._sweep(now)
        count, until = self._hits.get(key, (0, now))
        self._hits[key] = (count + 1, until) if until > now else (1, now + self._seconds)

    def ends(self, key: str, now: float) -> float:
        """When the window of *key* ends."""
        return self._hits.get(key, (0, now))[1]

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._hits)

    def _sweep(self, now: float) -> None:
        self._hits = {key: (count, until) for key, (count, until) in self._hits.items() if until > now}
