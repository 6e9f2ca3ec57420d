"""Conformance runner: tries every promise, in both colours."""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points

from failwell.conformance.adapter import COLOURS, Colour
from failwell.conformance.agreement.raising_server import RaisingServer, quiet
from failwell.conformance.bench import Bench, BenchClock
from failwell.conformance.errors import NoPromisesError, NoRowsError, NotOfferedError, ShortfallError
from failwell.conformance.observation import Observation
from failwell.conformance.promise import Promise
from failwell.conformance.promises import Promises
from failwell.conformance.verdicts import Row, Verdict
from failwell.contract.errors import ContractError
from failwell.sandbox.sandbox import Sandbox
from failwell.sandbox.vendor import GROUP, Vendor


def promises_of(vendor: Vendor) -> Promises:
    """The promises that *vendor* names.

    Raises:
        NoPromisesError: there are none, so that a check of them would prove nothing, or they cannot be loaded.
    """
    module, colon, name = vendor.promises.partition(":")
    if not (module and colon and name):
        raise NoPromisesError(vendor.name, vendor.promises, 'it is not of the form "module:NAME"')
    try:
        found = functools.reduce(getattr, name.split("."), importlib.import_module(module))
    except ContractError:
        raise  # it names the lines that contradict each other
    except Exception as problem:
        raise NoPromisesError(vendor.name, vendor.promises, f"{type(problem).__name__}: {problem}") from problem
    if not isinstance(found, Promises):
        raise NoPromisesError(vendor.name, vendor.promises, f"it is a {type(found).__name__}, not Promises")
    if not len(found) and found.agreement is None:
        raise NoPromisesError(vendor.name, vendor.promises, "it has none, so there is nothing to check")
    return found


def sdk_of(name: str) -> str:
    """Name and version of the distribution that brings the vendor *name*, and with it the SDK that it checks."""
    distributions = (point.dist for point in entry_points(group=GROUP, name=name))
    return next((f"{found.name} {found.version}" for found in distributions if found is not None), name)


def planned(vendor: Vendor, promises: Promises, words: str = "", *, cue: RaisingServer | None = None) -> list[Promise]:
    """The promises that a check of *vendor* tries, in their order: those whose rows have all *words*.

    Raises:
        NoRowsError: none has.
        SnapshotError: the contract that the promises agree with cannot be read.
    """
    tried = list(promises)
    if promises.agreement is not None:
        tried += promises.agreement.promises(vendor.catalogue, cue if cue is not None else RaisingServer())
    return chosen(tried, words)


def chosen(promises: Sequence[Promise], words: str) -> list[Promise]:
    """Those of *promises* whose section, sentence or name of the check have all *words*, in any case of the letters.

    Raises:
        NoRowsError: none has.
    """
    wanted = words.casefold().split()
    found = [promise for promise in promises if all(word in _said(promise) for word in wanted)]
    if not found:
        raise NoRowsError(words, len(promises))
    return found


def _said(promise: Promise) -> str:
    return f"{promise.section} {promise.sentence} {promise.name}".casefold()


def check(
    vendor: Vendor,
    *,
    promises: Promises | None = None,
    colours: tuple[Colour, ...] = COLOURS,
    words: str = "",
    progress: Callable[[Promise], None] = lambda _promise: None,
) -> Iterator[Row]:
    """Start a sandbox of *vendor* and try its promises, one row each: those that have all *words*.

    *progress* hears of each before it is tried.

    Raises:
        SandboxError: the sandbox does not start.
        SnapshotError: the contract that the promises agree with cannot be read.
        NoRowsError: no row has those words.
    """
    promises = promises if promises is not None else promises_of(vendor)
    clock, cue = BenchClock(), RaisingServer()
    tried = planned(vendor, promises, words, cue=cue)
    if promises.agreement is not None:
        vendor = cue.around(vendor)
    with quiet(), Sandbox(vendor, clock=clock) as sandbox:
        benches: dict[Colour, Bench] = {colour: Bench(sandbox, clock, promises.adapter, colour) for colour in colours}
        for promise in tried:
            progress(promise)
            yield Row(promise, {colour: judge(promise, bench) for colour, bench in benches.items()})


def judge(promise: Promise, bench: Bench) -> Verdict:
    """Whether *promise* holds on *bench*. A check that fails in another way than expected has not held either."""
    bench.reset()
    started = time.monotonic()
    reason, offered, odd = "", True, False
    try:
        promise.check(bench)
        left = bench.sandbox.script.pending()
        if left:
            reason = f"the SDK stopped early: {sum(armed.left for armed in left)} of the armed failures never met"
    except NotOfferedError as lacking:
        reason, offered = str(lacking), False
    except ShortfallError as short:
        reason = str(short)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # noqa: BLE001 - one check that exits or is cancelled must not hide other rows
        reason, odd = f"the check itself failed: {type(problem).__name__}: {problem}", True
    seconds = time.monotonic() - started
    return Verdict(not reason, reason, shown(bench.seen), offered, odd, seconds, tuple(bench.seen))


def shown(calls: list[Observation]) -> Observation:
    """The call whose facts a row shows: the last that raised, or the last."""
    raised = [seen for seen in calls if seen.error is not None]
    return (raised or calls or [Observation()])[-1]
