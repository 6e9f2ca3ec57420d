"""A flow is a generator that yields what it wants done and is told what happened."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from errata.wire.messages import Outcome, Request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send *request*, for at most *timeout* seconds; the answer is a `Reply` or a `Failure`."""

    request: Request
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait *seconds*."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Now:
    """Tell the moment, in seconds on a clock that never jumps."""


@dataclass(frozen=True, slots=True)
class Random:
    """Give a number from 0.0 up to, but not including, 1.0."""


@dataclass(frozen=True, slots=True)
class Emit:
    """Tell observers that *name* happened; nothing comes back."""

    name: str
    facts: dict[str, Any] = field(default_factory=dict)


Effect = Send | Sleep | Now | Random | Emit
Flow = Generator[Effect, Any, T]
"""Yields effects, is sent their results, and returns a *T*."""


def send(request: Request, timeout: float | None = None) -> Flow[Outcome]:
    """What came of sending *request* once."""
    outcome: Outcome = yield Send(request, timeout)
    return outcome


def sleep(seconds: float) -> Flow[None]:
    """Wait *seconds*."""
    yield Sleep(seconds)


def now() -> Flow[float]:
    """The moment."""
    moment: float = yield Now()
    return moment


def random() -> Flow[float]:
    """A number from 0.0 up to, but not including, 1.0."""
    number: float = yield Random()
    return number


def emit(name: str, **facts: Any) -> Flow[None]:
    """Tell observers."""
    yield Emit(name, facts)
