"""The catalogues that are installed, found without the servers that use them."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from failwell.contract.catalogue import Catalogue
from failwell.contract.problems import ContractError
from failwell.reference.problems import BrokenCatalogueError, UnknownCatalogueError

GROUP = "failwell.catalogues"
"""Entry points of this group name a `Catalogue` each: "pictograph.exceptions:CATALOGUE"."""


def known_catalogues() -> tuple[str, ...]:
    """The names of the catalogues that are installed."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def find_catalogue(name: str) -> Catalogue:
    """The installed catalogue called *name*.

    Raises:
        UnknownCatalogueError: there is none; it names those there are.
        BrokenCatalogueError: it cannot be loaded.
    """
    for point in entry_points(group=GROUP, name=name):
        return _loaded(point)
    raise UnknownCatalogueError(name, known_catalogues())


def _loaded(point: EntryPoint) -> Catalogue:
    try:
        found = point.load()
    except ContractError:
        raise  # it names the lines that contradict each other
    except (ImportError, AttributeError) as problem:
        raise BrokenCatalogueError(point.name, point.value, f"{type(problem).__name__}: {problem}") from problem
    if not isinstance(found, Catalogue):
        raise BrokenCatalogueError(point.name, point.value, f"it is a {type(found).__name__}, not a Catalogue")
    return found
