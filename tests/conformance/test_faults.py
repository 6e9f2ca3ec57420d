from __future__ import annotations

import contextlib
import socket
from collections import Counter
from typing import Any

import pytest

from failwell.conformance import Call
from failwell.conformance.faults import Answered, Fault, RawServer, Unanswered, all_faults
from failwell.conformance.faults.expected import expected
from failwell.conformance.faults.model import SHORT
from failwell.conformance.faults.runner import LOOPS, check_faults, faults_of
from failwell.conformance.faults.servers import ListeningRawServer
from failwell.conformance.runner import promises_of
from failwell.sandbox import Certificate, Garbled, Malformed
from failwell.sandbox.faults.samples import GARBLED, MALFORMED
from failwell.sandbox.faults.steps import CERTIFICATES
from failwell.sandbox.vendor import find_vendor, known_vendors
from pictograph.exceptions import CATALOGUE, ApiError, ConflictError, NetworkError, NotFoundError, RateLimitError
from tests.dice import share

FAULTS = all_faults()


def _unused(_client: Any) -> None:
    """Stands in for a call; never made."""


READS = Call("datasets.list", "GET", _unused)
KEYED = Call("datasets.create", "POST", _unused, keyed=True)
BARE = Call("datasets.create", "POST", _unused)


def test_enough_faults() -> None:
    """
    R1. There are at least 120 faults, each with a name of its own.
    """
    names = Counter(fault.name for fault in FAULTS)

    assert len(FAULTS) >= 120
    assert {} == {name: count for name, count in names.items() if count > 1}


def test_every_kind_is_met() -> None:
    """
    No kind of reply or certificate that the sandbox knows is missing.
    """
    steps = [step for fault in FAULTS for step in fault.steps]

    assert set(MALFORMED) == {step.kind for step in steps if isinstance(step, Malformed)}
    assert set(GARBLED) == {step.kind for step in steps if isinstance(step, Garbled)}
    assert set(CERTIFICATES) == {step.kind for step in steps if isinstance(step, Certificate)}


# A handshake whose peer is gone before it begins: the ssl module leaves the closing of its socket to the collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.parametrize("way", LOOPS)
@pytest.mark.parametrize("name", known_vendors())
def test_every_fault(name: str, way: str) -> None:
    """
    R1. Of every SDK that is installed: whatever a reading and a mutating call meet, it ends in the documented class.

    In time, with the right attempts, waits and keys, a message for people, the body and the library's exception kept,
    and no key told. Each fault is met by each SDK, and in each way; by each SDK in each way in three days, and whenever
    `make faults` runs.
    """
    vendor = find_vendor(name)
    promises = promises_of(vendor)
    faults = share(faults_of(promises, vendor), known_vendors().index(name) + [*LOOPS].index(way), len(LOOPS))
    rows = list(check_faults(vendor, promises, faults=faults, ways=(way,)))

    short = [
        (row.promise.sentence, lane, verdict.reason)
        for row in rows
        for lane, verdict in row.verdicts.items()
        if not verdict.held
    ]
    assert ([], len(faults)) == (short, len(rows))
    calls = ("reads", "writes", *(["talks"] if promises.calls and promises.calls.talks else []))
    assert {f"{call}, {way}" for call in calls} == {lane for row in rows for lane in row.verdicts}


