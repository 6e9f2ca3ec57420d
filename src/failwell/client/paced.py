"""Calls that wait together: when one of them is told to, the others wait, too."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

from failwell.client.resource import Resource
from failwell.client.shared import Guards
from failwell.client.targets import origin_of
from failwell.contract.value import changed
from failwell.policy.guard import Guard
from failwell.policy.pacing import Pacer

R = TypeVar("R", bound=Resource[Any])


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


def paced(resource: R) -> R:
    """*resource* on the same connections, with calls that wait together."""
    twin = type(resource).__new__(type(resource))
    # The resources that a client has made already would bring their own core.
    twin.__dict__.update({name: value for name, value in resource.__dict__.items() if not isinstance(value, Resource)})
    twin.core = resource.core.paced()
    return twin
