"""Each fault of the check, met over each transport: the documented class, with a message for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from functools import partial
from typing import Any

import pytest

from failwell import RetryRules
from failwell.clock import VirtualClock
from failwell.conformance.adapter import ClassAdapter, Colour
from failwell.conformance.bench import Bench
from failwell.conformance.errors import ShortfallError
from failwell.conformance.faults import Fault, Unanswered, all_faults
from failwell.conformance.faults.trial import Trial
from failwell.sandbox import Sandbox, find_vendor
from pictograph import AsyncClient, Client, exceptions
from pictograph.exceptions import CATALOGUE, ApiError, NetworkError, PictographError, ServerError
from pictograph.promises import CALLS
from tests.servers.sockets import Peer, http, serving

from .colours import COLOURS, FAST, RUN, asked, chain, every_colour, raised, read

ONE_ATTEMPT = copy(CATALOGUE)
ONE_ATTEMPT.retries = RetryRules(max_retries=0)
"""The contract for who repeats nothing."""

every_transport = pytest.mark.parametrize("transport", [*COLOURS, *FAST])
HALVES = {"reads": CALLS.reads, "writes": CALLS.writes}

OTHERWISE = (
    "a 101 that nobody asked for",
    "a coding of transfers that nobody knows",
    "a 503 with 300 headers",
    "a 503 with a folded header",
)
"""What the library of the fast transports takes for a reply, or for none, where httpx2 does not: see docs/fast.md."""

REFUSED = "the server's certificate was refused"
WORDS = {
    "a 401 with an error object with a code in lower case": "No",
    "a 402 with a number of 6000 digits and no message": "402",
    "a 403 with an error that is a sentence": "Forbidden here",
    "a 404 that breaks off in a chunk": "404 Not Found",
    "a 404 that is longer than announced": "404 Not Found",
    "a 404 with NaN and infinities to read": "404 Not Found",
    "a 404 with a detail of lists 100,000 deep": "404 Not Found",
    "a 404 with a proxy's page": "404 Not Found",
    "a 404 with a sentence as detail": "Rule not found",
    "a 404 with good gzip": "Rule not found",
    "a 404 with half of a sentence as detail": "404 Not Found",
    "a 404 with no body and no kind of it": "404 Not Found",
    "a 404 with no body": "404 Not Found",
    "a 404 with a sentence that is not UTF-8": "404 Not Found",
    "a 400 with null as detail": "400 Bad Request",
    "a 400 with an empty object": "400 Bad Request",
    "a 422 with a flat list of errors": "a; b",
    "a 422 with a list of fields as detail": "name: Field required",
    "a 429 that asks for words": "Slow down",
    "a 500 with 10 MB of JSON": "500 Internal Server Error",
    "a 500 with JSON null": "500 Internal Server Error",
    "a 500 with a chunk whose size is no number": "500 Internal",
    "a 500 with binary": "500 Internal",
    "a 500 with gzip that is none": "500 Internal Server Error",
    "a 500 with gzip that unpacks to 10 MiB": "500 Internal Server Error",
    "a 500 with half of the gzip": "500 Internal Server Error",
    "a 500 with no body and no kind of it": "500 Internal Server Error",
    "a 502 with a JSON number": "502 Bad Gateway",
    "a 502 with a page that is called JSON": "502 Bad Gateway",
    "a 502 with a page whose title is a number": "502 Bad Gateway",
    "a 502 with a proxy's page": "502 Bad Gateway",
    "a 503 with half of the gzip": "503 Service Unavailable",
    "a 302 that leads nowhere": "302 Found",
    "a 307 that leads nowhere": "307 Temporary Redirect",
    "a 304": "304 Not Modified",
    "a 200 with gzip that unpacks to 10 MiB of spaces": "10485760 bytes",
    "a 200 with bytes that are not UTF-8": "expected JSON",
    "a 200 with a proxy's page": "of text/html, expected JSON",
    "a 200 that is longer than announced": "9 bytes of application/json",
    "a 200 that is shorter than announced": "within ",
}
"""What a person finds in the message, beyond the words of the server that `Answered.words` asks for."""

WORDS_OF_HTTPX2 = {
    "malformed HTTP, status-line": "illegal status line: 'HTTP/1.1 OK, here",
    "malformed HTTP, no-status-line": "illegal status line: 'Content-Type",
    "malformed HTTP, http-0.9": "Server disconnected without",
    "malformed HTTP, header": "illegal header line: 'this line has no colon'",
    "malformed HTTP, huge-header": "Receive buffer too long",
    "malformed HTTP, chunk-size": "illegal chunk header: 'zz",
    "a certificate: unknown-authority": f"{REFUSED} (unable to get local issuer certificate)",
    "a certificate: expired": f"{REFUSED} (certificate has expired)",
    "a certificate: wrong-host": f"{REFUSED} (IP address mismatch, certificate is not valid for '127.0.0.1')",
}
"""The same where the words are those of httpx2, or those that take their place."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A server that can fail in every way."""
    with Sandbox(find_vendor("pictograph"), clock=VirtualClock()) as sandbox:
        yield sandbox


