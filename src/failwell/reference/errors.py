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

from failwell.contract.errors import ContractError


class UndocumentedError(ContractError):
    """The declaration of *catalogue* does not say all that a page says; *lacks* are sentences, with their remedies."""

    def __init__(self, catalogue: str, lacks: tuple[str, ...]) -> None:
        super().__init__(catalogue, lacks)
        self.catalogue = catalogue
        self.lacks = lacks

    def __str__(self) -> str:
        return "\n".join((f"The page of {self.catalogue!r} would lack {len(self.lacks)} facts:", *self.lacks))


class StalePagesError(ContractError):
    """Of the pages in *folder* some are *missing*, some *stale*, and some *left* of catalogues that are gone."""

    def __init__(
        self, folder: str, missing: tuple[str, ...], stale: tuple[str, ...], left: tuple[str, ...], remedy: str
    ) -> None:
        super().__init__(folder, missing, stale, left, remedy)
        self.folder = folder
        self.missing = missing
        self.stale = stale
        self.left = left
        self.remedy = remedy

    def __str__(self) -> str:
        found = {"missing": self.missing, "stale": self.stale, "of no installed catalogue": self.left}
        said = "; ".join(f"{what}: {', '.join(names)}" for what, names in found.items() if names)
        return f"Pages in {self.folder} are not what the catalogues say ({said}). Write them with: {self.remedy}"


class NoExplanationError(ContractError):
    """Nothing definite can be said about what was asked."""


class UnknownCatalogueError(NoExplanationError):
    """No installed distribution brings a catalogue called *name*."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name = name
        self.known = known

    def __str__(self) -> str:
        known = ", ".join(self.known) or "none"
        return (
            f"No catalogue is called {self.name!r}. Installed: {known}. Install another with: pip install failwell-NAME"
        )


class BrokenCatalogueError(NoExplanationError):
    """The catalogue *name* is installed as *where*, and cannot be loaded for this *reason*."""

    def __init__(self, name: str, where: str, reason: str) -> None:
        super().__init__(name, where, reason)
        self.name = name
        self.where = where
        self.reason = reason

    def __str__(self) -> str:
        what = f"The catalogue {self.name!r} ({self.where}) cannot be loaded: {self.reason}."
        return f"{what} Install its distribution anew."


class UnknownThingError(NoExplanationError):
    """None of *catalogues* has a code, status or class called *thing*; *nearest* are those of similar names."""

    def __init__(self, thing: str, catalogues: tuple[str, ...], nearest: tuple[str, ...]) -> None:
        super().__init__(thing, catalogues, nearest)
        self.thing = thing
        self.catalogues = catalogues
        self.nearest = nearest

    def __str__(self) -> str:
        where = ", ".join(self.catalogues) or "no catalogue is installed"
        remedy = (
            f"Nearest: {', '.join(self.nearest)}." if self.nearest else "Paste the whole reply, with its first line."
        )
        return f"No code, status or class is called {self.thing!r} ({where}). {remedy}"


class SilentBodyError(NoExplanationError):
    """A body was given that is *what*, and does not say which error it is without the status of its reply."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"{self.what} Add the status of the reply, e.g. --status 404, or paste its first line too."
