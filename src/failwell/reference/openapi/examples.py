"""One example of every case of a catalogue, as it really travels."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from failwell.contract import Case, Catalogue, Error
from failwell.contract.coercion import meant, shape
from failwell.contract.construction import build
from failwell.contract.declaration import FieldSpec, specs_of
from failwell.wire import Reply, render_error

FIELD_ERROR = {"loc": ["body", "name"], "msg": "Field required", "type": "missing"}
NUMBERS: dict[Any, tuple[Any, Any]] = {int: (2, 3), float: (1.5, 2.5), bool: (True, False)}
"""Two examples of each: one of them is not the field's default."""


@dataclass(frozen=True, slots=True)
class ErrorExample:
    """An *error* of a catalogue that is its *case*, and the *reply* that it travels as."""

    error: Error
    case: Case
    reply: Reply

    @property
    def name(self) -> str:
        """What the example is called in a document: "ConflictError", "ConflictError.duplicate_name"."""
        return name_of(type(self.error), self.case.code)


def name_of(cls: type[Error], code: str | None) -> str:
    """What a class is called where its codes are told apart. Letters, digits, ".", "_" and "-" only."""
    if code is None:
        return cls.__name__
    return f"{cls.__name__}." + "".join(c if c.isascii() and (c.isalnum() or c in "-._") else "_" for c in code)


def classes_of(catalogue: Catalogue) -> tuple[type[Error], ...]:
    """Every class that a reply may become, in the order of the catalogue."""
    known = dict.fromkeys((catalogue.base, *catalogue.errors, catalogue.default))
    return tuple(
        cls for cls in known if cls.source == "http" or any(case.source(cls.source) == "http" for case in cls.claims)
    )


def declared(catalogue: Catalogue, operation: str | None) -> tuple[type[Error], ...]:
    """The classes that a reply to *operation* may become; all, where the catalogue says nothing of operations."""
    if operation not in catalogue.operations and not catalogue.everywhere:
        return classes_of(catalogue)
    raised = catalogue.raises(operation)
    return tuple(cls for cls in classes_of(catalogue) if issubclass(cls, raised))


def examples(catalogue: Catalogue, operation: str | None = None) -> Iterator[ErrorExample]:
    """An example of each case that a reply to *operation* may be.

    A case that another one hides there, such as the general one where *operation* has its own, is left out.
    """
    for cls in declared(catalogue, operation):
        cases = cls.claims if cls.claims or cls is not catalogue.default else cls.cases or (Case(),)
        for case in cases:
            status = _status(catalogue, cls, case, operation)
            if status is not None:
                error = example(cls, case, status)
                yield ErrorExample(error, case, render_error(error, catalogue))


def example(cls: type[Error], case: Case, status: int | None = None) -> Error:
    """A *cls* that is *case*, with a value in every field that travels."""
    error = build(cls, {spec.name: _value(spec, cls, case, status) for spec in specs_of(cls)})
    return error if error.case == case else error.become(case)


def _status(catalogue: Catalogue, cls: type[Error], case: Case, operation: str | None) -> int | None:
    """A status at which the table of *catalogue* finds *cls* and *case*, or None."""
    usual = case.concrete_status or 500
    statuses: list[int] = [usual, *(() if isinstance(case.status, int) else range(400, 600))]
    for status in statuses:
        if catalogue.resolve(status, case.code, operation=operation) == (cls, case):
            return status
    return None


def _value(spec: FieldSpec, cls: type[Error], case: Case, status: int | None) -> Any:
    if spec.is_message:
        return summary_of(cls)
    if spec.is_status:
        return status
    if spec.is_code:
        return case.code if case.code is not None else spec.fallback()
    return sample(spec) if spec.travels else spec.fallback()


def summary_of(cls: type[Error]) -> str:
    """The first paragraph of the docstring of *cls*, in one line."""
    return " ".join((cls.__doc__ or cls.__name__).strip().partition("\n\n")[0].split())


def sample(spec: FieldSpec) -> Any:
    """A value that fits the field and is not what the parser would fill in, so that it travels."""
    fallback = None if spec.declared.required else spec.fallback()
    return _sample(spec.hint, spec.name, fallback)


WRITTEN = {"datetime": "2026-01-31T12:00:00+00:00", "date": "2026-01-31", "time": "12:00:00", "Decimal": "9.50",
           "UUID": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"}  # fmt: skip
"""A value of each type that travels as text of a form."""


def _sample(hint: Any, name: str, fallback: Any) -> Any:
    hint = meant(hint)
    if hint in NUMBERS:
        first, second = NUMBERS[hint]
        return second if fallback == first else first
    if hint is type(None):
        return None
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return next((choice for choice in arguments if choice != fallback), arguments[0])
    if origin in (Union, types.UnionType):
        return _sample(next(choice for choice in arguments if choice is not type(None)), name, fallback)
    plain = origin or hint
    if isinstance(plain, type) and issubclass(plain, Enum):
        return next((member for member in plain if member != fallback), fallback)
    if isinstance(plain, type) and plain.__module__ in ("datetime", "uuid", "decimal") and plain.__name__ in WRITTEN:
        return shape(plain)(WRITTEN[plain.__name__])
    if isinstance(plain, type) and issubclass(plain, tuple) and arguments and arguments[-1] is not ...:
        return tuple(_sample(one, name, None) for one in arguments)
    if isinstance(plain, type) and issubclass(plain, tuple | AbstractSet):
        kind = plain if plain in (tuple, frozenset) else set
        return kind([_sample(arguments[0] if arguments else Any, name, None)])
    if isinstance(plain, type) and issubclass(plain, Mapping):
        value = arguments[1] if len(arguments) > 1 else Any
        return dict(FIELD_ERROR) if name == "errors" else {"name": _sample(value, name, None)}
    if isinstance(plain, type) and issubclass(plain, Sequence) and plain is not str:
        return [_sample(arguments[0] if arguments else Any, name, None)]
    return _text(name, fallback)


def _text(name: str, fallback: Any) -> str:
    if name.endswith(("url", "uri", "link")):
        return f"https://example.com/{name.rpartition('_')[0] or name}"
    if name == "id" or name.endswith("_id"):
        return f"{name.rpartition('_')[0] or 'object'}_1"
    words = name.replace("_", " ")
    return f"another {words}" if words == fallback else words
