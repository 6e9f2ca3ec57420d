"""Faults: statuses that a page seldom tells of, and redirects."""

from __future__ import annotations

from collections.abc import Iterator

from failwell.conformance.faults.model import Answered, Fault, Unanswered
from failwell.sandbox.faults.steps import Answer, Raw

ODD = (300, 304, 405, 406, 408, 410, 412, 413, 414, 415, 418, 421, 425, 428, 431, 451, 480, 499)
"""Statuses that are seldom, or nobody's."""
SERVERS = (500, 501, 505, 507, 508, 511, 520, 524, 529, 530, 598, 599)
"""Those by which servers, proxies and networks in between say that they fail."""
BEYOND = (600, 666, 777, 999)
"""Statuses that are none, and are sent all the same."""
REDIRECTS = (301, 302, 303, 307, 308)

DETAIL = b'{"detail": "As the status says"}'
JSON = (("Content-Type", "application/json"),)


def faults() -> Iterator[Fault]:
    """All of them."""
    group = "Statuses"
    for status in (*ODD, *SERVERS):
        body = b"" if status == 304 else DETAIL
        yield Fault(group, f"a {status}", Answered(status, body), (Answer(status, JSON, body),))
    for status in BEYOND:
        head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(DETAIL)}\r\n\r\n".encode()
        yield Fault(group, f"a {status}", Answered(status, DETAIL), (Raw(head + DETAIL, "keep"),))
        bare = f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n".encode()
        yield Fault(group, f"a {status} without a body", Answered(status, b"", words=f"{status}"), (Raw(bare, "keep"),))
    for status in (418, 499, 599):
        yield Fault(group, f"a {status} without a body", Answered(status, b"", words=f"{status}"), (Answer(status),))
    yield from _early(group)
    group = "Redirects"
    for status in REDIRECTS:
        for name, place in (
            ("to itself", "."),
            ("to another path", "/elsewhere"),
            ("to another host", "http://elsewhere.example/"),
        ):
            headers = (*JSON, ("Location", place))
            yield Fault(group, f"a {status} {name}", Answered(status, DETAIL), (Answer(status, headers, DETAIL),))
    for status in (302, 307):
        yield Fault(
            group, f"a {status} that leads nowhere", Answered(status, b"", words=f"{status}"), (Answer(status),)
        )
    for name, place in (
        ("to no address", "http://["),
        ("to a file", "file:///etc/passwd"),
        ("with a long way", "x" * 60_000),
    ):
        yield Fault(group, f"a 307 {name}", Answered(307, b""), (Answer(307, (("Location", place),)),))


def _early(group: str) -> Iterator[Fault]:
    """What comes before a reply, or should not."""
    failing = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    first = Answered(503, b"")
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    yield Fault(group, "a 100, then a 503", first, (Raw(b"HTTP/1.1 100 Continue\r\n\r\n" + failing, "keep"),))
    yield Fault(group, "a 103, then a 503", first, (Raw(hints + failing, "keep"),))
    yield Fault(
        group, "a 102 fifty times, then a 503", first, (Raw(b"HTTP/1.1 102 Processing\r\n\r\n" * 50 + failing, "keep"),)
    )
    yield Fault(group, "a 100 and no more", Unanswered("network"), (Raw(b"HTTP/1.1 100 Continue\r\n\r\n"),))
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    yield Fault(group, "a 101 that nobody asked for", Unanswered("network"), (Raw(switching),), sessions=False)
    yield Fault(group, "a status of 000", Unanswered("network"), (Raw(b"HTTP/1.1 000 Nothing\r\n\r\n"),))
    yield Fault(
        group, "a status of 099", Unanswered("network"), (Raw(b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n"),)
    )
    yield Fault(group, "a 503 without a phrase", first, (Raw(b"HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", "keep"),))
    odd_phrase = b"HTTP/1.1 503 \xdcberlastet\r\nContent-Length: 0\r\n\r\n"
    yield Fault(group, "a 503 with a phrase in Latin-1", first, (Raw(odd_phrase, "keep"),))
    yield Fault(
        group,
        "a 503 of HTTP/1.0, to the end of the connection",
        Answered(503, DETAIL),
        (Raw(b"HTTP/1.0 503 Busy\r\nContent-Type: application/json\r\n\r\n" + DETAIL),),
    )