@pytest.mark.parametrize(
    ("ends", "call", "error", "tries", "waits"),
    [
        (Answered(404), KEYED, NotFoundError, 1, ()),
        (Answered(418), KEYED, ApiError, 1, ()),
        (Answered(429), BARE, RateLimitError, 4, ((0.75, 1.25), (1.5, 2.5), (3.0, 5.0))),
        (Answered(429, asks=120.0), READS, RateLimitError, 4, ((120.0, 132.0),) * 3),
        (Answered(429, asks=121.0), READS, RateLimitError, 1, ()),
        (Answered(404, asks=121.0), READS, NotFoundError, 1, ()),
        (Answered(409), KEYED, ConflictError, 1, ()),
        (
            Answered(409, b'{"detail": {"error_code": "idempotency_in_progress"}}', asks=5.0),
            KEYED,
            ConflictError,
            4,
            ((5.0, 5.5),) * 3,
        ),
        (Unanswered("network"), BARE, NetworkError, 1, ()),
        (Unanswered("network", sent=False), BARE, NetworkError, 4, ((0.75, 1.25), (1.5, 2.5), (3.0, 5.0))),
        (Unanswered("network"), READS, NetworkError, 4, ((0.75, 1.25), (1.5, 2.5), (3.0, 5.0))),
        (Unanswered("unreadable", status=200), READS, ApiError, 1, ()),
    ],
)
def test_what_is_expected(
    ends: Answered | Unanswered, call: Call, error: type[Exception], tries: int, waits: tuple[tuple[float, float], ...]
) -> None:
    """
    What a fault has to end in is read from the catalogue: its table, its rules for retries, and what may be sent twice.
    """
    due = expected(Fault("Made up", "a fault", ends), call, CATALOGUE)

    assert (error, tries, waits) == (due.error, due.tries, due.waits)


@pytest.mark.parametrize(
    ("sent", "call", "unsent", "tries"),
    [
        (None, BARE, -1, 1),
        (None, BARE, 0, 1),
        (None, BARE, 1, 2),
        (None, BARE, 2, 3),
        (None, BARE, 3, 4),
        (None, BARE, 9, 4),
        (None, READS, 1, 4),
        (True, BARE, 1, 1),
        (False, BARE, 1, 4),
    ],
)
def test_a_client_may_find_out(sent: bool | None, call: Call, unsent: int, tries: int) -> None:
    """
    Of a connection lost at once each attempt may find out that nothing was sent: the first that does not is the last.
    """
    due = expected(Fault("Made up", "a fault", Unanswered("network", sent=sent)), call, CATALOGUE, unsent=unsent)

    assert (tries, tries - 1) == (due.tries, len(due.waits))


def test_a_backoff_is_the_least_after_a_503() -> None:
    """
    A 503 that asks for 2 s is retried after the longer of that and the backoff, which grows beyond it.
    """
    due = expected(Fault("Made up", "a fault", Answered(503, asks=2.0)), READS, CATALOGUE)

    assert ((2.0, 2.2), (2.0, 2.75), (3.0, 5.5)) == tuple((low, round(high, 6)) for low, high in due.waits)


def test_silence_is_short() -> None:
    """
    Only what meets silence, a drip or a wait has little time: the others are judged by how they end, not by when.
    """
    kinds = {fault.ends.kind for fault in FAULTS if fault.timeout == SHORT and isinstance(fault.ends, Unanswered)}

    assert {"timeout"} == kinds


@pytest.mark.parametrize(
    ("door", "said"), [(RawServer(b"SSH-2.0\r\n"), b"SSH-2.0\r\n"), (RawServer(then="reset"), None), (RawServer(), b"")]
)
def test_doors(door: RawServer, said: bytes | None) -> None:
    """
    A door says what it is to say, and then closes or resets the connection; it counts whom it met.
    """
    with ListeningRawServer(door) as opened:
        host, _, port = opened.url.removeprefix("http://").partition(":")
        heard: bytes | None = None
        # A reset may come before the client knows that it is connected.
        with contextlib.suppress(ConnectionError):
            with socket.create_connection((host, int(port)), timeout=5) as client:
                if door.sends:
                    client.sendall(b"hello")
                heard = client.recv(100)

    assert (said, 1) == (heard, opened.met)


def test_a_door_that_is_silent() -> None:
    """
    A door that keeps the connection says nothing; when it is put away, so is the connection.
    """
    with ListeningRawServer(RawServer(then="keep", role="tls")) as opened:
        host, _, port = opened.url.removeprefix("https://").partition(":")
        client = socket.create_connection((host, int(port)), timeout=0.05)
        with pytest.raises(TimeoutError):
            client.recv(1)

    with client:
        client.settimeout(5)
        assert b"" == client.recv(1)
