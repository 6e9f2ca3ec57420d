from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import Certificate, Cut, Entry, FaultStep, Garbled, Malformed, Sandbox, WrongLength
from failwell.sandbox.faults.samples import GARBLED, MALFORMED
from failwell.sandbox.faults.steps import CERTIFICATES
from pictograph.exceptions import (
    ApiError,
    NetworkError,
    NotFoundError,
    PictographError,
    RequestTimeoutError,
    ServerError,
)
from pictograph_server.vendor import VENDOR
from tests.stopwatch import Stopwatch

from .colours import asked, chain, every_colour, raised

HEADERS = (("Content-Type", "application/json"),)
BODY = b'{"data": []}'
TIMEOUT = 0.5
"""Seconds that a call waits for what never comes; where something comes, a busy machine may take its time."""


@dataclass(frozen=True)
class Fault:
    """What is armed, and what a call ends with: *cause* says whether a library's exception is behind it."""

    step: FaultStep
    kind: type[PictographError]
    status: int | None
    words: str
    cause: bool = True
    repeated: bool = True


REFUSED = "the server's certificate was refused"
FAULTS: dict[str, Fault] = {
    "status line": Fault(Malformed("status-line"), NetworkError, None, "illegal status line: 'HTTP/1.1 OK, here"),
    "no status line": Fault(Malformed("no-status-line"), NetworkError, None, "illegal status line: 'Content-Type"),
    "HTTP/0.9": Fault(Malformed("http-0.9"), NetworkError, None, "Server disconnected without"),
    "header": Fault(Malformed("header"), NetworkError, None, "illegal header line: 'this line has no colon'"),
    "huge header": Fault(Malformed("huge-header"), NetworkError, None, "Receive buffer too long"),
    "chunk size": Fault(Malformed("chunk-size"), NetworkError, None, "illegal chunk header: 'zz"),
    "no gzip": Fault(Garbled("not-gzip"), ApiError, 200, "could not be read", repeated=False),
    "cut gzip": Fault(Garbled("cut-gzip"), ApiError, 200, "could not be read", repeated=False),
    "gzip bomb": Fault(Garbled("gzip-bomb"), ApiError, 200, "10485760 bytes", cause=False, repeated=False),
    "not UTF-8": Fault(Garbled("not-utf-8"), ApiError, 200, "expected JSON", cause=False, repeated=False),
    "HTML 200": Fault(Garbled("html", 200), ApiError, 200, "of text/html, expected JSON", cause=False, repeated=False),
    "HTML 502": Fault(Garbled("html"), ServerError, 502, "502 Bad Gateway", cause=False),
    "HTML 404": Fault(Garbled("html", 404), NotFoundError, 404, "404 Not Found", cause=False, repeated=False),
    "no gzip 500": Fault(Garbled("not-gzip", 500), ServerError, 500, "500 Internal Server Error", cause=False),
    "cut gzip 503": Fault(Garbled("cut-gzip", 503), ServerError, 503, "503 Service Unavailable", cause=False),
    "gzip bomb 500": Fault(Garbled("gzip-bomb", 500), ServerError, 500, "500 Internal Server Error", cause=False),
    "too long, ends": Fault(Cut(200, HEADERS, BODY, after=5), NetworkError, None, "No whole answer to"),
    "too long, resets": Fault(Cut(200, HEADERS, BODY, after=5, reset=True), NetworkError, None, "No whole answer to"),
    "too long, waits": Fault(WrongLength(200, HEADERS, BODY, by=5), RequestTimeoutError, None, f"within {TIMEOUT:g} s"),
    "too short": Fault(
        WrongLength(200, HEADERS, BODY, by=-5),
        ApiError,
        200,
        "7 bytes of application/json",
        cause=False,
        repeated=False,
    ),
    "too short 404": Fault(
        WrongLength(404, HEADERS, b'{"detail": "x"}', by=-5), NotFoundError, 404, "404", cause=False, repeated=False
    ),
    "unknown authority": Fault(
        Certificate("unknown-authority"), NetworkError, None, f"{REFUSED} (unable to get local issuer certificate)"
    ),
    "expired": Fault(Certificate("expired"), NetworkError, None, f"{REFUSED} (certificate has expired)"),
    "wrong host": Fault(
        Certificate("wrong-host"),
        NetworkError,
        None,
        f"{REFUSED} (IP address mismatch, certificate is not valid for '127.0.0.1')",
    ),
}
every_fault = pytest.mark.parametrize("name", FAULTS)
every_repeated_fault = pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.repeated])
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
    url = sandbox.https_url if isinstance(fault.step, Certificate) else sandbox.url
    timeout = TIMEOUT if fault.kind is RequestTimeoutError else 10 * TIMEOUT
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


