"""Errors of everything that is inside of the app: mounted apps, tasks, groups, and replies that cannot be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, HTTPException, Request
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Host, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

import failwell
from failwell import Body, Catalogue, Code, Details, Message
from failwell.server import install
from failwell.wire import Detail, ErrorObject, FirstOf, Problem, Reply, parse_reply

from .shop import SHOP, NoMoneyError, NotFoundError, Shop, TooManyError, ask, raising

pytestmark = pytest.mark.anyio


class Wrapping:
    """Middleware that calls its app by another name."""

    def __init__(self, app: ASGIApp) -> None:
        self._inner = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._inner(dict(scope), receive, send)


def closing_over(app: ASGIApp) -> ASGIApp:
    """Middleware that is a function."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return wrapped


def refusing() -> Starlette:
    """An app that refuses by the framework's means."""

    async def refuse(_: Request) -> Response:
        raise HTTPException(404, "Not here.")

    return Starlette(routes=[Route("/refuses", refuse)])


def included(app: FastAPI, route: BaseRoute) -> None:
    """Include *route* with a router."""
    router = APIRouter()
    router.routes.append(route)
    app.include_router(router)


WAYS_IN: dict[str, Callable[[FastAPI], Any]] = {
    "mounted": lambda app: app.mount("/inner", refusing()),
    "behind a middleware": lambda app: app.mount("/inner", GZipMiddleware(refusing())),
    "behind one that copies": lambda app: app.mount("/inner", Wrapping(Wrapping(refusing()))),
    "behind a function": lambda app: app.mount("/inner", closing_over(refusing())),
    "with a middleware": lambda app: app.router.routes.append(
        Mount("/inner", app=refusing(), middleware=[Middleware(GZipMiddleware)])
    ),
    "in a router": lambda app: app.mount("/inner", Router(routes=[Mount("/", app=refusing())])),
    "in a mount of routes": lambda app: app.router.routes.append(Mount("/inner", routes=[Mount("", refusing())])),
    "at a host": lambda app: app.host("shop", Router(routes=[Mount("/inner", app=refusing())])),
    "at a host, by itself": lambda app: app.host("shop", Starlette(routes=[Mount("/inner", app=refusing())])),
    "in an included router": lambda app: included(app, Mount("/inner", app=refusing())),
    "in an app in an app": lambda app: app.mount("/inner", Starlette(routes=[Mount("/", app=refusing())])),
}


@pytest.mark.parametrize("when", ["before", "after", "while it is served"])
@pytest.mark.parametrize("way", WAYS_IN)
async def test_apps_inside_keep_the_contract(way: str, when: str) -> None:
    """
    S10. An app inside of the app keeps the contract, whatever it is wrapped in, also if it is mounted later.
    """
    app = FastAPI()
    if when == "before":
        WAYS_IN[way](app)
    contract = install(app, SHOP)
    async with ask(contract) as client:
        if when == "while it is served":
            await client.get("/nowhere")
        if when != "before":
            WAYS_IN[way](app)
        refused = await client.get("/inner/refuses")
        unknown = await client.get("/inner/unknown")

    assert [(404, "Not here."), (404, "There is nothing at this address. Check the path.")] == [
        (got.status_code, got.json()["error"]["message"]) for got in (refused, unknown)
    ]


