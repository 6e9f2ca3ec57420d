"""What the app's middleware adds is on the contract's own answers too, whichever of the two is served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, HTTPException, Request, Response
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from failwell.server import (
    BodyLimits,
    Contract,
    Idempotency,
    KeyStore,
    RateLimits,
    SqliteStore,
    UndeclaredError,
    install,
)

from .shop import SHOP, NoMoneyError, NotFoundError, Shop, TakenError, ask, raising

pytestmark = pytest.mark.anyio

ORIGIN = "https://shop.example"
ALLOWED = {"access-control-allow-origin": ORIGIN, "access-control-allow-credentials": "true"}


class Browser:
    """A shop with CORS and everything that `install` can refuse, asked as a script in a browser would."""

    def __init__(self, shop: Shop, folder: Path, **options: Any) -> None:
        shop.app.add_middleware(CORSMiddleware, allow_origins=[ORIGIN], allow_credentials=True, allow_methods=["*"])
        self.keys = KeyStore(folder / "keys.db")
        self.contract = install(
            shop.app,
            SHOP,
            keys=self.keys,
            idempotency=Idempotency(SqliteStore(folder / "answers.db")),
            limits=RateLimits("3/minute"),
            bodies=BodyLimits(10),
            **options,
        )
        self.key = self.keys.create("a", "member")

    async def ask(self, method: str, path: str, **given: Any) -> httpx2.Response:
        headers = {"origin": ORIGIN, "x-api-key": self.key, **given.pop("headers", {})}
        async with ask(self.contract, headers=headers, raise_app_exceptions=False) as client:
            return await client.request(method, path, **given)


def other_key(browser: Browser) -> dict[str, str]:
    """The key of a viewer."""
    return {"x-api-key": browser.keys.create("a", "viewer")}


REFUSALS: dict[int, tuple[str, str, dict[str, Any], list[Callable[[], Any]]]] = {
    201: ("POST", "/orders", {}, []),
    401: ("GET", "/orders/7", {"headers": {"x-api-key": "none"}}, []),
    402: ("GET", "/orders/7", {}, [raising(NoMoneyError("No."))]),
    403: ("POST", "/orders", {"headers": other_key}, []),
    404: ("GET", "/nowhere", {}, []),
    405: ("PATCH", "/orders", {}, []),
    409: ("POST", "/orders", {}, [raising(TakenError("Taken."))]),
    413: ("POST", "/orders", {"content": b"x" * 11}, []),
    422: ("GET", "/orders/seven", {}, []),
    500: ("GET", "/orders/7", {}, [raising(KeyError("boom"))]),
}


@pytest.mark.parametrize("status", REFUSALS)
async def test_every_answer_can_be_read_by_a_browser(shop: Shop, tmp_path: Path, status: int) -> None:
    """
    S10. Whatever the contract answers has the headers of the app's CORS middleware, and lets a script read the rest.
    """
    browser = Browser(shop, tmp_path, strict=False)
    method, path, given, steps = REFUSALS[status]
    shop.steps[:] = steps
    given = {name: value(browser) if callable(value) else value for name, value in given.items()}

    got = await browser.ask(method, path, **given)

    assert (status, ALLOWED) == (got.status_code, {name: got.headers.get(name) for name in ALLOWED})
    exposed = {name.strip().lower() for name in got.headers["access-control-expose-headers"].split(",")}
    assert {"x-request-id", "retry-after", "ratelimit", "x-replay-request-id"} <= exposed
    assert "x-request-id" in got.headers


async def test_limits_and_replays_can_be_read_by_a_browser(shop: Shop, tmp_path: Path) -> None:
    """
    S10. So have a replay and a 429; and a preflight is answered by CORS itself, without a key.
    """
    browser = Browser(shop, tmp_path)
    key = {"idempotency-key": "k"}
    preflight = {"access-control-request-method": "POST", "x-api-key": ""}

    asked = await browser.ask("OPTIONS", "/orders", headers=preflight)
    got = [await browser.ask("POST", "/orders", headers=key, content=b"1") for _ in range(4)]
    elsewhere = await browser.ask("POST", "/orders", headers={"origin": "https://evil.example"})
    refused = await browser.ask("OPTIONS", "/orders", headers={**preflight, "origin": "https://evil.example"})

    assert (200, [ORIGIN] * 5, 1) == (
        asked.status_code,
        [reply.headers["access-control-allow-origin"] for reply in (asked, *got)],
        shop.runs,
    )
    assert ([201, 201, 201, 429], "true") == (
        [reply.status_code for reply in got],
        got[1].headers["idempotent-replayed"],
    )
    assert got[1].content == got[0].content
    assert (429, False) == (elsewhere.status_code, "access-control-allow-origin" in elsewhere.headers)
    assert (400, "application/json") == (refused.status_code, refused.headers["content-type"])


async def test_errors_between_cors_and_the_contract(shop: Shop) -> None:
    """
    S10. An error that some middleware raises has the envelope and the headers of CORS, outside of the contract too.
    """

    @shop.app.middleware("http")
    async def broken(_request: Request, _call_next: object) -> Response:
        raise NotFoundError("Gone.")

    shop.app.add_middleware(CORSMiddleware, allow_origins=["*"], expose_headers=["X-Own"])
    async with ask(install(shop.app, SHOP, outside=[broken]), headers={"origin": ORIGIN}) as client:
        got = await client.get("/orders/7")

    assert (404, "Gone.", "*") == (
        got.status_code,
        got.json()["error"]["message"],
        got.headers["access-control-allow-origin"],
    )
    assert "X-Own, X-Request-ID, Retry-After, Side-Effect" == got.headers["access-control-expose-headers"]


class Stamp:
    """Middleware that adds a header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"x-stamp", b"1")]}
            await send(message)

        await self.app(scope, receive, stamped)


