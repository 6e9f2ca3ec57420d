"""Undeclared errors: an operation raised what its catalogue does not list."""

from __future__ import annotations

from failwell._support.exception_fields import ExceptionFields
from failwell.contract import Case, ContractError, Error


class UndeclaredError(ExceptionFields, ContractError):
    """*operation* raised an *error* that the catalogue does not list for it; its clients do not expect it."""

    operation: str | None
    error: type[Error]
    declared: tuple[type[Error], ...] = ()

    def __str__(self) -> str:
        listed = ", ".join(error.__name__ for error in self.declared) or "none"
        return (
            f'"{self.operation}" raised {self.error.__name__}, its catalogue lists: {listed}. '
            f'Add it: operations={{"{self.operation}": {self.error.__name__}}}, or raise a listed one.'
        )


class UnlistedError(UndeclaredError):
    """A handler raised an *error* as a *case* that *catalogue* does not have: its clients take it for another one."""

    def __init__(self, operation: str | None, error: type[Error], catalogue: str, case: Case) -> None:
        super().__init__(operation, error)
        self.args = (operation, error, catalogue, case)
        self.catalogue = catalogue
        self.case = case

    def __str__(self) -> str:
        return (
            f"{self.error.__name__} ({self.case}) was raised, and the catalogue {self.catalogue!r} has no such case: a "
            f"client takes it for another error. List {self.error.__name__} in its errors=(...), or raise a listed one."
        )
