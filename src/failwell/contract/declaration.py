"""Field specs of an error class: the mark, type and default of each, checked when the class is declared."""

from __future__ import annotations

import functools
import operator
import sys
import types
import typing
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from failwell._support.frozen import Frozen, changed
from failwell._support.lazy import annotations_of, dataclass_like
from failwell.contract import fields
from failwell.contract.case import TRAVELLING
from failwell.contract.errors import DeclarationError
from failwell.contract.fields import MISSING, Body, Code, Declared, Details, Header, Local, Mark, MessageMark, Status

if TYPE_CHECKING:
    from failwell.contract.coercion import Fit

HEADER_TYPES = (int, float, bool, str)


class FieldSpec(Frozen):
    """One field of an error class. *annotation* is its type as it was written, *hint* what that means."""

    name: str
    declared: Declared
    annotation: Any
    mark: Mark
    hint: Any
    is_message: bool
    is_code: bool
    is_status: bool
    travels: bool
    mirrored: bool
    details_key: str | None

    @property
    def is_wait(self) -> bool:
        """Whether it holds the seconds of a Retry-After: in the header, or under that name elsewhere."""
        mark = self.mark
        place = mark.name if isinstance(mark, Header) else mark.path if isinstance(mark, Body) else self.details_key
        return (place or self.name).rpartition(".")[2].lower().replace("_", "-") == "retry-after"

    def fallback(self) -> Any:
        """What the field holds when a reply does not say, or says something that does not fit."""
        declared = self.declared
        if declared.missing is not MISSING:
            import copy

            return copy.copy(declared.missing)  # one list for all errors would grow
        if declared.default is not MISSING:
            return declared.default
        return declared.factory() if declared.factory is not MISSING else None

    @functools.cached_property
    def fit(self) -> Fit:
        """What makes a value that arrived one of the field's type, or refuses it."""
        from failwell.contract.coercion import fit

        return fit(self.hint)

    @functools.cached_property
    def shape(self) -> Fit:
        """The same, for a value that is known to be small."""
        from failwell.contract.coercion import shape

        return shape(self.hint)


class Marks(Frozen):
    """The names of the fields of a class that every error may have; None where it has none.

    *mirrored* are those that also stand in `details`, each with its key there.
    """

    message: str | None
    code: str | None
    status: str | None
    mirrored: tuple[tuple[str, str], ...]


def marks_of(cls: type[Any]) -> Marks:
    """The fields of *cls* that say what its case is."""
    known: Marks | None = cls.__dict__.get("_marks")
    if known is None:
        specs = specs_of(cls)
        known = Marks(
            next((spec.name for spec in specs if spec.is_message), None),
            next((spec.name for spec in specs if spec.is_code), None),
            next((spec.name for spec in specs if spec.is_status), None),
            tuple((spec.name, spec.details_key) for spec in specs if spec.mirrored and spec.details_key is not None),
        )
        cls._marks = known
    return known


def specs_of(cls: type[Any]) -> tuple[FieldSpec, ...]:
    """The fields of *cls*, in the order of its constructor. Annotations are resolved at the first call."""
    known: tuple[FieldSpec, ...] | None = cls.__dict__.get("_specs")
    if known is None:
        found: dict[str, FieldSpec] = {}
        for base in reversed(cls.__mro__):
            found.update(_own_specs(base))
        known = tuple(found.values())
        if cls.source not in TRAVELLING:
            known = tuple(changed(spec, travels=False) for spec in known)
        cls._specs = known
    return known


SESSION_FACTS = frozenset({"close_code", "close_reason"})
"""Members of every error that a class may declare as fields of its own: a session fills in both."""


def declare_fields(cls: type[Any], root: type[Any]) -> None:
    """Take the fields that *cls* itself declares out of its body; what stays there is their defaults.

    Raises:
        DeclarationError: a default that all instances would share, a `field()` without a type, or one with the name of
            what every error of *root* has.
    """
    declared: dict[str, Declared] = {}
    annotations = annotations_of(cls)
    for name in (*annotations, *_mixed_in(cls)):
        if hasattr(root, name) and not name.startswith("_") and name not in SESSION_FACTS:
            raise DeclarationError(
                f"{cls.__name__}.{name} would hide `{name}`, which every error has ({cls.declared_at}). Give the field "
                f'another name; Body("{name}") says where it travels.'
            )
    for name in annotations:
        found = cls.__dict__.get(name, MISSING)
        declared[name] = found if isinstance(found, Declared) else Declared(found)
        default = declared[name].default
        if default.__hash__ is None:
            raise DeclarationError(
                f"{cls.__name__}.{name} has the default {default!r}, which all errors would share ({cls.declared_at}). "
                f"Use field(default_factory={type(default).__name__})."
            )
        if isinstance(found, Declared):
            if default is MISSING:
                delattr(cls, name)
            else:
                setattr(cls, name, default)
    for name, value in cls.__dict__.items():
        if isinstance(value, Declared):
            raise DeclarationError(f"{cls.__name__}.{name} is a field() without a type ({cls.declared_at}). Name one.")
    cls._declared = declared


def _mixed_in(cls: type) -> list[str]:
    """The fields of the dataclasses that *cls* itself mixes in."""
    return [name for base in cls.__bases__ if "_declared" not in base.__dict__
            for name in base.__dict__.get("__dataclass_fields__", ())]  # fmt: skip


def _declared_by(cls: type) -> dict[str, Declared]:
    """The fields that *cls* itself declares, if it is an error or a dataclass that is mixed in."""
    known: dict[str, Declared] | None = cls.__dict__.get("_declared")
    if known is not None:
        return known
    if "__dataclass_params__" not in cls.__dict__:
        return {}
    import dataclasses

    def told(value: Any) -> Any:
        return MISSING if value is dataclasses.MISSING else value

    own = annotations_of(cls)
    return {
        item.name: Declared(told(item.default), told(item.default_factory), item.init, bool(item.kw_only))
        for item in dataclasses.fields(cls)
        if item.name in own
    }


