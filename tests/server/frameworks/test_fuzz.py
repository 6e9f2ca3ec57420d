"""Random requests: whatever comes, no text of an exception and no secret gets out, and every answer has its id."""

from __future__ import annotations

import http.client
import logging
import os
from pathlib import Path

import pytest

from tests.dice import dice

from .situations import CANARY
from .test_situations import FRAMEWORKS, running

REQUESTS = int(os.environ.get("FAILWELL_FUZZ", "60"))
"""How many there are for each framework; `make fuzz` sends 20,000."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")
ERRORS = ("taken", "money", "throttled", "conflict", "group", "bug", "offline", "cancelled", "http404", "http503")
PATHS = (
    *(f"{mount}/raise/{what}" for mount in ("", "/sub") for what in ERRORS),
    *("/orders", "/orders/7", "/orders/%2e%2e", "/checked", "/dependency?bug=1", "/middleware/bug", "/background"),
    *(
        "/broken-header",
        "/nowhere",
        "/errors/none",
        "/errors/idempotency_conflict",
        "/%00",
        "/by-hand",
        "/page/broken",
        "//",
    ),
)
BODIES = (b"", b"{", b'{"item": "tea", "count": "%s"}' % CANARY.encode(), b"[" * 900, b"\xff\x00", b"bug", b"taken")
ACCEPTS = (
    "*/*",
    "text/html",
    "text/markdown",
    "application/problem+json",
    "q=;;,",
    "text/html;q=x",
    "application/json",
)
KNOWN = {200, 201, 202, 204, 400, 401, 402, 403, 404, 405, 406, 409, 413, 415, 418, 422, 429, 500, 503}
"""What the routes of the shop answer."""

ONLY = {400: {"quart", "flask"}, 406: {"django", "django_asgi"}}
"""Which frameworks alone say it: Werkzeug's of a body that is no JSON, Django REST framework's of an odd Accept."""


def answer_on(
    line: http.client.HTTPConnection, method: str, path: str, body: bytes, headers: dict[str, str]
) -> http.client.HTTPResponse:
    """The answer on *line*, or on a new connection where the server has ended that one after its last answer."""
    try:
        line.request(method, path, body, headers)
        return line.getresponse()
    except (BrokenPipeError, ConnectionResetError):  # a server may, where it did not read a body to its end
        line.close()
        line.request(method, path, body, headers)
        return line.getresponse()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_fuzz(framework: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """
    S9, S10. Each of many random requests is answered with its own id, with a status of the routes, without a secret.

    Over sockets, of which each takes what comes next as long as the server lets it.
    """
    caplog.set_level(logging.CRITICAL)
    dice_ = dice(f"fuzz of {framework}")
    for shop in running(framework, tmp_path):
        keys = [shop.desk.keys.create("a", "member"), shop.desk.keys.create("b", "viewer"), CANARY, ""]
        line = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=30)
        for number in range(REQUESTS):
            headers = {"x-request-id": f"r{number}", "accept": dice_.choice(ACCEPTS), "x-api-key": dice_.choice(keys)}
            if dice_.random() < 0.3:
                headers["idempotency-key"] = dice_.choice(["k", "k" * 300, CANARY])
            method, path = dice_.choice(METHODS), dice_.choice(PATHS)
            got = answer_on(line, method, path, dice_.choice(BODIES), headers)
            body = got.read().decode("latin-1")
            whole = f"{got.headers} {body}"
            # A success of the shop says what was ordered.
            leaks = CANARY in str(got.headers) or (got.status >= 400 and "password" in body)

            asked = f"{method} {path} {headers}"
            assert (True, False) == (got.status in KNOWN, leaks), f"{asked}: {got.status}"
            assert framework in ONLY.get(got.status, {framework}), f"{asked}: {got.status}"
            assert [] == [word for word in ("KeyError", "Traceback", ".py") if word in whole], asked
            assert f"r{number}" == (got.headers["x-replay-request-id"] or got.headers["x-request-id"]), asked
        line.close()
