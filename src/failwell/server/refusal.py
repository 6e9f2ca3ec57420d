"""Refusals of the server's own middleware and of its framework, turned into errors of the catalogue."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from failwell._support.exception_fields import ExceptionFields
from failwell._support.frozen import changed
from failwell.contract import AllDetails, Body, Case, Catalogue, Error, Header
from failwell.contract.case import EnvelopeLayer
from failwell.contract.coercion import UnfitError
from failwell.contract.construction import build
from failwell.contract.declaration import FieldSpec, specs_of
from failwell.wire.envelopes import CLASHING

NONE: Mapping[str, str] = MappingProxyType({})
NOTHING_MORE: Mapping[str, Any] = MappingProxyType({})

ENTRIES = (Body("detail"), Body("error.details"))
"""Where a body lists the fields that were rejected, if several fields could."""
PLACES = frozenset({"body", "cookie", "header", "path", "query"})
"""Where a field of a request may stand, as FastAPI calls it: the name of the field comes after that."""
NAMES = frozenset(
    {"errors", "field_errors", "fields", "invalid_fields", "invalid_params", "issues", "problems", "violations"}
)
"""What a field is called that lists them as sentences, or by name."""


class Refusal(ExceptionFields, Exception):  # noqa: N818 - an answer on its way, not an error
    """A request that goes no further, with the status and words of the answer. It never leaves this package.

    *entries* are the field errors of a 422, *facts* are for fields of the error by their names on the wire. *headers*
    have lower-case names.
    """

    status: int
    message: str
    code: str | None = None
    headers: Mapping[str, str] = NONE
    entries: Sequence[Mapping[str, Any]] = ()
    facts: Mapping[str, Any] = NOTHING_MORE
    template = "{status} {message}"


def sizes(limit: int, size: int | None) -> dict[str, int]:
    """What a 413 tells in numbers, for the fields of its error."""
    return {"limit": limit} if size is None else {"limit": limit, "size": size}


def as_error(refused: Refusal, catalogue: Catalogue, layer: EnvelopeLayer | None = "middleware") -> Error:
    """The error of *catalogue* for the status and code, with every field that *refused* has something for.

    *layer* is who refused. A catalogue that has several cases for it in one class says the first, if it has one.
    """
    status = _known(refused, catalogue)
    # A code that nobody claims is a clue; in a 5xx it may be one to the inside.
    code = refused.code if status < 500 or catalogue.claimed(refused.code) else None
    code = _spelled(code, catalogue)
    cls, case = catalogue.resolve(status, code)
    if code is None and (first := _first(cls.cases, status, layer)) is not None:
        case, code = first, first.code
    error = build(cls, {spec.name: _value(spec, cls, refused, status, code) for spec in specs_of(cls)})
    # The status and the code hold even where the class is the catch-all, which has neither.
    if (case.status, case.code) != (status, code or case.code):
        case = changed(case, status=status, code=code or case.code)
    if error.case != case:
        error.become(case)
    return error


def _spelled(code: str | None, catalogue: Catalogue) -> str | None:
    """*code* as *catalogue* spells it, be it in capitals."""
    if code is None or catalogue.claimed(code):
        return code
    return next((case.code for _, case in catalogue.cases() if (case.code or "").lower() == code.lower()), code)


def _first(cases: tuple[Case, ...], status: int, layer: EnvelopeLayer | None) -> Case | None:
    """The first of *cases* that any operation may meet with *status*, one that *layer* says before any other.

    One that names the status comes before one of a range.
    """
    fit = [case for case in cases if case.status is not None and case.covers(status) and case.operation is None]
    fit.sort(key=lambda case: case.status != status)
    return next((case for case in fit if case.layer == layer), next(iter(fit), None))


def _known(refused: Refusal, catalogue: Catalogue) -> int:
    """The status of *refused*; 400 for a malformed request, where the catalogue knows no 422."""
    if refused.status != 422 or not refused.entries:
        return refused.status
    claimed = _statuses(catalogue)
    return 400 if 400 in claimed and 422 not in claimed else 422


@functools.lru_cache(64)
def _statuses(catalogue: Catalogue) -> frozenset[object]:
    """The statuses of the cases of *catalogue*."""
    return frozenset(case.status for _, case in catalogue.cases())


def _value(spec: FieldSpec, cls: type[Error], refused: Refusal, status: int, code: str | None) -> Any:
    if spec.is_message:
        return refused.message
    if spec.is_status:
        return status
    if spec.is_code:
        return code if code is not None else spec.fallback()
    found: Any = None
    if isinstance(spec.mark, Header):
        found = refused.headers.get(spec.mark.name.lower())
    elif isinstance(spec.mark, AllDetails):
        facts = {name: value for name, value in refused.facts.items() if name not in CLASHING}
        found = {**facts, **_of_entries(refused.entries)}
    elif refused.entries and spec.name == _lists_entries(cls):
        found = _as_declared(refused.entries, spec)
    if found is None and spec.travels:
        found = next((refused.facts[name] for name in _names(spec) if name in refused.facts), None)
    if found is None:
        return spec.fallback()
    try:
        return spec.fit(found)
    except UnfitError:
        return spec.fallback()


def _of_entries(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What details say of field errors: the first field, and all that is wrong."""
    if not entries:
        return {}
    first, *rest = entries[0]["loc"]
    place = rest if first in PLACES else [first, *rest]
    return {"field": ".".join(map(str, place)), "errors": [dict(entry) for entry in entries]}


