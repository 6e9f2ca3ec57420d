"""A catalogue by what a user calls it: the name of an installed one, or the place of one in a module."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from failwell.contract.catalogue import Catalogue
from failwell.contract.problems import ContractError
from failwell.reference.installed import find_catalogue


class NoCatalogueError(ContractError):
    """At *place*, given as "module:NAME", there is no catalogue, for this *reason*."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place = place
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.place!r} is no catalogue: {self.reason}. Name one like this: shop.errors:CATALOGUE"


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
