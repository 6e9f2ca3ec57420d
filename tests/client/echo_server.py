"""A server that keeps its connections, and answers with what it saw of each request."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

PATIENCE = 10.0


class EchoServer(ThreadingHTTPServer):
    """Tells each request its path, its key and its client's port. `/slow` is answered after `/go` was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.go_on = threading.Event()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        server = cast(EchoServer, self.server)
        self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path == "/slow":
            server.go_on.wait(PATIENCE)
        if self.path == "/go":
            server.go_on.set()
        said = {"path": self.path, "port": self.client_address[1], "key": self.headers.get("Idempotency-Key")}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def echoing() -> Generator[EchoServer]:
    """Such a server, on a free port of 127.0.0.1."""
    server = EchoServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)
