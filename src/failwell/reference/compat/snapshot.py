"""Contract snapshot: all that callers can depend on in a catalogue, as plain JSON to keep and compare."""

from __future__ import annotations

import functools
import inspect
import json
import sys
import types
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Union, get_args, get_origin, get_type_hints

from failwell._support.exception_fields import ExceptionFields
from failwell.contract import AllDetails, Body, Case, Catalogue, Code, Details, Error, Header, Status
from failwell.contract.catalogues.catalogue import RetryRules
from failwell.contract.declaration import FieldSpec, specs_of
from failwell.contract.error_body import ErrorBody
from failwell.contract.errors import ContractError
from failwell.reference.openapi.examples import summary_of
from failwell.reference.page.collect import type_name
from failwell.wire import json as wire_json

FORMAT = 1

Facts = dict[str, Any]

WIDTH = 120

OURS = frozenset(vars(Error))
"""What every error has from Failwell, and no vendor promises."""

PROBES: dict[str, ErrorBody] = {
    "message": ErrorBody(status=409, message="MESSAGE"),
    "code": ErrorBody(status=409, message="MESSAGE", code="CODE"),
    "details": ErrorBody(status=409, message="MESSAGE", code="CODE", details={"DETAIL": 1}, request_id="REQUEST"),
}
"""What an envelope is asked to say: the bodies that come of it are its shape."""


class SnapshotError(ExceptionFields, ContractError):
    """*where* is no snapshot of a contract, for this *reason*."""

    where: str
    reason: str
    template = "{where} is no contract snapshot: {reason}. Write one with: failwell snapshot CATALOGUE"


def facts_of(catalogue: Catalogue) -> Facts:
    """The facts of *catalogue*, with JSON types only and in the order of declaration."""
    return {
        "format": FORMAT,
        "name": catalogue.name,
        "base": catalogue.base.__name__,
        "default": catalogue.default.__name__,
        "docs": catalogue.docs,
        "status_decides": catalogue.status_decides,
        "idempotency": catalogue.idempotency,
        "body_cap": catalogue.body_cap,
        "headers": asdict(catalogue.headers),
        "retries": _said(catalogue.retries),
        "envelope": {
            "content_type": catalogue.envelope.content_type,
            "lossless": catalogue.envelope.lossless,
            "bodies": {name: _rendered(catalogue, said) for name, said in PROBES.items()},
        },
        "classes": {cls.__name__: _class(cls, catalogue) for cls in _classes(catalogue)},
        "operations": {name: [cls.__name__ for cls in said] for name, said in catalogue.operations.items()},
        "everywhere": [cls.__name__ for cls in catalogue.everywhere],
    }


def written(facts: Facts) -> str:
    """*facts* as the text of a file: a line for each fact, so that a change of the contract is a line of a diff."""
    return _lines(facts, "") + "\n"


def _lines(value: Any, indent: str) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    deeper = indent + "  "
    if not isinstance(value, dict | list) or not value or (indent and len(indent) + len(flat) < WIDTH):
        return flat
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {_lines(part, deeper)}" for key, part in value.items()]
    else:
        parts = [_lines(part, deeper) for part in value]
    first, last = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return f"{first}\n{deeper}" + f",\n{deeper}".join(parts) + f"\n{indent}{last}"


def read(text: str, where: str) -> Facts:
    """The facts in the *text* of the file *where*.

    Raises:
        SnapshotError: it is something else, or was written by a newer Failwell.
    """
    try:
        facts = json.loads(text)
    except ValueError as problem:
        raise SnapshotError(where, f"it cannot be read as JSON ({problem})") from None
    if not isinstance(facts, dict) or "format" not in facts:
        raise SnapshotError(where, 'it has no "format"')
    if facts["format"] != FORMAT:
        raise SnapshotError(where, f"its format is {facts['format']!r}, this Failwell reads {FORMAT}")
    facts.setdefault("status_decides", False)  # those of release 0.1 do not have it
    lacking = [name for name in EMPTY if not isinstance(facts.get(name), type(EMPTY[name]))]
    lacking += [
        f"{name}.{key}" for name, told in (facts.get("classes") or {}).items() for key in CLASS if key not in told
    ]
    if lacking:
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        raise SnapshotError(where, f"it lacks {', '.join(lacking[:5])}{more}")
    return facts


CLASS = (
    "module",
    "aliases",
    "above",
    "raised",
    "source",
    "summary",
    "constructor",
    "attributes",
    "claims",
    "cases",
)
EMPTY: Facts = {
    "name": "",
    "base": "",
    "default": "",
    "status_decides": False,
    "body_cap": 0,
    "headers": {},
    "retries": {},
    "envelope": {},
    "classes": {},
    "operations": {},
    "everywhere": [],
}


