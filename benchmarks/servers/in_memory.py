"""The same requests without sockets: uvicorn's protocol reads them from memory, for the instructions of both sides."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from benchmarks.servers.load import Request
from benchmarks.servers.worker import IDLE


class Served(asyncio.Transport):
    """A connection to *app*, over which *request* is sent when this is called: the status of its answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, app: Any, request: Request) -> None:
        super().__init__()
        self._loop = loop
        self._request = request
        self._written: list[bytes] = []
        self._state = ServerState()
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=IDLE)
        self._protocol = H11Protocol(config, self._state, {}, loop)
        self._protocol.connection_made(self)

    def __call__(self) -> list[int]:
        """Send the request, and have it answered."""
        self._written.clear()
        self._protocol.data_received(self._request())
        [answering] = self._state.tasks
        self._loop.run_until_complete(answering)
        return [int(self._written[0][9:12])]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take a part of the answer."""
        self._written.append(bytes(data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Where it comes from, and where it goes: nobody looks."""
        return default

    def is_closing(self) -> bool:
        """It stays open."""
        return False

    def resume_reading(self) -> None:
        """There is always room."""

    def close(self) -> None:
        """Nothing is open."""
