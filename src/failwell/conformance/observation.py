"""Observation of one call: result, error, attempts, waits; and assertions that compare it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

from failwell.conformance.errors import ShortfallError
from failwell.conformance.remote.child import pickling_problem
from failwell.sandbox.log import Entry


class _Nothing:
    """Where an attribute should be; equal to nothing that a page promises."""

    def __repr__(self) -> str:
        return "no such attribute"


NOTHING = _Nothing()


class Attributes(dict[str, Any]):
    """The documented attributes of an error that say something. To ask for another one is a shortfall."""

    def __missing__(self, name: str) -> Any:
        raise ShortfallError(f"e.{name}: expected a value, saw {_short(NOTHING)}")


@dataclass(frozen=True, slots=True)
class Observation:
    """One call: its value or its error, the requests that reached the server, the waits asked of the clock."""

    value: Any = None
    error: BaseException | None = None
    requests: tuple[Entry, ...] = ()
    waits: tuple[float, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=Attributes)

    @property
    def attempts(self) -> int:
        """How often was tried: as the error says, since some tries never reach a server, or as the server saw."""
        return self._claimed or len(self.requests)

    def raised(self, expected: type[BaseException], **attributes: Any) -> None:
        """It raised exactly *expected*, with these *attributes*; one that is to be None may be missing."""
        if self.error is None:
            raise ShortfallError(f"expected {expected.__name__}, it returned {_short(self.value)}")
        if type(self.error) is not expected:
            raise ShortfallError(f"expected {expected.__name__}, it raised {_named(self.error)}")
        for name, wanted in attributes.items():
            expect_equal(f"e.{name}", wanted, getattr(self.error, name, None if wanted is None else NOTHING))
        expect_equal("a human message", True, bool(str(self.error).strip()))

    def caught_by(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the classes *names* that an `except` would catch it by."""
        kind = type(self.error)
        # The class of an error from another process tells the names of its bases there.
        told = getattr(kind, "mro", None)
        bases = [str(name).rpartition(".")[2] for name in told] if isinstance(told, tuple) else None
        bases = bases if bases is not None else [base.__name__ for base in kind.__mro__]
        return tuple(name for name in names if name in bases)

    def survives_pickling(self) -> None:
        """Its error is the same after pickling, where the SDK runs: class, text and plain attributes."""
        if self.error is None:
            raise ShortfallError(f"expected an error, it returned {_short(self.value)}")
        told = getattr(self.error, "unpicklable", None)
        problem = told if isinstance(told, str) else pickling_problem(self.error)
        if problem:
            raise ShortfallError(f"{type(self.error).__name__} does not survive pickling: {problem}")

    def returned(self) -> Any:
        """It returned; the value."""
        if self.error is not None:
            raise ShortfallError(f"expected a result, it raised {_named(self.error)}")
        return self.value

    def tried(self, times: int) -> None:
        """That many requests reached the server, and an error says so too."""
        expect_equal("requests at the server", times, len(self.requests))
        if self._claimed is not None:
            expect_equal("e.attempts", times, self._claimed)

    def waited(self, expected: Sequence[float], *, within: float = 0.0, over: float = 0.0) -> None:
        """It asked for these waits (seconds), each *within* that share of it, or *over* it by that share at most."""
        expect_equal("the number of waits", len(expected), len(self.waits))
        for wanted, asked in zip(expected, self.waits, strict=True):
            if not wanted * (1 - within) - 1e-6 <= asked <= wanted * (1 + within + over) + 1e-6:
                allowed = f"within {within:.0%}" if within else f"up to {over:.0%} over"
                raise ShortfallError(f"expected a wait of {wanted:g} s ({allowed}), it asked for {asked:.3f} s")

    @property
    def _claimed(self) -> int | None:
        """How many attempts the error says there were, as a number or a list of them; None if it does not say."""
        claimed: object = getattr(self.error, "attempts", None)
        if isinstance(claimed, int):
            return claimed
        return len(claimed) if isinstance(claimed, Sized) else None

    def keys(self, header: str = "idempotency-key") -> tuple[str, ...]:
        """The idempotency key of every request, "" where there was none."""
        return tuple(
            next((value for name, value in entry.headers if name.lower() == header), "") for entry in self.requests
        )


def expect_equal(what: str, expected: object, actual: object) -> None:
    """Hold *actual* against *expected*.

    Raises:
        ShortfallError: they differ.
    """
    if expected != actual:
        raise ShortfallError(f"{what}: expected {_short(expected)}, saw {_short(actual)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _named(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__name__}: {_short(str(error))}"