async def test_app_with_handlers_that_is_mounted_later(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """
    An app with handlers of its own that is mounted while the other is served is told in the log, once.
    """
    own = Starlette(exception_handlers={404: lambda *_: JSONResponse({"own": 1}, 404)})
    async with ask(install(shop.app, SHOP)) as client:
        shop.app.mount("/own", own)
        got = [await client.get(path) for path in ("/own/x", "/own/y", "/nowhere")]

    assert [{"own": 1}, {"own": 1}] == [reply.json() for reply in got[:2]]
    assert ("error" in got[2].json(), 1) == (True, caplog.text.count("stays outside of the contract"))


@pytest.mark.parametrize(
    ("raised", "status", "message"),
    [
        (ExceptionGroup("g", [NotFoundError("Gone.")]), 404, "Gone."),
        (ExceptionGroup("g", [ExceptionGroup("g", [NotFoundError("Gone.")])]), 404, "Gone."),
        (ExceptionGroup("g", [NotFoundError("Gone."), NotFoundError("Too.")]), 404, "Gone."),
        (ExceptionGroup("g", [HTTPException(404, "Gone.")]), 404, "Gone."),
        (ExceptionGroup("g", [NotFoundError("Gone."), KeyError("boom")]), 500, None),
        (ExceptionGroup("g", [NotFoundError("Gone."), TooManyError("Wait.")]), 500, None),
        (ExceptionGroup("g", [KeyError("boom")]), 500, None),
        (BaseExceptionGroup("g", [NotFoundError("Gone."), asyncio.CancelledError()]), 404, "Gone."),
        (BaseExceptionGroup("g", [BaseExceptionGroup("g", [asyncio.CancelledError()]), KeyError("boom")]), 500, None),
        (BaseExceptionGroup("g", [asyncio.CancelledError()]), 500, None),
    ],
    ids=[
        "one",
        "nested",
        "twice",
        "of the framework",
        "and a bug",
        "two classes",
        "a bug",
        "and a cancelled task",
        "a bug and a cancelled task",
        "cancelled tasks",
    ],
)
async def test_a_group_with_one_error_is_that_error(
    shop: Shop, raised: Exception, status: int, message: str | None
) -> None:
    """
    S10. A group of one error, or several of one class, is that error; a bug is never hidden behind a declared one.
    """
    shop.steps.append(raising(raised))
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.get("/orders/7")

    assert status == got.status_code
    assert message in (None, got.json()["error"]["message"])


@pytest.mark.parametrize("cors", [False, True])
def test_a_handler_that_waits_for_a_cancelled_task(shop: Shop, caplog: pytest.LogCaptureFixture, *, cors: bool) -> None:
    """
    S10. A handler that waits for a task which somebody cancelled is answered like any other failure, and logged.
    """

    @shop.app.get("/waits")
    async def waits() -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task

    if cors:
        shop.app.add_middleware(Wrapping)

    async def called() -> httpx2.Response:
        async with ask(install(shop.app, SHOP, outside=[Wrapping] if cors else [])) as client:
            return await client.get("/waits")

    got = asyncio.run(called())

    assert (500, got.headers["x-request-id"]) == (got.status_code, got.json()["request_id"])
    assert "The handler waited for a task that was cancelled" in caplog.text


def test_a_cancelled_request_is_not_answered(shop: Shop) -> None:
    """
    S10. A request whose own task is cancelled ends: nothing is answered in its place.
    """
    begun: list[asyncio.Event] = []

    @shop.app.get("/waits")
    async def waits() -> None:
        begun[0].set()
        await asyncio.sleep(60)

    async def called() -> None:
        begun.append(asyncio.Event())
        async with ask(install(shop.app, SHOP)) as client:
            asked = asyncio.create_task(client.get("/waits"))
            await begun[0].wait()
            asked.cancel()
            await asked

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(called())


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda: Response(status_code=799), "its status is 799"),
        (lambda: Response(status_code=101), "its status is 101"),
        (lambda: Response(status_code=0), "its status is 0"),
        (lambda: Response(headers={"x-name": "a\r\nset-cookie: b=c"}), "its header x-name holds a line break"),
        (lambda: Response(headers={"x-name": "a\nb"}), "its header x-name holds a line break"),
        (lambda: Response(headers={"x-name": "a\x00b"}), "its header x-name holds a line break"),
        (lambda: Response(headers={"x name": "a"}), "b'x name' is no name of a header"),
        (lambda: Response(headers={"content-length": "abc"}), "its content-length is no number"),
        (lambda: Response(headers={"Content-Length": "-1"}), "its content-length is no number"),
        (lambda: Response(headers={"content-length": "9" * 30}), "its content-length is no number"),
        (lambda: Response(headers={"content-length": "0, 7"}), "its content-length is no number, or more than one"),
        (lambda: Response(headers={"Transfer-Encoding": "gzip"}), "its transfer-encoding is not chunked"),
        (raising(HTTPException(799, "No.")), "its status is 799"),
        (raising(HTTPException(401, "No.", headers={"x-name": "a\r\nb"})), "its header x-name holds a line break"),
    ],
    ids=[
        "799",
        "101",
        "0",
        "CR LF",
        "LF",
        "NUL",
        "name",
        "length, letters",
        "length, below 0",
        "length, of 30 digits",
        "lengths",
        "coding",
        "exception, 799",
        "exception, CR LF",
    ],
)
async def test_a_reply_that_cannot_be_sent(
    shop: Shop, caplog: pytest.LogCaptureFixture, answer: Callable[[], Any], why: str
) -> None:
    """
    S10. A reply that no server can send is the catalogue's 500, and the log says why, without the header's value.
    """
    shop.steps.append(answer)
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.get("/orders/7")

    assert (500, "x-name" in got.headers) == (got.status_code, False)
    assert (True, False) == (why in caplog.text, "set-cookie" in str(got.headers))
    assert got.headers["x-request-id"] == got.json()["request_id"]


