"""Replies as they come: well formed, odd, broken."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from failwell.wire import Reply
from tests.contract.samples.strategies import JSON, TEXTS

WORDS = [
    "detail",
    "details",
    "message",
    "msg",
    "error",
    "errors",
    "code",
    "error_code",
    "request_id",
    "status",
    "title",
    "type",
    "loc",
    "required",
    "remaining",
    "upgrade_url",
    "parcel",
    "number",
    "tags",
    "labels",
    "history",
    "info",
    "resource_type",
    "available",
    "limit",
    "number",
    "kind_of_goods",
]

KEYS = st.sampled_from(WORDS) | TEXTS
TELLING = st.recursive(
    JSON | st.sampled_from(["+-5", "--1", "1_0", "٣", "nan", "-0", "1e400", "\ud800", "0x10", "5 "]),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(KEYS, parts, max_size=5),
    max_leaves=15,
)
"""JSON with the words in which error bodies speak, and with odd values in them."""

BODIES = st.binary(max_size=200) | TELLING.map(lambda value: json.dumps(value).encode())

NAMES = st.sampled_from(
    [
        "retry-after",
        "retry-after-ms",
        "date",
        "ratelimit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "x-ratelimit-limit",
        "x-wait",
        "x-depot",
        "x-weight",
        "x-insured",
        "x-request-id",
        "content-type",
    ]
)
VALUES = st.text(max_size=40) | st.sampled_from(
    ["0", "-1", "+-5", "nan", "inf", "1e400", "1_0", "٣", "application/json", "text/plain", '"x";r=0;t=', "GMT", "\r\n"]
)
HEADERS = st.dictionaries(NAMES, VALUES, max_size=6)

REPLIES = st.builds(Reply, status=st.integers(100, 599), headers=HEADERS, body=BODIES)


def as_json(value: Any) -> bytes:
    """*value* as an error body."""
    return json.dumps(value).encode()


ODD_BODIES: dict[str, bytes] = {
    "empty": b"",
    "proxy page": b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
    "plain text": b"upstream connect error",
    "not UTF-8": b'{"detail": "\xff\xfe\xfa"}',
    "cut": b'{"detail": "Dataset not fou',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep lists, not closed": b"[" * 100_000,
    "deep detail": b'{"detail": ' + b'{"message":' * 900 + b'"x"' + b"}" * 900 + b"}",
    "deep objects": b'{"detail":' * 100_000 + b"1" + b"}" * 100_000,
    "6000 digits": b'{"detail": {"message": "m", "required": ' + b"9" * 6000 + b"}}",
    "6000 digits alone": b"9" * 6000,
    "6000 digits as text": b'{"detail": {"message": "m", "required": "' + b"9" * 6000 + b'"}}',
    "6000 digits as code": b'{"error": {"code": ' + b"9" * 6000 + b', "message": 1e999}}',
    "BOM": b'\xef\xbb\xbf{"detail": "Dataset not found"}',
    "UTF-16": '{"detail": "Dataset not found"}'.encode("utf-16"),
    "lone surrogate": b'{"detail": "\\ud800", "error": {"message": "\\udfff", "code": "\\ud800"}}',
    "lone surrogate, raw": b'{"detail": "\xed\xa0\x80", "message": "\xed\xa0\x80"}',
    "NaN": b'{"detail": NaN, "error": Infinity, "message": -Infinity}',
    "zero bytes": b"\x00\x00\x00\x00",
    "spaces": b'{"detail": "   ", "error": {"message": " "}, "message": "\\n"}',
    "signs": b'{"detail": {"message": "m", "required": "+-5", "remaining": "--5"}}',
    "same key twice": b'{"detail": 1, "detail": {"message": "m"}}',
    "number": b"42",
    "text": b'"no"',
    "null": b"null",
    "true": b"true",
    "list": b"[]",
    "detail null": b'{"detail": null}',
    "detail number": b'{"detail": 7}',
    "detail true": b'{"detail": true}',
    "detail empty text": b'{"detail": ""}',
    "detail empty list": b'{"detail": []}',
    "detail empty object": b'{"detail": {}}',
    "detail odd list": b'{"detail": [null, 1, "x", [], {}, {"loc": 5}, {"loc": [null, {}], "msg": []}, true, 1e400]}',
    "detail deep list": b'{"detail": ' + b"[" * 900 + b"]" * 900 + b"}",
    "detail lists": b'{"detail": [[[[["x"]]]]]}',
    "error null": b'{"error": null, "request_id": null}',
    "error odd": b'{"error": {"code": [], "message": {"message": {}}, "details": 5}, "request_id": {}}',
    "errors odd": b'{"errors": {"name": ["taken"]}, "error": [], "message": false}',
    "problem odd": b'{"type": 5, "title": [], "detail": {}, "status": "x", "details": []}',
    "over 1 MiB": as_json({"detail": "x" * 1_100_000}),
}
