"""Sliding-window counters: successes and failures of the last seconds, or of the last calls."""

from __future__ import annotations

from collections import deque

SLICES = 10

Slice = list[int]
"""The two counts of one slice of time."""


class LastSeconds:
    """The counts of the last *seconds*, and of up to a tenth more: time is kept in slices."""

    __slots__ = ("_at", "_ends", "_length", "_slices", "ones", "others")

    def __init__(self, seconds: float) -> None:
        self.ones = 0
        self.others = 0
        self._length = seconds / SLICES
        # One more than the window has: the oldest is forgotten when all of it is too old.
        self._slices: list[Slice] = [[0, 0] for _ in range(SLICES + 1)]
        self._at = 0
        self._ends = 0.0

    def add(self, moment: float, ones: int, others: int) -> Slice:
        """Count what happened at *moment*, and forget what is no longer recent; the slice that it was counted in."""
        if moment >= self._ends:
            self._move(moment)
        slice_ = self._slices[self._at]
        slice_[0] += ones
        slice_[1] += others
        self.ones += ones
        self.others += others
        return slice_

    def take_back(self, slice_: Slice) -> None:
        """Count one of the others in *slice_* no longer; nothing happens if it is forgotten by now."""
        if any(kept is slice_ for kept in self._slices):
            slice_[1] -= 1
            self.others -= 1

    def _move(self, moment: float) -> None:
        """Begin the slice of *moment*; those that it takes the place of are forgotten."""
        behind = (moment - self._ends) / self._length
        if behind > SLICES:
            self._slices = [[0, 0] for _ in self._slices]
            self.ones = self.others = 0
            self._ends = moment + self._length
            return
        while self._ends <= moment:
            self._ends += self._length
            self._at = (self._at + 1) % len(self._slices)
            old = self._slices[self._at]
            self.ones -= old[0]
            self.others -= old[1]
            self._slices[self._at] = [0, 0]


class LastTimes:
    """The counts of the last *times* that something was counted, however long ago."""

    __slots__ = ("_kept", "ones", "others")

    def __init__(self, times: int) -> None:
        self.ones = 0
        self.others = 0
        self._kept: deque[tuple[int, int]] = deque(maxlen=times)

    def add(self, moment: float, ones: int, others: int) -> None:
        """Count, and forget what is longer ago than that; *moment* does not matter."""
        if len(self._kept) == self._kept.maxlen:
            old = self._kept[0]
            self.ones -= old[0]
            self.others -= old[1]
        self._kept.append((ones, others))
        self.ones += ones
        self.others += others


Counter = LastSeconds | LastTimes
"""Two counts of what is recent. Not safe to share: its owner holds a lock around each call."""
