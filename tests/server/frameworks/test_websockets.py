"""Websockets on every framework that has them: keys, roles and limits hold, and what goes wrong says so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from .situations import BAD_KEY, CANARY, NO_KEY, NOWHERE, TAKEN, UNHANDLED, said
from .test_situations import FRAMEWORKS, Served, running

WITHOUT = {"flask", "django", "django_asgi"}
"""Flask has no websockets of its own. Nor has Django."""

UNKNOWN = said("This API key is unknown or revoked. Use another one.")
MAY_NOT = said('This API key has the role "viewer", which cannot write. Use a key of a member or admin.')
REFUSED = said("This websocket was not accepted.")
FORBIDDEN = said("Forbidden")
SPENT = said('Rate limit exceeded: 1 per 1 minute (tier "slow"). Try again in 60 s.')
ECHO, MALFORMED = "hello", "malformed"

HANDSHAKES: dict[str, tuple[str, str, object]] = {
    "a key that may": ("member", "/talk/hello", ECHO),
    "no key": ("", "/talk/hello", (401, NO_KEY)),
    "a revoked key": ("revoked", "/talk/hello", (401, UNKNOWN)),
    "a key that is none": (MALFORMED, "/talk/hello", (401, BAD_KEY)),
    "a role that may not write": ("viewer", "/talk/hello", (403, MAY_NOT)),
    "a key, below a mounted app": ("member", "/sub/talk/hello", ECHO),
    "no key, below a mounted app": ("", "/sub/talk/hello", (401, NO_KEY)),
    "no key, at an unknown address": ("", "/talk", (401, NO_KEY)),
    "an unknown address": ("member", "/talk", (404, NOWHERE)),
    "a limit used up": ("limited", "/talk/hello", (429, SPENT)),
    "refused by the app": ("member", "/talk/no", (403, REFUSED)),
    "the framework's own, raised": ("member", "/talk/http404", (404, said("No such line."))),
    "raised before it is open": ("member", "/talk/early-taken", (409, TAKEN)),
    "a bug before it is open": ("member", "/talk/early-bug", (500, UNHANDLED)),
    "raised when it is open": ("member", "/talk/late-taken", (1008, "")),
    "a bug when it is open": ("member", "/talk/late-bug", (1011, "")),
}

DIFFERENCES = {
    "aiohttp": {"refused by the app": (403, FORBIDDEN)},  # a handler refuses with an exception, or not at all
}


@pytest.fixture(scope="module", params=[name for name in FRAMEWORKS if name not in WITHOUT])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The shop on each framework that has websockets."""
    yield from running(request.param, tmp_path_factory.mktemp(request.param))


def talk(port: int, path: str, key: str) -> tuple[object, str | None]:
    """What comes of a websocket: its echo, the answer to its handshake, or how it was closed; and the request id."""
    headers = {"X-Request-ID": "req-1", **({"X-API-Key": key} if key else {})}
    try:
        line = connect(f"ws://127.0.0.1:{port}{path}", additional_headers=headers, proxy=None, open_timeout=10)
    except InvalidStatus as refused:
        answer = refused.response
        return (answer.status_code, answer.body), answer.headers["X-Request-ID"]
    with line:
        opened: Any = line.response
        try:
            line.send("hello")
            return line.recv(10), opened.headers["X-Request-ID"]
        except ConnectionClosed as closed:
            return (closed.rcvd and (closed.rcvd.code, closed.rcvd.reason)), opened.headers["X-Request-ID"]


@pytest.mark.parametrize("handshake", HANDSHAKES)
def test_websocket(shop: Served, handshake: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    S9, S10, S13. A websocket opens to a key that may write, within its limits, and its errors are the contract's.
    """
    caplog.set_level(logging.CRITICAL)
    role, path, expected = HANDSHAKES[handshake]
    key = CANARY if role == MALFORMED else ""
    if role and role != MALFORMED:
        tier = "slow" if role == "limited" else ""
        key = shop.desk.keys.create(handshake, role if role == "viewer" else "member", tier=tier)
    if role == "revoked":
        shop.desk.keys.revoke(key)
    if role == "limited":
        assert talk(shop.port, path, key) == (ECHO, "req-1")

    assert (DIFFERENCES.get(shop.framework, {}).get(handshake, expected), "req-1") == talk(shop.port, path, key)


def test_django_has_no_websockets(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """
    S10. Django under ASGI refuses each websocket, whatever its key, so that none is open beside the contract.
    """
    caplog.set_level(logging.CRITICAL)
    for shop in running("django_asgi", tmp_path):
        key = shop.desk.keys.create("a", "member")
        with pytest.raises(InvalidStatus):
            connect(f"ws://127.0.0.1:{shop.port}/talk/hello", additional_headers={"X-API-Key": key}, proxy=None)
