"""A promise: a sentence of a vendor's page, and the check that holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from failwell.conformance.bench import Bench


@dataclass(frozen=True, slots=True)
class Promise:
    """One sentence or row of the page, under its heading, and the function that tries it.

    *lines* are where the page says so: the first and the last of each sentence, row or snippet, counted from 1; of
    several between the same lines, also which it is. What the page does not say, and every reader expects, has none.
    """

    section: str
    sentence: str
    check: Callable[[Bench], None]
    lines: tuple[tuple[int, ...], ...] = ()

    @property
    def name(self) -> str:
        """The name of the check, as reports give it."""
        return self.check.__name__.strip("_")
