"""Storage for the `limits` library on an injectable clock."""

from __future__ import annotations

from collections import deque

from failwell.contract.extras import needs

with needs("limits", __name__):
    from limits.storage import MovingWindowSupport, Storage

SWEPT_EVERY = 256
"""Hits between two sweeps of keys that nobody uses any more."""


class WindowStorage(Storage, MovingWindowSupport):
    """Moving and fixed windows in memory, for one process. Its owner sets *at* and calls it under a lock.

    The library's own `MemoryStorage` reads `time.time()`, and starts a thread to expire what is old.
    """

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0
        """The moment of the hit: all questions about one hit are answered for the same moment."""
        self._moving: dict[str, tuple[int, deque[float]]] = {}
        self._fixed: dict[str, tuple[int, float]] = {}
        self._hits = 0

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """What the library would wrap: nothing, a dict does not go down."""
        return ()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Enter *amount* hits if the window of *expiry* seconds then holds at most *limit*."""
        self._sweep()
        entries = self._live(key, expiry)
        if len(entries) + amount > limit:
            return False
        entries.extend([self.at] * amount)
        self._moving[key] = (expiry, entries)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest hit of the window was, and how many the window holds."""
        entries = self._live(key, expiry)
        return (entries[0] if entries else self.at), len(entries)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count *amount* hits in a window that began with the first."""
        self._sweep()
        count = self.get(key) + amount
        self._fixed[key] = (count, self.at + expiry if count == amount else self._fixed[key][1])
        return count

    def get(self, key: str) -> int:
        """Hits in the fixed window."""
        count, until = self._fixed.get(key, (0, self.at))
        return count if until > self.at else 0

    def get_expiry(self, key: str) -> float:
        """When the fixed window ends."""
        return self._fixed.get(key, (0, self.at))[1]

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def clear(self, key: str) -> None:
        """Forget the hits of one key."""
        self._moving.pop(key, None)
        self._fixed.pop(key, None)

    def reset(self) -> int:
        """Forget all hits; returns of how many keys."""
        forgotten = len(self)
        self._moving.clear()
        self._fixed.clear()
        return forgotten

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._moving) + len(self._fixed)

    def _live(self, key: str, expiry: int) -> deque[float]:
        _, entries = self._moving.get(key, (expiry, deque[float]()))
        # The library adds up the same two numbers when it says how long to wait: not a bit may differ.
        while entries and entries[0] + expiry <= self.at:
            entries.popleft()
        return entries

    def _sweep(self) -> None:
        self._hits += 1
        if self._hits % SWEPT_EVERY:
            return
        self._moving = {
            key: (expiry, entries)
            for key, (expiry, entries) in self._moving.items()
            if entries and entries[-1] + expiry > self.at
        }
        self._fixed = {key: (count, until) for key, (count, until) in self._fixed.items() if until > self.at}
