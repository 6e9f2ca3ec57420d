"""
Mutation testing: each case of a contract is deleted in one place at a time, and must be missed.

A *place* knows the contract by itself: the client that parses replies ("contract"), the reference server that raises
("server"), the sandbox that arms ("sandbox"), the page that explains ("page"). It alone gets a poorer catalogue.
The mutant is killed when the row of `failwell check` that names the case falls short.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Literal, Self

from failwell._support.exception_fields import ExceptionFields
from failwell.clock import VirtualClock
from failwell.conformance.adapter import COLOURS
from failwell.conformance.agreement.agreement import Agreement, Kept
from failwell.conformance.agreement.raising_server import RaisingServer, quiet
from failwell.conformance.bench import Bench
from failwell.conformance.mutation.partial_catalogue import Without
from failwell.conformance.promises import Promises
from failwell.conformance.runner import judge, promises_of
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.errors import ContractError
from failwell.sandbox.errors import SandboxError
from failwell.sandbox.sandbox import Sandbox
from failwell.sandbox.vendor import Vendor

MutationPlace = Literal["contract", "server", "sandbox", "page"]
PLACES: tuple[MutationPlace, ...] = ("contract", "server", "sandbox", "page")

KNOWN: dict[MutationPlace, frozenset[str]] = {
    "contract": frozenset({"http", "transport", "client", "job", "stream"}),
    "server": frozenset({"http", "job", "stream"}),
    "sandbox": frozenset({"http", "transport", "job", "stream"}),
    "page": frozenset({"http", "transport", "client", "job", "stream"}),
}
"""The sources of the errors that each place knows of: no server raises what happens where no server answers.

