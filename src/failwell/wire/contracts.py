"""The contract that was given: a catalogue, the classes themselves, or the module that declares them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType

from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.catalogues.joining import common_base
from failwell.contract.error import Error
from failwell.contract.errors import CatalogueError

ContractLike = Catalogue | type[Error] | ModuleType
"""What says which errors there are: a catalogue, a class of it, or a module with its classes."""


AnyContract = ContractLike | Sequence[ContractLike]
"""The same, or several of them."""


GIVE = "Give a failwell.Catalogue, classes derived from failwell.Error, or the module that declares them."


def operation_problem(operation: object) -> str | None:
    """What is wrong with the name of an operation that was given beside a contract; None if nothing is."""
    if operation is None or isinstance(operation, str):
        return None
    return f'operation is {operation!r:.80}; it must be the name of what was asked, like "orders.create", or None.'


def catalogue_of(*given: AnyContract) -> Catalogue:
    """The catalogue that was *given*, or one of the classes and modules that were.

    Such a one reads error bodies of any well-known shape, and what none of its classes claims is their common base.

    Raises:
        CatalogueError: nothing was given, or two of the classes claim the same.
        TypeError: something was given that says nothing of errors.
    """
    if len(given) == 1 and isinstance(given[0], Catalogue):
        return given[0]
    flat: list[ContractLike] = []
    for each in given:
        # A text is a sequence, too; it is refused below.
        flat += each if isinstance(each, tuple | list) else [each]  # type: ignore[list-item]
    try:
        return flat[0] if len(flat) == 1 and isinstance(flat[0], Catalogue) else _gathered(tuple(flat))
    except TypeError as problem:
        if "unhashable" not in str(problem):
            raise
        raise TypeError(f"{given!r:.80} is no contract. {GIVE}") from None


@lru_cache(maxsize=256)
def _gathered(given: tuple[ContractLike, ...]) -> Catalogue:
    classes: dict[type[Error], None] = {}
    for each in given:
        if isinstance(each, ModuleType):
            classes.update(dict.fromkeys(_declared_in(each)))
        elif isinstance(each, type) and issubclass(each, Error):
            classes[each] = None
        elif isinstance(each, Catalogue):
            raise TypeError(f"Catalogue {each.name!r} was given beside something else. Give one catalogue, alone.")
        else:
            raise TypeError(f"{each!r:.80} is no contract. {GIVE}")
    if not classes:
        raise CatalogueError(
            "No contract was given, or a module that declares no class derived from failwell.Error. "
            "Give a failwell.Catalogue, such classes, or their module."
        )
    from failwell.wire.envelopes import AnyShape  # for who has no catalogue

    base = _common_base(tuple(classes))
    name = given[0].__name__.rpartition(".")[2]  # type: ignore[union-attr]  # a catalogue was refused above
    return Catalogue(name, base=base, default=base, errors=tuple(classes), envelope=AnyShape())


def _declared_in(module: ModuleType) -> list[type[Error]]:
    """The error classes that stand in *module*, also those that it imports."""
    held = vars(module).values()
    return [each for each in held if isinstance(each, type) and issubclass(each, Error) and each is not Error]


def _common_base(classes: tuple[type[Error], ...]) -> type[Error]:
    """The nearest class that all *classes* are, at most `failwell.Error` itself."""
    first, *others = classes
    if others:
        return common_base(first, *others)
    # One class alone is not all that can happen: what else comes is what it is derived from.
    return next(each for each in first.__mro__[1:] if issubclass(each, Error))
