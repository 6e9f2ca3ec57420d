"""Vendors that can be put in a sandbox, found by entry points: contract, reference server, promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from failwell._support.exception_fields import ExceptionFields
from failwell.clock import Clock
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.errors import ContractError
from failwell.contract.extras import MissingExtraError
from failwell.sandbox.errors import SandboxError

GROUP = "failwell.vendors"
"""Entry points of this group name a `Vendor` each."""


@dataclass(frozen=True)
class Served:
    """A reference server that is ready to run: its ASGI *app*, demo *keys* by role, and how it is put away.

    *credential_headers* are those that clients send a key in: no log has their values.
    """

    app: Any
    keys: Mapping[str, str]
    close: Callable[[], None] = field(default=lambda: None)
    credential_headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vendor:
    """One API: *serve* builds its reference server in a data folder and on a clock.

    *environment* names the variables that its SDK reads: `{"api_key": "PICTOGRAPH_API_KEY", ...}`. *promises* is
    where the sentences of its page are checked, as "module:NAME". *base_path* is the end of the base URLs of its
    clients: "/v1", or nothing.
    """

    name: str
    catalogue: Catalogue
    serve: Callable[[Path, Clock], Served]
    environment: Mapping[str, str]
    promises: str
    base_path: str = ""


class UnknownVendorError(ExceptionFields, SandboxError):
    """No installed distribution brings a vendor of that name."""

    name: str
    known: tuple[str, ...]
    template = "No vendor is called {name!r}. Installed: {known}. Install another with: pip install failwell-NAME"


class IncompleteVendorError(ExceptionFields, SandboxError):
    """The distribution that brings the vendor *name* is installed, *missing* that its server needs is not."""

    name: str
    missing: str
    distribution: str
    template = (
        "The sandbox of {name!r} needs {missing}, which is not installed. Install it with: pip install "
        '"{distribution}[server]"'
    )


class BrokenVendorError(ExceptionFields, SandboxError):
    """What the entry point *entry* of the vendor *name* leads to cannot be used; *problem* says why."""

    name: str
    entry: str
    problem: str
    template = "The vendor {name!r} ({entry!r}) cannot be used: {problem}. Let it be a Vendor."


def known_vendors() -> tuple[str, ...]:
    """The names of the vendors that are installed."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def find_vendor(name: str) -> Vendor:
    """The installed vendor called *name*.

    Raises:
        UnknownVendorError: there is none; it names those there are.
        IncompleteVendorError: it needs a package that is not installed.
        BrokenVendorError: its module raises, or has something else at its place.
    """
    for point in entry_points(group=GROUP, name=name):
        try:
            vendor = point.load()
        except (ModuleNotFoundError, MissingExtraError) as missing:
            package = (missing.name or "").partition(".")[0]
            distribution = point.dist.name if point.dist is not None else f"failwell-{name}"
            raise IncompleteVendorError(name, package, distribution) from missing
        except ContractError:
            raise  # it names the lines that contradict each other
        except Exception as problem:
            raise BrokenVendorError(name, point.value, f"{type(problem).__name__}: {problem}") from problem
        if not isinstance(vendor, Vendor):
            raise BrokenVendorError(name, point.value, f"it is of type {type(vendor).__name__}")
        return vendor
    raise UnknownVendorError(name, known_vendors())