def _rendered(catalogue: Catalogue, said: ErrorBody) -> Any:
    body: dict[str, Any] = {}
    catalogue.envelope.render(body, said)
    return wire_json.plain(body)


def _classes(catalogue: Catalogue) -> Iterator[type[Error]]:
    """The classes of *catalogue*, and those between them and `failwell.Error`."""
    named = dict.fromkeys((catalogue.base, *catalogue.errors, catalogue.default))
    return iter(dict.fromkeys(cls for one in named for cls in (one, *_vendors(one))))


def _vendors(cls: type[Error]) -> list[type[Error]]:
    return [above for above in cls.__mro__[1:] if issubclass(above, Error) and above is not Error]


def _class(cls: type[Error], catalogue: Catalogue) -> Facts:
    return {
        "module": cls.__module__,
        "aliases": _aliases(cls),
        "above": [name for name in map(_name, cls.__mro__[1:]) if name],
        "raised": cls in (catalogue.base, *catalogue.errors, catalogue.default),
        "source": cls.source,
        "summary": summary_of(cls),
        "constructor": list(_constructor(cls)),
        "attributes": {spec.name: _attribute(spec) for spec in specs_of(cls)} | dict(_properties(cls)),
        "claims": bool(cls.claims),
        "cases": [_said(case) for case in cls.cases],
    }


def _name(above: type) -> str | None:
    """What an `except` clause calls the class; None for those that say nothing."""
    if above in (Error, Exception, BaseException, object):
        return None
    return above.__name__ if issubclass(above, Error) else f"{above.__module__}.{above.__qualname__}"


def _aliases(cls: type[Error]) -> list[str]:
    module = vars(sys.modules.get(cls.__module__, types))
    return sorted(name for name, held in module.items() if held is cls and name not in (cls.__name__, "_"))


def _said(facts: Case | RetryRules) -> Facts:
    return {name: said for name, said in asdict(facts).items() if said is not None}


def _attribute(spec: FieldSpec) -> Facts:
    told: Facts = {"type": type_text(spec.hint), "place": _place(spec)}
    return told if spec.declared.required else told | {"default": wire_json.plain(spec.fallback())}


def _place(spec: FieldSpec) -> str:
    """Where the field travels, in words that change when an older reader would not find it any more."""
    if spec.is_message:
        return "message"
    if not spec.travels:
        return "local"
    match spec.mark:
        case Code():
            return "code"
        case Status():
            return "status"
        case Header(name):
            return f"header {name}"
        case Body(path):
            return f"body {path}"
        case AllDetails():
            return "all details"
        case Details() | _:
            return f"details {spec.details_key}"


def _properties(cls: type[Error]) -> Iterator[tuple[str, Facts]]:
    """What else a vendor's classes have: properties and methods, by name."""
    fields = {spec.name for spec in specs_of(cls)}
    if "details" not in fields and any(spec.mirrored for spec in specs_of(cls)):
        yield "details", {"type": "dict[str, Any]", "place": "mirror"}
    for above in reversed((cls, *_vendors(cls))):
        for name, held in vars(above).items():
            if name.startswith("_") or name in OURS or name in fields:
                continue
            if isinstance(held, property | functools.cached_property):
                getter = held.fget if isinstance(held, property) else held.func
                yield name, {"type": _returned(getter), "place": "property"}
            elif inspect.isfunction(held):
                _self, *parameters = inspect.signature(held).parameters
                yield name, {"type": _returned(held), "place": f"method({', '.join(parameters)})"}


def _returned(function: Any) -> str:
    return type_text(_hints(function).get("return", Any))


def _constructor(cls: type[Error]) -> Iterator[Facts]:
    fields = {spec.name: spec.hint for spec in specs_of(cls)}
    for name, parameter in inspect.signature(cls).parameters.items():
        hint = fields[name] if name in fields else _hints(cls.__init__).get(name, Any)
        yield {
            "name": name,
            "kind": parameter.kind.name.lower(),
            "type": type_text(hint),
            "required": parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD),
        }


def _hints(function: Any) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except NameError:
        return dict(getattr(function, "__annotations__", {}))  # a name that only type checkers import


def type_text(hint: Any) -> str:
    """The types that *hint* allows, sorted, None last: however a union is written, it reads the same."""
    choices = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    names = {type_name(choice) if not isinstance(choice, str) else choice for choice in choices}
    return " | ".join(sorted(names, key=lambda name: (name == "None", name)))