@pytest.mark.parametrize(("outside", "stamped"), [((), [True, False]), ((Stamp,), [True, True])])
async def test_middleware_that_shall_stand_outside(
    shop: Shop, tmp_path: Path, outside: tuple[type, ...], stamped: list[bool]
) -> None:
    """
    What `outside=` names is on the answers of the contract too; all else stays inside, where nobody without a key gets.
    """
    shop.app.add_middleware(Stamp)
    shop.app.add_middleware(GZipMiddleware)
    keys = KeyStore(tmp_path / "keys.db")
    contract = install(shop.app, SHOP, keys=keys, outside=outside)
    async with ask(contract) as client:
        known = await client.get("/orders/7", headers={"x-api-key": keys.create("a", "member")})
        nobody = await client.get("/orders/7")
    keys.close()

    assert ([200, 401], stamped) == (
        [known.status_code, nobody.status_code],
        ["x-stamp" in got.headers for got in (known, nobody)],
    )


@pytest.mark.parametrize("served", ["app", "contract"])
async def test_serving_either_is_the_same(shop: Shop, tmp_path: Path, served: str) -> None:
    """
    S10. `uvicorn shop:app` keeps the contract as what `install` returns does: keys, envelope, request id, once each.
    """
    keys = KeyStore(tmp_path / "keys.db")
    contract = install(shop.app, SHOP, keys=keys, limits=RateLimits("9/minute"))
    async with ask(shop.app if served == "app" else contract) as client:
        nobody = await client.get("/orders/7")
        key = {"x-api-key": keys.create("a", "member"), "x-request-id": "r-1"}
        known = await client.get("/orders/7", headers=key)
        shop.steps[:] = [raising(KeyError("boom"))]
        failed = await client.get("/orders/7", headers=key)
    keys.close()

    assert [401, 200, 500] == [nobody.status_code, known.status_code, failed.status_code]
    assert ("r-1", "8", "r-1") == (
        known.headers["x-request-id"],
        known.headers["x-ratelimit-remaining"],
        failed.json()["request_id"],
    )


async def test_undeclared_error_passes_middleware(shop: Shop) -> None:
    """
    C7. Under strict, an undeclared error fails the test also through CORS.
    """
    shop.app.add_middleware(CORSMiddleware, allow_origins=["*"])
    shop.steps.append(raising(NoMoneyError("No.")))
    with pytest.raises(UndeclaredError):
        async with ask(install(shop.app, SHOP, strict=True)) as client:
            await client.get("/orders/7")


@pytest.mark.parametrize("again", [lambda app, _: app, lambda _, contract: contract], ids=["the app", "its contract"])
def test_installing_twice_is_told(shop: Shop, again: Callable[[Starlette, Contract], Any]) -> None:
    """
    A contract that is installed twice is refused, with what to serve.
    """
    contract = install(shop.app, SHOP)
    with pytest.raises(ValueError, match=r"has a contract already, that of 'shop'. Call install\(\) once"):
        install(again(shop.app, contract), SHOP)


