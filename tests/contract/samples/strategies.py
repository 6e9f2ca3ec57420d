"""Any error of a catalogue, as Hypothesis draws it: within the truncation, within what a header can carry."""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st

from failwell import Case, Catalogue, Error, Header
from failwell._support import truncation
from failwell.contract.declaration import FieldSpec, specs_of

Strategy = st.SearchStrategy[Any]
Claim = tuple[type[Error], Case]

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=40)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40).map(str.strip)
SCALARS = st.none() | st.booleans() | st.integers() | FLOATS | TEXTS


def _within_caps(value: Any) -> bool:
    return bool(truncation.structure(value) == value)


JSON = st.recursive(
    SCALARS, lambda parts: st.lists(parts, max_size=4) | st.dictionaries(TEXTS, parts, max_size=4), max_leaves=12
).filter(_within_caps)
MAPS = st.dictionaries(TEXTS, JSON, max_size=4).filter(_within_caps)

_PLAIN: dict[Any, Strategy] = {
    Any: JSON,
    str: TEXTS,
    int: st.integers(),
    float: FLOATS,
    bool: st.booleans(),
    type(None): st.none(),
}


def of_type(hint: Any, plain: dict[Any, Strategy] = _PLAIN) -> Strategy:
    """Values of the type *hint*."""
    if hint in plain:
        return plain[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of([of_type(choice, plain) for choice in arguments])
    if origin is list:
        return st.lists(of_type(arguments[0], plain), max_size=4).filter(_within_caps)
    if origin is dict:
        return st.dictionaries(TEXTS, of_type(arguments[1], plain), max_size=4).filter(_within_caps)
    raise AssertionError(f"no strategy for {hint}")


def of_field(spec: FieldSpec) -> Strategy:
    """Values of one field: in a header, printable ASCII; in Retry-After, whole seconds that are not negative."""
    if not isinstance(spec.mark, Header):
        return of_type(spec.hint)
    if spec.mark.name == "Retry-After":
        return of_type(spec.hint, {**_PLAIN, int: st.integers(0, 10**12)})
    return of_type(spec.hint, {**_PLAIN, str: PRINTABLE})


def travelling(catalogue: Catalogue) -> list[Claim]:
    """Every case of *catalogue* that an HTTP reply can be, its catch-all included."""
    by_status = catalogue.status_decides
    claims = [
        (cls, case)
        for cls, case in catalogue.cases()
        if case.source(cls.source) == "http" and (case.status is not None or case.code is None or by_status)
    ]
    if not any(case.status is None for _, case in claims):
        claims.append((catalogue.default, Case()))
    return claims


def parameters_of(cls: type[Error]) -> dict[str, Any]:
    """What the constructor of *cls* takes: a field, or else a plain type."""
    fields = {spec.name: spec for spec in specs_of(cls)}
    hints = typing.get_type_hints(cls.__init__)
    return {name: fields.get(name) or hints[name] for name in inspect.signature(cls).parameters}


@st.composite
def errors(draw: st.DrawFn, catalogue: Catalogue, claim: Claim) -> Error:
    """An instance of the claimed class that is the claimed case."""
    cls, case = claim
    given: dict[str, Any] = {}
    for name, what in parameters_of(cls).items():
        if isinstance(what, FieldSpec) and what.is_status:
            given[name] = draw(st.sampled_from(free_statuses(catalogue, claim)))
        elif isinstance(what, FieldSpec) and what.is_code:
            given[name] = case.code or draw(
                of_type(what.hint).filter(lambda code: code not in claimed_codes(catalogue))
            )
        elif isinstance(what, FieldSpec):
            given[name] = draw(of_field(what))
        else:
            given[name] = draw(of_type(what))
    error = cls(**given)
    says_code = any(isinstance(what, FieldSpec) and what.is_code for what in parameters_of(cls).values())
    if case.status is not None and not says_code:
        error.become(case)
    elif case.status is None:
        set_status(error, draw(st.sampled_from(free_statuses(catalogue, claim))))
    return error


def set_status(error: Error, status: int) -> None:
    """Put *status* on the field for it, if the class has one."""
    for spec in specs_of(type(error)):
        if spec.is_status:
            setattr(error, spec.name, status)


def claimed_codes(catalogue: Catalogue) -> frozenset[str | None]:
    """The codes that mean a class of their own."""
    return frozenset(case.code for _, case in catalogue.cases() if case.code is not None)


def free_statuses(catalogue: Catalogue, claim: Claim) -> list[int]:
    """The statuses with which *claim* travels: its own, those of its range, or those that nobody else claims."""
    cls, case = claim
    if isinstance(case.status, int):
        return [case.status]
    return [
        status
        for status in range(400, 600)
        if catalogue.resolve(status, case.code, operation=case.operation) == claim
        and (case.status is None or case.covers(status))
        and not any(other.status == status for other in cls.claims)
    ]


def bytes_of_text(value: Any) -> int:
    """How many bytes of UTF-8 the strings of a structure have, its keys included."""
    if isinstance(value, dict):
        return sum(bytes_of_text(key) + bytes_of_text(part) for key, part in value.items())
    if isinstance(value, list):
        return sum(map(bytes_of_text, value))
    return len(value.encode()) if isinstance(value, str) else 0
