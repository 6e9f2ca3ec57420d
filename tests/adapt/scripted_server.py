"""A server on a real socket that answers as it is told, for clients of any library."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self

PATIENCE = 5.0


class ScriptedServer:
    """Gives *answers* (status, headers, body), then 200 `{"ok": true}`; *seen* are the headers that it was sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Mapping[str, str], bytes]] = []
        self.seen: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout: ClassVar[float | None] = PATIENCE

            def do_GET(self) -> None:
                """Answer as told."""
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.seen.append({name.lower(): value for name, value in self.headers.items()})
                status, headers, body = outer.answers.pop(0) if outer.answers else (200, {}, b'{"ok": true}')
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                if self.headers.get("Connection") == "close":
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_GET  # noqa: N815 - the names are the library's

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that leaves early is none."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, status: int, body: object = None, **headers: str) -> None:
        """Let the next request meet *status* and *body*, as JSON."""
        sent = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, sent))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_how: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)
