"""The error situations that the server of every framework meets: what is asked, and each byte of the answer."""

from __future__ import annotations

import json
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

ORIGIN = "https://shop.example"
CANARY = "canary-7f3a SELECT password FROM /etc/passwd"
"""Stands in every exception that no client may read, and in what is sent and must not come back."""

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Ask:
    """One request, and the *status*, *body* and *headers* of its answer, beside its request id and its length.

    *role* is that of the caller's key, "" for none. An answer that is *cut* has a body that does not end.
    """

    line: str
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: JSON)
    _: KW_ONLY
    sent: dict[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = None
    role: str = "member"
    cut: bool = False
    length: int | None = None

    @property
    def varies(self) -> str:
        """What the answer varies with: an error with the form that is accepted."""
        negotiated = self.status >= 400 and b"own" not in self.body[:8]
        return ", ".join(filter(None, (self.headers.get("vary"), "Accept" if negotiated else "")))


def said(message: str, *, code: str | None = None, detail: Any = None, **details: Any) -> bytes:
    """An error in the declared envelope."""
    body: dict[str, Any] = {} if detail is None else {"detail": detail}
    body |= {"error": {"code": code, "message": message, "details": details}, "request_id": "req-1"}
    return json.dumps(body, separators=(",", ":")).encode()


def field_error(message: str, kind: str, *place: str) -> bytes:
    """A 422 that lists one field."""
    named = ".".join(part for part in place if part != "body")
    words = f"1 invalid field: {named}: {message}" if named else f"1 invalid field: {message}"
    return said(words, detail=[{"loc": [*place], "msg": message, "type": kind}])


UNHANDLED = said(
    "The server failed while it answered this request. Try again later, and quote the request id to support."
)
NOWHERE = said("There is nothing at this address. Check the path.")
TAKEN = said("Taken.")
ALLOWED = {"access-control-allow-origin": ORIGIN, "vary": "Origin"}
PREFLIGHT = {
    **ALLOWED,
    "vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, "
    "Access-Control-Request-Private-Network",
}
NO_KEY = said('No API key was sent. Send it as "X-API-Key: <key>".')
KEY_401 = {**JSON, "www-authenticate": 'ApiKey realm="shop"'}
BAD_KEY = said(
    'The API key in "X-API-Key" is malformed: a key is "pk_live_" and 43 letters, digits, "-" or "_". Copy it again.'
)
PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    "<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}}"
    "dt{{font-weight:600}}</style><h1>{title}</h1><p>{said}</p><dl>{facts}</dl></html>"
)
OF_PAGE = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}
OWN_PAGE = {"content-type": "text/html; charset=utf-8"}
LIMITED = {
    "x-ratelimit-limit": "1",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": "60",
    "ratelimit-policy": '"1-per-60s";q=1;w=60',
    "ratelimit": '"1-per-60s";r=0;t=60',
}
KEYED = {"idempotency-key": "k-1"}
REPLAYED = {"idempotent-replayed": "true", "x-replay-request-id": "req-1"}

