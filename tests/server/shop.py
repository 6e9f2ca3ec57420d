"""A small shop with its own catalogue, called in-process."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx2
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.types import ASGIApp

import failwell
from failwell import Body, Case, Catalogue, Code, Details, Header, Message, Status
from failwell.clock import VirtualClock
from failwell.server import Contract, KeyStore, SqliteStore, side_effect
from failwell.wire import ErrorObject


class ShopError(failwell.Error):
    """Base of the shop's errors."""

    message: Message = failwell.field(kw_only=False)
    code: Annotated[str | None, Code()] = None


class UnknownError(ShopError):
    """Anything else."""

    status: Annotated[int | None, Status()] = 400


class NotFoundError(ShopError, status=404):
    """It is not there."""


class NoMoneyError(ShopError, status=402):
    """The purse is empty."""

    missing: Annotated[int, Details()] = 0


class TakenError(
    ShopError,
    status=409,
    cases=(Case("idempotency_conflict", 409), Case("idempotency_in_progress", 409, retry="in_progress")),
):
    """Somebody else has it."""


class InvalidError(ShopError, status=422):
    """The payload is wrong."""

    errors: Annotated[list[dict[str, Any]], Body("detail")] = failwell.field(default_factory=list)


class TooManyError(ShopError, status=429, retry="throttled"):
    """Too many calls."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None


class BrokenError(ShopError, status="5XX", retry="transient"):
    """The shop is broken."""


class OfflineError(ShopError, source="transport", on="network"):
    """No answer; nothing that a server could send."""


SHOP = Catalogue(
    "shop",
    base=ShopError,
    default=UnknownError,
    errors=(
        ShopError,
        UnknownError,
        NotFoundError,
        NoMoneyError,
        TakenError,
        InvalidError,
        TooManyError,
        BrokenError,
        OfflineError,
    ),
    envelope=ErrorObject(),
    everywhere=(TooManyError, BrokenError),
    operations={"orders.create": (NoMoneyError, InvalidError), "orders.get": (NotFoundError, InvalidError)},
)


class Order(BaseModel):
    item: str
    count: int = 1


@dataclass
class Shop:
    """The app, what its handlers did, and what they are told to do next."""

    app: FastAPI = field(default_factory=FastAPI)
    bodies: list[bytes] = field(default_factory=list)
    steps: list[Callable[[], Any]] = field(default_factory=list)

    @property
    def runs(self) -> int:
        """How often a handler ran to here."""
        return len(self.bodies)

    def __post_init__(self) -> None:
        @self.app.post("/orders", operation_id="orders.create", status_code=201)
        @self.app.put("/orders", operation_id="orders.put")
        @self.app.post("/returns", operation_id="returns.create")
        @self.app.post("/runs/{name}/cancel", operation_id="runs.cancel")
        async def act(request: Request) -> Any:
            self.bodies.append(await request.body())
            for step in self.steps:
                answer = step()
                if inspect.isawaitable(answer):
                    answer = await answer
                if answer is not None:
                    return answer
            return {"number": self.runs}

        @self.app.post("/threaded")
        def threaded() -> dict[str, int]:
            self.bodies.append(b"")
            side_effect()
            raise TakenError("In a thread, after the side effect.")

        @self.app.get("/orders/{number}", operation_id="orders.get")
        async def get(number: int) -> Any:
            for step in self.steps:
                answer = step()
                if answer is not None:
                    return answer
            return {"number": number}

        @self.app.post("/checked", operation_id="orders.check")
        async def check(order: Order) -> Order:
            return order

        @self.app.delete("/orders/{number}", status_code=204)
        async def delete(number: int) -> None:
            self.bodies.append(str(number).encode())

        @self.app.get("/unchanged")
        async def unchanged() -> Response:
            return Response(status_code=304, headers={"content-length": "12", "etag": '"1"'})

        @self.app.post("/stream")
        async def stream() -> StreamingResponse:
            self.bodies.append(b"")
            return StreamingResponse(iter([b"one ", b"two"]), media_type="text/event-stream")


def raising(exc: BaseException) -> Callable[[], Any]:
    """A step of a handler that raises *exc*."""

    def step() -> Any:
        raise exc

    return step


def normalised(statements: list[str]) -> list[str]:
    """*statements* without the values in them."""
    return [re.sub(r"x?'[^']*'|\b[0-9.]+(e[+-]?[0-9]+)?\b", "?", statement) for statement in statements]


def ask(
    app: ASGIApp, *, raise_app_exceptions: bool = True, headers: dict[str, str] | None = None
) -> httpx2.AsyncClient:
    """A client of *app*, in-process."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=raise_app_exceptions)
    return httpx2.AsyncClient(transport=transport, base_url="http://shop", headers=headers)


@dataclass
class Desk:
    """A shop with keys and idempotency, and a client for each tenant."""

    shop: Shop
    contract: Contract
    keys: KeyStore
    store: SqliteStore
    clock: VirtualClock
    statements: list[str]

    def client(self, tenant: str = "a", role: str = "member") -> httpx2.AsyncClient:
        return ask(self.contract, headers={"X-API-Key": self.keys.create(tenant, role)})


OpenDesk = Callable[..., Desk]
