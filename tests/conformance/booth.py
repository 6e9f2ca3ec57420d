"""A vendor with sessions: its contract, its server, its SDK, and the calls of it that meet every fault."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pydantic import BaseModel

from failwell import Catalogue, Error, Message, RetryRules, Status, field
from failwell.client import ApiKeyClient, Awaiting, Blocking, Resource, model, operation, session
from failwell.clock import Clock
from failwell.conformance import Call, Calls, Promises, Talk
from failwell.policy import Flow, SessionFlow, SessionHandler, SessionProtocol, SessionRules, UnreadableReplyError
from failwell.sandbox import Served, Vendor
from failwell.server import install
from failwell.wire import ErrorObject

C = TypeVar("C", Blocking, Awaiting)
PIECES = ("The ", "line ", "is bad.")


class BoothError(Error):
    """Something went wrong."""

    message: Message = field(default="Something went wrong.", kw_only=False)
    status: Annotated[int | None, Status()] = None


class NumberError(BoothError, status=404):
    """No such number."""


class BusyError(BoothError, status="5XX", retry="transient"):
    """The exchange is busy."""


class LineError(BoothError, source="transport", on="network", retry="transient"):
    """There is no line."""


class SlowError(LineError, source="transport", on="timeout", retry="transient"):
    """Nobody answered in time."""


class CutOffError(BoothError, source="transport", on="session"):
    """The call was cut off."""


class BarredError(CutOffError, source="transport", on="session 4404"):
    """The number is barred."""


CATALOGUE = Catalogue(
    "booth",
    base=BoothError,
    default=BoothError,
    errors=(BoothError, NumberError, BusyError, LineError, SlowError, CutOffError, BarredError),
    envelope=ErrorObject(),
    retries=RetryRules(max_retries=2),
)


class Rate(BaseModel):
    """What a call costs."""

    cents: int


class Order(BaseModel):
    """When somebody is to be woken."""

    at: str


class Voice(SessionHandler[str, str]):
    """Says a word, and hears an answer piece by piece."""

    def __init__(self, patience: float) -> None:
        self.rules = SessionRules(ping_every=patience, pong_within=patience, ends_with=())

    def begin(self, talk: SessionProtocol[str, str]) -> SessionFlow[None]:
        """Wait until somebody takes up the receiver."""
        yield from talk.hear()

    def decode(self, message: str | bytes) -> str:
        """What is whole begins with an exclamation mark."""
        try:
            told = json.loads(message)
        except ValueError:
            raise UnreadableReplyError("no JSON") from None
        return f"!{told['value']}" if told["whole"] else str(told["value"])


class Calling(Resource[C], name="calls"):
    """Calls to a number."""

    @operation
    def rate(self) -> Flow[Rate]:
        """What a call costs."""
        return (yield from self.core.call("calls.rate", "GET", "/rate", model(Rate)))

    @operation
    def order(self) -> Flow[Order]:
        """Have somebody woken."""
        return (yield from self.core.call("calls.order", "POST", "/order", model(Order), payload={"at": "7"}))

    @session
    def talk(self, patience: float) -> SessionFlow[SessionProtocol[str, str]]:
        """Talk."""
        return self.core.session("calls.talk", "/talk", Voice(patience))


class _Client(ApiKeyClient[C], catalogue=CATALOGUE, base_url="https://booth.invalid", variables="BOOTH"):
    @cached_property
    def calls(self) -> Calling[C]:
        """The calls."""
        return Calling(self.core)


class Client(Blocking, _Client[Blocking]):
    """The blocking client."""


class AsyncClient(Awaiting, _Client[Awaiting]):
    """The awaiting client."""


def serve(_folder: Path, _clock: Clock) -> Served:
    """The reference server."""
    app = FastAPI()

    @app.get("/rate", operation_id="calls.rate")
    def rate() -> dict[str, int]:
        return {"cents": 20}

    @app.post("/order", operation_id="calls.order")
    def order() -> dict[str, str]:
        return {"at": "7"}

    @app.websocket("/talk")
    async def talk(line: WebSocket) -> None:
        await line.accept()
        await line.send_json({"value": "Hello?", "whole": False})
        try:
            while await line.receive_text():
                for piece in PIECES:
                    await line.send_json({"value": piece, "whole": False})
                await line.send_json({"value": "".join(PIECES), "whole": True})
        except WebSocketDisconnect:
            return

    return Served(install(app, CATALOGUE, strict=False), {"member": "booth_CANARY_5d1"})


VENDOR = Vendor("booth", CATALOGUE, serve, {}, "tests.conformance.booth:PROMISES")


def whole(piece: str) -> bool:
    """Whether it is an answer."""
    return piece.startswith("!")


def talks(_bench: Any, heard: list[Any], patience: float, takes: Any = whole) -> Any:
    """Ask, and listen to the end."""

    def blocking(client: Any) -> None:
        with client.calls.talk(patience) as line:
            line.send("Who is there?")
            heard.extend(piece for piece in line if takes(piece))

    async def awaiting(client: Any) -> None:
        async with client.calls.talk(patience) as line:
            await line.send("Who is there?")
            async for piece in line:
                heard.extend([piece] if takes(piece) else [])

    return lambda client: (blocking if isinstance(client, Client) else awaiting)(client)


READS = Call("calls.rate", "GET", lambda client: client.calls.rate())
WRITES = Call("calls.order", "POST", lambda client: client.calls.order())
PROMISES = Promises((Client, AsyncClient), calls=Calls(READS, WRITES, Talk("calls.talk", talks, 5)))
