"""Whatever goes wrong has the declared envelope and one request id."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx2
import pytest
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from failwell.server import Contract, RequestIdFilter, current_request_id, install
from failwell.server.frameworks.starlette.adapter import refusal
from failwell.wire import Reply, parse_reply

from .shop import SHOP, BrokenError, NotFoundError, OfflineError, Shop, ask, raising

pytestmark = pytest.mark.anyio

SECRET = "hunter2 SELECT * FROM users /srv/secret.db"


def facts(response: httpx2.Response) -> tuple[int, str | None, str, dict[str, Any]]:
    """Status, code, request id in the header, and the body."""
    body = response.json()
    return response.status_code, body["error"]["code"], response.headers["x-request-id"], body


async def test_declared_error_travels_from_a_handler(shop: Shop) -> None:
    """
    S10. An error of the catalogue that a handler raises is what a client parses from the reply.
    """
    shop.steps.append(raising(NotFoundError("No order 7.")))
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.get("/orders/7", headers={"X-Request-ID": "mine-1"})

    error = parse_reply(Reply(got.status_code, dict(got.headers), got.content), SHOP)

    assert (NotFoundError, "No order 7.", "mine-1") == (type(error), str(error), error.request_id)


@pytest.mark.parametrize("where", ["async", "thread", "cleanup"])
async def test_declared_error_travels_from_a_dependency(shop: Shop, where: str) -> None:
    """
    S10. An error of the catalogue is rendered when a dependency raises it: async, in a thread, or around the handler.
    """

    async def on_the_loop() -> None:
        raise NotFoundError("Gone.")

    def in_a_thread() -> None:
        raise NotFoundError("Gone.")

    async def around() -> AsyncIterator[None]:
        try:
            yield
        except KeyError as exc:
            raise NotFoundError("Gone.") from exc

    dependency: Any = {"async": on_the_loop, "thread": in_a_thread, "cleanup": around}[where]

    @shop.app.get("/depends", dependencies=[Depends(dependency)])
    async def fail() -> None:
        raise KeyError

    async with ask(install(shop.app, SHOP)) as client:
        got = await client.get("/depends")

    assert (404, "Gone.") == (got.status_code, got.json()["error"]["message"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("PATCH", "/orders", 405), ("GET", "/orders/seven", 422), ("GET", "/orders/7", 500)],
)
async def test_every_error_has_the_envelope_and_one_request_id(
    shop: Shop, caplog: pytest.LogCaptureFixture, method: str, path: str, status: int
) -> None:
    """
    S10. Unknown route, 405, 422 and unhandled exception: the envelope, and one request id in header, body and log.
    """
    caplog.set_level(logging.INFO, "failwell.server")
    shop.steps.append(raising(KeyError("boom")))
    async with ask(install(shop.app, SHOP, strict=False)) as client:
        got = await client.request(method, path)

    logged = {record.__dict__["request_id"] for record in caplog.records if record.name == "failwell.server"}
    got_status, _, request_id, body = facts(got)

    assert (status, "application/json") == (got_status, got.headers["content-type"])
    assert {"error", "request_id"} <= set(body)
    assert (request_id, {request_id}) == (body["request_id"], logged)


async def test_405_keeps_its_allow_header(shop: Shop) -> None:
    """
    S10. A 405 in the envelope still says which methods the address takes.
    """
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.patch("/unchanged")

    assert (405, "GET") == (got.status_code, got.headers["allow"])
    assert "This address does not take this method. It takes: GET." == got.json()["error"]["message"]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("exc", [KeyError(SECRET), NotFoundError("Gone.")], ids=["unhandled", "declared"])
async def test_error_in_middleware_has_the_envelope(shop: Shop, exc: Exception, debug: bool) -> None:
    """
    S10. An error raised in the app's own middleware has the envelope too, also when the app is in debug mode.
    """

    @shop.app.middleware("http")
    async def fail(_request: Request, _call_next: object) -> Response:
        raise exc

    shop.app.debug = debug
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.get("/orders/7", headers={"accept": "text/html, application/json"})

    status, _, request_id, body = facts(got)

    assert (404 if isinstance(exc, NotFoundError) else 500, request_id) == (status, body["request_id"])
    assert "hunter2" not in got.text


async def test_mounted_app_has_the_envelope(shop: Shop) -> None:
    """
    S10. An app that is mounted in the app keeps the contract too.
    """
    inner = Shop()
    shop.app.mount("/inner", inner.app)
    inner.steps.append(raising(NotFoundError("Inside.")))
    async with ask(install(shop.app, SHOP)) as client:
        declared = await client.get("/inner/orders/7")
        inner.steps[0] = raising(KeyError(SECRET))
        unhandled = await client.get("/inner/orders/7")

    assert (404, "Inside.") == (declared.status_code, declared.json()["error"]["message"])
    assert (500, False) == (unhandled.status_code, "hunter2" in unhandled.text)


class Closed:
    """Middleware that answers in plain text, before a route is found or after."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/closed":
            await PlainTextResponse(SECRET, 413, headers={"retry-after": "9"})(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class Missing(HTTPEndpoint):
    """A class as an endpoint, which has no list of methods."""

    async def get(self, _: Request) -> Response:
        return PlainTextResponse("own", 404)


class Breaks:
    """An endpoint that breaks when its page is written."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(SECRET, 404)(scope, receive, send)
        raise KeyError(SECRET)


@pytest.mark.parametrize(
    ("line", "status", "own"),
    [
        ("GET /closed", 413, ""),
        ("GET /page", 404, "own"),
        ("GET /class", 404, "own"),
        ("POST /class", 405, ""),
        ("GET /json", 418, '{"own":1}'),
        ("GET /long", 404, ""),
        ("GET /breaks", 500, ""),
        ("GET /mounted/", 503, ""),
        ("GET /nowhere", 404, ""),
    ],
)
@pytest.mark.parametrize("cors", [False, True])
async def test_pages_by_hand(line: str, status: int, own: str, *, cors: bool) -> None:
    """
    S10. An error page that a handler wrote is sent as it is, and counted; any other is replaced by the envelope.

    That is one of middleware or the framework, one of a handler that breaks afterwards, and one above 1 MiB.
    """
    app = Starlette(
        routes=[
            Route("/page", lambda _: PlainTextResponse("own", 404)),
            Route("/class", Missing),
            Route("/json", lambda _: JSONResponse({"own": 1}, 418)),
            Route("/long", lambda _: PlainTextResponse("x" * 1024 * 1024 + "x", 404)),
            Route("/breaks", Breaks()),
            Mount("/mounted", PlainTextResponse(SECRET, 503)),
        ],
        middleware=[
            *([Middleware(CORSMiddleware, allow_origins=["*"])] if cors else []),
            Middleware(Closed),
        ],
    )
    contract = install(app, SHOP)
    async with ask(contract, raise_app_exceptions=False) as client:
        got = await client.request(*line.split(), headers={"origin": "https://a.example"})

    assert (status, "hunter2" in got.text) == (got.status_code, False)
    assert ({("", str(status)): 1} if own else {}) == contract.undeclared
    assert own == (got.text if own else "")
    assert own or ["error", "request_id"] == sorted(got.json())
    assert line != "GET /closed" or got.headers["retry-after"] == "9"


@pytest.mark.parametrize(
    "exc",
    [
        KeyError(SECRET),
        HTTPException(500, SECRET),
        OfflineError(SECRET),
        BrokenError("Down for repair."),
    ],
    ids=["unhandled", "http 500", "source transport", "declared"],
)
async def test_no_exception_text_reaches_the_client(
    shop: Shop, caplog: pytest.LogCaptureFixture, exc: Exception
) -> None:
    """
    S9. No exception text, SQL, path or secret reaches a client; only a declared error speaks. The log has the rest.
    """
    shop.steps.append(raising(exc))
    async with ask(install(shop.app, SHOP, strict=False)) as client:
        got = await client.get("/orders/7")

    declared = isinstance(exc, BrokenError)

    assert (500, declared) == (got.status_code, "Down for repair." in got.text)
    assert not any(part in got.text for part in ("hunter2", "SELECT", "/srv", "KeyError", "Traceback"))
    assert declared != any(record.exc_info and record.exc_info[1] is exc for record in caplog.records)


async def test_422_hides_the_input(shop: Shop) -> None:
    """
    S9. The `input` of a 422 is not sent back: each entry is where, what is wrong, and of which kind.
    """
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.post("/checked", json={"item": {"hunter2": 1}, "count": "hunter2"})

    entries = got.json()["detail"]

    assert [{"loc", "msg", "type"}] * 2 == [set(entry) for entry in entries]
    assert [["body", "item"], ["body", "count"]] == [entry["loc"] for entry in entries]
    assert (422, False) == (got.status_code, "hunter2" in got.text)


def test_keys_that_were_sent_are_shortened() -> None:
    """
    S9. A `loc` holds keys of what was sent; one of 10 MB does not come back whole.
    """
    problem = {"loc": ("body", "x" * 10_000_000, 3), "msg": "Extra inputs are not permitted", "type": "extra_forbidden"}
    refused = refusal(RequestValidationError([problem] * 1000))

    assert refused is not None
    assert (100, ["body", "x" * 63 + "…", 3]) == (len(refused.entries), refused.entries[0]["loc"])


async def test_app_that_has_served_before_can_be_installed(shop: Shop) -> None:
    """
    S10. An app that has answered requests before it got its contract keeps the contract from then on.
    """
    async with ask(shop.app) as client:
        await client.get("/orders/7")
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.get("/nowhere")

    assert (404, "There is nothing at this address. Check the path.") == (
        got.status_code,
        got.json()["error"]["message"],
    )


async def test_convert_maps_the_vendors_exceptions(shop: Shop) -> None:
    """
    An exception that the catalogue does not know becomes the error that `convert` names; if it fails, a plain 500.
    """
    shop.steps.append(raising(KeyError("7")))

    def convert(exc: Exception) -> Exception | None:
        return NotFoundError("No such key.") if exc.args == ("7",) else exc.args[99]

    async with ask(install(shop.app, SHOP, convert=convert)) as client:
        mapped = await client.get("/orders/7")
        shop.steps[0] = raising(KeyError("8"))
        failed = await client.get("/orders/7")

    assert (404, "No such key.", 500) == (
        mapped.status_code,
        mapped.json()["error"]["message"],
        failed.status_code,
    )


async def call(app: Contract, path: str, *, method: str = "GET") -> tuple[list[Message], Exception | None]:
    """The messages that a server would get from *app*, and what it raised."""
    sent: list[Message] = []
    body: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not body:
            await anyio.sleep_forever()
        return body.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    try:
        await app(scope, receive, send)
    except Exception as exc:  # noqa: BLE001 - the test looks at it
        return sent, exc
    return sent, None


async def test_error_in_mid_reply_breaks_the_connection_off() -> None:
    """
    S10. An exception after the reply has begun never ends it cleanly: it goes on to the server, which cuts it off.
    """
    app = FastAPI()

    @app.get("/cut")
    async def cut() -> StreamingResponse:
        async def half() -> AsyncIterator[bytes]:
            yield b"half"
            raise KeyError("boom")

        return StreamingResponse(half())

    sent, raised = await call(install(app, SHOP), "/cut")

    assert ("http.response.start", 200) == (sent[0]["type"], sent[0]["status"])
    assert [True] == [message["more_body"] for message in sent[1:]]
    assert isinstance(raised, KeyError)


async def test_error_after_the_reply_is_only_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """
    S10. An exception in a background task, when the reply has ended, changes nothing for the client; it is logged.
    """
    shop.steps.append(
        lambda: PlainTextResponse("done", background=_Background())  # type: ignore[arg-type]  # any awaitable will do
    )
    sent, raised = await call(install(shop.app, SHOP), "/orders/7")

    assert (200, False, None) == (sent[0]["status"], sent[-1].get("more_body", False), raised)
    assert ["KeyError"] == [
        record.exc_info[0].__name__ for record in caplog.records if record.exc_info and record.exc_info[0]
    ]


class _Background:
    async def __call__(self) -> None:
        raise KeyError("later")


async def test_app_without_a_reply_gets_the_500() -> None:
    """
    S10. An app that returns without a reply is answered for.
    """

    class Mute(Starlette):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            return

    async with ask(install(Mute(), SHOP)) as client:
        got = await client.get("/")

    assert 500 == got.status_code


async def test_head_204_and_304_have_no_body(shop: Shop) -> None:
    """
    S13. HEAD, 204 and 304 have no body, errors included; a 304 and a 204 announce no length.
    """
    app = install(shop.app, SHOP)
    head, _ = await call(app, "/nowhere", method="HEAD")
    got, _ = await call(app, "/nowhere")
    deleted, _ = await call(app, "/orders/7", method="DELETE")
    unchanged, _ = await call(app, "/unchanged")

    def seen(messages: list[Message]) -> tuple[int, bytes, bool]:
        headers = dict(messages[0]["headers"])
        return messages[0]["status"], b"".join(m.get("body", b"") for m in messages[1:]), b"content-length" in headers

    assert [(404, b"", True), (204, b"", False), (304, b"", False)] == [seen(m) for m in (head, deleted, unchanged)]
    assert dict(head[0]["headers"])[b"content-length"] == dict(got[0]["headers"])[b"content-length"]


async def test_every_reply_carries_the_request_id(shop: Shop) -> None:
    """
    S10. A success carries the request id too, and the handler, its log records and the scope know it.
    """
    seen: list[object] = []

    @shop.app.get("/who")
    def who(request: Request) -> None:
        record = logging.makeLogRecord({})
        RequestIdFilter().filter(record)
        seen.extend([current_request_id(), request.scope["failwell.request_id"], record.__dict__["request_id"]])

    async with ask(install(shop.app, SHOP)) as client:
        got = await client.get("/who", headers={"x-request-id": "r-1"})

    assert ("r-1", ["r-1"] * 3) == (got.headers["x-request-id"], seen)


async def test_installing_refuses_handlers_that_would_answer_instead(shop: Shop) -> None:
    """
    An app with its own handler for errors is refused by name, since one of the two would never run.
    """

    @shop.app.exception_handler(404)
    async def own(_request: Request, _exc: Exception) -> Response:
        return Response()

    with pytest.raises(ValueError, match=r"exception handlers of its own for: 404\."):
        install(shop.app, SHOP)


async def test_websockets_and_lifespan_pass_through(shop: Shop) -> None:
    """
    The wrapper hands websockets and the lifespan to the app.
    """
    seen: list[str] = []

    class Seeing(Starlette):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["type"])

    async def never(*_: object) -> Any:
        raise AssertionError

    app = install(Seeing(), SHOP)
    scopes: list[Scope] = [{"type": "lifespan"}, {"type": "websocket", "path": "/", "headers": []}]
    for scope in scopes:
        await app(scope, never, never)

    assert ["lifespan", "websocket"] == seen
