"""Ratios of two sides that take turns, so that what disturbs the one disturbs the other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

Call = Callable[[], object]
Clock = Callable[[], float]


class Spread(NamedTuple):
    """The quartiles of what was measured: a quarter of the rounds is below *low*, half below *middle*."""

    low: float
    middle: float
    high: float


def spread(values: list[float]) -> Spread:
    """The quartiles of *values*; of a single one, itself."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    return Spread(*statistics.quantiles(values, n=4, method="inclusive"))


def ratios(ours: list[float], bare: list[float]) -> Spread:
    """What *ours* took in units of *bare*, round by round."""
    return spread([mine / other for mine, other in zip(ours, bare, strict=True)])


def compare(ours: Call, bare: Call, *, rounds: int, calls: int, clock: Clock = time.process_time) -> Spread:
    """The CPU time of *ours* over that of *bare*, in *rounds* of *calls* calls of each side in turn.

    It is read from *clock*: by default that of this process, whoever the calls are answered by.
    """
    spent: dict[str, list[float]] = {"ours": [], "bare": []}
    sides = [("ours", ours), ("bare", bare)]
    for call in (ours, bare):  # the first call loads modules and opens connections
        call()
    for _ in range(rounds):
        for side, call in sides:
            spent[side].append(_cpu_time(call, calls, clock))
        sides.reverse()
    return ratios(spent["ours"], spent["bare"])


def _cpu_time(call: Call, calls: int, clock: Clock) -> float:
    started = clock()
    for _ in range(calls):
        call()
    return clock() - started


def caught(call: Call, error: type[Exception]) -> Call:
    """*call*, whose *error* is expected.

    The call raises *error* whenever it is made; anything else is a fault of the benchmark, and is raised on.
    """

    def attempt() -> object:
        try:
            call()
        except error as expected:
            return expected
        raise AssertionError(f"{error.__name__} was expected, and nothing was raised.")

    return attempt
