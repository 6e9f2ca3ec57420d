"""Simulation of many flows on one virtual clock: a retry policy in the hands of ten thousand clients."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, TypeVar

from failwell.policy.flow import Effect, Flow, Notify, Now, Perform, Random, Send, Sleep
from failwell.wire.messages import Failure, Outcome, Request

T = TypeVar("T")
Respond = Callable[[Outcome], None]
Serve = Callable[[Request, Respond], None]
"""A server: it is given a request, and calls back with what came of it, at once or from a later `Simulation.at`."""


class Simulation:
    """A world in which time passes only when nothing else happens.

    *serve* plays the server, *chance* gives numbers from 0.0 up to, but not including, 1.0, *on_event* is told what
    flows emit. A server may answer after the client's timeout: its work is then lost, as it would be.
    """

    def __init__(
        self,
        serve: Serve,
        chance: Callable[[], float],
        on_event: Callable[[str, dict[str, Any]], None] | None = None,
    ) -> None:
        self.now = 0.0
        self._serve = serve
        self._chance = chance
        self._on_event = on_event
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbered = 0

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Do *action* at *moment*; what is planned for the same moment happens in the order in which it was planned."""
        self._numbered += 1
        heapq.heappush(self._events, (moment, self._numbered, action))

    def start(self, flow: Flow[T], done: Callable[[T], None]) -> None:
        """Begin *flow* now; *done* is told its result. What it raises ends the simulation."""
        self._go_on(flow, None, done)

    def run(self, until: float = float("inf")) -> None:
        """Let time pass until nothing is left to happen, or up to the moment *until*."""
        while self._events and self._events[0][0] <= until:
            self.now, _, action = heapq.heappop(self._events)
            action()

    def _go_on(self, flow: Flow[T], told: object, done: Callable[[T], None]) -> None:
        """Tell *flow* what it waited for, and do what it wants until it has to wait again."""
        try:
            effect: Effect = flow.send(told)
            while True:
                if isinstance(effect, Sleep):
                    self.at(self.now + effect.seconds, lambda: self._go_on(flow, None, done))
                    return
                if isinstance(effect, Send):
                    self._send(effect, lambda outcome: self._go_on(flow, outcome, done))
                    return
                effect = flow.send(self._at_once(effect))
        except StopIteration as stop:
            done(stop.value)

    def _at_once(self, effect: Now | Random | Notify | Perform) -> Any:
        if isinstance(effect, Now):
            return self.now
        if isinstance(effect, Random):
            return self._chance()
        if isinstance(effect, Perform):
            return effect.blocking()
        if self._on_event is not None:
            self._on_event(effect.name, effect.facts)
        return None

    def _send(self, ask: Send, go_on: Respond) -> None:
        answered = False

        def answer(outcome: Outcome) -> None:
            nonlocal answered
            if not answered:
                answered = True
                # Not at once: a flow that is still being asked for its next wish cannot be told.
                self.at(self.now, lambda: go_on(outcome))

        if ask.timeout is not None:
            self.at(
                self.now + ask.timeout, lambda: answer(Failure("timeout", f"nothing came within {ask.timeout:g} s"))
            )
        self._serve(ask.request, answer)
