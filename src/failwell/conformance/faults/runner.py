"""Fault runner: both calls of an SDK meet every fault, blocking, on asyncio and on trio."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from failwell.clock import VirtualClock
from failwell.conformance.adapter import COLOURS, Adapter, Colour
from failwell.conformance.agreement.raising_server import quiet
from failwell.conformance.bench import Bench
from failwell.conformance.calls import Call, Calls, Talk
from failwell.conformance.faults import all_faults
from failwell.conformance.faults.model import Dropped, Fault
from failwell.conformance.faults.trial import Trial
from failwell.conformance.promise import Promise
from failwell.conformance.promises import Promises
from failwell.conformance.remote.adapter import RemoteAdapter
from failwell.conformance.runner import chosen, judge
from failwell.conformance.verdicts import Row
from failwell.contract.errors import ContractError
from failwell.sandbox.sandbox import Sandbox
from failwell.sandbox.vendor import Vendor

LOOPS: dict[str, tuple[Colour, str]] = {
    "blocking": ("blocking", "asyncio"),
    "asyncio": ("awaiting", "asyncio"),
    "trio": ("awaiting", "trio"),
}
"""The ways in which a call is made: the colour of its client, and what it is awaited on."""


def ways_of(adapter: Adapter, colours: tuple[Colour, ...]) -> tuple[str, ...]:
    """The ways in which clients of *colours* are called here. See `not_offered` for those that are left out.

    An SDK in an environment of its own is awaited on asyncio.
    """
    loops = ("blocking", "asyncio") if isinstance(adapter, RemoteAdapter) else tuple(LOOPS)
    return tuple(way for way in loops if LOOPS[way][0] in colours and way not in not_offered())


def not_offered() -> dict[str, str]:
    """The ways in which no call can be made on this machine, and why."""
    return {} if find_spec("trio") is not None else {"trio": "it is not installed (pip install trio)"}


def planned(faults: Sequence[Fault], calls: Calls, vendor: Vendor, words: str = "") -> list[tuple[Fault, Promise]]:
    """The *faults* that are met, each with what is promised: those whose rows have all *words*.

    Raises:
        NoRowsError: none has.
    """
    about = [(fault, _promise(fault, calls.reads, vendor)) for fault in faults]
    wanted = {id(promise) for promise in chosen([promise for _, promise in about], words)}
    return [(fault, promise) for fault, promise in about if id(promise) in wanted]


def calls_of(promises: Promises, vendor: Vendor) -> Calls:
    """The calls of *promises* that meet every fault.

    Raises:
        ContractError: they name none.
    """
    if promises.calls is None:
        raise ContractError(
            f"{vendor.promises} of vendor {vendor.name!r} names no calls that could meet a fault. "
            "Give its Promises calls=Calls(reads=..., writes=...)."
        )
    return promises.calls


def faults_of(promises: Promises, vendor: Vendor) -> tuple[Fault, ...]:
    """All faults that the calls of *promises* meet, and its session if it has one that can be reached.

    Raises:
        ContractError: they name no calls.
    """
    calls = calls_of(promises, vendor)
    return all_faults(None if isinstance(promises.adapter, RemoteAdapter) else calls.talks)


def _meeting(fault: Fault, calls: Calls, adapter: Adapter) -> Iterator[tuple[str, Call | Talk]]:
    """What meets *fault*: each call, and the session, for which what happens to a request happens to its handshake."""
    if not isinstance(fault.ends, Dropped):
        yield from (("reads", calls.reads), ("writes", calls.writes))
    if calls.talks is not None and fault.sessions and not isinstance(adapter, RemoteAdapter):
        yield "talks", calls.talks


def check_faults(
    vendor: Vendor,
    promises: Promises,
    *,
    faults: Sequence[Fault] | None = None,
    ways: tuple[str, ...] | None = None,
    words: str = "",
    progress: Callable[[Promise], None] = lambda _promise: None,
) -> Iterator[Row]:
    """Start a sandbox of *vendor* and let the calls of *promises* meet *faults* (all, if None), one row for each fault.

    Only faults whose rows have all *words* are met. A row has a verdict for each call in each of *ways* (all that
    there are, if None): "reads, blocking", "writes, trio", and where there is a session "talks, asyncio". *progress*
    hears of each fault before it is met. The sessions of an SDK in an environment of its own meet none.

    Raises:
        ContractError: the promises name no calls, or no row has those words.
        SandboxError: the sandbox does not start.
    """
    calls, clock = calls_of(promises, vendor), VirtualClock()
    about = planned(faults_of(promises, vendor) if faults is None else faults, calls, vendor, words)
    ways = ways_of(promises.adapter, COLOURS) if ways is None else ways
    with quiet(), Sandbox(vendor, clock=clock) as sandbox:
        benches = {way: Bench(sandbox, clock, promises.adapter, *LOOPS[way]) for way in ways}
        for fault, shown in about:
            tried = {
                f"{what}, {way}": (_promise(fault, call, vendor), bench)
                for what, call in _meeting(fault, calls, promises.adapter)
                for way, bench in benches.items()
            }
            progress(shown)
            yield Row(shown, {lane: judge(promise, bench) for lane, (promise, bench) in tried.items()})


def _promise(fault: Fault, call: Call | Talk, vendor: Vendor) -> Promise:
    """That *call* ends as it should when it meets *fault*."""

    def meets(bench: Bench) -> None:
        if isinstance(call, Call):
            Trial(fault, call, vendor.catalogue).check(bench)
        else:
            answers: list[Any] = []
            Trial(fault, call.call(bench, answers, fault.timeout / 4), vendor.catalogue, answers).check(bench)

    meets.__name__ = "_".join(["meets", *re.findall(r"\w+", fault.name)])
    return Promise(fault.group, fault.name, meets)
