"""A server that keeps its connections, and answers with what it saw of each request."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.servers.sockets import Seen, answering, http

PATIENCE = 10.0


@dataclass
class EchoServer:
    """Tells each request its path, its key and its client's port. `/slow` is answered after `/go` was asked for."""

    url: str
    go_on: threading.Event


@contextmanager
def echoing() -> Generator[EchoServer]:
    """Such a server, on a free port of 127.0.0.1."""
    go_on = threading.Event()

    def echo(seen: Seen) -> bytes:
        if seen.target == "/slow":
            go_on.wait(PATIENCE)
        if seen.target == "/go":
            go_on.set()
        said = {"path": seen.target, "port": seen.port, "key": seen.headers.get("idempotency-key")}
        return http(200, json.dumps(said).encode(), close=False)

    with answering(echo) as server:
        yield EchoServer(server.url, go_on)
