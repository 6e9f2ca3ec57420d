"""Faults: what is no HTTP, odd HTTP, or fails before HTTP (TLS, refused connections)."""

from __future__ import annotations

from collections.abc import Iterator

from failwell.conformance.faults.model import Answered, Fault, RawServer, Unanswered
from failwell.sandbox.faults.samples import MALFORMED
from failwell.sandbox.faults.steps import CERTIFICATES, Answer, Certificate, Malformed, Raw

NETWORK = Unanswered("network")
UNSENT = Unanswered("network", sent=False)
DETAIL = b'{"detail": "Busy"}'
JSON = ("Content-Type", "application/json")

NOT_HTTP: tuple[tuple[str, bytes], ...] = (
    ("what an SSH server says", b"SSH-2.0-OpenSSH_9.6\r\n"),
    ("what an SMTP server says", b"220 mail.example.com ESMTP ready\r\n"),
    ("what an HTTP/2 server says", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)),
    ("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x28"),
    ("NUL bytes", bytes(1000)),
    ("a blank line", b"\r\n\r\n"),
    ("a status line of HTTP/2", b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    ("a status line of ICY", b"ICY 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    ("a status of letters", b"HTTP/1.1 abc OK\r\n\r\n"),
    ("a status of two digits", b"HTTP/1.1 20 OK\r\n\r\n"),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}"),
    ("a length that is no number", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}"),
    ("a length below 0", b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
    ("a length beyond all memory", b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 18 + b"\r\n\r\n{}"),
    ("a header name with a space", b"HTTP/1.1 200 OK\r\nX Odd: 1\r\nContent-Length: 2\r\n\r\n{}"),
    ("a header with a NUL byte", b"HTTP/1.1 200 OK\r\nX-Odd: a\x00b\r\nContent-Length: 2\r\n\r\n{}"),
    ("a header of 1 MB that does not end", b"HTTP/1.1 200 OK\r\nX-Odd: " + b"x" * 1_000_000),
    ("a coding of transfers that nobody knows", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\n{}"),
)

HEADERS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("no header but its length", ()),
    ("90 headers", (JSON, *((f"X-{number}", "x") for number in range(90)))),
    ("300 headers", tuple((f"X-{number}", "x") for number in range(300))),
    ("a header of 50,000 characters", (JSON, ("X-Long", "x" * 50_000))),
    ("headers in Latin-1", (JSON, ("X-Reason", "\xdcberlastet"))),
    ("an empty request id", (JSON, ("X-Request-ID", ""), ("Request-Id", ""))),
    ("two request ids", (JSON, ("X-Request-ID", "one"), ("X-Request-ID", "two"))),
    ("a request id of 5,000 characters", (JSON, ("X-Request-ID", "r" * 5_000))),
    ("a date that is none", (JSON, ("Date", "yesterday"))),
    ("a kind of body that is none", (("Content-Type", ";;; charset="),)),
    ("two kinds of body", (JSON, ("Content-Type", "text/html"))),
    ("a coding that nobody knows", (JSON, ("Content-Encoding", "rot13"))),
    ("cookies", (JSON, ("Set-Cookie", "session=1; Path=/"), ("Set-Cookie", "other=2"))),
    ("a challenge", (JSON, ("WWW-Authenticate", 'Bearer realm="x", error="invalid_token"'))),
)
"""What is odd about the headers of a 503 that says so in JSON."""

REFUSALS = ((403, "Forbidden"), (407, "Proxy Authentication Required"), (502, "Bad Gateway"), (504, "Gateway Timeout"))
"""With what a proxy refuses to lead on to a server."""


def faults() -> Iterator[Fault]:
    """All of them."""
    for name, data in NOT_HTTP:
        yield Fault("Not HTTP", name, NETWORK, (Raw(data),))
    for kind in MALFORMED:
        yield Fault("Not HTTP", f"malformed HTTP, {kind}", NETWORK, (Malformed(kind),))
    for name, headers in HEADERS:
        yield Fault(
            "Headers", f"a 503 with {name}", Answered(503, DETAIL, words="Busy"), (Answer(503, headers, DETAIL),)
        )
    folded = b"HTTP/1.1 503 Busy\r\nX-Folded: one\r\n two\r\nContent-Length: 0\r\n\r\n"
    yield Fault("Headers", "a 503 with a folded header", Answered(503, b""), (Raw(folded, "keep"),))
    bare = b"HTTP/1.1 503 Busy\nContent-Length: 0\n\n"
    yield Fault("Headers", "a 503 with bare line feeds", Answered(503, b""), (Raw(bare, "keep"),))
    yield from _unreached()


def _unreached() -> Iterator[Fault]:
    group = "No connection"
    yield Fault(group, "a connection that is refused", UNSENT, place="refused")
    yield Fault(group, "a name that has no address", UNSENT, place="nowhere")
    for kind in CERTIFICATES:
        yield Fault(group, f"a certificate: {kind}", UNSENT, (Certificate(kind),), place="sandbox-tls")
    in_plain = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    alert = b"\x15\x03\x03\x00\x02\x02\x28"
    for name, door in (
        ("a TLS handshake that is answered in plain HTTP", RawServer(in_plain, role="tls")),
        ("a TLS handshake that is refused by an alert", RawServer(alert, role="tls")),
        ("a TLS handshake that is answered with NUL bytes", RawServer(bytes(100), role="tls")),
        ("a TLS handshake that ends by FIN", RawServer(role="tls")),
        ("a TLS handshake that ends by RST", RawServer(then="reset", role="tls")),
        ("a TLS handshake that ends by RST, half way", RawServer(b"\x16\x03\x03\x00\x7a\x02", "reset", role="tls")),
    ):
        yield Fault(group, name, UNSENT, place=door)
    for status, phrase in REFUSALS:
        page = b"<html>%d</html>" % status
        head = f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
        door = RawServer(head.encode() + page, role="proxy")
        yield Fault(group, f"a proxy that refuses with a {status}", UNSENT, place=door)
    for name, data in (("ends by FIN", b""), ("speaks no HTTP", b"SOCKS only\r\n\r\n")):
        ends = Unanswered("network", sent=None)
        yield Fault(group, f"a proxy that {name}", ends, place=RawServer(data, role="proxy"))
