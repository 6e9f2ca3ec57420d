"""Mapping of existing domain exceptions, which are not derived from `failwell.Error`, to cases of a contract."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from failwell.contract.case import RetryKind, StatusRange
from failwell.contract.error import Error
from failwell.contract.errors import DeclarationError
from failwell.contract.fields import Message, field

MESSAGES = ("message", "msg", "detail", "reason", "text")
"""Parameters of a constructor that are given the words of a reply, if no field is called so."""
EVIDENCE_OF = "__failwell__"
"""Where a domain exception that a client raised has the error of the contract."""


class DomainMapping(NamedTuple):
    """What `maps` was told: enough to make the same class in another process."""

    exception: type[Exception]
    base: type[Error]
    status: int | StatusRange | None
    code: str | None
    on: str | None
    retry: RetryKind | None
    fix: str | None
    fields: tuple[tuple[str, Any], ...]


def maps(
    exception: type[Exception],
    *,
    status: int | StatusRange | None = None,
    code: str | None = None,
    on: str | None = None,
    fields: Iterable[str] | Mapping[str, Any] = (),
    retry: RetryKind | None = None,
    fix: str | None = None,
    base: type[Error] = Error,
) -> type[Error]:
    """The case of a contract that *exception* is, a class of yours without our base; list it as any other error.

    A server that raises *exception*, or what is derived from it, answers with *status* and *code*, its `str()` as the
    message, and the attributes that *fields* name. A client (`raise_for`, `calling`, one of an SDK) that gets such an
    answer raises *exception* itself, made of these fields; `failwell.evidence` has what is known of the call. *fields*
    are names, or names with their types: `{"order_id": int}`. *base* is that of the catalogue; *on*, *retry* and *fix*
    are as a class of errors has them. The same once more gives the same class.

    Raises:
        DeclarationError: *exception* stands for too much, is an Error already, or asks for what no field is called.
    """
    given: Any = exception
    if not (isinstance(given, type) and issubclass(given, Exception)) or given is Exception:
        raise DeclarationError(f"{exception!r:.80} cannot be mapped. Name an exception class of yours below Exception.")
    if issubclass(exception, Error):
        raise DeclarationError(f"{exception.__name__} is a failwell.Error, which says what it is; list it as it is.")
    caller = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # names the line of the mapping
    pairs = fields.items() if isinstance(fields, Mapping) else ((name, Any) for name in fields)
    told = DomainMapping(exception, base, status, code, on, retry, fix, tuple(pairs))
    return _mapped(told, f"{caller.f_code.co_filename}:{caller.f_lineno}")


_made: dict[DomainMapping, type[Error]] = {}


def _mapped(told: DomainMapping, where: str) -> type[Error]:
    if told not in _made:
        names = [name for name, _ in told.fields]
        if missing := _asked_in_vain(told.exception, names):
            raise DeclarationError(
                f"{told.exception.__name__}.__init__ asks for {', '.join(missing)}, and no field is called so "
                f"({where}). Name it: maps({told.exception.__name__}, fields={(*names, *missing)})."
            )
        _made.setdefault(told, _declared(told, where))
    return _made[told]


def _declared(told: DomainMapping, where: str) -> type[Error]:
    annotations: dict[str, Any] = {name: hint if hint is Any else hint | None for name, hint in told.fields}
    body: dict[str, Any] = dict.fromkeys(annotations)
    annotations["message"], body["message"] = Message, field(default="", kw_only=False)
    body |= {"__annotations__": annotations, "__doc__": told.exception.__doc__, "__module__": told.exception.__module__}
    body["__reduce__"] = _reduce
    named = {"status": told.status, "code": told.code, "on": told.on, "retry": told.retry, "fix": told.fix}
    cls: type[Error] = types.new_class(told.exception.__name__, (told.base,), named, lambda held: held.update(body))
    cls.declared_at = where
    cls._mapping = told  # type: ignore[attr-defined]  # of such classes alone
    return cls


def _reduce(self: Any) -> tuple[Any, ...]:
    return _restored, (mapping_of(type(self)), type(self).declared_at, self.args), self.__dict__.copy()


def _restored(told: DomainMapping, where: str, args: tuple[Any, ...]) -> Error:
    """One of a class that exists in the process that reads it as soon as it is asked for."""
    cls = _mapped(told, where)
    return cls.__new__(cls, *args)


def mapping_of(cls: type[Error]) -> DomainMapping | None:
    """What *cls* maps, if it was made by `maps`."""
    found: DomainMapping | None = cls.__dict__.get("_mapping")
    return found


def evidence(problem: BaseException) -> Error | None:
    """The contract's error with all that is known of a call: *problem* itself, or what a mapped one was raised for."""
    if isinstance(problem, Error):
        return problem
    found = getattr(problem, "__dict__", {}).get(EVIDENCE_OF)
    return found if isinstance(found, Error) else None


def error_of_domain(problem: Exception, cls: type[Error]) -> Error:
    """The *cls*, made by `maps`, that *problem* travels as."""
    told = mapping_of(cls)
    values = {name: getattr(problem, name, None) for name, _ in told.fields if name != "message"} if told else {}
    error: Error = cls(**{"message": str(problem), **values})
    error.__cause__ = problem.__cause__
    return error


def domain_exception(error: Error) -> Exception:
    """What is raised for *error*: the exception that its class maps, with it as its cause; else *error* itself."""
    told = mapping_of(type(error))
    if told is None:
        return error
    facts = {name: getattr(error, name, None) for name, _ in told.fields}
    made = _make(told.exception, facts, str(error))
    for name, value in facts.items():
        if not hasattr(made, name) or getattr(made, name) != value:
            with suppress(AttributeError):  # one that is computed
                setattr(made, name, value)
    setattr(made, EVIDENCE_OF, error)
    made.__cause__ = error
    return made


def _make(exception: type[Exception], facts: Mapping[str, Any], message: str) -> Exception:
    asked = _asked(exception)
    words = next((name for name in asked if name in MESSAGES and name not in facts), None)
    given = {name: facts[name] for name in asked if name in facts} | ({words: message} if words else {})
    try:
        return exception(**given) if asked else exception(message)
    except Exception:  # noqa: BLE001 - a reply may say nothing of what a constructor of somebody else counts on
        made = exception.__new__(exception)
        made.args = (message,)
        return made


def _asked(exception: type[Exception]) -> dict[str, bool]:
    """What the constructor of *exception* takes by name, and whether it must be given."""
    import inspect

    try:
        parameters = inspect.signature(exception).parameters.values()
    except (TypeError, ValueError):  # one that is written in C
        return {}
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {each.name: each.default is each.empty for each in parameters if each.kind in by_name}


def _asked_in_vain(exception: type[Exception], names: list[str]) -> list[str]:
    """The parameters that must be given, and are neither fields nor the message."""
    return [name for name, must in _asked(exception).items() if must and name not in (*names, *MESSAGES)]
