"""Retry budget: how many retries the calls to one origin may cost together."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from failwell.contract.resilience import BudgetRules
from failwell.policy.resilience.counters import LastSeconds, Slice

Lock = AbstractContextManager[Any]
"""Held around each change of what calls share, never while a flow waits. A thread must be able to take it twice:
an abandoned flow gives back what it holds when it is collected, which can be at any moment."""


class Budget:
    """Retry budget under *rules*: asked before each retry, told of each call; *retries* and *suppressed* count.

    At any moment the retries of the last `window` seconds are at most `floor`, or `per_call` for each call in them.
    """

    def __init__(self, rules: BudgetRules, lock: Lock | None = None) -> None:
        self.rules = rules
        self.renew(lock)

    def renew(self, lock: Lock | None = None) -> None:
        """Forget everything, as in a process that has just begun."""
        self._lock: Lock = nullcontext() if lock is None else lock
        self._lately = LastSeconds(self.rules.window)
        self.retries = 0
        self.suppressed = 0

    def deposit(self, moment: float) -> None:
        """A call begins at *moment*, and earns a part of a retry."""
        with self._lock:
            self._lately.add(moment, 1, 0)

    def withdraw(self, moment: float) -> Slice | None:
        """Take one retry at *moment*; None, and counted as suppressed, if none is left.

        What comes back is to be given back if the retry is not made after all.
        """
        with self._lock:
            lately = self._lately
            lately.add(moment, 0, 0)
            if lately.others + 1 > max(self.rules.floor, self.rules.per_call * lately.ones):
                self.suppressed += 1
                return None
            self.retries += 1
            return lately.add(moment, 0, 1)

    def give_back(self, taken: Slice) -> None:
        """The retry that was taken is not made after all: the call was cancelled, or refused, while it waited."""
        with self._lock:
            self._lately.take_back(taken)
            self.retries -= 1

    @property
    def reason(self) -> str:
        """Why a retry is suppressed."""
        rules = self.rules
        return (
            f"the retry budget of the server is used up: {rules.floor} within {rules.window:g} s, "
            f"or {rules.per_call:.0%} of the calls of this process if that is more"
        )
