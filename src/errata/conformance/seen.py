"""What one call was seen to do, and the ways to compare it with what was promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from errata.sandbox.log import Entry


class ShortfallError(Exception):
    """A promise was not kept: what was expected, and what was seen instead."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One call: its value or its error, the requests that reached the server, the waits asked of the clock."""

    value: Any = None
    error: BaseException | None = None
    requests: tuple[Entry, ...] = ()
    waits: tuple[float, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def attempts(self) -> int:
        """How often was tried: as the error says, since some tries never reach a server, or as the server saw."""
        claimed = getattr(self.error, "attempts", None)
        return len(claimed) if claimed else len(self.requests)

    def raised(self, expected: type[BaseException], **attributes: Any) -> None:
        """It raised exactly *expected*, with these *attributes*."""
        if self.error is None:
            raise ShortfallError(f"expected {expected.__name__}, it returned {_short(self.value)}")
        if type(self.error) is not expected:
            raise ShortfallError(f"expected {expected.__name__}, it raised {_named(self.error)}")
        for name, wanted in attributes.items():
            same(f"e.{name}", wanted, getattr(self.error, name, "no such attribute"))
        same("a human message", True, bool(str(self.error).strip()))

    def returned(self) -> Any:
        """It returned; the value."""
        if self.error is not None:
            raise ShortfallError(f"expected a result, it raised {_named(self.error)}")
        return self.value

    def tried(self, times: int) -> None:
        """That many requests reached the server, and an error says so too."""
        same("requests at the server", times, len(self.requests))
        attempts = getattr(self.error, "attempts", None)
        if attempts is not None:
            same("e.attempts", times, len(attempts))

    def waited(self, expected: Sequence[float], *, within: float = 0.0) -> None:
        """It asked for these waits (seconds), each *within* that share of it."""
        same("the number of waits", len(expected), len(self.waits))
        for wanted, asked in zip(expected, self.waits, strict=True):
            if not wanted * (1 - within) - 1e-6 <= asked <= wanted * (1 + within) + 1e-6:
                raise ShortfallError(
                    f"expected a wait of {wanted:g} s (within {within:.0%}), it asked for {asked:.3f} s"
                )

    def keys(self, header: str = "idempotency-key") -> tuple[str, ...]:
        """The idempotency key of every request, "" where there was none."""
        return tuple(
            next((value for name, value in entry.headers if name.lower() == header), "") for entry in self.requests
        )


def same(what: str, expected: object, actual: object) -> None:
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
