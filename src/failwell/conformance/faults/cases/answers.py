"""Faults: successes (2xx) whose body is not what an operation answers with."""

from __future__ import annotations

from collections.abc import Iterator

from failwell.conformance.faults.cases.packings import broken_packings, endless, packings
from failwell.conformance.faults.model import Fault, Unanswered
from failwell.sandbox.faults.samples import GarbledKind, garbled
from failwell.sandbox.faults.steps import Answer, Garbled

JSON = "application/json"

BODIES: tuple[tuple[str, str, bytes], ...] = (
    ("no body", JSON, b""),
    ("spaces", JSON, b"  \n"),
    ("half of a JSON document", JSON, b'{"data": [{"id": "1", "na'),
    ("JSON with a comma too many", JSON, b'{"data": [],}'),
    ("JSON and more behind it", JSON, b'{"data": "x"} and so on'),
    ("an empty object", JSON, b"{}"),
    ("a JSON list", JSON, b"[]"),
    ("a list of lists", JSON, b"[[[]]]"),
    ("a JSON string", JSON, b'"done"'),
    ("a JSON number", JSON, b"17"),
    ("JSON null", JSON, b"null"),
    ("JSON true", JSON, b"true"),
    ("data that is null", JSON, b'{"data": null}'),
    ("data that is a string", JSON, b'{"data": "none today"}'),
    ("data with other keys", JSON, b'{"data": [{"color": "red"}], "object": "list"}'),
    ("an error in it", JSON, b'{"error": {"code": "INTERNAL", "message": "Did not work"}}'),
    ("a detail in it", JSON, b'{"detail": "Not found"}'),
    ("data of another shape", JSON, b'{"data": {"id": 7, "status": []}}'),
    ("data that is not UTF-8", JSON, b'{"data": "\xff"}'),
    ("half of an object", JSON, b'{"data": {"id": '),
    ("a detail of lists 100,000 deep", JSON, b'{"detail": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("a number of 6000 digits", JSON, b'{"data": ' + b"9" * 6000 + b"}"),
    ("lists 100,000 deep", JSON, b"[" * 100_000 + b"]" * 100_000),
    ("plain text", "text/plain", b"OK"),
    ("no kind of its body", "", b"OK"),
    ("a stream of events", "text/event-stream", b"data: {}\n\n"),
    ("a picture", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(64)),
    ("JSON in UTF-7", "application/json; charset=utf-7", b"+AHsAfQ-"),
)

CODINGS: tuple[tuple[GarbledKind, str, bool], ...] = (
    ("html", "a proxy's page", False),
    ("not-utf-8", "bytes that are not UTF-8", False),
    ("gzip-bomb", "gzip that unpacks to 10 MiB of spaces", False),
    ("not-gzip", "gzip that is none", True),
    ("cut-gzip", "half of the gzip", False),
)
"""What garbles a body, and whether it is sure that it cannot be unpacked at all."""


LIST = b'{"data": [' + b", ".join(b'{"id": "%d"}' % number for number in range(200)) + b"]}"
"""An answer of some length, which is one as long as it can be unpacked."""


def faults() -> Iterator[Fault]:
    """All of them."""
    long = ("10 MB of JSON", JSON, b'{"blob": "' + b"x" * 10_000_000 + b'"}')
    for name, kind, body in (*BODIES, long):
        yield _unreadable(f"a 200 with {name}", Answer(200, (("Content-Type", kind),) if kind else (), body), body)
    for garble, name, packed in CODINGS:
        plain = garbled(garble, 200)[1] if garble in ("html", "not-utf-8") else None
        yield _unreadable(f"a 200 with {name}", Garbled(garble, 200), plain, caused=packed)
    for name, coding, zipped in packings(b"[0]"):
        yield _unreadable(f"a 200 with a JSON list in {name}", _packed(coding, zipped), b"[0]")
    yield _unreadable("a 200 with gzip that unpacks to more than is held", _packed("gzip", endless()), None)
    for name, coding, broken in broken_packings(LIST):
        yield _unreadable(f"a 200 with {name}", _packed(coding, broken), None)
    for name, coding, zipped in packings(b"[0]"):
        yield _unreadable(f"a 200 with {name} that breaks off", _packed(coding, zipped[:-5]), None)
    for status in (202, 203, 206, 226, 299):
        yield _unreadable(f"a {status} with a JSON list", Answer(status, (("Content-Type", JSON),), b"[0]"), b"[0]")
    for status in (201, 204, 205, 206):
        yield _unreadable(f"a {status} without a body", Answer(status), b"")


def _packed(coding: str, body: bytes) -> Answer:
    return Answer(200, (("Content-Type", JSON), ("Content-Encoding", coding)), body)


def _unreadable(name: str, step: Answer | Garbled, body: bytes | None, *, caused: bool = False) -> Fault:
    """That a call which meets *step* says so, with its status and the *body* that can be read of it."""
    ends = Unanswered("unreadable", status=step.status, body=body, caused=caused)
    return Fault("Answers that are none", name, ends, (step,))
