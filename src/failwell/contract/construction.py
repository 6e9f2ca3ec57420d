"""Fill an error class by what its fields mean: from a reply, a case, or facts."""

from __future__ import annotations

from typing import Any

from failwell.contract.declaration import marks_of, specs_of
from failwell.contract.error import Error

NOTHING = object()
"""What a reply holds for a field that it does not name; None would be JSON's null."""


def build(cls: type[Error], values: dict[str, Any]) -> Error:
    """A *cls* with *values*. A hand-written constructor gets what it takes by name; the rest is set afterwards."""
    accepted = _parameters(cls)
    given = {name: value for name, value in values.items() if name in accepted}
    error = cls(**given)
    status = marks_of(cls).status
    for name, value in values.items():
        if name in accepted or value is None:
            continue
        # A range was filled in as 500: the status that was received says more.
        if name == status or getattr(error, name, NOTHING) is None:
            setattr(error, name, value)
    return error


def _parameters(cls: type[Error]) -> frozenset[str]:
    """What the constructor of *cls* takes by name; remembered on the class."""
    known: frozenset[str] | None = cls.__dict__.get("_parameters")
    if known is None:
        written = "_written_init" in cls.__dict__
        from inspect import signature

        names = signature(cls).parameters if written else (spec.name for spec in specs_of(cls) if spec.init)
        known = frozenset(names)
        cls._parameters = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known
