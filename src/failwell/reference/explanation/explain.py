"""Explain a code, a status, a class or a pasted body: a look-up that returns plain facts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.declaration import specs_of
from failwell.contract.error import Error
from failwell.reference.errors import UnknownThingError
from failwell.reference.explanation.pasted import Pasted, read_pasted
from failwell.reference.explanation.recognise import Reading, readings_of
from failwell.reference.page.collect import page_of
from failwell.reference.page.facts import Attribute, ErrorFacts, Line, ReferencePage
from failwell.wire.messages import Reply
from failwell.wire.parse import parse_reply

STATUS = re.compile(r"[1-5](?:[0-9][0-9]|xx)", re.IGNORECASE)
LONGEST_NAME = 200
"""Characters of a code; what is longer must be a body."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one error means.

    *line* is the case, None for a class that is never raised itself, and *status* what it travels with: the number
    that was asked for, or what the contract says. *attributes* are all that the class has, *narrower* its other cases.
    Of a pasted reply *values* are the attributes, None where nothing was pasted, and *error* the
    exception that the SDK would raise.
    """

    catalogue: str
    facts: ErrorFacts
    line: Line | None
    status: str | None
    attributes: tuple[Attribute, ...]
    narrower: tuple[Line, ...]
    address: str
    error: Error | None = None
    values: Mapping[str, Any] | None = None
    note: str | None = None


def explain(thing: str, catalogues: Sequence[Catalogue], *, status: int | None = None) -> tuple[Explanation, ...]:
    """What *thing* means: a code, a status, a class, the last line of a traceback, or a pasted body.

    *status* is that of the reply, where it is known. There is more than one explanation where the contract itself has
    several, of a code that two classes share, and where several *catalogues* have it.

    Raises:
        UnknownThingError: none of *catalogues* has it; it names the nearest.
        SilentBodyError: the body does not say which error it is, and no status was given.
    """
    thing = thing.removeprefix("\ufeff").strip()
    if is_body(thing):
        named = _in_traceback(thing, catalogues)
        if named is None:
            return explain_reply(thing.encode("utf-8", "surrogateescape"), catalogues, status=status)
        return named
    return _in_one(thing, _found(thing, catalogues, status), catalogues)


def explain_reply(
    text: bytes, catalogues: Sequence[Catalogue], *, status: int | None = None
) -> tuple[Explanation, ...]:
    """What the reply in *text* means: a body, or what `curl -i` printed. *status* is stronger than what is pasted.

    What several could have sent is explained for each of them.

    Raises:
        UnknownThingError: its code is in none of *catalogues*.
        SilentBodyError: it does not say which error it is, and no status was given.
    """
    pasted = read_pasted(text)
    received = status if status is not None else pasted.status
    readings = readings_of(pasted, catalogues, status=status)
    return tuple(explanation for reading in readings for explanation in _of_reading(reading, pasted, received))


def _of_reading(reading: Reading, pasted: Pasted, received: int | None) -> tuple[Explanation, ...]:
    page = page_of(reading.catalogue)
    if received is not None:
        return (_of_reply(pasted, received, reading.catalogue, page),)
    return tuple(
        _of_reply(pasted, line.case.concrete_status, reading.catalogue, page)
        if line.case.concrete_status is not None
        else _explanation(page, page.error(line.error), line)
        for line in reading.lines
    )


def is_body(thing: str) -> bool:
    """Whether *thing* is something that was pasted rather than a name."""
    return thing[:1] in ("", *'{["<') or len(thing) > LONGEST_NAME or re.search(r"\s", thing) is not None


def names_in(page: ReferencePage) -> list[str]:
    """Every name that can be asked for."""
    occasions = [line.case.on for line in page.lines if line.case.on is not None]
    statuses = [status.label for status in page.statuses if status.label != "other"]
    return [*(code.code for code in page.codes), *(error.name for error in page.errors), *statuses, *occasions]


Found = list[tuple[ReferencePage, list[Explanation]]]


def _found(thing: str, catalogues: Sequence[Catalogue], status: int | None) -> Found:
    """What each catalogue knows of the name *thing*; as it is written, or else in any case of the letters.

    A catalogue that has no more than its last resort for a status leaves it to those that claim it.
    """
    pages = [(catalogue, page_of(catalogue)) for catalogue in catalogues]
    for spelling in (str, str.casefold):
        found = [(page, _named(spelling(thing), page, catalogue, status, spelling)) for catalogue, page in pages]
        if any(known for _, known in found):
            found = [(page, known) for page, known in found if known]
            claimed = [(page, known) for page, known in found if any(one.line and one.line.label for one in known)]
            return claimed or found if STATUS.fullmatch(thing) else found
    return []


def _named(
    thing: str, page: ReferencePage, catalogue: Catalogue, status: int | None, spelling: Any
) -> list[Explanation]:
    if STATUS.fullmatch(thing):
        return _of_status(thing.lower(), page, catalogue)
    cases = [line for line in page.lines if line.code is not None and spelling(line.code) == thing]
    cases += [line for line in page.lines if line.case.on is not None and spelling(line.case.on) == thing]
    if status is not None:
        cases = [line for line in cases if line.case.covers(status)] or cases
    if cases:
        once = {(line.error, line.label, line.fix): line for line in reversed(cases)}
        return [_explanation(page, page.error(line.error), line) for line in reversed(once.values())]
    module, _, name = thing.rpartition(".")
    return [
        _explanation(page, error, error.first)
        for error in page.errors
        if spelling(error.name) == name and (not module or spelling(error.module).startswith(module.partition(".")[0]))
    ]


def _of_status(label: str, page: ReferencePage, catalogue: Catalogue) -> list[Explanation]:
    """The classes that claim the status by its number, the one without a code first; then the one of its range."""
    lines = [
        line
        for error in page.errors
        for line in error.lines
        if line.label == label and line.case.source(error.source) == "http"
    ]
    if label.isdigit():
        number = int(label)
        cls, case = catalogue.resolve(number)
        plain = [line for line in page.error(cls.__name__).lines if line.case == case]
        if number >= 400:
            lines = [*plain, *lines] if case.status == number else [*lines, *plain]
    once = {line.error: line for line in reversed(lines)}
    explained = [_explanation(page, page.error(name), line, status=label) for name, line in once.items()]
    return list(reversed(explained))


def _in_traceback(text: str, catalogues: Sequence[Catalogue]) -> tuple[Explanation, ...] | None:
    """What the last line of a traceback names: "pictograph.exceptions.ConflictError: Dataset ds exists"."""
    last = text.strip().rpartition("\n")[2]
    name = re.match(r"[A-Za-z_][\w.]*(?=:|\Z)", last)
    if name is None:
        return None
    plain = name[0].rpartition(".")[2]
    found = _found(name[0], catalogues, None)
    classes = [(page, known) for page, known in found if known[0].facts.name == plain]
    return _in_one(last, classes, catalogues) if classes else None


def _in_one(thing: str, found: Found, catalogues: Sequence[Catalogue]) -> tuple[Explanation, ...]:
    if not found:
        names = {name.casefold(): name for catalogue in catalogues for name in names_in(page_of(catalogue))}
        nearest = difflib.get_close_matches(thing.casefold(), names, n=3)
        raise UnknownThingError(
            thing, tuple(catalogue.name for catalogue in catalogues), tuple(names[name] for name in nearest)
        )
    return tuple(explanation for _, known in found for explanation in known)


def _of_reply(pasted: Pasted, status: int, catalogue: Catalogue, page: ReferencePage) -> Explanation:
    """What the SDK would make of the reply: it goes through the parser that every reply goes through."""
    error = parse_reply(Reply(status, pasted.headers, pasted.body), catalogue)
    facts = page.error(type(error).__name__)
    line = next((line for line in facts.lines if line.case == error.case), facts.first)
    said = catalogue.envelope.parse(pasted.value).code if pasted.readable else None
    note = None
    if said is not None and (line is None or line.code != said):
        note = f"The code {said!r} is not declared for {status}: the class is that of the status."
    values = {spec.name: getattr(error, spec.name, None) for spec in specs_of(type(error))}
    return _explanation(page, facts, line, status=str(status), error=error, values=values, note=note)


def _explanation(
    page: ReferencePage,
    facts: ErrorFacts,
    line: Line | None,
    *,
    status: str | None = None,
    error: Error | None = None,
    values: Mapping[str, Any] | None = None,
    note: str | None = None,
) -> Explanation:
    plain = line is None or line.code is None
    return Explanation(
        catalogue=page.name,
        facts=facts,
        line=line,
        status=status or (line.label if line is not None else None),
        attributes=attributes_of(facts, page),
        narrower=tuple(other for other in facts.lines if other != line and _within(other, status)) if plain else (),
        address=page.address(line.anchor if line is not None else facts.anchor),
        error=error,
        values=values,
        note=note,
    )


def _within(line: Line, status: str | None) -> bool:
    """Whether *line* may be what a reply of *status* is; for a class that was asked for without one, any may."""
    return status is None or line.label == status or (status.isdigit() and line.case.covers(int(status)))


def attributes_of(facts: ErrorFacts, page: ReferencePage) -> tuple[Attribute, ...]:
    """All attributes of a class, those of the classes above it first."""
    found: dict[str, Attribute] = {}
    if facts.parent is not None:
        found = {attribute.name: attribute for attribute in attributes_of(page.error(facts.parent), page)}
    found.update({attribute.name: attribute for attribute in facts.attributes})
    return tuple(found.values())
