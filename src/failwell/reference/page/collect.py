"""Collects the facts of a reference page from the declarations of a catalogue."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from failwell.contract.case import Case, phrase
from failwell.contract.catalogues.catalogue import Catalogue, anchor
from failwell.contract.declaration import FieldSpec, specs_of
from failwell.contract.error import Error
from failwell.contract.fields import AllDetails, Body, Code, Details, Header, Local, MessageMark, Status
from failwell.reference.page.docstrings import meanings
from failwell.reference.page.facts import Attribute, CodeFacts, ErrorFacts, Line, ReferencePage, StatusFacts
from failwell.reference.page.retries import delays, retried

FIRST_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def page_of(catalogue: Catalogue) -> ReferencePage:
    """Everything that *catalogue* declares."""
    classes = in_tree_order(catalogue)
    errors = tuple(_error(cls, catalogue, classes) for cls in classes)
    base = catalogue.base
    return ReferencePage(
        name=catalogue.name,
        module=base.__module__,
        base=base.__name__,
        default=catalogue.default.__name__,
        docs=catalogue.docs,
        errors=errors,
        codes=tuple(_codes(errors)),
        statuses=tuple(_statuses(errors)),
        rules=catalogue.retries,
        delays=delays(catalogue.retries),
        request_id=catalogue.headers.request_id,
        idempotency_key=catalogue.headers.idempotency_key,
        replayed=catalogue.headers.replayed,
        side_effect=catalogue.headers.side_effect,
        honours_keys=catalogue.idempotency == "server",
        operations=tuple(
            (operation, tuple(error.__name__ for error in said))
            for operation, said in sorted(catalogue.operations.items())
        ),
        everywhere=tuple(error.__name__ for error in catalogue.everywhere),
        common=tuple(_attribute(spec, base) for spec in specs_of(base)),
        evidence=tuple(_evidence()),
    )


def in_tree_order(catalogue: Catalogue) -> tuple[type[Error], ...]:
    """The classes of *catalogue*, each followed by those below it; otherwise in the order of declaration."""
    classes = tuple(dict.fromkeys((catalogue.base, *catalogue.errors, catalogue.default)))

    def below(parent: type[Error]) -> Iterator[type[Error]]:
        yield parent
        for cls in classes:
            if _parent(cls, classes) is parent:
                yield from below(cls)

    return tuple(below(catalogue.base))


def _parent(cls: type[Error], classes: tuple[type[Error], ...]) -> type[Error] | None:
    """The nearest class above *cls* that the catalogue has."""
    return next((above for above in cls.__mro__[1:] if above in classes), None)


def _depth(cls: type[Error], classes: tuple[type[Error], ...]) -> int:
    """How many classes of the catalogue stand above *cls*, each the nearest: of several parents only the first."""
    parent = _parent(cls, classes)
    return 0 if parent is None else 1 + _depth(parent, classes)


def _error(cls: type[Error], catalogue: Catalogue, classes: tuple[type[Error], ...]) -> ErrorFacts:
    text = _own_docstring(cls)
    cause = None if text is None else " ".join(text.partition("\n\n")[0].split())
    parent = _parent(cls, classes)
    inherited = set[tuple[object, ...]]() if parent is None else {_said(spec, parent) for spec in specs_of(parent)}
    return ErrorFacts(
        name=cls.__name__,
        module=cls.__module__,
        parent=None if parent is None else parent.__name__,
        depth=_depth(cls, classes),
        declared_at=cls.declared_at,
        source=cls.source,
        summary=None if cause is None else FIRST_SENTENCE.split(cause)[0],
        cause=cause,
        text=text,
        lines=tuple(_line(cls, case, cause, catalogue) for case in _cases(cls, catalogue)),
        attributes=tuple(_attribute(spec, cls) for spec in specs_of(cls) if _said(spec, cls) not in inherited),
        raised_by=tuple(sorted(name for name, said in catalogue.operations.items() if cls in said)),
        anywhere=cls in catalogue.everywhere,
        anchor=anchor(cls.__name__),
    )


def _cases(cls: type[Error], catalogue: Catalogue) -> tuple[Case, ...]:
    """What *cls* claims; the default class also claims what nobody does."""
    listed = catalogue.claims(cls)
    claims = tuple(case for case in listed if any((case.status, case.code, case.operation, case.on)))
    if cls is catalogue.default:
        return claims if catalogue.catch_all in claims else (*claims, catalogue.catch_all)
    if cls.source in ("job", "stream"):
        return (*claims, *(case for case in listed if case not in claims))
    return claims


def _line(cls: type[Error], case: Case, cause: str | None, catalogue: Catalogue) -> Line:
    return Line(
        error=cls.__name__,
        case=case,
        label=None if case.status is None else str(case.status).lower(),
        cause=case.cause or cause,
        fix=case.fix,
        retried=retried(case, case.source(cls.source), catalogue.retries),
        anchor=anchor(case.code) if case.code is not None else anchor(cls.__name__),
    )


def _codes(errors: tuple[ErrorFacts, ...]) -> Iterator[CodeFacts]:
    lines = [line for error in errors for line in error.lines if line.code is not None]
    for code in dict.fromkeys(line.code for line in lines):
        if code is not None:
            yield CodeFacts(code, anchor(code), tuple(line for line in lines if line.code == code))


def _statuses(errors: tuple[ErrorFacts, ...]) -> Iterator[StatusFacts]:
    """In the order of their numbers, each range after the statuses in it, and at the end whatever else there is."""
    lines = [
        line
        for error in errors
        for line in error.lines
        if line.label is not None and line.case.source(error.source) == "http"
    ]
    rest = tuple(
        line
        for error in errors
        for line in error.lines
        if line.case.source(error.source) == "http" and not any((line.label, line.case.operation))
    )
    for label in sorted({line.label for line in lines if line.label is not None}):
        known = phrase(int(label)) if label.isdigit() else ""
        yield StatusFacts(label, known, f"status-{label}", tuple(line for line in lines if line.label == label))
    if rest:
        yield StatusFacts("other", "Any other status", "status-other", rest)


def _attribute(spec: FieldSpec, cls: type[Error]) -> Attribute:
    meaning = meanings(cls).get(spec.name)
    if meaning is None and spec.is_message:
        meaning = "The human sentence; also `str(e)`."
    return Attribute(spec.name, type_name(spec.hint), _place(spec), meaning)


def _said(spec: FieldSpec, cls: type[Error]) -> tuple[object, ...]:
    """What is declared about an attribute of *cls*: a class that says the same as its parent has nothing to add."""
    return spec.name, spec.hint, spec.mark, meanings(cls).get(spec.name)


def _place(spec: FieldSpec) -> str:
    """Where in a reply the value stands."""
    if not spec.travels:
        return "not sent"
    match spec.mark:
        case MessageMark():
            return "the message"
        case Code():
            return "the code"
        case Status():
            return "the status"
        case Header(name):
            return f"header `{name}`"
        case Body(path):
            return f"`{path}` of the body"
        case Details():
            return f"`{spec.details_key}` of the details"
        case AllDetails():
            return "the details"
        case Local():
            return "not sent"


def _evidence() -> Iterator[Attribute]:
    said = meanings(Error)
    for name, hint in inspect.get_annotations(Error).items():
        if name in said and not name.startswith("_") and not str(hint).startswith("ClassVar"):
            yield Attribute(name, type_name(hint), "", said[name])


def type_name(hint: Any) -> str:
    """*hint* as it is written in a declaration, without the modules."""
    if isinstance(hint, type) and not hasattr(hint, "__args__"):
        return "None" if hint is type(None) else hint.__name__
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", str(hint)).replace("NoneType", "None")


def _own_docstring(cls: type[Error]) -> str | None:
    """The docstring of *cls*; None for one that it has from its parent."""
    text = cls.__doc__
    return None if text is None or text == cls.__mro__[1].__doc__ else inspect.cleandoc(text)
