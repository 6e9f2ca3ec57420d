"""State shared by the clients of one process per origin: retry budget, breakers, pacing."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from failwell.clock import Clock, SystemClock
from failwell.contract.resilience import Resilience
from failwell.policy.resilience.breaker import Breaker
from failwell.policy.resilience.budget import Budget
from failwell.policy.resilience.guard import Guard
from failwell.policy.resilience.pacing import Pacer

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ORIGINS = 1_000
"""Servers that are remembered, also while no client talks to them; the one longest known is forgotten first."""

MOST_CALLERS = 1_000
"""Credentials of which it is remembered how long the calls with them are held back, as it is of servers."""


class OriginState:
    """What is known of one server. Clients with the same settings share it."""

    def __init__(self, name: str, rules: Resilience) -> None:
        self.name = name
        self.rules = rules
        self._lock = threading.RLock()
        self.budget = None if rules.budget is None else Budget(rules.budget, self._lock)
        self._breakers: dict[str, Breaker] = {}
        self._pacers: dict[str, Pacer] = {}

    def guard(self, operation: str, caller: str) -> Guard:
        """What a call of *operation* shares; *caller* tells the credentials apart without being one."""
        breaker = pacer = None
        with self._lock:
            if self.rules.breaker is not None:
                breaker = self._breakers.get(operation)
                if breaker is None:
                    name = f"{operation} at {self.name}"
                    breaker = self._breakers[operation] = Breaker(name, self.rules.breaker, self._lock)
            if self.rules.pacing:
                pacer = self._pacers.get(caller)
                if pacer is None:
                    if len(self._pacers) >= MOST_CALLERS:
                        del self._pacers[next(iter(self._pacers))]
                    pacer = self._pacers[caller] = Pacer(self._lock)
        return Guard(self.budget, breaker, pacer)

    def renew(self) -> None:
        """Forget all, in the child of a fork: its calls are not the parent's, and a lock may be one nobody lets go."""
        self._lock = threading.RLock()
        for shared in self._parts():
            shared.renew(self._lock)

    def _parts(self) -> Iterator[Budget | Breaker | Pacer]:
        if self.budget is not None:
            yield self.budget
        yield from self._breakers.values()
        yield from self._pacers.values()


_lock = threading.RLock()
_all: WeakSet[OriginState] = WeakSet()
_system = SystemClock()
_known: WeakKeyDictionary[Clock, dict[tuple[str, Resilience], OriginState]] = WeakKeyDictionary()
"""By clock, since moments of one mean nothing on another: forgotten with it, and the system's never is."""


def shared(name: str, rules: Resilience, clock: Clock) -> OriginState:
    """What this process knows of the server *name* ("https://api.example.com"), under *rules* and on *clock*.

    Clients with a clock that cannot be a key of a dictionary share nothing.
    """
    with _lock:
        try:
            known = _known.setdefault(_system if type(clock) is SystemClock else clock, {})
        except TypeError:
            known = {}
        origin = known.get((name, rules))
        if origin is None:
            if len(known) >= MOST_ORIGINS:
                del known[next(iter(known))]
            origin = known[name, rules] = OriginState(name, rules)
            _all.add(origin)
        return origin


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - the parent's may be held by a thread that this process does not have
    _lock = threading.RLock()
    for origin in list(_all):
        origin.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