async def test_a_contract_inside_of_another(shop: Shop, tmp_path: Path) -> None:
    """
    S10. An app that is mounted with its own contract keeps that, and both speak of one request id.
    """
    keys = KeyStore(tmp_path / "keys.db")
    install(shop.app, SHOP, keys=keys)
    outer = FastAPI()
    outer.mount("/shop", shop.app)
    async with ask(install(outer, SHOP)) as client:
        nobody = await client.get("/shop/orders/7")
        known = await client.get("/shop/orders/7", headers={"x-api-key": keys.create("a", "member")})
    keys.close()

    assert (401, 200) == (nobody.status_code, known.status_code)
    assert nobody.headers["x-request-id"] == nobody.json()["request_id"]


@pytest.mark.parametrize(
    ("method", "path", "status", "own"),
    [
        ("GET", "/v2/orders", 404, False),
        ("GET", "/v2", 401, False),
        ("GET", "/v1/orders", 404, True),
        ("GET", "/v1/teapot", 418, True),
        ("GET", "/nowhere", 404, True),
        ("GET", "/v2x", 404, True),
        ("GET", "/v1/fails", 500, True),
    ],
)
async def test_paths(*, tmp_path: Path, method: str, path: str, status: int, own: bool) -> None:
    """
    `paths=` begins with some: what they do not name is answered by the app and its own handlers, as it was before.
    """
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["*"])

    @app.exception_handler(404)
    async def not_found(_request: Request, _exc: Exception) -> Response:
        return PlainTextResponse("own", 404)

    @app.exception_handler(500)
    def failed(_request: Request, _exc: Exception) -> Response:
        return PlainTextResponse("own", 500)

    @app.exception_handler(HTTPException)
    def other(_request: Request, exc: HTTPException) -> Response:
        return PlainTextResponse("own", exc.status_code)

    @app.get("/v2/orders")
    @app.get("/v1/orders")
    async def orders() -> None:
        raise HTTPException(404, "No order.")

    @app.get("/v1/teapot")
    async def teapot() -> None:
        raise HTTPException(418)

    @app.get("/v1/fails")
    async def fails() -> None:
        raise KeyError("boom")

    keys = KeyStore(tmp_path / "keys.db")
    contract = install(app, SHOP, keys=keys, paths=("/v2/*",))
    headers = {"origin": ORIGIN} if path == "/v2" else {"origin": ORIGIN, "x-api-key": keys.create("a", "member")}
    async with ask(contract, headers=headers, raise_app_exceptions=False) as client:
        got = await client.request(method, path)
    keys.close()

    assert (status, own, not own) == (got.status_code, got.text == "own", "x-request-id" in got.headers)
    assert status == 500 or "*" == got.headers["access-control-allow-origin"]


async def test_paths_below_a_prefix(tmp_path: Path) -> None:
    """
    A pattern is of the paths that the app's routes see: no prefix of a proxy leads past the contract.
    """
    app = FastAPI()
    app.root_path = "/api"

    @app.get("/v2/orders")
    async def orders() -> None: ...

    keys = KeyStore(tmp_path / "keys.db")
    async with ask(install(app, SHOP, keys=keys, paths=("/v2/*",))) as client:
        statuses = [(await client.get(path)).status_code for path in ("/v2/orders", "/api/v2/orders")]
    keys.close()

    assert [401, 401] == statuses


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paths": ("v2/*",)}, "no path begins like that"),
        ({"public": ("signed/*",)}, "no path begins like that"),
        ({"bodies": BodyLimits(uploads={"files": None})}, "no path begins like that"),
    ],
)
def test_paths_that_cannot_fit(shop: Shop, options: dict[str, Any], message: str) -> None:
    """
    A pattern that no path can fit is refused when the contract is installed, and not found out by an attacker.
    """
    with pytest.raises(ValueError, match=message):
        install(shop.app, SHOP, **options)


def test_one_path_for_several(shop: Shop) -> None:
    """
    One text where several patterns belong is refused: each of its letters would be a pattern.
    """
    with pytest.raises(TypeError, match=r'Give several: paths=\("/v2/\*",\)'):
        install(shop.app, SHOP, paths="/v2/*")


async def test_a_starlette_app_without_handlers_is_as_it_was() -> None:
    """
    Outside of `paths=`, a plain Starlette app answers its errors in plain text.
    """
    app = Starlette(routes=[Route("/v1", lambda _: PlainTextResponse("one"))])
    async with ask(install(app, SHOP, paths=("/v2/*",))) as client:
        outside, inside = await client.get("/v3"), await client.get("/v2/none")

    assert ("Not Found", "error") == (outside.text, *inside.json().keys() - {"request_id"})