async def test_spaces_around_a_header_do_no_harm(shop: Shop) -> None:
    """
    A header's value with spaces around it is sent without them, as servers want it; a status may be an `HTTPStatus`.
    """
    shop.steps.append(lambda: Response(status_code=HTTPStatus.CREATED, headers={"x-name": " a b "}))
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.get("/orders/7")

    assert (201, "a b") == (got.status_code, got.headers["x-name"])


def catalogue_of(envelope: Any) -> tuple[Catalogue, type[Any]]:
    """A catalogue whose 409 has a code, a field in the details, and one in the body."""

    class BaseError(failwell.Error):
        """Base."""

        message: Message = failwell.field(kw_only=False)
        code: Annotated[str | None, Code()] = None

    class ConflictError(BaseError, status=409):
        """It is taken."""

        owner: Annotated[str | None, Details()] = None
        tries: Annotated[int | None, Body("more.tries")] = None

    class OtherError(BaseError):
        """Anything else."""

    errors = (BaseError, ConflictError, OtherError)
    return Catalogue("desk", base=BaseError, default=OtherError, errors=errors, envelope=envelope), ConflictError


@pytest.mark.parametrize(
    "detail",
    [
        {"code": "taken", "message": "Taken by Ann.", "owner": "ann", "tries": 3},
        {"error_code": "taken", "msg": "Taken by Ann.", "owner": "ann", "tries": 3, "unknown": [1]},
        {"error": {"code": "taken", "message": "Taken by Ann.", "owner": "ann", "tries": 3}},
        {"code": "taken", "detail": "Taken by Ann.", "owner": "ann", "tries": 3, "cause": KeyError("secret")},
    ],
)
@pytest.mark.parametrize(
    "envelope",
    [Detail(), Detail(code="error_code"), ErrorObject(), ErrorObject(code="kind"), FirstOf(), Problem()],
    ids=["detail", "detail, own code", "object", "object, own code", "flat", "problem"],
)
async def test_detail_of_an_http_exception_travels(envelope: Any, detail: dict[str, Any]) -> None:
    """
    S10. The `detail` of an HTTPException that is a dict gives code, message and fields, in every envelope.
    """
    catalogue, conflict = catalogue_of(envelope)
    app = FastAPI()

    @app.get("/")
    async def refuse() -> None:
        raise HTTPException(409, detail=detail)

    async with ask(install(app, catalogue)) as client:
        got = await client.get("/")
    error: Any = parse_reply(Reply(got.status_code, dict(got.headers), got.content), catalogue)

    assert (conflict, "taken", "Taken by Ann.", "ann", 3) == (
        type(error),
        error.case.code or error.code,
        str(error),
        error.owner,
        error.tries,
    )
    assert "secret" not in got.text


