"""Type coercion: whether a value that arrived fits the type that a field was declared with."""

from __future__ import annotations

import math
import types
from abc import ABCMeta
from collections.abc import Callable, Mapping, Sequence, Set as AbstractSet
from enum import Enum, Flag
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from failwell._support import truncation

Fit = Callable[[Any], Any]


DIGITS = 400
"""Digits of an integer in text, as many as `failwell.wire.json` reads: beyond that Python takes its time, and from 4300
on refuses."""


class UnfitError(ValueError):
    """A value that arrived is not of the field's type; the field keeps its default."""


def fit(hint: Any) -> Fit:
    """A function which gives back its argument as *hint*, cut to what an error keeps, or raises `UnfitError`."""
    shaped = shape(hint)
    return lambda value: shaped(truncation.structure(value))


def shape(hint: Any) -> Fit:
    """Like `fit`, for what is small already."""
    hint = meant(hint)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    origin = get_origin(hint)
    if origin is Literal:
        return _one_of(get_args(hint))
    if origin in (Union, types.UnionType):
        fits = [shape(choice) for choice in sorted(get_args(hint), key=_eagerness)]
        return _or_none(fits[1]) if len(fits) == 2 and fits[0] is _none else _first(fits)
    plain = origin or hint
    if not isinstance(plain, type):
        return _anything
    if issubclass(plain, Enum):
        return _enum(plain)
    if (read := _reader(plain)) is not None:
        return _from_text(read)
    if issubclass(plain, Mapping):
        return _map(_entry(hint, 1))
    if issubclass(plain, tuple):
        return _tuple(get_args(hint))
    if issubclass(plain, AbstractSet):
        return _set(frozenset if plain is frozenset else set, _list(_entry(hint, 0)))
    if issubclass(plain, Sequence):
        return _list(_entry(hint, 0))
    return _anything


def _entry(hint: Any, place: int) -> Fit:
    """What fits the entries of a container, whose type is the argument of *hint* at that *place*."""
    return shape(get_args(hint)[place]) if len(get_args(hint)) > place else _anything


def meant(hint: Any) -> Any:
    """The type that *hint* names: what a `NewType` or a `type` alias stands for, or itself."""
    while (other := getattr(hint, "__supertype__", None) or getattr(hint, "__value__", None)) is not None:
        hint = other
    return hint


