"""The real Pictograph catalogue on a small app: what the server refuses is what its SDK's parser builds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from failwell import Error
from failwell.clock import VirtualClock
from failwell.server import Contract, Idempotency, KeyStore, RateLimits, Record, SqliteStore, install
from failwell.server.idempotency.policy import fingerprint
from failwell.wire import Reply, parse_reply
from pictograph.exceptions import (
    CATALOGUE,
    ApiError,
    AuthError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PaymentRequiredError,
    RateLimitError,
    ServerError,
    ValidationError,
)

from .shop import ask

pytestmark = pytest.mark.anyio

KEY = {"Idempotency-Key": "upload-x-jpg-2026-04-19"}


class NewDataset(BaseModel):
    name: str


class Server:
    """A few of Pictograph's operations behind their contract."""

    def __init__(self, folder: Path) -> None:
        self.keys = KeyStore(folder / "keys.db")
        self.store = SqliteStore(folder / "answers.db")
        self.clock = VirtualClock()
        self.credits = 0
        self.runs = 0

    def contract(self) -> Contract:
        """The wrapped app."""
        app = FastAPI()

        @app.post("/datasets", operation_id="datasets.create")
        async def create(new: NewDataset) -> dict[str, str]:
            return {"name": new.name}

        @app.get("/datasets/{name}", operation_id="datasets.get")
        async def get(name: str) -> None:
            if name == "broken":
                raise KeyError(name)
            raise NotFoundError(f'There is no dataset "{name}".')

        @app.post("/training", operation_id="training.create")
        async def train() -> dict[str, int]:
            self.runs += 1
            if self.credits < 5:
                raise PaymentRequiredError(
                    "Out of credits.", required=5, remaining=self.credits, upgrade_url="https://x"
                )
            return {"run": self.runs}

        return install(
            app,
            CATALOGUE,
            keys=self.keys,
            idempotency=Idempotency(self.store),
            limits=RateLimits("6/minute"),
            clock=self.clock,
            strict=False,
        )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server on a new folder."""
    server = Server(tmp_path)
    yield server
    server.keys.close()
    server.store.close()


def parsed(response: httpx2.Response) -> Error:
    """The error that the SDK makes of *response*."""
    return parse_reply(Reply(response.status_code, dict(response.headers), response.content), CATALOGUE)


async def test_each_refusal_is_the_class_of_the_page(server: Server) -> None:
    """
    S10. Every refusal of the server parses to the class that the page documents for it, with its request id.
    """
    async with (
        ask(server.contract(), headers={"X-API-Key": server.keys.create("a", "member")}) as member,
        ask(member_app(member), headers={"X-API-Key": server.keys.create("a", "viewer")}) as viewer,
        ask(member_app(member)) as stranger,
    ):
        replies = [
            await stranger.get("/datasets/x"),
            await viewer.post("/datasets", json={"name": "x"}),
            await member.get("/datasets/x"),
            await member.get("/datasets/broken"),
            await member.post("/datasets", json={}),
            await member.delete("/datasets"),
            await member.post("/training"),
        ]
    errors = [parsed(reply) for reply in replies]

    assert [
        AuthError,
        ForbiddenError,
        NotFoundError,
        ServerError,
        ValidationError,
        ApiError,
        PaymentRequiredError,
    ] == [type(error) for error in errors]
    assert [reply.headers["x-request-id"] for reply in replies] == [error.request_id for error in errors]


def member_app(client: httpx2.AsyncClient) -> Any:
    """The app that *client* calls."""
    return client._transport.app  # type: ignore[attr-defined]  # the test made it


async def test_validation_error_lists_the_fields(server: Server) -> None:
    """
    S9. `ValidationError.errors` lists `loc`, `msg` and `type` of every offending field, without what was sent.
    """
    async with ask(server.contract(), headers={"X-API-Key": server.keys.create("a", "member")}) as client:
        error = parsed(await client.post("/datasets", json={"name": ["hunter2"]}))

    assert isinstance(error, ValidationError)
    assert [{"loc": ["body", "name"], "msg": "Input should be a valid string", "type": "string_type"}] == error.errors
    assert "1 invalid field: name: Input should be a valid string" == str(error)


async def test_rate_limit_error_carries_the_wait(server: Server) -> None:
    """
    S13. `RateLimitError.retry_after` is the integer of the header.
    """
    async with ask(server.contract(), headers={"X-API-Key": server.keys.create("a", "member")}) as client:
        for _ in range(6):
            await client.get("/datasets/x")
        error = parsed(await client.get("/datasets/x"))

    assert isinstance(error, RateLimitError)
    assert 60 == error.retry_after


async def test_idempotency_conflicts(server: Server) -> None:
    """
    S3. Another body is `idempotency_conflict`; a first call that still runs is `idempotency_in_progress`.
    """
    record = Record("a", "POST", "/training", KEY["Idempotency-Key"])
    server.store.claim(record, fingerprint(b"", b""), "first", lease=60, kept=99)
    async with ask(server.contract(), headers={"X-API-Key": server.keys.create("a", "member")}) as client:
        errors = [parsed(await client.post("/training", content=body, headers=KEY)) for body in (b"{}", b"")]

    conflict, running = errors
    assert isinstance(conflict, ConflictError)
    assert isinstance(running, ConflictError)
    assert ("idempotency_conflict", None, None) == (conflict.error_code, conflict.retry_after, conflict.case.retry)
    assert ("idempotency_in_progress", 1, "in_progress") == (
        running.error_code,
        running.retry_after,
        running.case.retry,
    )


async def test_402_top_up_same_key_works(server: Server) -> None:
    """
    S7. 402, top up, same key: works, and the third call replays.
    """
    async with ask(server.contract(), headers={"X-API-Key": server.keys.create("a", "member")}) as client:
        broke = parsed(await client.post("/training", headers=KEY))
        server.credits = 5
        paid, again = [await client.post("/training", headers=KEY) for _ in range(2)]

    assert isinstance(broke, PaymentRequiredError)
    assert (5, 0, "https://x") == (broke.required, broke.remaining, broke.upgrade_url)
    assert ({"run": 2}, {"run": 2}, "true") == (paid.json(), again.json(), again.headers["idempotent-replayed"])
