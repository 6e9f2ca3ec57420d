"""uvicorn as a part that starts and stops inside a loop, on a socket that is already listening."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

from failwell.sandbox.listening import listen
from failwell.sandbox.problems import SandboxError
from failwell.sandbox.thread import in_thread


class Uvicorn:
    """Runs an ASGI *app* on a free port of 127.0.0.1."""

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(app, log_config=None, lifespan="on", ws="none", timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> tuple[str, int]:
        """Listen; return the address.

        Raises:
            SandboxError: the app refused to start; its own log tells why.
        """
        self._socket = listen("127.0.0.1", 0)
        address: tuple[str, int] = self._socket.getsockname()
        # serve() also takes over signals; in a thread other than the main one it leaves them alone.
        self._task = asyncio.create_task(self._serve(self._socket))
        while not self._server.started:
            if self._task.done():
                self._socket.close()
                problem = SandboxError("The reference server did not start: its start-up failed. Its log tells why.")
                raise problem from self._task.exception()
            await asyncio.sleep(0.005)
        return address

    async def _serve(self, listening: socket.socket) -> None:
        # uvicorn ends the whole program for an app that does not start; here that only ends the serving.
        with contextlib.suppress(SystemExit):
            await self._server.serve(sockets=[listening])

    async def stop(self) -> None:
        """Finish what is running, for at most 2 s, and end."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        if self._socket is not None:
            self._socket.close()


class _Serving:
    """An app on its own, as a service of a background thread."""

    def __init__(self, app: Any) -> None:
        self._uvicorn = Uvicorn(app)
        self.url = ""

    async def start(self) -> None:
        host, port = await self._uvicorn.start()
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        await self._uvicorn.stop()


@contextmanager
def serve(app: Any) -> Generator[str]:
    """Run an ASGI *app* on a free port of this machine for the length of a `with` block, which gets its URL.

    Raises:
        SandboxError: the app refused to start.
    """
    service = _Serving(app)
    with in_thread(service, name="failwell-serve"):
        yield service.url