def test_every_kind_is_tried() -> None:
    """
    No kind of reply or certificate that the sandbox knows is missing above.
    """
    steps = [fault.step for fault in FAULTS.values()]

    assert set(MALFORMED) == {step.kind for step in steps if isinstance(step, Malformed)}
    assert set(GARBLED) == {step.kind for step in steps if isinstance(step, Garbled)}
    assert set(CERTIFICATES) == {step.kind for step in steps if isinstance(step, Certificate)}


@every_colour
@either_call
@every_fault
def test_one_attempt(sandbox: Sandbox, name: str, mutating: bool, colour: str) -> None:
    """
    R1, R6. Every fault ends a call in its documented class, in time, with a human message and a copy of the cause.
    """
    fault = FAULTS[name]
    sandbox.arm(fault.step)
    watch = Stopwatch()

    error = raised(colour, call_of(mutating), **settings(sandbox, fault, max_retries=0))

    assert watch.seconds() <= TIMEOUT + 0.5
    assert (fault.kind, fault.status, [fault.status]) == (
        type(error),
        error.status_code,
        [attempt.status for attempt in error.attempts],
    )
    assert fault.words in str(error)
    assert len(str(error)) < 500
    assert [] == [noise for noise in ("<html", "bytearray", "object at 0x", "_ssl.c") if noise in str(error).lower()]
    assert fault.cause == (error.__cause__ is not None)
    assert all((None, None) == (one.__traceback__, one.__cause__) for one in chain(error)[1:])
    (entry,) = requests(sandbox, 1)
    assert ([] if entry.method == "TLS" else [error.idempotency_key or ""]) == keys((entry,))
    assert mutating == (error.idempotency_key is not None)


@every_colour
@either_call
@every_repeated_fault
def test_met_once(sandbox: Sandbox, name: str, mutating: bool, colour: str) -> None:
    """
    What a repetition may cure is repeated, with the same key, and the call gets its answer.
    """
    fault = FAULTS[name]
    sandbox.arm(fault.step)

    asked(colour, call_of(mutating), **settings(sandbox, fault, max_retries=3))

    entries = requests(sandbox, 2)
    assert f"passed {201 if mutating else 200}" == entries[1].outcome
    assert 1 == len(keys(entries))
    assert mutating == (keys(entries) != [""])
    assert 1 == len(clock_of(sandbox).waits())


@every_colour
@either_call
@pytest.mark.parametrize("name", ["status line", "too long, ends", "HTML 502", "expired"])
def test_met_for_ever(sandbox: Sandbox, name: str, mutating: bool, colour: str) -> None:
    """
    After three retries the last failure is raised, with all four attempts, and the one key that they had.
    """
    fault = FAULTS[name]
    sandbox.arm(fault.step, times=4)

    error = raised(colour, call_of(mutating), **settings(sandbox, fault, max_retries=3))

    entries = requests(sandbox, 4)
    assert (fault.kind, [fault.status] * 4) == (type(error), [attempt.status for attempt in error.attempts])
    assert clock_of(sandbox).waits() == [attempt.delay for attempt in error.attempts][:3]
    assert all(0.75 <= wait / base <= 1.25 for base, wait in zip((1, 2, 4), clock_of(sandbox).waits(), strict=True))
    assert keys(entries) in ([], [error.idempotency_key or ""])


@every_colour
@either_call
@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if not fault.repeated])
def test_not_repeated(sandbox: Sandbox, name: str, mutating: bool, colour: str) -> None:
    """
    What came whole and cannot be read came after the work was done: it is not asked for again.
    """
    fault = FAULTS[name]
    sandbox.arm(fault.step)

    error = raised(colour, call_of(mutating), **settings(sandbox, fault, max_retries=3))

    assert (fault.kind, 1, []) == (type(error), len(error.attempts), clock_of(sandbox).waits())
    requests(sandbox, 1)


@every_colour
@either_call
def test_trusted(sandbox: Sandbox, mutating: bool, colour: str) -> None:
    """
    With the sandbox's authority in SSL_CERT_FILE the SDK speaks TLS to it, as to a server in production.
    """
    asked(colour, call_of(mutating), **settings(sandbox, FAULTS["expired"], max_retries=0))

    assert [f"passed {201 if mutating else 200}"] == [entry.outcome for entry in requests(sandbox, 1)]


def test_a_client_of_ones_own(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A bad certificate is told in the same words when the user's own http_client meets it.
    """
    monkeypatch.delenv("SSL_CERT_FILE")
    fault = FAULTS["expired"]
    sandbox.arm(fault.step)
    with httpx2.Client(verify=ssl.create_default_context(cafile=sandbox.authority)) as own:
        known = settings(sandbox, fault, max_retries=0, http_client=own)
        error = raised("blocking", call_of(False), **known)
        asked("blocking", call_of(False), **known)

    assert (NetworkError, None, True) == (type(error), error.status_code, fault.words in str(error))
