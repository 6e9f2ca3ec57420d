"""Callers that the app knows by itself: limits and idempotency under its own authentication."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, Header, HTTPException, Request, Response, Security
from fastapi.security import HTTPBasic, HTTPBearer
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection

from failwell.server import Caller, Idempotency, KeyStore, RateLimits, SqliteStore, install

from .shop import SHOP, NotFoundError, Shop, ask

pytestmark = pytest.mark.anyio

SESSIONS = {"s-1": "ann", "s-2": "bob"}


async def dependency(request: Request) -> str | None:
    """What handlers depend on, too."""
    return SESSIONS.get(request.headers.get("authorization", "").removeprefix("Token "))


async def by_basic(request: Request) -> Caller:
    """With what FastAPI brings."""
    given = await HTTPBasic()(request)
    assert given is not None
    return Caller(given.username, given.username, "member")


class Backend(AuthenticationBackend):
    """Starlette's own way."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        name = SESSIONS.get(conn.headers.get("x-session", ""))
        return None if name is None else (AuthCredentials(), SimpleUser(name))


def basic(name: str) -> dict[str, str]:
    """The header of a browser's dialogue."""
    return {"authorization": "Basic " + base64.b64encode(f"{name}:secret".encode()).decode()}


WAYS: dict[str, tuple[Callable[..., Any], dict[str, str], dict[str, str]]] = {
    "cookie": (
        lambda request: SESSIONS.get(request.cookies.get("session")),
        {"cookie": "session=s-1"},
        {"cookie": "session=s-2"},
    ),
    "token": (dependency, {"authorization": "Token s-1"}, {"authorization": "Token s-2"}),
    "basic": (by_basic, basic("ann"), basic("bob")),
    "user": (
        lambda request: request.user.display_name if request.user.is_authenticated else None,
        {"x-session": "s-1"},
        {"x-session": "s-2"},
    ),
}


def by_default(request: Request, user: str = Depends(dependency)) -> str:
    """As FastAPI's older examples have it."""
    return user


async def by_annotation(request: Request, user: Annotated[str, Depends(dependency)]) -> str:
    """As FastAPI's newer examples have it."""
    return user


def by_header(token: Unknown = Header()) -> str:  # type: ignore[name-defined]  # noqa: B008, F821
    """With a type that only type checkers know."""
    return str(token)


def by_keyword(request: Request, *, db: object) -> str | None:
    """With a session that somebody else gives."""
    return None


def by_text(token: str) -> str | None:
    """FastAPI would take it from the query."""
    return SESSIONS.get(token)


async def by_yield(request: Request) -> AsyncIterator[str]:
    """With something to clean up."""
    yield "ann"


class Current:
    """A dependency that is an object."""

    def __call__(self, token: Annotated[str, Security(HTTPBearer())]) -> str:
        return token


@pytest.mark.parametrize(
    ("caller", "problem"),
    [
        (by_default, "by_default has the parameter user, which FastAPI fills for a dependency"),
        (by_annotation, "by_annotation has the parameter user, which FastAPI fills for a dependency"),
        (Depends(dependency), "this is a Depends"),
        (by_keyword, "by_keyword has the parameter db"),
        (by_text, "by_text has the parameter token, a str"),
        (by_yield, "by_yield yields"),
        (Current(), "Current has the parameter token, which FastAPI fills for a dependency"),
        (by_header, "by_header has the parameter token, which FastAPI fills for a dependency"),
        (lambda: "ann", "<lambda> takes no parameter"),
        ("ann", "this is a str"),
    ],
)
def test_what_caller_cannot_be(caller: Any, problem: str) -> None:
    """
    S13. A function that cannot be called with the request alone is refused when the contract is installed.
    """
    with pytest.raises(TypeError, match=re.escape(problem)) as refused:
        install(Shop().app, SHOP, caller=caller)

    assert "caller= is called with the request alone" in str(refused.value)


@pytest.mark.parametrize("way", WAYS)
async def test_limits_and_idempotency_under_an_apps_own_authentication(shop: Shop, tmp_path: Path, way: str) -> None:
    """
    S1, S3, S13. A caller that the app knows has limits and idempotency keys of its own; nobody is a 401.
    """
    caller, ann, bob = WAYS[way]
    shop.app.add_middleware(AuthenticationMiddleware, backend=Backend())
    store = SqliteStore(tmp_path / "answers.db")
    contract = install(
        shop.app, SHOP, caller=caller, limits=RateLimits("2/minute"), idempotency=Idempotency(store), public=("/free",)
    )
    key = {"idempotency-key": "k"}
    async with ask(contract) as client:
        mine = [await client.post("/orders", headers={**ann, **key}) for _ in range(3)]
        theirs = await client.post("/orders", headers={**bob, **key})
        nobody = await client.post("/orders", headers=key)
    store.close()

    assert ([201, 201, 429], 201, 401) == ([got.status_code for got in mine], theirs.status_code, nobody.status_code)
    assert ("true", False, 2) == (
        mine[1].headers["idempotent-replayed"],
        "idempotent-replayed" in theirs.headers,
        shop.runs,
    )
    assert "error" in nobody.json()


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (lambda _: Caller("a", "k", "viewer"), 403),
        (lambda _: Caller("a", "k", "member"), 201),
        (lambda _: "a", 201),
        (lambda _: None, 401),
        (lambda _: "", 500),
        (lambda _: 7, 500),
        (lambda request: request.scope["nothing"], 500),
    ],
    ids=["viewer", "member", "name", "nobody", "no name", "a number", "broken"],
)
async def test_what_the_function_may_return(shop: Shop, caller: Callable[..., Any], status: int) -> None:
    """
    A function returns a caller with a role, the name of a tenant, or None; with anything else nobody gets in.
    """
    async with ask(install(shop.app, SHOP, caller=caller)) as client:
        got = await client.post("/orders")

    assert (status, 1 if status == 201 else 0) == (got.status_code, shop.runs)


@pytest.mark.parametrize(
    ("raised", "status"), [(HTTPException(404, "No."), 404), (NotFoundError("No."), 404), (KeyError("No."), 500)]
)
async def test_what_the_function_raises(shop: Shop, raised: Exception, status: int) -> None:
    """
    S10. What a function raises is answered like what a handler raises.
    """

    async def caller(_: Request) -> str:
        raise raised

    async with ask(install(shop.app, SHOP, caller=caller)) as client:
        got = await client.post("/orders")

    assert (status, 0) == (got.status_code, shop.runs)
    assert "error" in got.json()


async def test_handlers_get_the_caller(shop: Shop) -> None:
    """
    A handler finds the app's own caller where it finds that of a key.
    """

    @shop.app.get("/me")
    async def me(request: Request) -> Response:
        return Response(request.scope["failwell.caller"].tenant)

    async with ask(install(shop.app, SHOP, caller=lambda _: "ann")) as client:
        got = await client.get("/me")

    assert "ann" == got.text


def test_one_way_to_know_callers(shop: Shop, tmp_path: Path) -> None:
    """
    Keys and a function contradict each other: they are refused together.
    """
    with (
        closing(KeyStore(tmp_path / "keys.db")) as keys,
        pytest.raises(ValueError, match="Both keys= and caller= say who calls"),
    ):
        install(shop.app, SHOP, keys=keys, caller=lambda _: "ann")
