"""A server with streams of every kind, an SDK for it, and what its streams give in each colour."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
import zlib
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from failwell.client import Awaiting, Blocking, Resource, event, event_model, json_body, operation, streamed
from failwell.contract import Body
from failwell.policy import Flow, StreamFlow
from failwell.policy.stream.rules import StreamRules
from failwell.sandbox import serve
from failwell.wire.sse import Event

from .colours import run_in

C = TypeVar("C", Blocking, Awaiting)
PATIENCE = 5.0
SSE = {"content-type": "text/event-stream"}
ENDLESS = StreamRules(done="[DONE]")
REPLAYED = StreamRules(done="[DONE]", resumable=True)


class Number(BaseModel):
    """What an event of `/numbers` holds."""

    n: int


class Streams(Resource[C], name="streams"):
    """Streams of the server below."""

    @streamed
    def numbers(self, count: int = 10, cuts: int = 0, seed: int = 0) -> StreamFlow[Number]:
        """Give the numbers up to *count*, over *cuts* cuts."""
        asked = {"count": count, "cuts": cuts, "seed": seed}
        return self.core.stream("streams.numbers", "GET", "/numbers", event_model(Number), rules=REPLAYED, params=asked)

    @streamed
    def raw(self, path: str, rules: StreamRules = ENDLESS) -> StreamFlow[Event]:
        """Give what *path* streams."""
        return self.core.stream("streams.raw", "GET", path, event, rules=rules)

    @streamed
    def written(self, payload: object) -> StreamFlow[Event]:
        """Send *payload* and give what it is answered with."""
        rules = StreamRules(done="[DONE]", about=Body("run"))
        return self.core.stream("streams.written", "POST", "/echo", event, rules=rules, payload=payload, mutating=True)

    @streamed
    def started(self) -> StreamFlow[Number]:
        """Start something, and give its numbers."""
        run = yield from self.core.call("streams.start", "POST", "/start", json_body, payload={}, mutating=True)
        path = f"/numbers?count={run['count']}"
        yield from self.core.stream("streams.numbers", "GET", path, event_model(Number), rules=REPLAYED)

    @operation
    def ping(self) -> Flow[Any]:
        """Ask for something small."""
        return (yield from self.core.call("streams.ping", "GET", "/ping", json_body))


def number(n: int) -> bytes:
    """The event of the number *n*."""
    return b'id: %d\r\ndata: {\r\ndata: "n": %d}\r\n\r\n' % (n, n)


def numbers(first: int, last: int) -> bytes:
    """The events of the numbers from *first* to *last*, and the end."""
    return b"".join(map(number, range(first, last + 1))) + b"data: [DONE]\n\n"


class HangUpError(Exception):
    """Let the server break off in the middle of a reply."""


@dataclass
class Server:
    """What the server was asked for, and how many of its streams are open."""

    url: str = ""
    opened: int = 0
    asked_from: list[str | None] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    chances: dict[str, random.Random] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)

    def wait_until_closed(self) -> None:
        """Return when no stream is open any more."""
        end = time.monotonic() + PATIENCE
        while self.opened and time.monotonic() < end:
            time.sleep(0.005)
        assert self.opened == 0

    def note(self, request: Request) -> None:
        """Remember *request*."""
        self.asked_from.append(request.headers.get("last-event-id"))
        self.headers.append(dict(request.headers))

    async def told_to_go_on(self) -> None:
        """Return when a test, in its own thread, has set `go_on`; let others run in any case."""
        await asyncio.sleep(0.001)
        while not self.go_on.is_set():  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(0.005)

    async def numbers(self, request: Request) -> Response:
        """The numbers after the last event id, cut at random as often as is asked for."""
        self.note(request)
        query = request.query_params
        count, cuts, key = int(query["count"]), int(query.get("cuts", "0")), str(query)
        chance = self.chances.setdefault(key, random.Random(int(query.get("seed", "0"))))
        body = numbers(int(request.headers.get("last-event-id", "0")) + 1, count)
        end = None
        if self.cut.setdefault(key, 0) < cuts:
            self.cut[key] += 1
            end = chance.randrange(min(len(body), 300))

        async def pieces() -> AsyncIterator[bytes]:
            at = 0
            whole = body if end is None else body[:end]
            while at < len(whole):
                size = chance.choice([1, 7, 60, 4000])
                yield whole[at : at + size]
                at += size
            if end is not None:
                raise HangUpError

        return StreamingResponse(pieces(), headers=SSE)

    async def endless(self, request: Request) -> Response:
        """Numbers without end; each but the first when it is told to go on."""
        self.note(request)

        async def pieces() -> AsyncIterator[bytes]:
            self.opened += 1
            try:
                n = 0
                while True:
                    n += 1
                    yield number(n)
                    await self.told_to_go_on()
            finally:
                self.opened -= 1

        return StreamingResponse(pieces(), headers=SSE)

    async def zipped(self, request: Request) -> Response:
        """The numbers to three as gzip, each flushed; the second when it is told to go on."""
        self.note(request)

        async def pieces() -> AsyncIterator[bytes]:
            gzip = zlib.compressobj(wbits=31)
            for n in (1, 2, 3):
                yield gzip.compress(number(n)) + gzip.flush(zlib.Z_SYNC_FLUSH)
                await self.told_to_go_on()
            yield gzip.compress(b"data: [DONE]\n\n") + gzip.flush()

        return StreamingResponse(pieces(), headers={**SSE, "content-encoding": "gzip"})

    async def large(self, request: Request) -> Response:
        """One event of as many MiB as is asked for."""
        mebibytes = int(request.query_params["mebibytes"])

        async def pieces() -> AsyncIterator[bytes]:
            yield b"data: "
            for _ in range(mebibytes):
                yield b"x" * 1024 * 1024
            yield b"\n\ndata: [DONE]\n\n"

        return StreamingResponse(pieces(), headers=SSE)

    async def echo(self, request: Request) -> Response:
        """What was sent, as an event, and then a cut."""
        self.note(request)
        self.bodies.append(await request.body())

        async def pieces() -> AsyncIterator[bytes]:
            yield b"id: e1\ndata: " + self.bodies[-1] + b"\n\n"
            raise HangUpError

        return StreamingResponse(pieces(), headers={**SSE, "x-request-id": "req-7"})

    async def told(self, request: Request) -> Response:
        """An event, and then the error that is asked for."""
        said = {"detail": {"message": "Still at it.", "error_code": request.query_params["code"]}}
        body = number(1) + b"event: error\ndata: " + json.dumps(said).encode() + b"\n\n"
        return Response(body, headers={**SSE, "x-request-id": "req-8"})

    async def missing(self, _request: Request) -> Response:
        """No stream, but 404."""
        return JSONResponse({"detail": "No such run."}, 404)

    async def start(self, _request: Request) -> Response:
        """What was started."""
        return JSONResponse({"count": 3})

    async def ping(self, _request: Request) -> Response:
        """Something small."""
        return JSONResponse({"pong": True})

    def app(self) -> Starlette:
        """All of it."""
        gets = ("numbers", "endless", "zipped", "large", "told", "missing", "ping")
        routes = [Route(f"/{name}", getattr(self, name)) for name in gets]
        return Starlette(
            routes=[*routes, *(Route(f"/{n}", getattr(self, n), methods=["POST"]) for n in ("echo", "start"))]
        )


@contextmanager
def streaming() -> Generator[Server]:
    """The server, under uvicorn on a free port."""
    server = Server()
    with serve(server.app()) as server.url:
        try:
            yield server
        finally:
            server.go_on.set()


def gathered(
    colour: str, core: Callable[..., Any], ask: Callable[[Any], Any], *, first: int | None = None
) -> list[Any]:
    """What the stream `ask(streams)` gives (its *first* so many), on a core of *colour* that is closed afterwards.

    The error that it raises, if any, comes last.
    """
    found: list[Any] = []
    if colour == "blocking":
        engine = core(awaiting=False)
        try:
            with ask(Streams(engine)) as stream:
                for item in stream:
                    found.append(item)
                    if len(found) == first:
                        break
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found.append(error)
        finally:
            engine.close()
        return found

    async def gather() -> None:
        engine = core(awaiting=True)
        try:
            async with ask(Streams(engine)) as stream:
                async for item in stream:
                    found.append(item)
                    if len(found) == first:
                        break
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found.append(error)
        finally:
            await engine.aclose()

    run_in(colour, gather)
    return found