def bench_of(sandbox: Sandbox, transport: str) -> Bench:
    """Where calls over *transport* are made once each."""
    colour, _, fast = transport.partition(" ")
    settings: dict[str, Any] = {"max_retries": 0, "http": "fast" if fast else "httpx2"}
    clients: dict[Colour, Any] = {
        "blocking": partial(Client, **settings),
        "awaiting": partial(AsyncClient, **settings),
    }
    errors = {name: getattr(exceptions, name) for name in exceptions.__all__}
    clock = sandbox.clock
    assert isinstance(clock, VirtualClock)
    kind: Colour = "blocking" if colour == "blocking" else "awaiting"
    return Bench(sandbox, clock, ClassAdapter(clients, errors), kind, "trio" if colour == "trio" else "asyncio")


def missing(fault: Fault, error: PictographError, transport: str) -> list[str]:
    """What a person does not find in the message of *error*, and what hangs on it that should not."""
    text, ends = str(error), fault.ends
    known = WORDS if transport in FAST else WORDS | WORDS_OF_HTTPX2
    wanted = [known.get(fault.name, "")]
    if isinstance(ends, Unanswered) and ends.kind == "unreadable":
        wanted.append("could not be read")
    if isinstance(ends, Unanswered) and ends.kind == "network" and transport not in FAST:
        wanted.append("No whole answer to ")
        if fault.name not in WORDS_OF_HTTPX2:
            wanted.append(re.sub(r"bytearray\(b(.*)\)", r"\1", str(error.__cause__)).rstrip("."))
    noise = ["<html", "bytearray", "object at 0x", *(["_ssl.c"] if fault.name in WORDS_OF_HTTPX2 else [])]
    found = [f"no {words!r}" for words in wanted if words not in text]
    found += [word for word in noise if word in text.lower()]
    hanging = [one for one in chain(error)[1:] if one.__traceback__ or one.__context__ or one.__cause__]
    return found + [f"{one!r} with its chain" for one in hanging]


@pytest.mark.slow
@every_transport
@pytest.mark.parametrize("half", HALVES)
def test_every_fault(half: str, transport: str, sandbox: Sandbox) -> None:
    """
    R1, R6. Whatever a call meets: the class of its status or its failure, in time, with a human message and its cause.
    """
    bench = bench_of(sandbox, transport)
    short: list[str] = []
    for fault in all_faults():
        bench.reset()
        try:
            Trial(fault, HALVES[half], ONE_ATTEMPT).check(bench)
        except ShortfallError as problem:
            ended = bench.seen[-1].error
            if not (transport in FAST and fault.name in OTHERWISE and isinstance(ended, PictographError)):
                short.append(f"{fault.name}: {problem}")
        else:
            error = bench.seen[-1].error
            assert isinstance(error, PictographError)
            short += [f"{fault.name}: {lack}, in {error}" for lack in missing(fault, error, transport)]

    assert [] == short


def test_tables_are_about_faults() -> None:
    """
    Each fault of which a table says something is one that there is.
    """
    names = {fault.name for fault in all_faults()}

    assert set() == {*WORDS, *WORDS_OF_HTTPX2, *OTHERWISE} - names


@every_transport
@pytest.mark.parametrize("call", HALVES.values(), ids=HALVES)
def test_a_version_of_http_that_is_none(call: Any, transport: str) -> None:
    """
    A reply of HTTP/3.7 is refused by the library of the fast transports, where httpx2 reads on; both are our errors.

    It is no fault of the check, which has one end for each: libraries differ about this one.
    """
    with serving(b"HTTP/3.7 200 OK\r\n\r\n") as server:
        error = raised(transport, call.action, base_url=server.url)

    assert (NetworkError if transport in FAST else ApiError) is type(error)
    assert transport in FAST or "could not be read" in str(error)


@every_colour
def test_evidence_of_a_bad_gzip(colour: str) -> None:
    """
    A success that cannot be unpacked keeps its status and its request id, and the reason is its cause.
    """
    with serving(http(200, b"no gzip", "Content-Encoding: gzip", "X-Request-ID: r-1")) as server:
        error = raised(colour, read, base_url=server.url)

    (attempt,) = error.attempts
    assert (200, "r-1", b"") == (error.status_code, error.request_id, error.body)
    assert (200, "r-1") == (attempt.status, attempt.request_id)
    assert str(error.__cause__) == attempt.reason


@every_colour
def test_an_endless_error_body(colour: str) -> None:
    """
    Of an error body that never ends only so much is read, and the call ends with the class of its status.
    """

    def endless(peer: Peer) -> None:
        peer.say(b"HTTP/1.1 500 No\r\n\r\n")
        while not peer.stopping.is_set():
            peer.say(b"x" * 1_000_000)

    with serving(endless) as server:
        error = raised(colour, read, base_url=server.url)

    assert ServerError is type(error)
    assert (8_192, True) == (len(error.body), error.body_truncated)


@every_transport
def test_good_answers(transport: str) -> None:
    """
    A good answer is answered from: the tests above could fail.
    """
    with serving(http(200, RUN)) as server:
        assert "run_1" == asked(transport, read, base_url=server.url).id