The catch-all is nothing to a server or a sandbox either: what no case claims is sent as it is.
"""

NO_ROW = "no row names it: the snapshot that is kept has no such case"
HELD = "the row that names it holds"


class BaselineError(ExceptionFields, ContractError):
    """With nothing deleted, the agreement of *vendor* does not hold: *short* are its rows that fall short, and why."""

    vendor: str
    short: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        rows = "".join(f"\n  {sentence}: {reason}" for sentence, reason in self.short)
        return f"The agreement of {self.vendor!r} does not hold with nothing deleted, so no mutant can tell:{rows}"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A contract that lost the case *kept*, in *place*."""

    vendor: str
    kept: Kept
    place: MutationPlace

    def __str__(self) -> str:
        return f"{self.vendor}: {self.kept.name} deleted in the {self.place}"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a *mutant*: killed, by a row that falls short or because it is *refused*; or it survived.

    *reason* is what the row says; of a survivor, why nothing noticed.
    """

    mutant: Mutant
    killed: bool
    refused: bool
    reason: str
    seconds: float


def mutants(vendor: Vendor, agreement: Agreement) -> list[Mutant]:
    """Every case of *vendor* in every place that knows it; a case that no snapshot has is no less a case."""
    kept = agreement.cases()
    known = {(one.cls, one.case) for one in kept}
    unkept = [Kept(cls, case, "", None) for cls, case in vendor.catalogue.cases() if (cls, case) not in known]
    return [
        Mutant(vendor.name, one, place) for place in PLACES for one in (*kept, *unkept) if _knows(place, one, agreement)
    ]


def _knows(place: MutationPlace, one: Kept, agreement: Agreement) -> bool:
    """Whether the case *one* is told apart in *place*, on the way that the row in *agreement* goes."""
    if one.source not in KNOWN[place] or (one.is_catch_all and place in ("server", "sandbox")):
        return False
    if one.source in ("job", "stream") and one.case.code is None:
        # The table is asked by the operation that waits for the job, or talks: no server says it, and no sandbox.
        return place in ("contract", "page")
    return not (place == "sandbox" and one.case.on in agreement.occasions)


def mutate(
    vendor: Vendor, *, promises: Promises | None = None, progress: Callable[[Mutant], None] = lambda _mutant: None
) -> Iterator[Fate]:
    """Make each mutant of *vendor*, and see what becomes of it; *progress* hears of each before it is made.

    Raises:
        BaselineError: the agreement does not hold with nothing deleted, or there is none.
        SandboxError: the sandbox does not start.
        SnapshotError: the contract that the promises agree with cannot be read.
    """
    promises = promises if promises is not None else promises_of(vendor)
    agreement = promises.agreement
    if agreement is None:
        raise BaselineError(vendor.name, (("Agreement", "its promises name none"),))
    with quiet(logging.CRITICAL), _Laboratory(vendor, promises, agreement) as laboratory:
        laboratory.check_baseline()
        for mutant in mutants(vendor, agreement):
            progress(mutant)
            yield laboratory.try_out(mutant)


class _Laboratory:
    """One sandbox for the mutants in clients, sandboxes and pages; a server of its own for each mutant in a server."""

    def __init__(self, vendor: Vendor, promises: Promises, agreement: Agreement) -> None:
        self._vendor = vendor
        self._promises = promises
        self._agreement = agreement
        self._kept = agreement.cases()
        self._cue = RaisingServer()
        self._clock = VirtualClock()
        self._sandbox = Sandbox(self._cue.around(vendor), clock=self._clock)

    def __enter__(self) -> Self:
        self._sandbox.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._sandbox.stop()

    def check_baseline(self) -> None:
        """Try every case with nothing deleted. Raises: BaselineError."""
        tried = [(kept.name, self._shortfall(kept, self._sandbox, self._vendor.catalogue)) for kept in self._kept]
        short = tuple((name, reason) for name, (reason, _) in tried if reason)
        if short:
            raise BaselineError(self._vendor.name, short)

    def try_out(self, mutant: Mutant) -> Fate:
        """Make the *mutant*, and try the row that names its case."""
        started = time.monotonic()
        reason, odd, refused = NO_ROW, True, False
        if mutant.kept in self._kept:
            try:
                without = Without(self._vendor.catalogue, mutant.kept.cls, mutant.kept.case)
                with self._handed_to(mutant.place, without) as (sandbox, page):
                    reason, odd = self._shortfall(mutant.kept, sandbox, page)
            except (ContractError, SandboxError) as problem:
                reason, odd, refused = f"{type(problem).__name__}: {problem}", False, True
        killed = bool(reason) and not odd
        return Fate(mutant, killed, refused, reason or HELD, time.monotonic() - started)

    @contextmanager
    def _handed_to(self, place: MutationPlace, without: Catalogue) -> Generator[tuple[Sandbox, Catalogue]]:
        """The sandbox, and the catalogue that the page is written from, while *place* knows only *without*."""
        vendor, whole = self._vendor, self._vendor.catalogue
        with ExitStack() as stack:
            sandbox, page = self._sandbox, whole
            if place == "contract":
                stack.enter_context(exchanged(_package(whole.base.__module__), whole, without))
            elif place == "server":
                stack.enter_context(exchanged(_package(vendor.serve.__module__), whole, without))
                # Started anew: a server reads its catalogue once.
                sandbox = stack.enter_context(Sandbox(self._cue.around(vendor), clock=self._clock))
            elif place == "sandbox":
                stack.callback(setattr, sandbox, "vendor", sandbox.vendor)
                sandbox.vendor = replace(sandbox.vendor, catalogue=without)
            else:
                page = without
            yield sandbox, page

    def _shortfall(self, kept: Kept, sandbox: Sandbox, page: Catalogue) -> tuple[str, bool]:
        """Why the row of *kept* falls short, "" if it does not, in the first colour that does; whether that is odd."""
        row = self._agreement.promise(kept, page, self._cue)
        for colour in COLOURS:
            verdict = judge(row, Bench(sandbox, self._clock, self._promises.adapter, colour))
            if not verdict.held:
                return f"{colour}: {verdict.reason}", verdict.odd
        return "", False


def _package(module: str) -> str:
    return module.rpartition(".")[0] or module


@contextmanager
def exchanged(package: str, old: Catalogue, new: Catalogue) -> Generator[None]:
    """*new* in the place of *old* in every module of *package*, whatever it is called there, and in its clients."""
    _load(package)
    modules = [found for name, found in sys.modules.items() if name == package or name.startswith(f"{package}.")]
    classes = {held for module in modules for held in vars(module).values() if isinstance(held, type)}
    places = [
        (holder, name, held) for holder in (*modules, *classes) for name, held in vars(holder).items() if held is old
    ]
    try:
        for holder, name, _ in places:
            setattr(holder, name, new)
        yield
    finally:
        for holder, name, held in places:
            setattr(holder, name, held)


def _load(package: str) -> None:
    """Import all of *package*: a module that is loaded later would get the old catalogue, or keep the new one."""
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(getattr(found, "__path__", ()), f"{package}."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
