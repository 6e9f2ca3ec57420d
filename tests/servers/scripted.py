"""A server that answers as it is told, and keeps its connections, for clients of any library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self

from tests.servers.sockets import Seen, answering, http


class ScriptedServer:
    """Gives *answers* (status, headers, body), then 200 `{"ok": true}`; *seen* are the headers that it was sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Mapping[str, str], bytes]] = []
        self.seen: list[dict[str, str]] = []
        self.url = ""
        self._running = ExitStack()

    def answer(self, status: int, body: object = None, **headers: str) -> None:
        """Let the next request meet *status* and *body*, as JSON."""
        sent = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, sent))

    def __enter__(self) -> Self:
        self.url = self._running.enter_context(answering(self._next)).url
        return self

    def __exit__(self, *_how: object) -> None:
        self._running.close()

    def _next(self, seen: Seen) -> bytes:
        self.seen.append(seen.headers)
        status, headers, body = self.answers.pop(0) if self.answers else (200, {}, b'{"ok": true}')
        lines = [f"{name}: {value}" for name, value in {"Content-Type": "application/json", **headers}.items()]
        return http(status, body, *lines, kind="", close=seen.headers.get("connection") == "close")
