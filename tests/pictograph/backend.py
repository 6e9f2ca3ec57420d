"""A backend in memory: answers in turn, for a client of either colour, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx2
import pytest

from failwell.clock import VirtualClock
from pictograph import AsyncClient, Client

COLOURS = ("blocking", "asyncio", "trio")
every_colour = pytest.mark.parametrize("colour", COLOURS)
API = "/api/v1/developer"
CREATED = {"created_at": "2026-01-01T00:00:00Z"}


def run(status: str = "completed", **more: Any) -> dict[str, Any]:
    """A training run as the wire has it."""
    facts = {"id": "run_1", "organization_id": "o", "name": "r1", "pipeline_type": "yolox", "status": status}
    return {"data": {**facts, **CREATED, **more}}


MODEL = {
    "data": {
        "id": "m_1",
        "organization_id": "o",
        "name": "m",
        "model_type": "object_detection",
        "visibility": "private",
        "status": "ready",
        "updated_at": "2026-01-01T00:00:00Z",
        **CREATED,
    }
}
EXPORT = {"data": {"id": "e_1", "name": "exp", "status": "completed", **CREATED}}
IMAGE = {"data": {"id": "img_1", "filename": "x.png", **CREATED}}
DATASET = {"id": "d1", "name": "ds", **CREATED}
SAVED = {"image_id": "img_1", "previous_count": 0, "new_count": 1, "status": "in_progress"}

Answer = tuple[int, Any] | dict[str, Any] | Exception


class Backend:
    """Gives *answers* in turn, the last one again and again: a status with a body, a body for 200, or a failure."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = answers
        self.asked: list[httpx2.Request] = []
        self.bodies: list[bytes] = []
        self.clock = VirtualClock()

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        found = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(request)
        if isinstance(found, Exception):
            raise found
        status, body = found if isinstance(found, tuple) else (200, found)
        return httpx2.Response(status, json=body)

    def blocking(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(request.read())
        return self.answer(request)

    async def awaited(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(await request.aread())
        return self.answer(request)

    @property
    def places(self) -> list[str]:
        """Method and path of every request."""
        return [f"{each.method} {each.url.raw_path.decode().removeprefix(API)}" for each in self.asked]

    def payload(self, number: int) -> Any:
        """The JSON of one request."""
        return json.loads(self.bodies[number])

    def ask(self, colour: str, call: Callable[[Any], Any], **settings: Any) -> Any:
        """What `call(client)` gives in *colour*."""
        settings = {"api_key": "pk_test", "base_url": "http://pictograph.test", "clock": self.clock, **settings}
        if colour == "blocking":
            own = httpx2.Client(transport=httpx2.MockTransport(self.blocking))
            with own, Client(http_client=own, **settings) as client:
                return call(client)

        async def run_it() -> Any:
            async with httpx2.AsyncClient(transport=httpx2.MockTransport(self.awaited)) as own:
                return await call(AsyncClient(http_client=own, **settings))

        return anyio.run(run_it, backend=colour)

    def ask_for_real(self, colour: str, url: str, call: Callable[[Any], Any], **settings: Any) -> Any:
        """What `call(client)` gives in *colour* at *url*, over the client's own sockets."""
        settings = {"api_key": "pk_test", "base_url": url, "clock": self.clock, **settings}
        if colour == "blocking":
            with Client(**settings) as client:
                return call(client)

        async def run_it() -> Any:
            async with AsyncClient(**settings) as client:
                return await call(client)

        return anyio.run(run_it, backend=colour)
