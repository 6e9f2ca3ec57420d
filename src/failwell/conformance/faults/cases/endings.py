"""Faults: replies that are truncated, late, or never end."""

from __future__ import annotations

from collections.abc import Iterator

from failwell.conformance.faults.model import ENOUGH, SHORT, Answered, Fault, FaultPlace, RawServer, Unanswered
from failwell.sandbox.faults.steps import (
    Close,
    Cut,
    Delay,
    Drip,
    DropReply,
    FaultStep,
    Raw,
    Reset,
    Silence,
    WrongLength,
)

JSON = (("Content-Type", "application/json"),)
BODY = b'{"detail": "All of this does not arrive"}'
NETWORK, TIMEOUT = Unanswered("network"), Unanswered("timeout")
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def faults() -> Iterator[Fault]:
    """All of them."""
    yield from _breaking()
    yield from _chunked()
    yield from _silent()


def _breaking() -> Iterator[Fault]:
    group = "Replies that break off"
    at_once = Unanswered("network", sent=None)
    yield _met(group, "a connection that is closed at once", at_once, place=RawServer())
    yield _met(group, "a connection that is reset at once", at_once, place=RawServer(then="reset"))
    yield _met(group, "FIN before any reply", NETWORK, Close())
    yield _met(group, "RST before any reply", NETWORK, Reset())
    yield _met(group, "a reply that is lost, by FIN, after the work was done", NETWORK, DropReply())
    yield _met(group, "a reply that is lost, by RST, after the work was done", NETWORK, DropReply(reset=True))
    for then in ("close", "reset"):
        sort = "FIN" if then == "close" else "RST"
        reset = then == "reset"
        yield _met(group, f"{sort} in the status line", NETWORK, Raw(b"HTTP/1.1 20", then))
        yield _met(group, f"{sort} behind the status line", NETWORK, Raw(b"HTTP/1.1 200 OK\r\n", then))
        yield _met(group, f"{sort} in the headers", NETWORK, Raw(b"HTTP/1.1 200 OK\r\nContent-Le", then))
        yield _met(group, f"{sort} between the head and the body of a 200", NETWORK, Cut(200, JSON, BODY, reset=reset))
        yield _met(group, f"{sort} in the body of a 200", NETWORK, Cut(200, JSON, BODY, after=9, reset=reset))
        by_tls = Cut(200, JSON, BODY, after=9, reset=reset)
        yield _met(group, f"{sort} in the body of a 200, by TLS", NETWORK, by_tls, place="sandbox-tls")
        for status in (404, 429, 500):
            cut = Cut(status, JSON, BODY, after=9, reset=reset)
            # What was on its way may be lost with a reset.
            ends = Answered(status, None if reset else BODY[:9])
            yield _met(group, f"{sort} in the body of a {status}", ends, cut)
    less = WrongLength(200, JSON, b'{"data": []}', by=-3)
    unreadable = Unanswered("unreadable", status=200, body=b'{"data": ', caused=False)
    yield _met(group, "a 200 that is longer than announced", unreadable, less)
    for status in (404, 503):
        surplus = WrongLength(status, JSON, BODY, by=-4)
        yield _met(group, f"a {status} that is longer than announced", Answered(status, BODY[:-4]), surplus)
    twice = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" * 2
    yield _met(group, "two replies to one request", Answered(503, b""), Raw(twice, "keep"))


def _chunked() -> Iterator[Fault]:
    group = "Replies in chunks"
    failing, missing = CHUNKED.replace(b"200 OK", b"500 No"), CHUNKED.replace(b"200 OK", b"404 No")
    yield _met(
        group, "a 500 in chunks of a byte", Answered(500, BODY), Raw(failing + _in_chunks(BODY) + b"0\r\n\r\n", "keep")
    )
    trailed = failing + _in_chunks(BODY) + b"0\r\nX-Late: yes\r\n\r\n"
    yield _met(group, "a 500 in chunks, with trailers", Answered(500, BODY), Raw(trailed, "keep"))
    yield _met(group, "a 200 whose chunks break off", NETWORK, Raw(CHUNKED + _in_chunks(BODY)))
    yield _met(group, "a 200 whose chunk is reset", NETWORK, Raw(CHUNKED + b"40\r\nhalf", "reset"))
    yield _met(group, "a 500 whose chunks break off", Answered(500, BODY), Raw(failing + _in_chunks(BODY)))
    yield _met(group, "a 404 that breaks off in a chunk", Answered(404, None), Raw(missing + b'5\r\n{"det'))
    yield _met(group, "a 500 with a chunk whose size is no number", Answered(500, None), Raw(failing + b"zz\r\n"))
    yield _met(group, "a 200 with a chunk of no size", NETWORK, Raw(CHUNKED + b"\r\n{}\r\n0\r\n\r\n"))
    yield _met(group, "a 200 with a chunk of a size below 0", NETWORK, Raw(CHUNKED + b"-5\r\n{}\r\n0\r\n\r\n"))
    yield _met(group, "a 200 with a chunk of 2^80 bytes", NETWORK, Raw(CHUNKED + b"1" + b"0" * 20 + b"\r\n{}\r\n"))


def _silent() -> Iterator[Fault]:
    group = "Silence"
    yield _met(group, "no answer", TIMEOUT, Silence(), timeout=SHORT)
    yield _met(group, "an answer that comes too late", TIMEOUT, Delay(2 * SHORT + 1), Close(), timeout=SHORT)
    yield _met(group, "a server that accepts and does not listen", TIMEOUT, place=RawServer(then="keep"), timeout=SHORT)
    in_handshake = RawServer(then="keep", role="tls")
    unsent = Unanswered("timeout", sent=None)
    yield _met(group, "a TLS handshake that is not answered", unsent, place=in_handshake, timeout=SHORT)
    no_tunnel = RawServer(then="keep", role="proxy")
    yield _met(group, "a proxy that does not answer", unsent, place=no_tunnel, timeout=SHORT)
    drip = Drip(200, JSON, BODY, interval=SHORT / 4)
    yield _met(group, "a body that drips", TIMEOUT, drip, timeout=SHORT)
    slow_head = Drip(500, JSON, BODY, interval=SHORT / 4, headers_too=True)
    yield _met(group, "a head that drips", TIMEOUT, slow_head, timeout=SHORT)
    for status in (200, 503):
        waiting = WrongLength(status, JSON, BODY, by=5)
        yield _met(group, f"a {status} that is shorter than announced", TIMEOUT, waiting, timeout=SHORT)


def _met(
    group: str,
    name: str,
    ends: Answered | Unanswered,
    *steps: FaultStep,
    place: FaultPlace = "sandbox",
    timeout: float = ENOUGH,
) -> Fault:
    return Fault(group, name, ends, steps, place, timeout)


def _in_chunks(body: bytes) -> bytes:
    return b"".join(b"1\r\n%c\r\n" % byte for byte in body)
