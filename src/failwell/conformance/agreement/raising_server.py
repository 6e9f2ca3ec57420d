"""Reference server that raises a given error, behind its keys and limits and before its own routes."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from failwell.clock import Clock
from failwell.contract.error import Error
from failwell.sandbox.errors import SandboxError
from failwell.sandbox.vendor import Served, Vendor
from failwell.server.asgi import Contract


class RaisingServer:
    """What the server raises instead of answering: each error once, in order."""

    def __init__(self) -> None:
        self._errors: deque[Error] = deque()

    def next(self, error: Error) -> None:
        """Let the next request meet *error*, raised in the server."""
        self._errors.append(error)

    def clear(self) -> None:
        """Nothing is raised any more."""
        self._errors.clear()

    def around(self, vendor: Vendor) -> Vendor:
        """*vendor*, with a server that hears this cue."""

        def serve(folder: Path, clock: Clock) -> Served:
            served = vendor.serve(folder, clock)
            if not isinstance(served.app, Contract):
                served.close()
                kind = type(served.app).__name__
                raise SandboxError(
                    f"The server of {vendor.name!r} is a {kind}; serve what failwell.server.install gives."
                )
            served.app.app = _Cued(served.app.app, self._errors)
            return served

        return replace(vendor, serve=serve)


@contextmanager
def quiet(level: int = logging.ERROR) -> Generator[None]:
    """The server logs nothing below *level*: it need not warn of what it was asked to raise."""
    logger = logging.getLogger("failwell.server")
    before = logger.level
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.setLevel(before)


class _Cued:
    """An app in which an error is raised where it would have answered."""

    def __init__(self, app: ASGIApp, errors: deque[Error]) -> None:
        self._app = app
        self._errors = errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._errors:
            raise self._errors.popleft()
        await self._app(scope, receive, send)
