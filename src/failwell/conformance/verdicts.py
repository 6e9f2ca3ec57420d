"""Verdicts: what came of each promise, as rows of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from failwell.conformance.observation import Observation
from failwell.conformance.promise import Promise


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise in one colour: held, or why not; with the facts of all its *calls*, of which *seen* tells most.

    What is not *offered* could not be tried, because the SDK's adapter says so; it is not held either. *odd* is a check
    that failed in a way of its own, *seconds* is what it took.
    """

    held: bool
    reason: str
    seen: Observation
    offered: bool = True
    odd: bool = False
    seconds: float = 0.0
    calls: tuple[Observation, ...] = ()

    @property
    def evidence(self) -> tuple[Observation, ...]:
        """What each of its calls did, in their order."""
        return self.calls or (self.seen,)

    def to_json(self) -> dict[str, object]:
        """Only JSON types."""
        return {
            "held": self.held,
            "offered": self.offered,
            "reason": self.reason,
            **_facts(self.seen),
            "calls": [_facts(seen) for seen in self.evidence],
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One promise in every colour, or in whatever ways it was tried."""

    promise: Promise
    verdicts: Mapping[str, Verdict]

    @property
    def held(self) -> bool:
        """Whether every colour keeps it."""
        return all(verdict.held for verdict in self.verdicts.values())

    @property
    def offered(self) -> bool:
        """False if nothing but what is not offered keeps it from being held."""
        return self.held or any(verdict.offered and not verdict.held for verdict in self.verdicts.values())

    @property
    def shown(self) -> Verdict:
        """The verdict whose facts the table shows: the first that falls short, or the first."""
        verdicts = list(self.verdicts.values())
        return next((verdict for verdict in verdicts if not verdict.held), verdicts[0])

    def to_json(self) -> dict[str, object]:
        """Only JSON types."""
        return {
            "section": self.promise.section,
            "sentence": self.promise.sentence,
            "check": self.promise.name,
            "lines": [list(place) for place in self.promise.lines],
            "held": self.held,
            "offered": self.offered,
            **{colour: verdict.to_json() for colour, verdict in self.verdicts.items()},
        }


def _facts(seen: Observation) -> dict[str, object]:
    """What one call did, in JSON types."""
    error = seen.error
    return {
        "raised": type(error).__name__ if error is not None else None,
        "message": str(error) if error is not None else None,
        "attributes": {name: _plain(value) for name, value in seen.attributes.items()},
        "attempts": seen.attempts,
        "requests": len(seen.requests),
        "waits": [round(wait, 3) for wait in seen.waits],
    }


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)
