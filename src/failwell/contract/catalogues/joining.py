"""Join of several catalogues: what they share, and where they contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from failwell.contract.error import Error
from failwell.contract.errors import CatalogueError

if TYPE_CHECKING:
    from failwell.contract.catalogues.table import CaseTable

V = TypeVar("V")

SETTINGS = ("envelope", "headers", "retries", "resilience", "status_decides", "body_cap", "docs", "idempotency")
"""What a catalogue has one of, and several catalogues may have different ones of."""


def common_base(first: type[Error], *others: type[Error]) -> type[Error]:
    """The nearest class that all of them are, at most `failwell.Error` itself."""
    above = [each for each in first.__mro__ if issubclass(each, Error)]
    return next(each for each in above if all(issubclass(other, each) for other in others))


def common_settings(catalogues: Iterable[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that all *catalogues* have, or that are *given* for the join.

    Raises:
        CatalogueError: they have different ones, and none is given.
    """
    first, *others = catalogues
    found: dict[str, Any] = {name: getattr(first, name) for name in SETTINGS}
    problems = []
    for other in others:
        for name, value in found.items():
            theirs = getattr(other, name)
            if name not in given and not _alike(value, theirs):
                both = f"{_shown(value)} of {first.name!r} and {_shown(theirs)} of {other.name!r}"
                problems.append(f"{name} is {both}: say which holds with Catalogue.join(..., {name}=...).")
    if problems:
        raise CatalogueError(
            f"The catalogues differ in what a joined one has once. {' '.join(dict.fromkeys(problems))} Two APIs that "
            "answer differently are better left two catalogues."
        )
    return {**found, **given}


def _alike(one: object, other: object) -> bool:
    return one == other or (type(one) is type(other) and getattr(one, "__dict__", 0) == getattr(other, "__dict__", 1))


def _shown(value: object) -> str:
    plain = value is None or isinstance(value, str | int) or type(value).__repr__ is not object.__repr__
    return repr(value) if plain else type(value).__name__


def check_claims(catalogues: Iterable[CaseTable]) -> None:
    """Refuse that two of *catalogues* have different classes for the same.

    Raises:
        CatalogueError: naming each such case, both classes with their lines, and both catalogues.
    """
    seen: dict[tuple[Any, Any], tuple[type[Error], str]] = {}
    problems = []
    for catalogue in catalogues:
        for source, key, error, case in catalogue.claimed_cases():
            held, whose = seen.setdefault((source, key), (error, catalogue.name))
            if held is not error:
                problems.append(
                    f"{case} is {held.__name__} ({held.declared_at}) in {whose!r} and {error.__name__} "
                    f"({error.declared_at}) in {catalogue.name!r}."
                )
    if problems:
        raise CatalogueError(
            f"The catalogues have different classes for the same: {' '.join(problems)} Let both list one class for it, "
            'or give each a code or an operation of its own: Case(..., operation="orders").'
        )


def merged(catalogues: Iterable[Any], what: str, parts: Iterable[Mapping[str, V]]) -> dict[str, V]:
    """The *parts* of *catalogues*, their *what*, in one mapping.

    Raises:
        CatalogueError: two of them have different ones under one name.
    """
    found: dict[str, tuple[V, str]] = {}
    for catalogue, part in zip(catalogues, parts, strict=True):
        for name, value in part.items():
            held, whose = found.setdefault(name, (value, catalogue.name))
            if held != value:
                raise CatalogueError(
                    f"Both {whose!r} and {catalogue.name!r} have {name!r} in their {what}, and not the same for it: "
                    f"{_listed(held)} and {_listed(value)}. Call one of them something else."
                )
    return {name: value for name, (value, _) in found.items()}


def _listed(value: object) -> str:
    errors = getattr(value, "errors", None)
    return repr(value) if errors is None else ", ".join(error.__name__ for error in errors) or "none"
