"""A brown-out and very many clients that seldom call, simulated with the real flows: P8.

    python -m benchmarks.storm [CLIENTS ...]

100,000, which are the default, take some three minutes.

Each client is a process of its own and calls once in 140 s, load 0.7. For 30 s the server has 10 % of its capacity. One
server accepts what comes, and works on requests whose client has left; the other sheds what it cannot do within a
second, with a Retry-After that it spreads over its capacity, up to the longest that its contract lets clients wait.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.goals import Goal
from benchmarks.simulation import Respond, Simulation
from failwell.contract import BudgetRules, RetryRules
from failwell.contract.resilience import FLEET_BUDGET
from failwell.policy import Budget, Guard, RetryPolicy, RetryResult, Send, with_retries
from failwell.policy.retry.policy import succeeded
from failwell.wire.messages import Reply, Request

PERIOD = 140.0
LOAD = 0.7
BEGINS, ENDS = 10.0, 40.0
BROWN_OUT = 0.1
TIMEOUT = 10.0
LONGEST_QUEUE = 1.0
RULES = RetryRules()
READ = Request("GET", "/things/1")
FINE = Reply(200)
BROKEN = Reply(503)


@dataclass(frozen=True)
class Way:
    """How clients repeat calls."""

    name: str
    policy: RetryPolicy
    budget: BudgetRules | None = None

    def guard(self) -> Guard:
        """What a client that calls for the first time in 140 s has."""
        return Guard(None if self.budget is None else Budget(self.budget))


NEVER = Way("no retries", RetryPolicy(RetryRules(max_retries=0)))
ALWAYS = Way("3 retries, no budget", RetryPolicy(RULES))
PAGE = Way('retry="standard"', RetryPolicy(RULES), BudgetRules())
FLEET = Way('retry="large_fleet"', RetryPolicy(RULES, fleet=True), FLEET_BUDGET)


@dataclass
class Storm:
    """One run: what was called and sent, and when calls began that succeeded or failed."""

    clients: int
    way: Way
    sheds: bool
    periods: int = 2
    brown_out: bool = True
    broken: float = 0.0
    """The share of requests that a server in good health answers with 503."""
    seed: int = 8
    called: dict[int, int] = field(default_factory=dict)
    failed: dict[int, int] = field(default_factory=dict)
    sent: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - a simulation, the same in every run
        self.world = Simulation(self.serve, self.random.random)
        self.capacity = self.clients / PERIOD / LOAD
        self.free_at = 0.0
        self.booked = 0.0

    def run(self) -> Storm:
        """Let it happen."""
        for _ in range(self.clients):
            first = self.random.random() * PERIOD
            for period in range(self.periods):
                self.world.at(first + period * PERIOD, self.call)
        self.world.run()
        return self

    def call(self) -> None:
        second = int(self.world.now)
        self.called[second] = self.called.get(second, 0) + 1

        def done(tried: RetryResult) -> None:
            if not succeeded(tried.outcome):
                self.failed[second] = self.failed.get(second, 0) + 1

        self.world.start(with_retries(Send(READ, TIMEOUT), self.way.policy, guard=self.way.guard()), done)

    def serve(self, _request: Request, answer: Respond) -> None:
        now = self.world.now
        self.sent[int(now)] = self.sent.get(int(now), 0) + 1
        if self.broken and self.random.random() < self.broken:
            answer(BROKEN)
            return
        queued = max(self.free_at - now, 0.0)
        if self.sheds and queued > LONGEST_QUEUE:
            answer(Reply(503, {"retry-after": f"{self.place(now):.3f}"}))
            return
        self.free_at = self.work_done(max(self.free_at, now))
        self.world.at(self.free_at, lambda: answer(FINE))

    def work_done(self, begun: float) -> float:
        """When one request that is begun then is done."""
        cost = 1 / self.capacity
        slow = self.brown_out and BEGINS <= begun < ENDS
        done = begun + (cost / BROWN_OUT if slow else cost)
        return ENDS + (done - ENDS) * BROWN_OUT if slow and done > ENDS else done

    def place(self, now: float) -> float:
        """Seconds until the next place that is free at the measured capacity; over the cap, any below it."""
        slow = self.brown_out and BEGINS <= now < ENDS
        self.booked = max(self.booked, now + LONGEST_QUEUE) + 1 / (self.capacity * (BROWN_OUT if slow else 1.0))
        wait = self.booked - now
        longest = RULES.longest_retry_after
        if wait <= longest:
            return wait
        self.booked = now + longest
        return longest * (0.5 + 0.5 * self.random.random())

    def total(self, counts: dict[int, int], begin: float, end: float) -> int:
        """What *counts* has from the second *begin* to before *end*."""
        return sum(count for second, count in counts.items() if begin <= second < end)

    @property
    def saved(self) -> float:
        """The share of the calls born in the brown-out that succeeded in the end."""
        return 1 - self.total(self.failed, BEGINS, ENDS) / self.total(self.called, BEGINS, ENDS)

    @property
    def amplification(self) -> float:
        """Requests per call, in the 140 s from the beginning of the brown-out."""
        window = (BEGINS, BEGINS + PERIOD)
        return self.total(self.sent, *window) / self.total(self.called, *window)

    @property
    def recovery(self) -> float:
        """Seconds from the end of the brown-out to the last one whose calls failed more often than in a hundred."""
        bad = [second for second, count in self.failed.items() if count > 0.01 * self.called[second]]
        return max([0.0, *(second + 1 - ENDS for second in bad)])

    @property
    def seen(self) -> float:
        """The share of calls that failed, of all."""
        return sum(self.failed.values()) / sum(self.called.values())


def report(clients: int, tell: Callable[[str], None] = print) -> dict[str, float]:
    """Run them all, and tell; the figures that P8 names."""
    tell(f"{clients:,} clients, one call each in {PERIOD:g} s, load {LOAD:g}, {BROWN_OUT:.0%} of capacity for 30 s\n")
    tell(f"  {'server':<10} {'clients':<22} {'born in it, saved':>18} {'amplification':>14} {'recovery, s':>12}")
    runs: dict[tuple[bool, str], Storm] = {}
    for sheds in (True, False):
        for way in (NEVER, ALWAYS, PAGE, FLEET):
            storm = runs[sheds, way.name] = Storm(clients, way, sheds).run()
            server = "sheds" if sheds else "accepts"
            recovery = "never" if storm.recovery >= 2 * PERIOD - ENDS - TIMEOUT else f"{storm.recovery:.0f}"
            tell(f"  {server:<10} {way.name:<22} {storm.saved:>18.1%} {storm.amplification:>14.2f} {recovery:>12}")
    fleet, plain = runs[False, FLEET.name], runs[False, NEVER.name]
    blips = Storm(clients, FLEET, sheds=False, brown_out=False, broken=0.02, periods=1).run()
    figures = {
        "lost": 1 - runs[True, FLEET.name].saved,
        "amplification, shedding": runs[True, FLEET.name].amplification,
        "amplification, accepting": fleet.amplification,
        "recovery over that without retries": fleet.recovery / max(plain.recovery, 1.0),
        "2 % of 503s, seen by callers": blips.seen,
    }
    tell("")
    for name, goal in GOALS.items():
        figure = figures[name]
        tell(f"  {name:<36} {figure:>8.4f}   {goal.ship:g} / {goal.stretch:g}   {goal.verdict(figure)}")
    return figures


GOALS = {
    "lost": Goal(0.20, 0.15),
    "amplification, shedding": Goal(1.35, 1.25),
    "amplification, accepting": Goal(1.30, 1.10),
    "recovery over that without retries": Goal(1.5, 1.5),
    "2 % of 503s, seen by callers": Goal(0.001, 0.0001),
}


if __name__ == "__main__":
    for number in [int(each) for each in sys.argv[1:]] or [100_000]:
        report(number)