SITUATIONS: dict[str, list[Ask]] = {
    # -- What is no error is left alone --
    "a success": [Ask("GET /orders/7", 200, b'{"number":7}')],
    "a success without a body": [Ask("DELETE /orders/7", 204, headers={})],
    "HEAD of a success": [Ask("HEAD /orders/7", 200, length=12)],
    # -- Raised by the app --
    "raised in a handler": [Ask("GET /raise/taken", 409, TAKEN)],
    "raised in a handler, with fields": [Ask("GET /raise/money", 402, said("No.", missing=3))],
    "raised in a handler, with a header": [
        Ask("GET /raise/throttled", 429, said("Slowly."), {**JSON, "retry-after": "7"})
    ],
    "raised with a code": [
        Ask("GET /raise/conflict", 409, said("Used before.", code="idempotency_conflict")),
    ],
    "raised in a group": [Ask("GET /raise/group", 409, TAKEN)],
    "raised in a dependency": [Ask("GET /dependency", 409, TAKEN)],
    "raised in middleware": [Ask("GET /middleware/taken", 409, TAKEN)],
    "raised below a mounted app": [Ask("GET /sub/raise/taken", 409, TAKEN)],
    "HEAD of an error": [Ask("HEAD /raise/taken", 409, length=len(TAKEN))],
    # -- Unhandled --
    "a bug in a handler": [Ask("GET /raise/bug", 500, UNHANDLED)],
    "a bug in a dependency": [Ask("GET /dependency?bug=1", 500, UNHANDLED)],
    "a bug in middleware": [Ask("GET /middleware/bug", 500, UNHANDLED)],
    "a bug below a mounted app": [Ask("GET /sub/raise/bug", 500, UNHANDLED)],
    "another task was cancelled": [Ask("GET /raise/cancelled", 500, UNHANDLED)],
    "an error of the transport, which no server sends": [Ask("GET /raise/offline", 500, UNHANDLED)],
    "a header with a line break": [Ask("GET /broken-header", 500, UNHANDLED)],
    "a bug in a background task": [Ask("POST /background", 202, b'{"later":true}')],
    "a stream": [Ask("GET /stream/fine", 200, b"one two", {"content-type": "text/plain"})],
    "half way through a stream": [Ask("GET /stream/bug", 200, b"one ", {"content-type": "text/plain"}, cut=True)],
    "an error half way through a stream": [
        Ask("GET /stream/taken", 200, b"one ", {"content-type": "text/plain"}, cut=True)
    ],
    "the server lives on after that": [Ask("GET /orders/7", 200, b'{"number":7}')],
    # -- The framework's own --
    "its 404 of an unknown route": [Ask("GET /nowhere", 404, NOWHERE)],
    "its 404 below a mounted app": [Ask("GET /sub/nowhere", 404, NOWHERE)],
    "its 404, raised": [Ask("GET /raise/http404", 404, said("No such order."))],
    "its 405": [
        Ask(
            "PATCH /checked",
            405,
            said("This address does not take this method. It takes: POST."),
            {**JSON, "allow": "POST"},
        )
    ],
    "its 413, raised": [Ask("GET /raise/http413", 413, said("Too big."))],
    "its 415, raised": [Ask("GET /raise/http415", 415, said("Unsupported Media Type"))],
    "its 422, a field is wrong": [
        Ask(
            "POST /checked",
            422,
            field_error(
                "Input should be a valid integer, unable to parse string as an integer", "int_parsing", "body", "count"
            ),
            content=json.dumps({"item": "tea", "count": CANARY}).encode(),
        )
    ],
    "its 422, no JSON": [
        Ask(
            "POST /checked",
            422,
            field_error("The body is not valid JSON at character 1", "json_invalid", "body"),
            content=b"{",
        )
    ],
    "its 503, with words of the inside": [Ask("GET /raise/http503", 503, UNHANDLED)],
    "OPTIONS": [
        Ask(
            "OPTIONS /checked",
            405,
            said("This address does not take this method. It takes: POST."),
            {**JSON, "allow": "POST"},
        )
    ],
    # -- CORS --
    "a preflight": [
        Ask(
            "OPTIONS /orders",
            200,
            b"OK",
            {
                **PREFLIGHT,
                "content-type": "text/plain; charset=utf-8",
                "access-control-allow-headers": "Accept, Accept-Language, Content-Language, Content-Type",
                "access-control-allow-methods": "GET, POST",
                "access-control-max-age": "600",
            },
            sent={"origin": ORIGIN, "access-control-request-method": "POST"},
            role="",
        )
    ],
    "CORS on an error": [Ask("GET /raise/taken", 409, TAKEN, {**JSON, **ALLOWED}, sent={"origin": ORIGIN})],
    "CORS on a refusal": [
        Ask(
            "GET /orders/7",
            401,
            NO_KEY,
            {**KEY_401, **ALLOWED},
            sent={"origin": ORIGIN},
            role="",
        )
    ],
    # -- Keys and roles --
    "no key": [Ask("GET /orders/7", 401, NO_KEY, KEY_401, role="")],
    "a malformed key": [Ask("GET /orders/7", 401, BAD_KEY, KEY_401, sent={"x-api-key": CANARY}, role="")],
    "an unknown key": [
        Ask(
            "GET /orders/7",
            401,
            said("This API key is unknown or revoked. Use another one."),
            KEY_401,
            sent={"x-api-key": f"pk_live_{'a' * 43}"},
            role="",
        )
    ],
    "a role that may not write": [
        Ask(
            "POST /orders",
            403,
            said('This API key has the role "viewer", which cannot write. Use a key of a member or admin.'),
            content=b"tea",
            role="viewer",
        )
    ],
    "nobody at an unknown route": [Ask("GET /nowhere", 401, NO_KEY, KEY_401, role="")],
    "a public path": [Ask("GET /public", 200, b'{"public":true}', role="")],
    # -- Limits --
    "a limit used up": [
        Ask("GET /orders/7", 200, b'{"number":7}', {**JSON, **LIMITED}, role="limited"),
        Ask(
            "GET /orders/7",
            429,
            said('Rate limit exceeded: 1 per 1 minute (tier "slow"). Try again in 60 s.'),
            {**JSON, **LIMITED, "retry-after": "60"},
            role="limited",
        ),
    ],
    # -- Bodies --
    "a body above the limit": [
        Ask(
            "POST /orders",
            413,
            said("A request may have 300,000 bytes of body, this one has more. Send less at a time."),
            content=b"x" * 300_001,
        ),
    ],
    "JSON that is nested too deep": [
        Ask(
            "POST /orders",
            422,
            said(
                "The body must not be nested deeper than 64 levels.",
                detail=[{"loc": ["body"], "msg": "Must not be nested deeper than 64 levels", "type": "too_deep"}],
            ),
            content=b"[" * 90_000 + b"]" * 90_000,
        )
    ],
    "headers above the limit": [
        Ask(
            "GET /orders/7",
            431,
            said("A request may have 32,768 bytes of headers, this one has more. Send less in them."),
            sent={f"x-large-{number}": "x" * 7000 for number in range(5)},
            role="",
        )
    ],
    # -- Idempotency --
    "a replay": [
        Ask("POST /orders", 201, b'{"ordered":"tea"}', sent=KEYED, content=b"tea"),
        Ask("POST /orders", 201, b'{"ordered":"tea"}', {**JSON, **REPLAYED}, sent=KEYED, content=b"tea"),
    ],
    "a replay of an error after a side effect": [
        Ask("POST /orders", 409, TAKEN, sent=KEYED, content=b"taken"),
        Ask("POST /orders", 409, TAKEN, {**JSON, **REPLAYED}, sent=KEYED, content=b"taken"),
    ],
    "an error that may be put right": [
        Ask("POST /orders", 402, said("No.", missing=3), sent=KEYED, content=b"money"),
        Ask("POST /orders", 402, said("No.", missing=3), sent=KEYED, content=b"money"),
    ],
    "a bug is not kept": [
        Ask("POST /orders", 500, UNHANDLED, sent=KEYED, content=b"bug"),
        Ask("POST /orders", 500, UNHANDLED, sent=KEYED, content=b"bug"),
    ],
    "another body with the same key": [
        Ask("POST /orders", 201, b'{"ordered":"tea"}', sent=KEYED, content=b"tea"),
        Ask(
            "POST /orders",
            409,
            said(
                'The idempotency key "k-1" was used for another body. Use a new key for a new body.',
                code="idempotency_conflict",
            ),
            sent=KEYED,
            content=b"milk",
        ),
    ],
    "a key that is none": [
        Ask(
            "POST /orders",
            422,
            said(
                'The header "Idempotency-Key" must have 1 to 255 characters, it has 300. Send a UUID.',
                detail=[
                    {
                        "loc": ["header", "Idempotency-Key"],
                        "msg": "The key must have 1 to 255 characters, it has 300",
                        "type": "idempotency_key_invalid",
                    }
                ],
            ),
            sent={"idempotency-key": "k" * 300},
            content=b"tea",
        )
    ],
    # -- What an app says by hand --
    "an error body by hand": [Ask("GET /by-hand", 418, b'{"own":"teapot"}')],
    "an error page by hand": [Ask("GET /page/missing", 404, b"<p>own missing</p>", OWN_PAGE)],
    "a text for a bug by hand": [
        Ask("GET /page/broken", 500, b"<p>own broken</p>", {"content-type": "text/plain; charset=utf-8"})
    ],
    "a replay of a page by hand": [
        Ask("POST /page/gone", 410, b"<p>own gone</p>", OWN_PAGE, sent=KEYED),
        Ask("POST /page/gone", 410, b"<p>own gone</p>", {**OWN_PAGE, **REPLAYED}, sent=KEYED),
    ],
    # -- In another form --
    "as problem+json": [
        Ask(
            "GET /raise/conflict",
            409,
            b'{"type":"/errors/idempotency_conflict","title":"Conflict","status":409,"code":"idempotency_conflict",'
            b'"detail":"Used before.","request_id":"req-1"}',
            {"content-type": "application/problem+json"},
            sent={"accept": "application/problem+json"},
        )
    ],
    "a refusal as problem+json": [
        Ask(
            "GET /orders/7",
            401,
            b'{"type":"about:blank","title":"Unauthorized","status":401,'
            b'"detail":"No API key was sent. Send it as \\"X-API-Key: <key>\\".","request_id":"req-1"}',
            {**KEY_401, "content-type": "application/problem+json"},
            sent={"accept": "application/problem+json, application/json;q=0.9"},
            role="",
        )
    ],
    "as text for an agent": [
        Ask(
            "GET /raise/throttled",
            429,
            b"# 429 Too Many Requests\nSlowly.\n- Retry: yes, after 7 s\n- Effect: nothing was done\n- Request: req-1",
            {"content-type": "text/markdown; charset=utf-8", "retry-after": "7"},
            sent={"accept": "text/markdown"},
        )
    ],
    "a bug, as a page": [
        Ask(
            "GET /raise/bug",
            500,
            PAGE.format(
                title="500 Internal Server Error",
                said="The server failed while it answered this request. Try again later, and quote the request id to "
                "support.",
                facts="<dt>Retry</dt><dd>yes</dd><dt>Effect</dt><dd>unknown</dd><dt>Request</dt><dd>req-1</dd>",
            ).encode(),
            OF_PAGE,
            sent={"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
        )
    ],
    "JSON beside others": [
        Ask("GET /raise/taken", 409, TAKEN, sent={"accept": "application/json, text/html, text/markdown"})
    ],
    "the type of a problem": [
        Ask(
            "GET /errors/idempotency_conflict",
            200,
            b'{"code":"idempotency_conflict","status":409,"meaning":"Somebody else has it.","retry":"no","fix":null}',
            {**JSON, "vary": "Accept"},
            role="",
        )
    ],
    "the type of no problem": [Ask("GET /errors/none", 404, NOWHERE)],
}
