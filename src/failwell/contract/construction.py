"""Construct an error of any class, filled by what its fields mean (their marks), not by what they are called."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from failwell.contract.case import Case
from failwell.contract.declaration import marks_of, specs_of
from failwell.contract.error import Error
from failwell.contract.fields import MISSING

if TYPE_CHECKING:
    from failwell.contract.catalogues.catalogue import Catalogue

FRACTIONS = (float, float | None)
"""Types of a field that takes a wait as it is; any other one takes whole seconds."""
NO_FIELDS: Mapping[str, Any] = {}
NOTHING = object()
"""What a reply holds for a field that it does not name; None would be JSON's null."""


def error_for(
    cls: type[Error],
    case: Case | None = None,
    /,
    *,
    message: str,
    status: Any = NOTHING,
    retry_after: float | None = None,
    fields: Mapping[str, Any] = NO_FIELDS,
    **facts: Any,
) -> Error:
    """A *cls* that is *case*, with *message*, *status* and *retry_after* in the fields that are marked for them.

    *facts*, and *fields* of whatever name, are for fields of these names, where *cls* has them; what it cannot be made
    without, and nobody gives, is what its parser fills in, and the code that of *case*. A *status* of None says that
    no reply told of it, as it is for what the client raises on an occasion; else, without one, the field keeps what its
    class declares.
    """
    said = marks_of(cls).message
    if status is NOTHING and case is not None and case.on is not None:
        status = None
    values: dict[str, Any] = {said or "message": message, **facts, **fields}
    for spec in specs_of(cls):
        if spec.is_status and status is not NOTHING:
            values[spec.name] = status
        elif spec.is_wait and retry_after is not None:
            values[spec.name] = retry_after if spec.hint in FRACTIONS else whole_seconds(retry_after)
        elif spec.declared.missing is not MISSING:
            own = case.code if case is not None and spec.is_code else None
            values.setdefault(spec.name, spec.fallback() if own is None else own)
    error = build(cls, values)
    if said is None:
        error.args = (message,)
    if case is not None and error.case != case:
        error.become(case)
    return error if status is not None else error.received(None)


def error_on(catalogue: Catalogue, occasion: str, message: str, **fields: Any) -> Error:
    """The error that *catalogue* has for an *occasion* that no reply tells of; *fields* where its class has them."""
    return error_for(*catalogue.raised_on(occasion), message=message, fields=fields)


def configuration_problem(catalogue: Catalogue, message: str) -> Error:
    """The vendor's error for a client that cannot be built, or a call that cannot be made."""
    error = error_on(catalogue, "configuration", message)
    error.effect = "none"
    return error


def tell_resource(error: Error, kind: str, name: str) -> None:
    """Say on *error* what the reply left out: the *kind* of thing that was asked for, and its *name*."""
    specs = {spec.name: spec for spec in specs_of(type(error))}
    told = {"resource_type": kind, "resource_id": name}
    silent = [spec for field in told if (spec := specs.get(field)) and getattr(error, field, None) == spec.fallback()]
    if len(silent) == len(told):
        for spec in silent:
            setattr(error, spec.name, told[spec.name])
        error.settle()


def tell_call(error: Error, method: str, target: str) -> None:
    """Say on *error* which call met it, in its own fields `method` and `endpoint`, where its class has them.

    The endpoint is the *target* without its query, which may hold a signature.
    """
    fields = error.__dict__
    if fields.get("method") == "":
        error.method = method  # type: ignore[attr-defined]  # a field of its class
    if fields.get("endpoint") == "":
        error.endpoint = target.partition("?")[0]  # type: ignore[attr-defined]


def build(cls: type[Error], values: dict[str, Any]) -> Error:
    """A *cls* with *values*, by the names of its fields. What its constructor does not take is set afterwards."""
    accepted = _parameters(cls)
    error = cls(**{name: value for name, value in values.items() if name in accepted})
    marks = marks_of(cls)
    for name, value in values.items():
        if name in accepted or value is None:
            continue
        filled = getattr(error, name, NOTHING)
        # A range was filled in as 500, a code by the class: what was received says more.
        if name in (marks.status, marks.code) or filled is None:
            setattr(error, name, value)
        elif isinstance(filled, dict) and isinstance(value, dict):  # details, which have what the constructor takes
            setattr(error, name, {**value, **filled})
    return error


def build_whole(cls: type[Error], values: dict[str, Any]) -> Error:
    """The same, of a value for every field: without the constructor, where that would do no more than this."""
    if not is_plain(cls):
        return build(cls, values)
    error = cls.__new__(cls)
    error.__dict__.update(values)
    error.__post_init__()
    return error


def is_plain(cls: type[Error]) -> bool:
    """Whether a *cls* is made by setting its fields: nobody wrote a constructor, and it takes every field but one."""
    known: bool | None = cls.__dict__.get("_plain")
    if known is None:
        written = any("_written_init" in base.__dict__ for base in cls.__mro__)
        known = not written and all(spec.declared.init or spec.is_status for spec in specs_of(cls))
        cls._plain = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


def _parameters(cls: type[Error]) -> frozenset[str]:
    """What the constructor of *cls* takes by name; remembered on the class."""
    known: frozenset[str] | None = cls.__dict__.get("_parameters")
    if known is None:
        written = "_written_init" in cls.__dict__
        from inspect import signature

        names = signature(cls).parameters if written else (spec.name for spec in specs_of(cls) if spec.declared.init)
        known = frozenset(names)
        cls._parameters = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


def whole_seconds(value: Any) -> int | None:
    """*value* rounded up to whole seconds, so that nobody comes back too early (RFC 9110, 10.2.3)."""
    try:
        return max(0, math.ceil(float(value)))
    except (TypeError, ValueError, OverflowError):
        return None
