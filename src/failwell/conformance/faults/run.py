"""Lets both calls of an SDK meet every fault: blocking, on asyncio and on trio."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from failwell.clock import VirtualClock
from failwell.conformance.bench import Bench
from failwell.conformance.cue import quiet
from failwell.conformance.faults import all_faults
from failwell.conformance.faults.calls import Call
from failwell.conformance.faults.fault import Fault
from failwell.conformance.faults.trial import Trial
from failwell.conformance.promises import Adapter, Colour, Promise, Promises
from failwell.conformance.remote import RemoteAdapter
from failwell.conformance.run import judge
from failwell.conformance.verdicts import Row
from failwell.contract.problems import ContractError
from failwell.sandbox.sandbox import Sandbox
from failwell.sandbox.vendor import Vendor

LOOPS: dict[str, tuple[Colour, str]] = {
    "blocking": ("blocking", "asyncio"),
    "asyncio": ("awaiting", "asyncio"),
    "trio": ("awaiting", "trio"),
}
"""The ways in which a call is made: the colour of its client, and what it is awaited on."""


def ways_of(adapter: Adapter, colours: tuple[Colour, ...]) -> tuple[str, ...]:
    """The ways in which clients of *colours* are called. An SDK in an environment of its own is awaited on asyncio."""
    loops = ("blocking", "asyncio") if isinstance(adapter, RemoteAdapter) else tuple(LOOPS)
    return tuple(way for way in loops if LOOPS[way][0] in colours)


def check_faults(
    vendor: Vendor,
    promises: Promises,
    *,
    faults: Sequence[Fault] | None = None,
    ways: tuple[str, ...] = tuple(LOOPS),
    progress: Callable[[Promise], None] = lambda _promise: None,
) -> Iterator[Row]:
    """Start a sandbox of *vendor* and let the calls of *promises* meet *faults* (all, if None), one row for each fault.

    A row has a verdict for each call in each of *ways*: "reads, blocking", "writes, trio". *progress* hears of each
    fault before it is met.

    Raises:
        ContractError: the promises name no calls.
        SandboxError: the sandbox does not start.
    """
    calls = promises.calls
    if calls is None:
        raise ContractError(
            f"{vendor.promises} of vendor {vendor.name!r} names no calls that could meet a fault. "
            "Give its Promises calls=Calls(reads=..., writes=...)."
        )
    clock = VirtualClock()
    with quiet(), Sandbox(vendor, clock=clock) as sandbox:
        benches = {way: Bench(sandbox, clock, promises.adapter, *LOOPS[way]) for way in ways}
        for fault in all_faults() if faults is None else faults:
            tried = {
                f"{what}, {way}": (_promise(fault, call, vendor), bench)
                for what, call in (("reads", calls.reads), ("writes", calls.writes))
                for way, bench in benches.items()
            }
            shown = _promise(fault, calls.reads, vendor)
            progress(shown)
            yield Row(shown, {lane: judge(promise, bench) for lane, (promise, bench) in tried.items()})


def _promise(fault: Fault, call: Call, vendor: Vendor) -> Promise:
    """That *call* ends as it should when it meets *fault*."""

    def meets(bench: Bench) -> None:
        Trial(fault, call, vendor.catalogue).check(bench)

    meets.__name__ = "_".join(["meets", *re.findall(r"\w+", fault.name)])
    return Promise(fault.group, fault.name, meets)