def _own_specs(cls: type) -> dict[str, FieldSpec]:
    """The same, resolved."""
    known: dict[str, FieldSpec] | None = cls.__dict__.get("_own_specs")
    if known is None:
        known = _resolved(cls, _declared_by(cls))
        if known:
            cls._own_specs = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


def _resolved(cls: type, declared: dict[str, Declared]) -> dict[str, FieldSpec]:
    if not declared:
        return {}
    annotations = annotations_of(cls)
    outer, inner = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}, dict(vars(cls))
    # typing compiles each text by itself, which is slow the first time; it still finds the names inside of quotes.
    known = {
        name: eval(hint, inner, outer) if isinstance(hint, str) else hint  # noqa: S307 - the class's own source
        for name, hint in annotations.items()
    }
    # Asked of a class of its own, because those above *cls* have been resolved already.
    asked = type(cls.__name__, (), {"__annotations__": known, "__module__": cls.__module__})
    hints = typing.get_type_hints(asked, globalns=inner, localns=outer, include_extras=True)
    return {name: _spec(name, field, annotations[name], hints[name]) for name, field in declared.items()}


def _spec(name: str, declared: Declared, annotation: Any, resolved: Any) -> FieldSpec:
    hint, mark = _split(resolved)
    bare_details = isinstance(mark, Details)
    key = ((mark.key if isinstance(mark, Details) else None) or name) if bare_details or mark is None else None
    return FieldSpec(
        name,
        declared,
        annotation,
        mark if mark is not None else Details(),
        hint,
        isinstance(mark, MessageMark),
        isinstance(mark, Code),
        isinstance(mark, Status),
        not isinstance(mark, Local),
        bare_details,
        key,
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


def required_of(cls: type[Any]) -> list[FieldSpec]:
    """The fields of *cls* that nothing fills in when a reply is silent."""
    owners = {name: base for base in reversed(cls.__mro__) for name in _declared_by(base)}
    return [_own_specs(base)[name] for name, base in owners.items() if _declared_by(base)[name].required]


def check_types(cls: type[Any]) -> None:
    """Refuse a field that *cls* itself declares with a type that a header, or JSON, cannot carry.

    Raises:
        DeclarationError: naming the field, its type and the line of the class.
    """
    if not any(_needs_a_look(hint) for hint in annotations_of(cls).values()):
        return
    try:
        specs = _own_specs(cls)
    except NameError:
        cls._unchecked = True
        return
    for spec in specs.values():
        if isinstance(spec.mark, Header):
            _check_header(cls, spec, spec.mark)
        elif spec.travels and cls.source in TRAVELLING and _needs_a_look(spec.annotation):
            _check_lost(cls, spec)


def check_types_again(cls: type[Any]) -> None:
    """Look at the fields again whose types had names that were declared further down.

    Raises:
        DeclarationError: as `check_types`.
    """
    for base in cls.__mro__:
        if "_unchecked" in base.__dict__:
            check_types(base)


_MARKS = {"AllDetails", "Annotated", "Any", "Body", "Code", "Details", "Local", "Message", "Status"}
_KNOWN = _MARKS | {"None", "bool", "dict", "float", "int", "list", "str"}
_PUNCTUATION = str.maketrans(dict.fromkeys("[](){}|,.=", " "))


def _needs_a_look(annotation: Any) -> bool:
    """Whether resolving *annotation* could show a header or an odd type: only a name that says nothing else could.

    Resolving all of a contract takes as long as importing it.
    """
    if not isinstance(annotation, str):
        return True
    without_texts = " ".join(annotation.replace("'", '"').split('"')[::2])
    names = without_texts.translate(_PUNCTUATION).split()
    return not _KNOWN.issuperset(names) or _has_odd_keys(without_texts)


def _has_odd_keys(annotation: str) -> bool:
    """Whether a dict in *annotation* may have keys that JSON has not."""
    return any(not inside.lstrip().startswith(("str", "Any")) for inside in annotation.split("dict[")[1:])


def _check_lost(cls: type[Any], spec: FieldSpec) -> None:
    from failwell.contract.coercion import lost

    if spec.is_message or spec.is_code or spec.is_status or (why := lost(spec.hint)) is None:
        return
    raise DeclarationError(
        f"{cls.__name__}.{spec.name} {why} ({cls.declared_at}). Use JSON's types, an Enum of them, datetime, date, "
        "time, UUID, Decimal, tuple or set; or Local() for what never travels."
    )


def _check_header(cls: type[Any], spec: FieldSpec, header: Header) -> None:
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
    if type(None) in _choices(spec.hint) and not spec.declared.required and spec.fallback() is not None:
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


def constructed(cls: type[Any]) -> type:
    """The dataclass that *cls* is: its constructor, and its fields as `dataclasses` tells them."""
    from dataclasses import field

    body: dict[str, Any] = {"__post_init__": cls.__post_init__}
    annotations: dict[str, Any] = {}
    for spec in specs_of(cls):
        declared = spec.declared
        given: dict[str, Any] = {"init": declared.init, "kw_only": declared.kw_only}
        given["metadata"] = {"missing": declared.missing}
        if declared.default is not MISSING:
            given["default"] = declared.default
        if declared.factory is not MISSING:
            given["default_factory"] = declared.factory
        annotations[spec.name] = spec.annotation
        body[spec.name] = field(**given)
    return dataclass_like(cls, annotations, body, eq=False, repr=False)
