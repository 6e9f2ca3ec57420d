"""An operation raises what its catalogue lists, or is told so."""

from __future__ import annotations

import logging
import pickle
from types import SimpleNamespace

import pytest
from fastapi import HTTPException
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from failwell.server import UndeclaredError, UnlistedError, install
from failwell.server.frameworks.starlette.adapter import StarletteFramework
from failwell.wire import Reply, parse_reply

from .shop import SHOP, BrokenError, NoMoneyError, NotFoundError, Shop, ShopError, TakenError, ask, raising

pytestmark = pytest.mark.anyio


async def test_undeclared_error_is_raised_under_pytest(shop: Shop) -> None:
    """
    C7. Under pytest, an operation that raises an undeclared error gets `UndeclaredError`, which says what to add.
    """
    shop.steps.append(raising(NoMoneyError("No.")))
    with pytest.raises(UndeclaredError) as raised:
        async with ask(install(shop.app, SHOP)) as client:
            await client.get("/orders/7")

    assert ("orders.get", NoMoneyError, True) == (
        raised.value.operation,
        raised.value.error,
        isinstance(raised.value.__cause__, NoMoneyError),
    )
    assert 'operations={"orders.get": NoMoneyError}' in str(raised.value)


async def test_undeclared_error_is_the_500_under_strict(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """
    C7. Under strict, an undeclared error is the 500 case for the client, and the log names it.
    """
    shop.steps.append(raising(NoMoneyError("You are poor.", missing=3)))
    with pytest.raises(UndeclaredError):
        async with ask(install(shop.app, SHOP, strict=True)) as client:
            await client.get("/orders/7")
    async with ask(install(Shop(steps=shop.steps).app, SHOP, strict=True), raise_app_exceptions=False) as client:
        got = await client.get("/orders/7")

    assert (500, False) == (got.status_code, "poor" in got.text)
    assert BrokenError is type(parse_reply(Reply(500, {}, got.content), SHOP))
    assert [UndeclaredError] * 2 == undeclared_in(caplog)


@pytest.mark.parametrize(
    ("raised", "sent", "name"),
    [
        (NoMoneyError("You are poor.", missing=3), (402, "You are poor."), "NoMoneyError"),
        (TakenError("Taken.", code="idempotency_conflict"), (409, "Taken."), "TakenError"),
        (HTTPException(402, "You are poor."), (402, "You are poor."), "NoMoneyError"),
        (ExceptionGroup("tasks", [NoMoneyError("You are poor.")]), (402, "You are poor."), "NoMoneyError"),
    ],
    ids=["an error", "with a code", "of the framework", "in a group"],
)
async def test_undeclared_error_is_sent_in_production(
    shop: Shop, caplog: pytest.LogCaptureFixture, raised: Exception, sent: tuple[int, str], name: str
) -> None:
    """
    C7. A declared error that `operations=` forgot is sent in production, logged as such once, and counted.
    """
    shop.steps.append(raising(raised))
    contract = install(shop.app, SHOP, strict=False)
    async with ask(contract) as client:
        replies = [await client.get("/orders/7") for _ in range(3)]

    assert [sent] * 3 == [(got.status_code, got.json()["error"]["message"]) for got in replies]
    assert ([UndeclaredError], {("orders.get", name): 3}) == (undeclared_in(caplog), contract.undeclared)


async def test_unlisted_case_is_the_500_in_production(shop: Shop) -> None:
    """
    C7. A case that the catalogue does not have stays the 500 case in production: a client would take it for another.
    """
    shop.steps.append(raising(LostError("No.")))
    contract = install(shop.app, SHOP, strict=False)
    async with ask(contract) as client:
        got = await client.get("/orders/7")

    assert (500, {}) == (got.status_code, contract.undeclared)


def undeclared_in(caplog: pytest.LogCaptureFixture) -> list[type]:
    """The errors of the contract that were logged as errors."""
    return [type(r.exc_info[1]) for r in caplog.records if r.exc_info and r.levelno == logging.ERROR]


class LostError(ShopError, status=410, code="lost"):
    """Nobody listed it in the catalogue."""


@pytest.mark.parametrize("path", ["/orders/7", "/anything"], ids=["an operation", "no operation"])
async def test_error_that_the_catalogue_does_not_list(shop: Shop, path: str) -> None:
    """
    C7, C8. A case that the catalogue does not have is undeclared, wherever it is raised; the error says how to list it.
    """
    app = install(shop.app, SHOP, strict=True)

    async def raises(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/anything":
            raise LostError("No.")
        await told(scope, receive, send)

    told, app.app = app.app, raises
    shop.steps.append(raising(LostError("No.")))
    with pytest.raises(UnlistedError) as raised:
        async with ask(app) as client:
            await client.get(path)

    assert (LostError, "shop", LostError.cases[0]) == (raised.value.error, raised.value.catalogue, raised.value.case)
    assert (
        "LostError (410 lost) was raised, and the catalogue 'shop' has no such case: a client takes it for another "
        "error. List LostError in its errors=(...), or raise a listed one."
    ) == str(raised.value)
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own bytes
    assert (str(raised.value), UnlistedError) == (str(again), type(again))


async def test_declared_errors_and_subclasses_pass(shop: Shop) -> None:
    """
    C7. What the operation lists, what any operation may raise, and subclasses of either are declared.
    """

    class GoneError(NotFoundError):
        """It was there once."""

    statuses: list[int] = []
    async with ask(install(shop.app, SHOP, strict=True)) as client:
        for error in (NotFoundError("a"), GoneError("b"), BrokenError("c")):
            shop.steps[:] = [raising(error)]
            statuses.append((await client.get("/orders/7")).status_code)

    assert [404, 404, 500] == statuses


async def test_operation_that_the_catalogue_does_not_list_is_free(shop: Shop) -> None:
    """
    C7. An operation that the catalogue does not list may raise anything of the catalogue.
    """
    shop.steps.append(raising(NoMoneyError("No.")))
    async with ask(install(shop.app, SHOP, strict=True)) as client:
        got = await client.put("/orders")

    assert 402 == got.status_code


async def test_catch_all_of_the_framework_is_free(shop: Shop) -> None:
    """
    C7. What the framework says before an operation begins (405, a body that cannot be read) is not held against it.
    """
    shop.steps.append(raising(HTTPException(400, "There was an error parsing the body")))
    async with ask(install(shop.app, SHOP, strict=True)) as client:
        wrong_method = await client.delete("/orders")
        wrong_body = await client.get("/orders/7")

    assert (405, 400) == (wrong_method.status_code, wrong_body.status_code)
    assert "There was an error parsing the body" == wrong_body.json()["error"]["message"]


@pytest.mark.parametrize(("method", "operation"), [("GET", "orders.get"), ("DELETE", None)])
def test_405_is_no_operations_error(method: str, operation: str | None) -> None:
    """
    C7. Where only the path fits, the route that the framework found is not the operation that was called.
    """
    route = SimpleNamespace(methods={"GET"}, operation_id="orders.get")

    assert operation == StarletteFramework(Starlette()).operation({"type": "http", "method": method, "route": route})


def test_undeclared_error_pickles() -> None:
    """
    C7. `UndeclaredError` pickles, and prints the same afterwards.
    """
    error = UndeclaredError("orders.get", NoMoneyError, (NotFoundError,))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert (str(error), "orders.get", NoMoneyError) == (str(again), again.operation, again.error)
