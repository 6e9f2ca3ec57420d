"""uvicorn in a thread or a loop: starts and stops on a socket that is already listening."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Literal, Protocol, Self

import uvicorn

from failwell.sandbox.errors import SandboxError, SlowServiceError
from failwell.sandbox.proxy.listening import listen
from failwell.server.http.uvicorn import HeaderTimeoutProtocol


class BackgroundService(Protocol):
    """Something that runs inside an asyncio loop between `start` and `stop`, such as a `FaultLayer`."""

    async def start(self) -> None:
        """Be up when this returns, or raise."""
        ...

    async def stop(self) -> None:
        """Be gone when this returns."""
        ...


class Background:
    """A service in a daemon thread with a loop of its own. As a context manager it stops on the way out."""

    def __init__(self, service: BackgroundService, *, name: str = "failwell-sandbox") -> None:
        self._service = service
        self._started: Future[None] = Future()
        self._stopped: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        # Set by the thread before it starts the service.
        self._loop: asyncio.AbstractEventLoop
        self._task: asyncio.Task[None]
        self._stop_wanted: asyncio.Event

    def start(self, *, timeout: float = 10.0) -> None:
        """Return when the service is up. Raises: SlowServiceError, or whatever the service could not start for."""
        self._thread.start()
        try:
            self._started.result(timeout)
        except TimeoutError as problem:
            if self._started.done():
                raise
            self._tell(self._task.cancel)
            raise SlowServiceError(self._thread.name, "start", timeout) from problem

    def stop(self, *, timeout: float = 10.0) -> None:
        """Return when the service and its thread have ended. Raises: SlowServiceError, or what the service raised."""
        if not self._started.done() or self._started.exception() is not None:
            return
        self._tell(self._stop_wanted.set)
        try:
            self._stopped.result(timeout)
        except TimeoutError as problem:
            if self._stopped.done():
                raise
            self._tell(self._task.cancel)
            raise SlowServiceError(self._thread.name, "stop", timeout) from problem
        self._thread.join(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def _tell(self, what: Callable[[], object]) -> None:
        # A loop that is closed by now has nothing left to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what)

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as problem:  # noqa: BLE001  it is raised in the thread that waits in `start` or `stop`
            (self._stopped if self._started.done() else self._started).set_exception(problem)
        else:
            self._stopped.set_result(None)

    async def _live(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._loop, self._task, self._stop_wanted = task.get_loop(), task, asyncio.Event()
        await self._service.start()
        self._started.set_result(None)
        await self._stop_wanted.wait()
        await self._service.stop()


def in_thread(service: BackgroundService, *, name: str = "failwell-sandbox", timeout: float = 10.0) -> Background:
    """
    Start *service* in a thread called *name*; return when it is up. Call `stop` on the result, or use `with`.

    Raises: SlowServiceError, after *timeout* seconds; or whatever it could not start for, such as PortInUseError.
    """
    background = Background(service, name=name)
    background.start(timeout=timeout)
    return background


class _Server(uvicorn.Server):
    """uvicorn's server, which looks every 0.1 s whether it is to end: this one ends when it is told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ending = asyncio.Event()

    async def main_loop(self) -> None:
        """Tick as uvicorn does, until the end."""
        ticking = asyncio.ensure_future(super().main_loop())
        ending = asyncio.ensure_future(self.ending.wait())
        try:
            await asyncio.wait((ticking, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            if not ticking.cancel():
                await ticking  # which may have failed


def configured(app: Any) -> uvicorn.Config:
    """How uvicorn serves *app*."""
    # Without wsproto there is no websocket, and an API that has some asks for it.
    spoken: Literal["wsproto", "none"] = "wsproto" if find_spec("wsproto") else "none"
    return uvicorn.Config(
        app,
        http=HeaderTimeoutProtocol,
        log_config=None,
        lifespan="on",
        ws=spoken,
        timeout_graceful_shutdown=2,
    )


class Uvicorn:
    """Runs an ASGI *app* on a free port of 127.0.0.1, or on what is *listening* there already."""

    def __init__(self, app: Any, listening: socket.socket | None = None) -> None:
        self._server = _Server(configured(app))
        self._socket = listening
        self._task: asyncio.Task[None] | None = None
        self.address = ("", 0)

    async def start(self) -> None:
        """Listen; from then on there is an `address`.

        Raises:
            SandboxError: the app refused to start; its own log tells why.
        """
        self._socket = self._socket or listen("127.0.0.1", 0)
        self.address = self._socket.getsockname()
        # serve() also takes over signals; in a thread other than the main one it leaves them alone.
        self._task = asyncio.create_task(self._serve(self._socket))
        while not self._server.started:
            if self._task.done():
                self._socket.close()
                problem = SandboxError("The reference server did not start: its start-up failed. Its log tells why.")
                raise problem from self._task.exception()
            await asyncio.sleep(0.005)

    async def _serve(self, listening: socket.socket) -> None:
        # uvicorn ends the whole program for an app that does not start; here that only ends the serving.
        with contextlib.suppress(SystemExit):
            await self._server.serve(sockets=[listening])

    async def stop(self) -> None:
        """Finish what is running, for at most 2 s, and end."""
        self._server.should_exit = True
        self._server.ending.set()
        if self._task is not None:
            await self._task
        if self._socket is not None:
            self._socket.close()


@contextmanager
def serve(app: Any) -> Generator[str]:
    """Run an ASGI *app* on a free port of this machine for the length of a `with` block, which gets its URL.

    Raises:
        SandboxError: the app refused to start.
    """
    service = Uvicorn(app)
    with in_thread(service, name="failwell-serve"):
        yield "http://{}:{}".format(*service.address)
