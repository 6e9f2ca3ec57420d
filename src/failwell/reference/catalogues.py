"""Installed catalogues, found by their entry points and without the servers that use them."""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.errors import ContractError
from failwell.reference.errors import BrokenCatalogueError, UnknownCatalogueError


class NoCatalogueError(ExceptionFields, ContractError):
    """At *place*, given as "module:NAME", there is no catalogue, for this *reason*."""

    place: str
    reason: str
    template = "{place!r} is no catalogue: {reason}. Name one like this: shop.errors:CATALOGUE"


def named_catalogue(name: str) -> Catalogue:
    """The installed catalogue called *name*, or the one at "module:NAME", also in a module of the current folder.

    Raises:
        UnknownCatalogueError: no installed distribution brings one of that name.
        NoCatalogueError: there is none at that place.
    """
    module, colon, attribute = name.partition(":")
    if not colon:
        return find_catalogue(name)
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ContractError:
        raise  # it names the lines that contradict each other
    except (ImportError, AttributeError, ValueError, SyntaxError) as problem:
        raise NoCatalogueError(name, f"{type(problem).__name__}: {problem}") from problem
    if not isinstance(found, Catalogue):
        raise NoCatalogueError(name, f"it is a {type(found).__name__}")
    return found


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
