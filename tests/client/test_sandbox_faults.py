from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from failwell.clock import VirtualClock
from failwell.conformance import Call
from failwell.conformance.faults import Dropped, Fault, all_faults
from failwell.conformance.faults.expected import expected
from failwell.conformance.faults.model import ENOUGH
from failwell.sandbox import Entry, Sandbox
from failwell.sandbox.faults.samples import MALFORMED
from failwell.sandbox.faults.steps import CERTIFICATES
from pictograph.exceptions import CATALOGUE, NetworkError
from pictograph_server.vendor import VENDOR

from .colours import asked, every_colour, raised

TIMEOUT = 0.5
"""Seconds that a call waits for what never comes; where something comes, a busy machine may take its time."""

READS, WRITES = Call("datasets.get", "GET", str), Call("datasets.create", "POST", str, keyed=True)
EXPIRED = "the server's certificate was refused (certificate has expired)"
FAULTS = {fault.name: fault for fault in all_faults()}
MET = (
    *(f"malformed HTTP, {kind}" for kind in MALFORMED),
    *(f"a certificate: {kind}" for kind in CERTIFICATES),
    "a 200 with gzip that is none",
    "a 200 with half of the gzip",
    "a 200 with gzip that unpacks to 10 MiB of spaces",
    "a 200 with bytes that are not UTF-8",
    "a 200 with a proxy's page",
    "a 502 with a proxy's page",
    "a 404 with a proxy's page",
    "a 500 with gzip that is none",
    "a 503 with half of the gzip",
    "a 500 with gzip that unpacks to 10 MiB",
    "FIN in the body of a 200",
    "RST in the body of a 200",
    "a 200 that is shorter than announced",
    "a 200 that is longer than announced",
    "a 404 that is longer than announced",
)
"""Faults that are met once here, by what came next: with each of the many others it is the same."""


def repeated(name: str) -> bool:
    """Whether a repetition may cure the fault of that name."""
    return expected(FAULTS[name], READS, CATALOGUE).tries > 1


every_repeated_fault = pytest.mark.parametrize("name", [name for name in MET if repeated(name)])
either_call = pytest.mark.parametrize("mutating", [False, True], ids=["read", "mutate"])


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """One sandbox for the tests of this file."""
    with Sandbox(VENDOR, clock=VirtualClock()) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The running sandbox with nothing armed, nothing logged, and an authority that is trusted."""
    running.script.clear()
    running.log.clear()
    clock_of(running).advance(86_400.0)
    clock_of(running).forget()
    monkeypatch.setenv("SSL_CERT_FILE", str(running.authority))
    return running


def clock_of(sandbox: Sandbox) -> VirtualClock:
    """The clock that clients and server share."""
    assert isinstance(sandbox.clock, VirtualClock)
    return sandbox.clock


def call_of(mutating: bool) -> Any:
    """A call that reads, or one that changes something."""
    name = uuid.uuid4().hex
    return (lambda client: client.datasets.create(name)) if mutating else (lambda client: client.datasets.get("ds"))


def settings(sandbox: Sandbox, fault: Fault, **more: Any) -> dict[str, Any]:
    """How a client is made that meets *fault*."""
    url = sandbox.https_url if fault.place == "sandbox-tls" else sandbox.url
    timeout = TIMEOUT if fault.timeout < ENOUGH else 10 * TIMEOUT
    known = {"api_key": sandbox.keys["admin"], "base_url": url, "clock": sandbox.clock, "timeout": timeout}
    return {**known, **more}


def requests(sandbox: Sandbox, count: int) -> tuple[Entry, ...]:
    """What was asked, once that is *count* requests or handshakes."""
    entries = sandbox.log.wait_for(count)
    assert count == len(entries)
    return entries


def keys(entries: tuple[Entry, ...]) -> list[str]:
    """The idempotency keys of those that are requests, without repetition."""
    found = [dict(entry.headers).get("Idempotency-Key", "") for entry in entries if entry.method != "TLS"]
    return sorted(set(found))


@every_colour
@either_call
@every_repeated_fault
def test_met_once(sandbox: Sandbox, name: str, mutating: bool, colour: str) -> None:
    """
    What a repetition may cure is repeated, with the same key, and the call gets its answer.
    """
    fault = FAULTS[name]
    sandbox.arm(*fault.steps)

    asked(colour, call_of(mutating), **settings(sandbox, fault, max_retries=3))

    entries = requests(sandbox, 2)
    assert f"passed {201 if mutating else 200}" == entries[1].outcome
    assert 1 == len(keys(entries))
    assert mutating == (keys(entries) != [""])
    assert 1 == len(clock_of(sandbox).waits())


@every_colour
@either_call
@pytest.mark.parametrize(
    "name",
    [
        "malformed HTTP, status-line",
        "FIN in the body of a 200",
        "a 502 with a proxy's page",
        "a certificate: expired",
    ],
)
def test_met_for_ever(sandbox: Sandbox, name: str, mutating: bool, colour: str) -> None:
    """
    After three retries the last failure is raised, with all four attempts, and the one key that they had.
    """
    fault = FAULTS[name]
    sandbox.arm(*fault.steps, times=4)

    error = raised(colour, call_of(mutating), **settings(sandbox, fault, max_retries=3))

    entries = requests(sandbox, 4)
    due = expected(fault, WRITES if mutating else READS, CATALOGUE)
    assert not isinstance(fault.ends, Dropped)
    assert (due.error, [fault.ends.status] * 4) == (type(error), [attempt.status for attempt in error.attempts])
    assert clock_of(sandbox).waits() == [attempt.delay for attempt in error.attempts][:3]
    assert all(0.75 <= wait / base <= 1.25 for base, wait in zip((1, 2, 4), clock_of(sandbox).waits(), strict=True))
    assert keys(entries) in ([], [error.idempotency_key or ""])


@every_colour
@either_call
@pytest.mark.parametrize("name", [name for name in MET if not repeated(name)])
def test_not_repeated(sandbox: Sandbox, name: str, mutating: bool, colour: str) -> None:
    """
    What came whole and cannot be read came after the work was done: it is not asked for again.
    """
    fault = FAULTS[name]
    sandbox.arm(*fault.steps)

    error = raised(colour, call_of(mutating), **settings(sandbox, fault, max_retries=3))

    due = expected(fault, WRITES if mutating else READS, CATALOGUE)
    assert (due.error, 1, []) == (type(error), len(error.attempts), clock_of(sandbox).waits())
    requests(sandbox, 1)


@every_colour
@either_call
def test_trusted(sandbox: Sandbox, mutating: bool, colour: str) -> None:
    """
    With the sandbox's authority in SSL_CERT_FILE the SDK speaks TLS to it, as to a server in production.
    """
    asked(colour, call_of(mutating), **settings(sandbox, FAULTS["a certificate: expired"], max_retries=0))

    assert [f"passed {201 if mutating else 200}"] == [entry.outcome for entry in requests(sandbox, 1)]


def test_a_client_of_ones_own(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A bad certificate is told in the same words when the user's own http_client meets it.
    """
    monkeypatch.delenv("SSL_CERT_FILE")
    fault = FAULTS["a certificate: expired"]
    sandbox.arm(*fault.steps)
    with httpx2.Client(verify=ssl.create_default_context(cafile=sandbox.authority)) as own:
        known = settings(sandbox, fault, max_retries=0, http_client=own)
        error = raised("blocking", call_of(False), **known)
        asked("blocking", call_of(False), **known)

    assert (NetworkError, None, True) == (type(error), error.status_code, EXPIRED in str(error))
