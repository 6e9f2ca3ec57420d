"""Circuit breaker: requests of an operation are not sent while those before them failed."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Literal

from failwell.contract.evidence import Suppression
from failwell.contract.resilience import BreakerRules
from failwell.policy.flow import NOW, Flow, Notify, NotSent, Send
from failwell.policy.resilience.budget import Lock
from failwell.policy.resilience.counters import Counter, LastSeconds, LastTimes
from failwell.wire.messages import Failure, Outcome

WAIT_FOR_PROBES = 1.0
"""Seconds after which to ask again when all probes are out: the first of them to come back may close the circuit."""


class Permit:
    """What one try holds while it is out: whether it is a probe, and since which change of the breaker."""

    __slots__ = ("epoch", "probing")

    def __init__(self) -> None:
        self.epoch = -1
        self.probing = False


class Breaker:
    """Circuit breaker of the operation *name*: closed until too many of its calls fail, then open, then half-open.

    Shared by all calls of the operation. Nothing is held while a try is out but its `Permit`, which is given back
    however the try ends.
    """

    def __init__(self, name: str, rules: BreakerRules, lock: Lock | None = None) -> None:
        self.name = name
        self.rules = rules
        self.renew(lock)

    def renew(self, lock: Lock | None = None) -> None:
        """Closed, and without a memory, as in a process that has just begun."""
        self._lock: Lock = nullcontext() if lock is None else lock
        self._epoch = 0
        """Counts the changes: what was sent before one says nothing of what came after it."""
        self._until: float | None = None
        """When probes may be let out; None while it is closed."""
        self._probes = 0
        self._succeeded = 0
        self._reason = ""
        self._window = self._new_window()
        self.refused = 0

    def _new_window(self) -> Counter:
        rules = self.rules
        return LastSeconds(rules.window) if rules.last is None else LastTimes(rules.last)

    def state(self, moment: float) -> Literal["closed", "open", "half-open"]:
        """What it is at *moment*."""
        until = self._until
        if until is None:
            return "closed"
        return "open" if moment < until else "half-open"

    def retry_after(self, moment: float) -> float:
        """Seconds from *moment* until it lets out a probe; 0.0 when it is not open."""
        until = self._until
        return 0.0 if until is None else max(until - moment, 0.0)

    def ask(self, leave: Permit, moment: float) -> float | None:
        """Let out one try, which then holds *leave*; or say in how many seconds to ask again."""
        with self._lock:
            until = self._until
            if until is None:
                leave.epoch = self._epoch
                return None
            if moment >= until and self._probes > 0:
                # Nothing may come between these two lines, not even Ctrl-C: a slot that nobody holds is lost.
                self._probes -= 1
                leave.probing = True
                leave.epoch = self._epoch
                return None
            self.refused += 1
            return until - moment if moment < until else WAIT_FOR_PROBES

    def tell(self, leave: Permit, good: bool | None, moment: float) -> Notify | None:
        """The try that holds *leave* came back: well, badly, or (None) in a way that says nothing of the server."""
        with self._lock:
            if leave.epoch != self._epoch:
                leave.probing = False
                return None
            if not leave.probing:
                return None if good is None else self._count(good, moment)
            if good is None:
                self._probes += 1
                leave.probing = False
                return None
            if not good:
                return self._open(moment, "a probe failed, as the tries before it")
            self._succeeded += 1
            leave.probing = False
            return self._close() if self._succeeded >= self.rules.successes else None

    def give_back(self, leave: Permit) -> None:
        """The try that holds *leave* was cancelled or abandoned; its place as a probe is another's."""
        with self._lock:
            if leave.probing and leave.epoch == self._epoch:
                self._probes += 1
            leave.probing = False

    def _count(self, good: bool, moment: float) -> Notify | None:
        window, rules = self._window, self.rules
        window.add(moment, 1, 0 if good else 1)
        if good or window.ones < rules.calls or window.others < rules.ratio * window.ones:
            return None
        if rules.last is None:
            return self._open(moment, f"{window.others} of {window.ones} tries within {rules.window:g} s failed")
        return self._open(moment, f"{window.others} of the last {window.ones} tries failed")

    def _open(self, moment: float, reason: str) -> Notify:
        self._epoch += 1
        self._until = moment + self.rules.open_for
        self._probes = self.rules.probes
        self._succeeded = 0
        self._reason = reason
        return Notify("breaker_opened", {"operation": self.name, "reason": reason, "open_for": self.rules.open_for})

    def _close(self) -> Notify:
        self._epoch += 1
        self._until = None
        self._window = self._new_window()
        return Notify("breaker_closed", {"operation": self.name})

    def refusal(self, seconds: float) -> Suppression:
        """Why nothing is sent, with the *seconds* until it may be."""
        return Suppression(
            "breaker",
            f"the circuit of {self.name} is open, because {self._reason}; it lets calls out again in {seconds:.1f} s",
            seconds,
        )

    def through(self, ask: Send, moment: float) -> Flow[tuple[Outcome | NotSent, float]]:
        """Send *ask*, if the breaker lets it out at *moment*; what came of it, and when."""
        leave = Permit()
        try:
            seconds = self.ask(leave, moment)
            if seconds is None:
                outcome: Outcome = yield ask
                moment = yield NOW
                changed = self.tell(leave, verdict(outcome), moment)
                if changed is not None:
                    yield changed
                return outcome, moment
        finally:
            if leave.probing:
                self.give_back(leave)
        return NotSent(self.refusal(seconds)), moment


def verdict(outcome: Outcome) -> bool | None:
    """What *outcome* says of the server: it works, it does not, or nothing.

    Nothing is said by 4xx and 3xx: they are about the request. That goes for 429 too: a server that counts calls works.
    """
    if isinstance(outcome, Failure):
        return False
    if outcome.status >= 500:
        return False
    return True if outcome.status < 300 else None
