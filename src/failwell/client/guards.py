"""The guards of one client: what its calls share with all others to the same server, by operation and origin."""

from __future__ import annotations

import threading

from failwell._support.frozen import changed
from failwell.client.transport.targets import origin_of
from failwell.clock import Clock
from failwell.contract.resilience import Resilience
from failwell.policy.resilience.guard import Guard
from failwell.policy.resilience.pacing import Pacer
from failwell.runtime.shared_state import shared


class Guards:
    """The guards of one client, by operation and server."""

    def __init__(self, base_url: str, rules: Resilience, clock: Clock, caller: str) -> None:
        self._rules = rules
        self._clock = clock
        self._caller = caller
        self._own = shared(origin_of(base_url), rules, clock)
        self._known: dict[str, Guard] = {}

    def on(self, clock: Clock) -> Guards:
        """The same on another *clock*, where none of what happened on this one is known."""
        return Guards(self._own.name, self._rules, clock, self._caller)

    def of(self, operation: str, target: str) -> Guard:
        """What a call of *operation* to *target*, a path or a whole URL, shares with others."""
        if target[:1] != "/" and (name := origin_of(target)) != self._own.name:
            # Somebody else's server: it is not sent the credentials, so they do not tell its callers apart.
            return shared(name, self._rules, self._clock).guard(operation, "")
        known = self._known.get(operation)
        if known is None:
            known = self._known[operation] = self._own.guard(operation, self._caller)
        return known


class PacedGuards(Guards):
    """The guards of a client, with a pace of their own where the client has none."""

    def __init__(self, guards: Guards) -> None:
        # Budgets and breakers are those of the client: only the pace belongs to these calls alone.
        self._guards = guards
        self._lock = threading.RLock()
        self._pacers: dict[str, Pacer] = {}

    def of(self, operation: str, target: str) -> Guard:
        """What a call of *operation* to *target* shares."""
        guard = self._guards.of(operation, target)
        if guard.pacer is not None:
            return guard
        origin = "" if target.startswith("/") else origin_of(target)
        with self._lock:
            pacer = self._pacers.get(origin)
            if pacer is None:
                pacer = self._pacers[origin] = Pacer(self._lock)
        return changed(guard, pacer=pacer)
