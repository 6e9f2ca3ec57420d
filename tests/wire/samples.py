"""Replies as they come: well formed, odd, broken."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from failwell.conformance.faults import Answered, Unanswered, all_faults
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


def odd_bodies() -> dict[str, bytes]:
    """The bodies of the faults that an SDK is checked with, each by the name of the first that has it.

    Those of 10 MB are left out: of them a client reads the first MiB, which one of 1.1 MB is long enough for.
    """
    found: dict[bytes, str] = {}
    for fault in all_faults():
        body = fault.ends.body if isinstance(fault.ends, Answered | Unanswered) else None
        if body is not None and len(body) < 2_000_000:
            found.setdefault(body, fault.name)
    return {name: body for body, name in found.items()}


MEGABYTE = 1_000_000


def _field_errors() -> list[dict[str, Any]]:
    """As many field errors as fit into one megabyte."""
    entry = {"loc": ["body", "annotations", 12345, "name"], "msg": "Field required", "type": "missing"}
    return [entry] * (MEGABYTE // (len(as_json(entry)) + 2))


LARGE_REPLIES: dict[str, tuple[int, bytes]] = {
    "HTML page": (422, b"<html>" + b"x" * MEGABYTE),
    "text": (500, b"x" * MEGABYTE),
    "long sentence": (404, as_json({"detail": "x" * MEGABYTE})),
    "long message": (409, as_json({"detail": {"message": "x" * MEGABYTE, "error_code": "x" * 1000}})),
    "long code": (422, as_json({"detail": {"message": "m", "error_code": "x" * MEGABYTE}})),
    "long entries": (400, as_json([["x" * 9_000] * 9] * 12)),
    "field errors": (422, as_json({"detail": _field_errors()})),
    "other field errors": (
        422,
        as_json({"detail": [{"loc": ["body", str(n)], "msg": "m" * 50, "type": "t"} for n in range(9_000)]}),
    ),
    "map": (402, as_json({"detail": {"message": "m", **{f"k{n}": "v" * 90 for n in range(9_000)}}})),
    "empty lists": (422, b'{"detail": [{"a": [' + b",".join([b"[" + b",".join([b"[]"] * 500) + b"]"] * 100) + b"]}]}"),
    "small numbers": (422, b'{"detail": [{"a": [' + b",".join([b"[" + b",".join([b"1"] * 800) + b"]"] * 100) + b"]}]}"),
    "small objects": (422, b'{"detail": [' + b",".join([b'{"a":{"a":{"a":{}}}}'] * 8_000) + b"]}"),
    "long keys": (422, as_json({"detail": [{"k" * 9000 + str(n): n for n in range(110)}]})),
}
"""Replies of about a megabyte: what their errors cost is measured, so they are no faults of the check."""
