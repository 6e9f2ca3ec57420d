"""One instance of every class of every catalogue, with a value for everything that its page documents."""

from __future__ import annotations

import pickle
import types
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from failwell import Attempt, Error
from failwell.contract.declaration import FieldSpec
from failwell.contract.evidence import KeptBody
from failwell.contract.reporting import attach

from . import CATALOGUES
from .parcels_sample import TooHeavyError
from .strategies import parameters_of

_EXAMPLES: dict[Any, Any] = {str: "täxt", int: 7, float: 1.5, bool: True, type(None): None, Any: {"k": [1, None]}}

CLASSES: dict[str, type[Error]] = {
    f"{name}-{cls.__name__}": cls for name, catalogue in CATALOGUES.items() for cls in catalogue.errors
} | {"parcels-TooHeavyError": TooHeavyError}


def value_of(hint: Any) -> Any:
    """An example of the type *hint*; not None, where there is a choice."""
    if hint in _EXAMPLES:
        return _EXAMPLES[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return arguments[-1]
    if origin in (Union, types.UnionType):
        return value_of(arguments[0])
    if origin is list:
        return [value_of(arguments[0])]
    return {"key": value_of(arguments[1])}


def bare(name: str) -> Error:
    """An instance of a class, as its constructor makes it."""
    cls = CLASSES[name]
    parameters = parameters_of(cls).items()
    return cls(**{key: value_of(what.hint if isinstance(what, FieldSpec) else what) for key, what in parameters})


def example(name: str) -> Error:
    """The same, after a call: with its facts, and a note."""
    error = bare(name)
    attach(
        error,
        request_id="req-1",
        attempts=(Attempt(503, 1.5, "status 503", "req-0"), Attempt(None, 0.0, "reset")),
        elapsed=2.25,
        idempotency_key="key-1",
        body=KeptBody(b'{"detail": "x"}', 9000),
    )
    error.add_note("a note")
    return error


def raise_example(name: str) -> None:
    """Fail with it, while another exception is being handled; for processes elsewhere."""
    try:
        raise KeyError("k")
    except KeyError as cause:
        raise example(name) from cause


def give_back(error: Error) -> Error:
    """The same error, having been to another process."""
    return error


T = TypeVar("T")


def through_pickle(value: T, protocol: int | None = None) -> T:
    """*value*, pickled and read again."""
    found: T = pickle.loads(pickle.dumps(value, protocol))  # noqa: S301 - what we wrote ourselves
    return found


def facts(error: Error) -> tuple[Any, ...]:
    """Everything of *error* that must survive a journey: what it is, what it prints, what it carries."""
    documented = {
        name: getattr(error, name, None)  # an OSError has members that are there only for some of them
        for name in dir(type(error))
        if not name.startswith("_") and not callable(getattr(type(error), name)) and name != "args"
    }
    return type(error), error.args, str(error), repr(error), error.case, documented, vars(error)
