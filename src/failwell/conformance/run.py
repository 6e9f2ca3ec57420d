"""Tries every promise, in both colours."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points

from failwell.conformance.bench import Bench, BenchClock
from failwell.conformance.cue import Cue, quiet
from failwell.conformance.problems import NotOfferedError
from failwell.conformance.promises import COLOURS, Colour, Promise, Promises
from failwell.conformance.seen import Seen, ShortfallError
from failwell.conformance.verdicts import Row, Verdict
from failwell.contract.problems import ContractError
from failwell.sandbox.sandbox import Sandbox
from failwell.sandbox.vendor import GROUP, Vendor


def promises_of(vendor: Vendor) -> Promises:
    """The promises that *vendor* names.

    Raises:
        ContractError: there are none, so that a check of them would prove nothing.
    """
    module, _, name = vendor.promises.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, Promises):
        raise TypeError(f"{vendor.promises} of vendor {vendor.name!r} is a {type(found).__name__}, not Promises.")
    if not len(found) and found.agreement is None:
        raise ContractError(f"{vendor.promises} of vendor {vendor.name!r} has no promises: there is nothing to check.")
    return found


def sdk_of(name: str) -> str:
    """Name and version of the distribution that brings the vendor *name*, and with it the SDK that it checks."""
    distributions = (point.dist for point in entry_points(group=GROUP, name=name))
    return next((f"{found.name} {found.version}" for found in distributions if found is not None), name)


def check(
    vendor: Vendor,
    *,
    promises: Promises | None = None,
    colours: tuple[Colour, ...] = COLOURS,
    progress: Callable[[Promise], None] = lambda _promise: None,
) -> Iterator[Row]:
    """Start a sandbox of *vendor* and try its promises, one row each; *progress* hears of each before it is tried.

    Raises:
        SandboxError: the sandbox does not start.
        SnapshotError: the contract that the promises agree with cannot be read.
    """
    promises = promises if promises is not None else promises_of(vendor)
    clock, tried = BenchClock(), list(promises)
    if promises.agreement is not None:
        cue = Cue()
        tried += promises.agreement.promises(vendor.catalogue, cue)
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
    return Verdict(not reason, reason, shown(bench.seen), offered, odd, time.monotonic() - started)


def shown(calls: list[Seen]) -> Seen:
    """The call whose facts a row shows: the last that raised, or the last."""
    raised = [seen for seen in calls if seen.error is not None]
    return (raised or calls or [Seen()])[-1]