def choices(hint: Any) -> tuple[Any, ...]:
    """The types that *hint* allows, one by one."""
    hint = meant(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(one for choice in get_args(hint) for one in choices(choice))
    return (hint,)


PLAIN = (int, float, bool, str, list, tuple, dict, set, frozenset, object)
"""Classes whose values travel as JSON, and come back as what they were."""


def lost(hint: Any) -> str | None:
    """Why a value of the type *hint* would not come back as what it was; None if it does."""
    those = choices(hint)
    named = [(get_origin(choice) or choice) for choice in those]
    spoken = [plain for plain in named if isinstance(plain, type) and _is_text(plain)]
    rivals = [plain for plain in named if plain in (str, int, float, bool)]
    if spoken and (len(spoken) > 1 or rivals):
        return f"may be {_or([*spoken, *rivals])}, which look alike in JSON"
    rows = [plain for plain in named if isinstance(plain, type) and plain in (list, tuple, set, frozenset)]
    if len(rows) > 1:
        return f"may be {_or(rows)}, which look alike in JSON"
    return next((why for choice, plain in zip(those, named, strict=True) if (why := _lost(choice, plain))), None)


def _lost(choice: Any, plain: Any) -> str | None:
    if not isinstance(plain, type) or plain is type(None) or plain in (Any, object, int, float, bool, str):
        return None
    arguments = get_args(choice)
    if issubclass(plain, Enum):
        values = [member.value for member in plain]
        wrong = [value for value in values if not isinstance(value, str | int) or isinstance(value, bool)]
        return (
            f"may be {plain.__name__}, whose value {wrong[0]!r} is neither text nor a whole number" if wrong else None
        )
    if _reader(plain) is not None:
        return None
    generic = plain in PLAIN or (isinstance(plain, ABCMeta) and plain.__module__ == "collections.abc")
    if is_typeddict(plain):
        return _lost_inside(plain)
    if issubclass(plain, Mapping) and generic:
        keys = [key for key in choices(arguments[0]) if key not in (str, Any, object)] if len(arguments) == 2 else []
        if keys:
            return f"may be a map whose keys are {_or(keys)}, and in JSON all keys are text"
        return lost(arguments[1]) if len(arguments) == 2 else None
    if not generic:
        return f"may be {plain.__name__}, which comes back as something else"
    return next((why for part in arguments if part is not ... and (why := lost(part))), None)


def _lost_inside(record: type) -> str | None:
    """Why a value of the TypedDict *record* would not come back: what is in it is not read by its types."""
    try:
        hints = get_type_hints(record)
    except NameError:  # of names that only type checkers know
        return None
    for name, hint in hints.items():
        for choice in choices(hint):
            plain = get_origin(choice) or choice
            told = isinstance(plain, type) and (issubclass(plain, Enum | tuple | set | frozenset) or _is_text(plain))
            if told or _lost(choice, plain) is not None:
                return f"may be {record.__name__}, whose {name!r} comes back as something else"
    return None


def _or(found: list[Any]) -> str:
    return " or ".join(choice.__name__ if isinstance(choice, type) else str(choice) for choice in found)


def _is_text(plain: type) -> bool:
    """Whether values of *plain* travel as text that one must know to be none."""
    if issubclass(plain, Enum):
        return not issubclass(plain, str | int)
    return _reader(plain) is not None


def _reader(plain: type) -> Callable[[Any], Any] | None:
    """What makes a *plain* of its text, for those that Python can write and read without a loss.

    Asked for by name: who declares no such field need not load their modules.
    """
    if plain.__module__ == "datetime" and plain.__name__ in ("datetime", "date", "time"):
        read: Callable[[Any], Any] = plain.fromisoformat  # type: ignore[attr-defined]  # all three have it
        return read
    if (plain.__module__, plain.__name__) in (("uuid", "UUID"), ("decimal", "Decimal")):
        return plain
    return None


def _from_text(read: Callable[[Any], Any]) -> Fit:
    is_number = getattr(read, "__name__", "") == "Decimal"

    def pick(value: Any) -> Any:
        if is_number and isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or len(value) > DIGITS or not value.isascii() or "_" in value:
            raise UnfitError
        try:
            found = read(value)
        except (ValueError, ArithmeticError):
            raise UnfitError from None
        if is_number and not found.is_finite():
            raise UnfitError
        return found

    return pick


def _enum(cls: type[Enum]) -> Fit:
    def pick(value: Any) -> Any:
        if issubclass(cls, Flag) and type(value) is int:  # several at once are a member, too
            try:
                return cls(value)
            except ValueError:
                raise UnfitError from None
        for member in cls:
            if member.value == value and type(member.value) is type(value):
                return member
        raise UnfitError

    return pick


def _tuple(arguments: tuple[Any, ...]) -> Fit:
    if not arguments:
        return lambda value: tuple(_any_list(value))
    if len(arguments) == 2 and arguments[1] is ...:
        entries = _list(shape(arguments[0]))
        return lambda value: tuple(entries(value))
    fits = [shape(argument) for argument in arguments if argument != ()]

    def pick(value: Any) -> Any:
        if len(_any_list(value)) != len(fits):
            raise UnfitError
        return tuple([fit(part) for fit, part in zip(fits, value, strict=True)])

    return pick


def _set(kind: type, entries: Fit) -> Fit:
    def pick(value: Any) -> Any:
        try:
            return kind(entries(value))
        except TypeError:
            raise UnfitError from None

    return pick


def _anything(value: Any) -> Any:
    return value


def _eagerness(choice: Any) -> int:
    """Where a type of a union is tried: a number would also read "5", which a `str` beside it must keep."""
    if choice is type(None):
        return 0
    if isinstance(choice, type) and issubclass(choice, Enum):
        return 1
    return 2 if choice is str else 3


def _none(value: Any) -> None:
    if value is not None:
        raise UnfitError


def _int(value: Any) -> int:
    if isinstance(value, bool):
        raise UnfitError
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _is_integer(value):
        return int(value)
    raise UnfitError


def _is_integer(text: str) -> bool:
    stripped = text.strip()
    digits = stripped[1:] if stripped[:1] in ("+", "-") else stripped
    return digits.isascii() and digits.isdigit() and len(digits) <= DIGITS


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnfitError
    if isinstance(value, str) and (not value.isascii() or "_" in value):
        raise UnfitError  # Python would read both, no other language does
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise UnfitError from None
    if not math.isfinite(number):
        raise UnfitError
    return number


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise UnfitError


def _instance(kind: type) -> Fit:
    def pick(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        raise UnfitError

    return pick


_SIMPLE: dict[Any, Fit] = {int: _int, float: _float, bool: _bool, str: _instance(str), None: _none, type(None): _none}


def _one_of(choices: tuple[Any, ...]) -> Fit:
    def pick(value: Any) -> Any:
        for choice in choices:
            said = choice.value if isinstance(choice, Enum) else choice
            if type(said) is type(value) and said == value:
                return choice
        raise UnfitError

    return pick


def _or_none(fit: Fit) -> Fit:
    return lambda value: None if value is None else fit(value)


def _first(fits: list[Fit]) -> Fit:
    def pick(value: Any) -> Any:
        for candidate in fits:
            try:
                return candidate(value)
            except UnfitError:
                continue
        raise UnfitError

    return pick


def _fitting(entries: list[Any], entry_fit: Fit) -> list[Any]:
    """The *entries* that fit. One odd entry must not hide the others from the caller."""
    kept: list[Any] = []
    for entry in entries:
        try:
            kept.append(entry_fit(entry))
        except UnfitError:
            continue
    return kept


_any_list, _any_map = _instance(list), _instance(dict)
_PLAIN: dict[Fit, type] = {_any_list: list, _any_map: dict}
"""What a value must be to fit, and no more than that."""


def _list(entry: Fit) -> Fit:
    if entry is _anything:
        return _any_list
    if (kind := _PLAIN.get(entry)) is not None:
        return _list_of(kind)
    return lambda value: _fitting(_any_list(value), entry)


def _list_of(kind: type) -> Fit:
    def pick(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise UnfitError
        for part in value:
            if not isinstance(part, kind):
                return [part for part in value if isinstance(part, kind)]
        return value

    return pick


def _map(entry: Fit) -> Fit:
    if entry is _anything:
        return _any_map

    def copy(value: Any) -> dict[str, Any]:
        return {key: fitted for key, part in _any_map(value).items() for fitted in _fitting([part], entry)}

    return copy
