"""What a framework does otherwise than the others in a situation, and why that is left to it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .situations import (
    ALLOWED,
    CANARY,
    JSON,
    KEY_401,
    NO_KEY,
    ORIGIN,
    TAKEN,
    UNHANDLED,
    Ask,
    field_error,
    said,
)


@dataclass(frozen=True)
class Difference:
    """Why a framework answers otherwise, and what is asked and answered *instead*; nothing, if it cannot come there."""

    reason: str
    instead: list[Ask]


NO_CORS = Difference("It has no CORS of its own; what stands around the app answers a preflight.", [])
NO_FIELDS = Difference("It checks no fields by itself.", [])
WITHOUT_CORS = {"a preflight": NO_CORS, "CORS on an error": NO_CORS, "CORS on a refusal": NO_CORS}


def not_allowed(*methods: str) -> Ask:
    """A 405 of an address that takes *methods*."""
    allowed = ", ".join(methods)
    message = f"This address does not take this method. It takes: {allowed}."
    return Ask("PATCH /checked", 405, said(message), {**JSON, "allow": allowed})


ANSWERS_OPTIONS = Difference("It takes OPTIONS at every address.", [not_allowed("OPTIONS", "POST")])
NO_JSON = Ask("POST /checked", 422, field_error("The body is not valid JSON", "json_invalid", "body"), content=b"{")


def wrong_field(message: str, kind: str, headers: dict[str, str] = JSON) -> Ask:
    """A 422 in a framework's own words."""
    body = json.dumps({"item": "tea", "count": CANARY}).encode()
    return Ask("POST /checked", 422, field_error(message, kind, "body", "count"), headers, content=body)


LITESTARS_CORS = {**ALLOWED, "access-control-allow-headers": "*", "access-control-allow-methods": "GET, POST"}
WERKZEUG = {
    **WITHOUT_CORS,
    "its 405": ANSWERS_OPTIONS,
    "its 422, a field is wrong": NO_FIELDS,
    "its 422, no JSON": Difference(
        "It says 400, and no more than that.", [Ask("POST /checked", 400, said("Bad Request"), content=b"{")]
    ),
    "OPTIONS": Difference(
        "It answers OPTIONS by itself.",
        [Ask("OPTIONS /checked", 200, headers={"allow": "OPTIONS, POST", "content-type": "text/html; charset=utf-8"})],
    ),
}
UNREAD = field_error("The body cannot be read", "parse_error", "body")
OF_REST = {**JSON, "allow": "OPTIONS, POST"}

DIFFERENCES: dict[str, dict[str, Difference]] = {
    "starlette": {"its 422, a field is wrong": NO_FIELDS, "its 422, no JSON": NO_FIELDS},
    "fastapi": {},
    "litestar": {
        "its 405": ANSWERS_OPTIONS,
        "its 422, a field is wrong": Difference(
            "The words are those of msgspec.", [wrong_field("Expected `int`, got `str`", "value_error")]
        ),
        "its 422, no JSON": Difference("It names no character.", [NO_JSON]),
        "OPTIONS": Difference(
            "It answers OPTIONS by itself.", [Ask("OPTIONS /checked", 204, headers={"allow": "OPTIONS, POST"})]
        ),
        "a preflight": Difference(
            "Its CORS answers 204, and says less.",
            [
                Ask(
                    "OPTIONS /orders",
                    204,
                    headers={
                        **ALLOWED,
                        "access-control-allow-methods": "GET, POST",
                        "access-control-max-age": "600",
                    },
                    sent={"origin": ORIGIN, "access-control-request-method": "POST"},
                    role="",
                )
            ],
        ),
        "CORS on an error": Difference(
            "Its CORS says on each reply what a preflight would.",
            [Ask("GET /raise/taken", 409, TAKEN, {**JSON, **LITESTARS_CORS}, sent={"origin": ORIGIN})],
        ),
        "CORS on a refusal": Difference(
            "Its CORS says on each reply what a preflight would.",
            [Ask("GET /orders/7", 401, NO_KEY, {**KEY_401, **LITESTARS_CORS}, sent={"origin": ORIGIN}, role="")],
        ),
    },
    "quart": WERKZEUG,
    "flask": WERKZEUG,
    "aiohttp": {
        **WITHOUT_CORS,
        "its 422, a field is wrong": NO_FIELDS,
        "its 422, no JSON": Difference(
            "request.json() raises what json raises, which a handler that loads a file raises too.",
            [Ask("POST /checked", 500, UNHANDLED, content=b"{")],
        ),
    },
    "django": {
        **WITHOUT_CORS,
        "its 405": Difference(
            "Django REST framework takes OPTIONS at every address.", [not_allowed("OPTIONS", "POST")]
        ),
        "its 422, a field is wrong": Difference(
            "The words are those of Django REST framework, which says on each reply what its view allows.",
            [wrong_field("A valid integer is required.", "invalid", OF_REST)],
        ),
        "its 422, no JSON": Difference(
            "Django REST framework says the position in words of its parser.",
            [
                Ask(
                    "POST /checked",
                    422,
                    field_error("The body cannot be read", "parse_error", "body"),
                    OF_REST,
                    content=b"{",
                )
            ],
        ),
        "OPTIONS": Difference(
            "Django REST framework describes the view.",
            [
                Ask(
                    "OPTIONS /checked",
                    200,
                    b'{"name":"Checked","description":"","renders":["application/json"],"parses":["application/json",'
                    b'"application/x-www-form-urlencoded","multipart/form-data"]}',
                    OF_REST,
                )
            ],
        ),
    },
}

DIFFERENCES["django_asgi"] = DIFFERENCES["django"]
