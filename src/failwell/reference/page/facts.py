"""The facts of a reference page as plain values: no Markdown, no exception classes to call."""

from __future__ import annotations

from dataclasses import dataclass

from failwell.contract.case import Case, Source
from failwell.contract.catalogues.catalogue import RetryRules


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an error: its *type*, its *place* in a reply, and its *meaning*, None where nothing says it."""

    name: str
    type: str
    place: str
    meaning: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One case of the contract: what a reply must say to become *error*, why that happens and what to do then.

    *label* is the status as people write it ("409", "5xx"), or None. *cause* and *fix* are None where the declaration
    lacks them. *retried* is a sentence, *anchor* what stands after "#" in the address.
    """

    error: str
    case: Case
    label: str | None
    cause: str | None
    fix: str | None
    retried: str
    anchor: str

    @property
    def code(self) -> str | None:
        """The code of the case, or None."""
        return self.case.code


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """One class: *summary* is the first sentence of its docstring, *cause* the first paragraph, *text* the whole.

    *lines* are its cases, none for a class that is only caught, never raised. *attributes* are its own, *raised_by* the
    operations that document it; *anywhere* means that all do. *depth* counts the classes above it in the tree.
    """

    name: str
    module: str
    parent: str | None
    depth: int
    declared_at: str
    source: Source
    summary: str | None
    cause: str | None
    text: str | None
    lines: tuple[Line, ...]
    attributes: tuple[Attribute, ...]
    raised_by: tuple[str, ...]
    anywhere: bool
    anchor: str

    @property
    def first(self) -> Line | None:
        """The case that says most about the class: the one without a code, for any operation and on any occasion."""
        plain = (line for line in self.lines if not any((line.case.code, line.case.operation, line.case.on)))
        return next(plain, self.lines[0] if self.lines else None)


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """One code, and every case that a reply with it may be."""

    code: str
    anchor: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """One status, or a range of them, its reason *phrase*, and the cases that it may be."""

    label: str
    phrase: str
    anchor: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ReferencePage:
    """Everything that is declared about the errors of one vendor.

    *base* is what a caller catches for everything, *default* what a reply becomes that nothing else claims. *delays*
    are the seconds before each retry. *operations* are the errors that each documents beside *everywhere*.
    *honours_keys* is whether the server does once what it is sent twice with one idempotency key.
    """

    name: str
    module: str
    base: str
    default: str
    docs: str | None
    errors: tuple[ErrorFacts, ...]
    codes: tuple[CodeFacts, ...]
    statuses: tuple[StatusFacts, ...]
    rules: RetryRules
    delays: tuple[float, ...]
    request_id: str
    idempotency_key: str
    replayed: str
    side_effect: str
    honours_keys: bool
    operations: tuple[tuple[str, tuple[str, ...]], ...]
    everywhere: tuple[str, ...]
    common: tuple[Attribute, ...]
    """What every error of the vendor carries."""
    evidence: tuple[Attribute, ...]
    """What every error carries, whoever its vendor is."""

    def error(self, name: str) -> ErrorFacts:
        """The facts about the class *name*."""
        return next(error for error in self.errors if error.name == name)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every case of every class."""
        return tuple(line for error in self.errors for line in error.lines)

    def address(self, anchor: str) -> str:
        """Where *anchor* is explained; relative to the site where the catalogue does not say where that is."""
        return f"{self.docs or f'reference/{self.name}/'}#{anchor}"
