"""Exceptions of the reference: no such catalogue, no explanation, stale pages.

ContractError
├── UndocumentedError       a code, status or class lacks a cause or a fix, or two of them share an address
├── StalePagesError         pages on disk are not what the catalogues say
└── NoExplanationError      nothing, or nothing definite, can be said about what was asked
    ├── UnknownCatalogueError   no installed distribution brings it
    ├── BrokenCatalogueError    one does, and it cannot be loaded
    ├── UnknownThingError       no catalogue has that code, status or class
    └── SilentBodyError         the body alone does not say which error it is
"""

from __future__ import annotations

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.errors import ContractError


class UndocumentedError(ExceptionFields, ContractError):
    """The declaration of *catalogue* does not say all that a page says; *lacks* are sentences, with their remedies."""

    catalogue: str
    lacks: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((f"The page of {self.catalogue!r} would lack {len(self.lacks)} facts:", *self.lacks))


class StalePagesError(ExceptionFields, ContractError):
    """Of the pages in *folder* some are *missing*, some *stale*, and some *left* of catalogues that are gone."""

    folder: str
    missing: tuple[str, ...]
    stale: tuple[str, ...]
    left: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        found = {"missing": self.missing, "stale": self.stale, "of no installed catalogue": self.left}
        said = "; ".join(f"{what}: {', '.join(names)}" for what, names in found.items() if names)
        return f"Pages in {self.folder} are not what the catalogues say ({said}). Write them with: {self.remedy}"


class NoExplanationError(ContractError):
    """Nothing definite can be said about what was asked."""


class UnknownCatalogueError(ExceptionFields, NoExplanationError):
    """No installed distribution brings a catalogue called *name*."""

    name: str
    known: tuple[str, ...]
    template = "No catalogue is called {name!r}. Installed: {known}. Install another with: pip install failwell-NAME"


class BrokenCatalogueError(ExceptionFields, NoExplanationError):
    """The catalogue *name* is installed as *where*, and cannot be loaded for this *reason*."""

    name: str
    where: str
    reason: str
    template = "The catalogue {name!r} ({where}) cannot be loaded: {reason}. Install its distribution anew."


class UnknownThingError(ExceptionFields, NoExplanationError):
    """None of *catalogues* has a code, status or class called *thing*; *nearest* are those of similar names."""

    thing: str
    catalogues: tuple[str, ...]
    nearest: tuple[str, ...]

    def __str__(self) -> str:
        where = ", ".join(self.catalogues) or "no catalogue is installed"
        remedy = (
            f"Nearest: {', '.join(self.nearest)}." if self.nearest else "Paste the whole reply, with its first line."
        )
        return f"No code, status or class is called {self.thing!r} ({where}). {remedy}"


class SilentBodyError(ExceptionFields, NoExplanationError):
    """A body was given that is *what*, and does not say which error it is without the status of its reply."""

    what: str
    template = "{what} Add the status of the reply, e.g. --status 404, or paste its first line too."