@pytest.mark.parametrize(
    ("status", "detail", "message"),
    [
        (404, 7, "7"),
        (404, ["no order", "no cart"], "2 invalid fields: no order; no cart"),
        (404, None, "There is nothing at this address. Check the path."),
        (404, {}, "There is nothing at this address. Check the path."),
        (404, [], "There is nothing at this address. Check the path."),
        (404, {"message": {"deep": 1}}, "There is nothing at this address. Check the path."),
        (404, {"errors": {"name": ["is too short"]}}, "name: is too short"),
        (404, {"name": ["is too short"]}, "name: is too short"),
        (404, {"reason": "It is taken."}, "It is taken."),
        (404, {"message": {"text": "It is taken."}}, "text: It is taken."),
        (404, {"number": 7, "open": True}, "There is nothing at this address. Check the path."),
        (404, KeyError("secret"), "There is nothing at this address. Check the path."),
        (500, {"message": "secret", "code": "secret"}, None),
        (503, {"error": "secret"}, None),
    ],
    ids=[
        "number",
        "list",
        "none",
        "empty",
        "no list",
        "no words",
        "Rails",
        "Django",
        "reason",
        "deep words",
        "facts",
        "exception",
        "500",
        "503",
    ],
)
async def test_detail_of_any_type(shop: Shop, *, status: int, detail: Any, message: str | None) -> None:
    """
    S9, S10. Any `detail` is answered, in words where it has some; that of a 5xx says nothing.
    """
    shop.steps.append(raising(HTTPException(status, detail=detail)))
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.get("/orders/7")

    assert (status, False) == (got.status_code, "secret" in got.text)
    assert message in (None, got.json()["error"]["message"])


async def test_detail_with_pydantics_errors_hides_the_input(shop: Shop) -> None:
    """
    S9. A `detail` with pydantic's own list of errors reaches the field for them, without what was sent.
    """
    problem = {"loc": ["body", "count"], "msg": "Bad", "type": "int_type", "input": "hunter2", "ctx": {"x": "hunter2"}}
    got = []
    async with ask(install(shop.app, SHOP)) as client:
        for detail in ([problem], {"message": "Bad order.", "errors": [problem]}):
            shop.steps[:] = [raising(HTTPException(422, detail=detail))]
            got.append(await client.get("/orders/7"))

    entry = {"loc": ["body", "count"], "msg": "Bad", "type": "int_type"}
    assert [[entry], [entry]] == [reply.json()["detail"] for reply in got]
    assert ["1 invalid field: count: Bad", "Bad order."] == [reply.json()["error"]["message"] for reply in got]


def in_included_router(app: FastAPI) -> None:
    """Include two routes of one path."""
    router = APIRouter(prefix="/included")
    router.add_api_route("/x", lambda: None, methods=["GET"])
    router.add_api_route("/x", lambda: None, methods=["PUT"])
    app.include_router(router)


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/orders", "GET", "POST, PUT"),
        ("/orders/7", "POST", "DELETE, GET"),
        ("/included/x", "POST", "GET, PUT"),
        ("/mounted/x", "POST", "DELETE, GET, HEAD"),
        ("/unchanged", "PURGE", "GET"),
    ],
)
async def test_405_names_all_methods(shop: Shop, path: str, method: str, allowed: str) -> None:
    """
    S10. A 405 names the methods of all routes of the path, in its words and in `Allow`.
    """
    in_included_router(shop.app)
    routes = [Route("/x", lambda _: Response()), Route("/x", lambda _: Response(), methods=["DELETE"])]
    shop.app.mount("/mounted", Starlette(routes=routes))
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.request(method, path)

    assert (405, allowed) == (got.status_code, got.headers["allow"])
    assert f"This address does not take this method. It takes: {allowed}." == got.json()["error"]["message"]


async def test_host_inside_keeps_the_405(shop: Shop) -> None:
    """
    S10. So does one behind a host.
    """
    shop.app.router.routes.insert(0, Host("shop", Router(routes=[Route("/h", lambda _: Response(), methods=["PUT"])])))
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.get("/h")

    assert (405, "PUT") == (got.status_code, got.headers["allow"])


async def test_no_money_in_a_mounted_app(shop: Shop) -> None:
    """
    S10. A declared error of an app behind a middleware is rendered once, where it was raised.
    """
    inner = Shop()
    inner.steps.append(raising(NoMoneyError("No.", missing=3)))
    shop.app.mount("/inner", GZipMiddleware(inner.app))
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.put("/inner/orders")

    assert (402, {"missing": 3}) == (got.status_code, got.json()["error"]["details"])
