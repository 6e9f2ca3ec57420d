"""Real servers on 127.0.0.1, and what a client reads from them, byte by byte."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from tests.servers.apps import under_uvicorn

from .situations import Ask

NOT_OURS = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
"""Headers of the server itself. The length is compared with what came."""

OF_LIMITS = frozenset(
    {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit", "ratelimit-policy"}
)


under_uvicorn_without_lifespan = partial(under_uvicorn, lifespan="off")
"""Django has none."""


def varying(said: str | None, sent: dict[str, str]) -> set[str]:
    """What a reply varies with. That it would with another origin is said by some, asked or not."""
    names = {name.strip().lower() for name in (said or "").split(",")} - {""}
    return names if "origin" in sent else names - {"origin"}


@dataclass(frozen=True)
class Answer:
    """What came: *whole*, or as far as the connection held."""

    status: int
    headers: dict[str, str]
    body: bytes
    length: int | None
    whole: bool


def ask(port: int, asked: Ask, key: str) -> Answer:
    """The answer to what is *asked*, with *key*, on a connection of its own."""
    method, _, path = asked.line.partition(" ")
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"x-request-id": "req-1", **({"x-api-key": key} if key else {}), **asked.sent}
    if asked.content is not None:
        headers.setdefault("content-type", "application/json")
    try:
        line.request(method, path, asked.content, headers)
        got = line.getresponse()
        try:
            body, whole = got.read(), True
        except http.client.IncompleteRead as broken:
            body, whole = broken.partial, False
        sent = {name.lower(): value for name, value in got.getheaders()}
        length = sent.get("content-length")
        if "allow" in sent:  # some frameworks name the methods in another order each time
            sent["allow"] = ", ".join(sorted(sent["allow"].split(", ")))
        return Answer(got.status, sent, body, None if length is None else int(length), whole)
    finally:
        line.close()


@contextmanager
def under_werkzeug(app: Any) -> Generator[int]:
    """The port at which a threaded WSGI server serves *app*."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    """HTTP/1.1, so that a stream which breaks off can be told from a whole one, and no access log."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None: ...  # noqa: A002 - Werkzeug's name
