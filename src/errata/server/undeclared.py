"""An operation raised what its catalogue does not list."""

from __future__ import annotations

from errata.contract import ContractError, Error


class UndeclaredError(ContractError):
    """*operation* raised an *error* that the catalogue does not list for it; its clients do not expect it."""

    def __init__(self, operation: str, error: type[Error], declared: tuple[type[Error], ...] = ()) -> None:
        super().__init__(operation, error, declared)
        self.operation = operation
        self.error = error
        self.declared = declared

    def __str__(self) -> str:
        listed = ", ".join(error.__name__ for error in self.declared) or "none"
        return (
            f'"{self.operation}" raised {self.error.__name__}, its catalogue lists: {listed}. '
            f'Add it: operations={{"{self.operation}": raises({self.error.__name__})}}, or raise a listed one.'
        )