def _names(spec: FieldSpec) -> list[str]:
    """What *spec* is called: on the wire, and in the class."""
    on_the_wire = spec.mark.path.rpartition(".")[2] if isinstance(spec.mark, Body) else spec.details_key
    return [name for name in (on_the_wire, spec.name) if name]


_ONE: list[Any] = [{"loc": ["body", "name"], "msg": "Too short", "type": "too_short"}]
_LINES, _BY_NAME = ["name: Too short"], {"name": ["Too short"]}


_for_entries: dict[type[Error], str | None] = {}


def _lists_entries(cls: type[Error]) -> str | None:
    """The field of *cls* that is declared for the field errors of a 422; remembered."""
    if cls not in _for_entries:
        _for_entries[cls] = _find_for_entries(cls)
    return _for_entries[cls]


def entries_of(error: Error) -> list[dict[str, Any]]:
    """The field errors that *error* lists as objects, or [] if there are none."""
    name = _lists_entries(type(error))
    listed = getattr(error, name) if name is not None else None
    return [entry for entry in listed if isinstance(entry, dict) and "msg" in entry] if isinstance(listed, list) else []


def _find_for_entries(cls: type[Error]) -> str | None:
    """One at a usual place, one of a usual name, or else the only one that takes a list of objects."""
    lists, others = [], []
    for spec in specs_of(cls):
        if not spec.travels or spec.is_message or spec.is_code or spec.is_status or isinstance(spec.mark, Header):
            continue
        if _takes(spec, _ONE) and not _takes(spec, 0):
            lists.append(spec)
        elif spec.mark in ENTRIES or (
            NAMES.intersection(_names(spec)) and (_takes(spec, _LINES) or _takes(spec, _BY_NAME))
        ):
            others.append(spec)
    usual = [spec for spec in lists if spec.mark in ENTRIES] or [s for s in lists if NAMES.intersection(_names(s))]
    chosen = usual or lists[: len(lists) == 1] or others
    return chosen[0].name if chosen else None


def _takes(spec: FieldSpec, value: Any) -> bool:
    try:
        return bool(spec.fit(value) == value)
    except UnfitError:
        return False


def _as_declared(entries: Sequence[Mapping[str, Any]], spec: FieldSpec) -> Any:
    """*entries* in the form that *spec* is declared in: as objects, as sentences, or sentences by name."""
    whole = [dict(entry) for entry in entries]
    if _takes(spec, _ONE):
        return whole
    by_name: dict[str, list[str]] = {}
    for entry in whole:
        place = ".".join(str(part) for part in entry["loc"] if part != "body")
        by_name.setdefault(place, []).append(entry["msg"])
    if _takes(spec, _LINES):
        return [f"{place}: {said}" if place else said for place, each in by_name.items() for said in each]
    return by_name
