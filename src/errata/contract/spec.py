"""The fields of an error class as the wire needs them: where each travels and what fits into it."""

from __future__ import annotations

import copy
import dataclasses
import functools
import operator
import types
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from errata.contract import fields
from errata.contract.case import TRAVELLING
from errata.contract.fields import MISSING, Code, Details, Header, Local, Mark, MessageMark, Status
from errata.contract.problems import DeclarationError
from errata.contract.types import Fit, fit

if TYPE_CHECKING:
    from errata.contract.error import Error

HEADER_TYPES = (int, float, bool, str)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of an error class."""

    name: str
    mark: Mark
    hint: Any
    fit: Fit
    default: Any
    factory: Any
    missing: Any
    init: bool
    is_message: bool
    is_code: bool
    is_status: bool
    travels: bool
    mirrored: bool
    details_key: str | None

    @property
    def required(self) -> bool:
        """Whether nothing says what to fill in when a reply is silent."""
        return self.default is dataclasses.MISSING and self.factory is dataclasses.MISSING and self.missing is MISSING

    def fallback(self) -> Any:
        """What the field holds when a reply does not say, or says something that does not fit."""
        if self.missing is not MISSING:
            return copy.copy(self.missing)  # one list for all errors would grow
        if self.default is not dataclasses.MISSING:
            return self.default
        return self.factory() if self.factory is not dataclasses.MISSING else None


def specs_of(cls: type[Error]) -> tuple[FieldSpec, ...]:
    """The fields of *cls*, in the order of its constructor. Annotations are resolved at the first call."""
    known: tuple[FieldSpec, ...] | None = cls.__dict__.get("_specs")
    if known is None:
        known = tuple(_specs(cls))
        cls._specs = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


def _specs(cls: type[Error]) -> typing.Iterator[FieldSpec]:
    if not dataclasses.is_dataclass(cls):
        return
    hints = typing.get_type_hints(cls, include_extras=True)
    travels = cls.source in TRAVELLING
    for item in dataclasses.fields(cls):
        hint, mark = _split(hints[item.name])
        bare_details = isinstance(mark, Details)
        yield FieldSpec(
            name=item.name,
            mark=mark if mark is not None else Details(),
            hint=hint,
            fit=fit(hint),
            default=item.default,
            factory=item.default_factory,
            missing=item.metadata.get("missing", MISSING),
            init=item.init,
            is_message=isinstance(mark, MessageMark),
            is_code=isinstance(mark, Code),
            is_status=isinstance(mark, Status),
            travels=travels and not isinstance(mark, Local),
            mirrored=bare_details,
            details_key=((mark.key if isinstance(mark, Details) else None) or item.name)
            if bare_details or mark is None
            else None,
        )


def _split(hint: Any) -> tuple[Any, Mark | None]:
    """The plain type of an annotation, and the mark that says where the field travels."""
    if get_origin(hint) in (Union, types.UnionType):
        plains, found = zip(*(_split(choice) for choice in get_args(hint)), strict=True)
        return functools.reduce(operator.or_, plains), next((mark for mark in found if mark is not None), None)
    if get_origin(hint) is not Annotated:
        return hint, None
    plain, *extras = get_args(hint)
    marks = [extra for extra in extras if isinstance(extra, fields.MARKS)]
    return plain, marks[0] if marks else None


def _choices(hint: Any) -> tuple[Any, ...]:
    """The types that *hint* allows, one by one."""
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def check_headers(cls: type[Error]) -> None:
    """Refuse a header field of a type that a header cannot carry.

    Raises:
        DeclarationError: naming the field, its type and the line of the class.
    """
    try:
        specs = specs_of(cls)
    except NameError:
        return  # a name that is declared further down; the catalogue looks again when it is built
    for spec in specs:
        if isinstance(spec.mark, Header):
            _check_header(cls, spec, spec.mark)


def _check_header(cls: type[Error], spec: FieldSpec, header: Header) -> None:
    choices = [choice for choice in _choices(spec.hint) if choice is not type(None)]
    wrong = [choice for choice in choices if choice not in HEADER_TYPES]
    if str in choices and len(choices) > 1:
        wrong = choices  # "5" could have been either
    if wrong:
        named = " or ".join(choice.__name__ if isinstance(choice, type) else str(choice) for choice in wrong)
        raise DeclarationError(
            f"{cls.__name__}.{spec.name} is bound to the header {header.name!r} and may be {named} "
            f"({cls.declared_at}). A header carries int, float, bool or else str; use Body(...) for anything else."
        )
    if type(None) in _choices(spec.hint) and not spec.required and spec.fallback() is not None:
        raise DeclarationError(
            f"{cls.__name__}.{spec.name} may be None, but without the header {header.name!r} it is {spec.fallback()!r} "
            f"({cls.declared_at}). No header carries None: let it be the default, or leave it out of the type."
        )
    if (
        not header.name
        or not all(c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in header.name)
        or not header.name.isascii()
    ):
        raise DeclarationError(
            f"{cls.__name__}.{spec.name} is bound to {header.name!r}, which is no header name ({cls.declared_at}). "
            "A header name is letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, 5.6.2)."
        )
