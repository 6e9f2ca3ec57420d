"""Completeness check: what a declaration must document for its page and does not."""

from __future__ import annotations

from collections import Counter

from failwell.reference.errors import UndocumentedError
from failwell.reference.page.facts import ErrorFacts, Line, ReferencePage


def require_documented(page: ReferencePage) -> None:
    """Refuse a page on which a code, a status or a class would have no cause, no fix or no address of its own.

    Raises:
        UndocumentedError: naming each, its line and what to write there.
    """
    lacks = tuple(dict.fromkeys((*_lacking(page), *_shared_anchors(page))))
    if lacks:
        raise UndocumentedError(page.name, lacks)


def _lacking(page: ReferencePage) -> list[str]:
    lacks: list[str] = []
    for error in page.errors:
        if error.cause is None:
            lacks.append(f"{_where(error)} has no docstring. Say there in a sentence why it is raised.")
        lacks += [
            f"{_where(error, line)} has no fix. Write what the caller should do: fix=..."
            for line in error.lines
            if not line.fix
        ]
        lacks += [
            f"{_where(error, line)} shares the docstring of its class with others. Write why it happens: cause=..."
            for line in _alike(error)
        ]
    return lacks


def _alike(error: ErrorFacts) -> list[Line]:
    """The cases without a cause of their own in a class that has several: its docstring cannot be about each."""
    coded = [line for line in error.lines if line.code is not None]
    plain = [line for line in error.lines if line.label is not None and not (line.code or line.case.operation)]
    several = (coded if len({line.code for line in coded}) > 1 else []) + (plain if len(plain) > 1 else [])
    return [line for line in several if line.case.cause is None]


def _where(error: ErrorFacts, line: Line | None = None) -> str:
    case = f" {line.case}" if line is not None else ""
    return f"{error.name}{case} ({error.declared_at})"


RESERVED = (
    "hierarchy",
    "when-each-fires",
    "retry-behavior",
    "idempotency",
    "status-codes",
    "codes",
    "exceptions",
    "attributes",
    "operations",
)
"""The anchors of a page's sections."""


def _shared_anchors(page: ReferencePage) -> list[str]:
    """Two entries of one address: whoever follows it would read about the wrong one."""
    named = [(error.anchor, error.name) for error in page.errors]
    named += [(code.anchor, code.code) for code in page.codes]
    named += [(status.anchor, status.label) for status in page.statuses]
    named += [(section, f"the section {section!r}") for section in RESERVED]
    taken = Counter(anchor for anchor, _ in named)
    return [
        f"#{anchor} is the address of {' and '.join(name for other, name in named if other == anchor)}. Rename one."
        for anchor, count in taken.items()
        if count > 1 or not anchor
    ]
