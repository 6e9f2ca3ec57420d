"""Faults: error bodies of every vendor, every proxy, and no one."""

from __future__ import annotations

import json
from collections.abc import Iterator

from failwell.conformance.faults.cases.packings import endless, packings
from failwell.conformance.faults.model import Answered, Fault
from failwell.sandbox.faults.samples import BOMB, GarbledKind, garbled
from failwell.sandbox.faults.steps import Answer, Garbled

JSON = "application/json"
REQUEST_ID = "550e8400-e29b-41d4-a716-446655440000"

SHAPES: tuple[tuple[str, int, object], ...] = (
    ("a sentence as detail", 404, {"detail": "Rule not found"}),
    ("a detail with a code and a field", 422, {"detail": {"code": "VALIDATION_ERROR", "message": "No", "field": "x"}}),
    ("a detail with an error_code", 409, {"detail": {"message": "It exists.", "error_code": "duplicate_name"}}),
    (
        "a detail with amounts and an address",
        402,
        {"detail": {"message": "No credits", "required": 5, "remaining": 2, "upgrade_url": "https://example.com/up"}},
    ),
    (
        "a detail with amounts of other types",
        402,
        {"detail": {"message": ["No"], "required": "five", "remaining": {}, "upgrade_url": 7}},
    ),
    (
        "a list of fields as detail",
        422,
        {"detail": [{"loc": ["body", "annotations", 0, "name"], "msg": "Field required", "type": "missing"}]},
    ),
    ("an empty list as detail", 422, {"detail": []}),
    ("a list of anything as detail", 422, {"detail": [None, 7, "x", [], {"loc": "body"}, {"msg": {"no": "text"}}]}),
    ("null as detail", 400, {"detail": None}),
    ("a number as detail", 400, {"detail": 17}),
    (
        "an error object with a request id",
        429,
        {
            "error": {"code": "RATE_LIMIT_ERROR", "message": "100 calls per 60 seconds", "details": {}},
            "request_id": REQUEST_ID,
        },
    ),
    ("an error object with a code alone", 503, {"error": {"code": "service_unavailable"}}),
    ("an error object with a code in lower case", 401, {"error": {"code": "authentication_failed", "message": "No"}}),
    ("an error object with details", 400, {"error": {"code": "invalid_request", "details": {"limit": ["too big"]}}}),
    ("an error object with details that are none", 400, {"error": {"code": 7, "message": None, "details": "no"}}),
    ("an error object of another vendor's code", 500, {"error": {"code": "rate_limited", "message": "Not so."}}),
    ("an error that is a sentence", 403, {"error": "Forbidden here"}),
    ("an error that is a list", 500, {"error": [{"message": "one"}, {"message": "two"}]}),
    ("an error that is true", 500, {"error": True}),
    ("a flat message", 400, {"message": "The pipeline has no input"}),
    ("a flat list of errors", 422, {"errors": ["a", "b"]}),
    ("a flat status and error", 500, {"task_id": "t1", "status": "failed", "error": "node 3"}),
    (
        "a run that failed",
        500,
        {"runId": "r1", "status": "failed", "error": {"code": "internal_error", "message": "x"}},
    ),
    (
        "a problem document",
        403,
        {"type": "https://example.com/p#not-yours", "title": "Forbidden", "status": 403, "detail": "Not yours."},
    ),
    ("a problem document of another status", 404, {"type": "about:blank", "title": "Gone", "status": 410}),
    ("what AWS says", 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
    ("what Google says", 404, {"error": {"code": 404, "message": "Not found.", "status": "NOT_FOUND", "details": []}}),
    ("what GraphQL says", 400, {"errors": [{"message": "Cannot query field", "locations": [{"line": 1}]}]}),
    ("what OAuth says", 401, {"error": "invalid_token", "error_description": "The access token expired"}),
    ("a JSON list", 500, [{"detail": "inside"}]),
    ("a JSON string", 500, "It is broken."),
    ("a JSON number", 502, 17),
    ("JSON null", 500, None),
    ("an empty object", 400, {}),
    ("a message with line breaks and control characters", 400, {"detail": "a\r\nSet-Cookie: b=c\x00\x1b[31m"}),
    ("a message of 100,000 characters", 400, {"detail": "x" * 100_000, "error": "y" * 100_000}),
    ("10,000 errors", 422, {"detail": [{"loc": ["body", n], "msg": "bad", "type": "t"} for n in range(10_000)]}),
    ("a lone surrogate", 400, {"detail": "\ud800", "error": {"code": "\udfff", "message": "\ud800"}}),
    ("an empty JSON list", 400, []),
    ("JSON true", 400, True),
    ("true as detail", 400, {"detail": True}),
    ("an empty sentence as detail", 400, {"detail": ""}),
    ("an empty object as detail", 400, {"detail": {}}),
    ("a sentence in five lists as detail", 400, {"detail": [[[[["x"]]]]]}),
    ("nothing but spaces to read", 400, {"detail": "   ", "error": {"message": " "}, "message": "\n"}),
    ("signs in front of its amounts", 402, {"detail": {"message": "m", "required": "+-5", "remaining": "--5"}}),
    ("null as error and as request id", 400, {"error": None, "request_id": None}),
    (
        "an error object of other types",
        400,
        {"error": {"code": [], "message": {"message": {}}, "details": 5}, "request_id": {}},
    ),
    ("errors of other types", 422, {"errors": {"name": ["taken"]}, "error": [], "message": False}),
    ("a problem document of other types", 400, {"type": 5, "title": [], "detail": {}, "status": "x", "details": []}),
    ("a message of 1.1 MB", 400, {"detail": "x" * 1_100_000}),
)
"""JSON bodies, each with the status that it comes with."""

WORDS: tuple[tuple[str, int, object, str], ...] = (
    (
        "a message in an object of errors",
        403,
        {"error": {"code": "x", "message": "Not enough left"}},
        "Not enough left",
    ),
    ("a sentence as detail, to whom that is foreign", 404, {"detail": "Rule not found"}, "Rule not found"),
    ("a gateway's message", 403, {"message": "No route for this key"}, "No route for this key"),
    ("a description beside the name of an error", 400, {"error": "x", "error_description": "It expired"}, "It expired"),
    ("a title alone", 403, {"type": "about:blank", "title": "Out of credit"}, "Out of credit"),
    ("a title beside an empty detail", 403, {"title": "Out of credit", "detail": ""}, "Out of credit"),
    ("a title beside an empty list", 422, {"title": "Out of credit", "detail": []}, "Out of credit"),
    ("errors by field", 422, {"errors": {"name": ["is too short"]}}, "is too short"),
    ("fields alone", 400, {"name": ["is too short"]}, "is too short"),
    ("a list of errors with details", 422, {"errors": [{"title": "No", "detail": "Way too short"}]}, "Way too short"),
    ("a message in an object as detail", 409, {"detail": {"message": "It is taken"}}, "It is taken"),
    ("a message and no amount as detail", 402, {"detail": {"message": "Nothing is left"}}, "Nothing is left"),
    ("a message about the key", 401, {"message": "This key is unknown"}, "This key is unknown"),
    ("a JSON string to read", 404, "It is gone", "It is gone"),
    ("a JSON list to read", 404, ["It is gone"], "It is gone"),
)
"""JSON bodies whose words a person must find in the message, whatever the vendor's own shape is."""

PAGE = b"<!DOCTYPE html><html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"

TEXTS: tuple[tuple[str, int, str, bytes, str], ...] = (
    ("a sentence in Latin-1", 403, "text/plain; charset=latin-1", "Kein Schlüssel".encode("latin-1"), "Kein Schlüssel"),
    ("a sentence in UTF-16", 403, "text/plain; charset=utf-16", "Kein Schlüssel".encode("utf-16"), "Kein Schlüssel"),
    ("a page with a title", 502, "text/html", b"<title>Bad &amp; gone</title><p>Sorry</p>", "Bad & gone"),
    ("a message in XML", 403, "application/xml", b"<Error><Message>Access denied</Message></Error>", "Access denied"),
    ("a sentence in plain text", 404, "text/plain", b"No such rule here.", "No such rule here."),
    ("a page whose title is a number", 502, "text/html", PAGE, "Bad Gateway"),
    ("a page that is called JSON", 502, JSON, PAGE, "Bad Gateway"),
    ("a problem that says so", 404, "application/problem+json", b'{"title": "T", "detail": "It left"}', "It left"),
)
"""The same for other bodies."""

RAW: tuple[tuple[str, int, str, bytes], ...] = (
    ("no body", 404, JSON, b""),
    ("no body and no kind of it", 500, "", b""),
    ("spaces", 500, JSON, b" \r\n\t "),
    ("plain text", 503, "text/plain; charset=utf-8", b"upstream connect error or disconnect/reset before headers"),
    ("JSON that is called plain text", 404, "text/plain", b'{"detail": "Not here"}'),
    ("text that is called JSON", 500, JSON, b"Internal Server Error"),
    ("half of a JSON document", 400, JSON, b'{"detail": {"message": "It ends he'),
    ("two JSON documents", 400, JSON, b'{"detail": "one"}{"detail": "two"}'),
    ("JSON with a comma too many", 400, JSON, b'{"detail": "one",}'),
    ("JSON with a byte order mark", 404, JSON, b'\xef\xbb\xbf{"detail": "Not here"}'),
    ("JSON in UTF-16", 404, "application/json; charset=utf-16", '{"detail": "Nicht da: ü"}'.encode("utf-16")),
    ("JSON in Latin-1", 404, "application/json; charset=latin-1", '{"detail": "Nicht da: ü"}'.encode("latin-1")),
    ("NaN and infinities", 402, JSON, b'{"detail": {"message": "No", "required": NaN, "remaining": -Infinity}}'),
    ("a number of 6000 digits", 402, JSON, b'{"detail": {"message": "No", "required": ' + b"9" * 6000 + b"}}"),
    ("a number beyond all floats", 402, JSON, b'{"detail": {"message": "No", "required": 1e999999}}'),
    ("lists 100,000 deep", 400, JSON, b"[" * 100_000 + b"]" * 100_000),
    ("objects 20,000 deep", 500, JSON, b'{"detail":' * 20_000 + b"1" + b"}" * 20_000),
    ("a key that comes twice", 400, JSON, b'{"detail": "one", "detail": "two"}'),
    ("NUL bytes", 500, "application/octet-stream", b"\x00" * 4096),
    ("all bytes that there are", 500, JSON, bytes(range(256)) * 16),
    ("an XML document", 403, "application/xml", b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"),
    ("binary", 500, "application/octet-stream", bytes(range(256))),
    ("no body and no kind of it", 404, "", b""),
    ("half of a sentence as detail", 404, JSON, b'{"detail": "Rule not fou'),
    ("a sentence that is not UTF-8", 404, JSON, b'{"detail": "\xff\xfe\xfa"}'),
    ("JSON in UTF-16 that does not say so", 404, JSON, '{"detail": "Not here"}'.encode("utf-16")),
    ("a lone surrogate in UTF-8", 400, JSON, b'{"detail": "\xed\xa0\x80", "message": "\xed\xa0\x80"}'),
    ("NaN and infinities to read", 404, JSON, b'{"detail": NaN, "error": Infinity, "message": -Infinity}'),
    ("6000 digits alone", 400, JSON, b"9" * 6000),
    ("a number of 6000 digits and no message", 402, JSON, b'{"detail": {"required": ' + b"9" * 6000 + b"}}"),
    ("6000 digits as text", 402, JSON, b'{"detail": {"message": "m", "required": "' + b"9" * 6000 + b'"}}'),
    ("6000 digits as a code", 400, JSON, b'{"error": {"code": ' + b"9" * 6000 + b', "message": 1e999}}'),
    ("lists 100,000 deep that are not closed", 400, JSON, b"[" * 100_000),
    ("objects 100,000 deep", 500, JSON, b'{"detail":' * 100_000 + b"1" + b"}" * 100_000),
    ("a message 900 deep", 400, JSON, b'{"detail": ' + b'{"message":' * 900 + b'"x"' + b"}" * 900 + b"}"),
    ("a detail of lists 900 deep", 404, JSON, b'{"detail": ' + b"[" * 900 + b"]" * 900 + b"}"),
    ("a detail of lists 1,000 deep", 404, JSON, b'{"detail": ' + b"[" * 1_000 + b"]" * 1_000 + b"}"),
    ("a detail of lists 100,000 deep", 404, JSON, b'{"detail": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("a key that comes twice, with other types", 400, JSON, b'{"detail": 1, "detail": {"message": "m"}}'),
    ("four NUL bytes that are called JSON", 500, JSON, b"\x00" * 4),
    (
        "a list of odder things as detail",
        422,
        JSON,
        b'{"detail": [null, 1, "x", [], {}, {"loc": 5}, {"loc": [null, {}], "msg": []}, true, 1e400]}',
    ),
)
"""Other bodies, each with its status and what it says it is."""

PAGES = (401, 403, 404, 413, 429, 502, 503, 504)
"""Statuses that proxies have pages for."""


BROKEN_CODINGS: tuple[tuple[GarbledKind, int, str], ...] = (
    ("not-gzip", 404, "gzip that is none"),
    ("not-gzip", 503, "gzip that is none"),
    ("not-gzip", 500, "gzip that is none"),
    ("cut-gzip", 500, "half of the gzip"),
    ("cut-gzip", 503, "half of the gzip"),
    ("not-utf-8", 422, "bytes that are not UTF-8"),
)
"""What garbles a body, and the status that it comes with."""


NOT_FOUND = b'{"detail": "Rule not found"}'


def faults() -> Iterator[Fault]:
    """All of them."""
    group = "Error bodies"
    for name, status, value in SHAPES:
        yield _answer(group, f"a {status} with {name}", status, JSON, json.dumps(value).encode())
    for name, status, kind, body in RAW:
        yield _answer(group, f"a {status} with {name}", status, kind, body)
    for name, status, value, words in WORDS:
        yield _answer(group, f"a {status} with {name}", status, JSON, json.dumps(value).encode(), words=words)
    for name, status, kind, body, words in TEXTS:
        yield _answer(group, f"a {status} with {name}", status, kind, body, words=words)
    # Made when asked for: whoever only imports this wants no 10 MB of it.
    long = b'{"detail": "' + b"x" * 10_000_000 + b'"}'
    yield _answer(group, "a 500 with 10 MB of JSON", 500, JSON, long)
    yield _answer(group, "a 404 with 10 MB of nothing known", 404, "application/octet-stream", b"\xff" * 10_000_000)
    for name, coding, packed in packings(NOT_FOUND):
        good = Answer(404, (("Content-Type", JSON), ("Content-Encoding", coding)), packed)
        yield Fault(group, f"a 404 with {name}", Answered(404, NOT_FOUND), (good,))
    too_long = Answer(500, (("Content-Type", JSON), ("Content-Encoding", "gzip")), endless())
    yield Fault(group, "a 500 with gzip that unpacks to more than is held", Answered(500, None), (too_long,))
    for status in PAGES:
        page = garbled("html", status)[1]
        yield Fault(group, f"a {status} with a proxy's page", Answered(status, page), (Garbled("html", status),))
    for kind, status, name in BROKEN_CODINGS:
        yield Fault(group, f"a {status} with {name}", Answered(status, None), (Garbled(kind, status),))
    headers, body = garbled("gzip-bomb", 500)
    bomb = Answered(500, b" " * BOMB)
    yield Fault(group, "a 500 with gzip that unpacks to 10 MiB", bomb, (Answer(500, headers, body),))


def _answer(group: str, name: str, status: int, kind: str, body: bytes, *, words: str = "") -> Fault:
    headers = (("Content-Type", kind),) if kind else ()
    return Fault(group, name, Answered(status, body, words=words), (Answer(status, headers, body),))
