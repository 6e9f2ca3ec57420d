"""Whose error a pasted body is, and which one, as far as the body alone can tell."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.coercion import UnfitError
from failwell.contract.construction import NOTHING
from failwell.contract.declaration import FieldSpec, specs_of
from failwell.contract.error import Error
from failwell.contract.error_body import ErrorBody
from failwell.contract.fields import Body, Details
from failwell.reference.errors import SilentBodyError, UnknownThingError
from failwell.reference.explanation.pasted import Pasted
from failwell.reference.page.collect import page_of
from failwell.reference.page.facts import Line, ReferencePage
from failwell.wire.envelopes import Problem
from failwell.wire.error_factory import take

FOREIGN, UNREAD, SHAPE, FIELDS, CODE = range(-1, 4)
"""How well a body fits a catalogue: of another's format, unreadable, readable, with one error's fields, with a code."""


@dataclass(frozen=True)
class Reading:
    """How well a body fits *catalogue*, and the *lines* that it can be; none where only its status can tell."""

    catalogue: Catalogue
    fit: int
    code: str | None
    lines: tuple[Line, ...]


def readings_of(pasted: Pasted, catalogues: Sequence[Catalogue], *, status: int | None = None) -> tuple[Reading, ...]:
    """The reading of *pasted* that makes most sense; of each of *catalogues* for which it makes as much.

    Raises:
        UnknownThingError: its code is in none of *catalogues*.
        SilentBodyError: it does not say which error it is, and its status is not known.
    """
    received = status if status is not None else pasted.status
    readings = [_reading(pasted, catalogue, received) for catalogue in catalogues]
    best = [reading for reading in readings if reading.fit == max(other.fit for other in readings)]
    # What one catalogue would make of another's reply is said when somebody asks for it, with that reply's status.
    if not best or (best[0].fit == FOREIGN and (len(catalogues) > 1 or status is None)):
        raise _unknown(Problem().parse(pasted.value).code or "about:blank", catalogues)
    if received is None and not best[0].lines:
        if best[0].code is not None:
            raise _unknown(best[0].code, catalogues)
        raise SilentBodyError(pasted.described())
    return tuple(best)


def _reading(pasted: Pasted, catalogue: Catalogue, status: int | None) -> Reading:
    if not pasted.readable:
        return Reading(catalogue, UNREAD, None, ())
    page, said = page_of(catalogue), catalogue.envelope.parse(pasted.value)
    if pasted.problem and catalogue.envelope.content_type != Problem.content_type:
        return Reading(catalogue, FOREIGN, said.code, ())
    coded = tuple(
        line for line in page.lines if said.code is not None and line.code == said.code and _covers(line, status)
    )
    if coded:
        return Reading(catalogue, CODE, said.code, _once(coded))
    by_fields = _with_fields(pasted, said, catalogue, page)
    if by_fields:
        return Reading(catalogue, FIELDS, said.code, by_fields)
    spoken = said.message is not None or said.code is not None
    return Reading(catalogue, SHAPE if spoken else UNREAD, said.code, ())


def _covers(line: Line, status: int | None) -> bool:
    return status is None or line.case.status is None or line.case.covers(status)


def _once(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """One line per class and status: the operations of a code are the same error."""
    return tuple({(line.error, line.label): line for line in reversed(lines)}.values())[::-1]


def _with_fields(pasted: Pasted, said: ErrorBody, catalogue: Catalogue, page: ReferencePage) -> tuple[Line, ...]:
    """The case of the one class that has the most fields of its own in the body; none where several have as many."""
    counted = {cls: _fields_found(pasted, said, cls, catalogue.base) for cls in catalogue.errors}
    most = max(counted.values(), default=0)
    leading = [cls for cls, count in counted.items() if count == most]
    if not most or len(leading) > 1:
        return ()
    first = page.error(leading[0].__name__).first
    return (first,) if first is not None else ()


def _fields_found(pasted: Pasted, said: ErrorBody, cls: type[Error], base: type[Error]) -> int:
    common = {spec.name for spec in specs_of(base)}
    own = [spec for spec in specs_of(cls) if spec.travels and spec.name not in common]
    return sum(1 for spec in own if _has(pasted, said, spec))


def _has(pasted: Pasted, said: ErrorBody, spec: FieldSpec) -> bool:
    """Whether the body holds a value that fits *spec* and says more than its absence would."""
    match spec.mark:
        case Body(path):
            value = take(pasted.value, path)
        case Details():
            value = said.details.get(spec.details_key or spec.name, NOTHING)
        case _:
            return False
    if value is NOTHING:
        return False
    try:
        return bool(spec.fit(value) != spec.fallback())
    except UnfitError:
        return False


def _unknown(code: str, catalogues: Sequence[Catalogue]) -> UnknownThingError:
    codes = [known.code for catalogue in catalogues for known in page_of(catalogue).codes]
    nearest = tuple(difflib.get_close_matches(code, codes, n=3))
    return UnknownThingError(code, tuple(catalogue.name for catalogue in catalogues), nearest)
