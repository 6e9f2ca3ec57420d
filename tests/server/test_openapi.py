"""A FastAPI app's own document tells of the contract's errors."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from openapi_spec_validator import validate
from pydantic import BaseModel, create_model
from starlette.applications import Starlette

from failwell import Catalogue
from failwell.clock import VirtualClock
from failwell.reference.openapi.examples import declared, examples
from failwell.server import install
from failwell.wire import ErrorObject, parse_reply, snapshot
from pictograph.exceptions import CATALOGUE as PICTOGRAPH
from pictograph_server import Store, create_app
from tests.reference.documents import Document, complaints, resolved, responses_of, shown

from .shop import SHOP, InvalidError, NotFoundError, ShopError, TakenError, ask

REFUSALS = Catalogue(
    "shop",
    base=ShopError,
    default=ShopError,
    errors=(ShopError, NotFoundError, TakenError, InvalidError),
    envelope=ErrorObject(),
    operations={
        "orders.get": NotFoundError,
        "orders.create": (TakenError, InvalidError),
        "orders.later": TakenError,
    },
)


class Order(BaseModel):
    name: str


class OwnWords(BaseModel):
    reason: str


def orders(**how: Any) -> FastAPI:
    """An app with two operations; *how* is told to the route that gets an order."""
    app = FastAPI(title="Orders")

    @app.get("/orders/{number}", operation_id="orders.get", **how)
    def get(number: int) -> Order:
        return Order(name=str(number))

    @app.post("/orders", operation_id="orders.create", status_code=201)
    def create(order: Order) -> Order:
        return order

    return app


def installed(app: FastAPI, catalogue: Catalogue = REFUSALS) -> Document:
    """The document of *app* with the contract around it: valid, and plain JSON."""
    install(app, catalogue)
    document: Document = json.loads(json.dumps(app.openapi()))
    validate(document)
    return document


@pytest.fixture(scope="module")
def pictograph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Document]:
    """The document of the reference server."""
    folder: Path = tmp_path_factory.mktemp("pictograph")
    store = Store(folder / "data")
    yield installed(create_app(store, clock=VirtualClock()), PICTOGRAPH)
    store.close()


def test_every_example_of_a_server_parses(pictograph: Document) -> None:
    """
    C6. Every example in the document of the Pictograph server is parsed to its class, with everything that travels.
    """
    found = list(shown(pictograph))
    assert {cls for name in responses_of(pictograph) for cls in declared(PICTOGRAPH, name)} == {
        type(parse_reply(one.reply, PICTOGRAPH, operation=one.operation)) for one in found
    }
    for one in found:
        wanted = next(known for known in examples(PICTOGRAPH, one.operation) if known.name == one.name)
        assert snapshot(wanted.error) == snapshot(parse_reply(one.reply, PICTOGRAPH, operation=one.operation))
        assert [] == complaints(pictograph, one.schema, json.loads(one.reply.body))


def test_an_operation_of_a_server_has_what_it_raises(pictograph: Document) -> None:
    """
    C7. Each operation has exactly the error statuses of its `raises`, and what FastAPI would say of a 422 is gone.
    """
    for operation, responses in responses_of(pictograph).items():
        assert {str(one.case.status or "default") for one in examples(PICTOGRAPH, operation)} == {
            status for status in responses if not status.startswith("2")
        }
    assert "HTTPValidationError" not in json.dumps(pictograph)
    assert "ValidationError" == pictograph["components"]["schemas"]["ValidationError"]["title"]
    assert set(PICTOGRAPH.operations) & set(responses_of(pictograph))


@pytest.mark.anyio
async def test_the_served_document_is_the_merged_one() -> None:
    """
    C6. `/openapi.json` is that document, and the app's own routes and models are in it.
    """
    app = orders()
    async with ask(install(app, REFUSALS)) as client:
        served = (await client.get("/openapi.json")).json()

    assert json.loads(json.dumps(app.openapi())) == served
    assert ["200", "404"] == sorted(responses_of(served)["orders.get"])
    assert ["201", "409", "422"] == sorted(responses_of(served)["orders.create"])
    assert "Order" in served["components"]["schemas"]


def test_a_422_of_the_framework_is_replaced() -> None:
    """
    C6. Where the contract declares a 422 it stands in place of FastAPI's; where it declares none, none is sent.
    """
    document = installed(orders())
    response = resolved(document, responses_of(document)["orders.create"]["422"])

    assert "InvalidError" == resolved(document, response["content"]["application/json"]["schema"])["title"]
    assert {"HTTPValidationError", "ValidationError"}.isdisjoint(document["components"]["schemas"])


def test_what_the_app_says_is_kept() -> None:
    """
    C6. A response that the app declares itself keeps its words, headers, schema and example beside the contract's.
    """
    own = {
        "model": OwnWords,
        "description": "No such order in this shop.",
        "headers": {"X-Shop": {"schema": {"type": "string"}}},
        "content": {"application/json": {"example": {"reason": "sold"}}},
    }
    document = installed(orders(responses={404: own, 418: {"description": "Short and stout."}}))
    found = responses_of(document)["orders.get"]
    content = found["404"]["content"]["application/json"]

    assert "No such order in this shop.\n\nIt is not there." == found["404"]["description"]
    assert ["X-Request-ID", "X-Shop"] == sorted(found["404"]["headers"])
    assert [{"$ref": "#/components/schemas/OwnWords"}, {"$ref": "#/components/schemas/NotFoundError"}] == (
        content["schema"]["anyOf"]
    )
    assert {"example": {"value": {"reason": "sold"}}}.items() <= content["examples"].items()
    assert {"NotFoundError", "example"} == set(content["examples"])
    assert "Short and stout." == found["418"]["description"]


def test_a_description_by_the_framework_gives_way() -> None:
    """
    C6. "Not Found", which FastAPI fills in, says less than the contract.
    """
    found = responses_of(installed(orders(responses={404: {"model": OwnWords}})))["orders.get"]

    assert "It is not there." == found["404"]["description"]


def test_a_model_of_the_same_name_keeps_it() -> None:
    """
    C6. A model of the app that is called like a class of the contract keeps its name; the class gets the vendor's.
    """
    app = orders()

    model = create_model("NotFoundError", where=(str, ...))

    @app.get("/lost", operation_id="lost.list", response_model=model)
    def lost() -> dict[str, str]:
        return {"where": "here"}

    document = installed(app)
    schemas = document["components"]["schemas"]
    response = resolved(document, responses_of(document)["orders.get"]["404"])

    assert ["where"] == list(schemas["NotFoundError"]["properties"])
    assert {"$ref": "#/components/schemas/shop.NotFoundError"} == response["content"]["application/json"]["schema"]
    assert ["error"] == list(schemas["shop.NotFoundError"]["properties"])


def test_an_app_with_an_openapi_of_its_own() -> None:
    """
    C6. An app that overrides `app.openapi`, as FastAPI's documentation shows, keeps what it does there.
    """
    app = orders()

    def custom() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = get_openapi(title="Ours", version="7", routes=app.routes)
            app.openapi_schema["info"]["x-logo"] = {"url": "logo.png"}
        return app.openapi_schema

    app.openapi = custom  # type: ignore[method-assign]  # as FastAPI's documentation does
    document = installed(app)

    assert {"title": "Ours", "version": "7", "x-logo": {"url": "logo.png"}} == document["info"]
    assert "404" in responses_of(document)["orders.get"]


def test_the_apps_own_document_is_left_alone() -> None:
    """
    What the app itself made is not changed by the merge, nor merged twice when an app around it is installed too.
    """
    app = orders()
    own = copy.deepcopy(app.openapi())
    once = installed(app)
    outer = FastAPI()
    outer.mount("/v1", app)
    installed(outer)
    twice = app.openapi()

    assert own == app.openapi_schema
    assert once == twice
    assert app.openapi() is app.openapi()


def test_a_later_route_is_in_the_document() -> None:
    """
    A route that is added after the document was asked for gets its errors when it is asked for again.
    """
    app = orders()
    installed(app)

    @app.post("/later", operation_id="orders.later")
    def later() -> None: ...

    assert {"200", "409"} == set(app.openapi()["paths"]["/later"]["post"]["responses"])


def test_a_mounted_app() -> None:
    """
    C6. An app that is mounted in another tells of the errors in its own document.
    """
    inner, outer = orders(), FastAPI()
    outer.mount("/v1", inner)
    install(outer, REFUSALS)

    assert "404" in responses_of(inner.openapi())["orders.get"]
    validate(outer.openapi())


def test_openapi_3_0() -> None:
    """
    C6. A document of version 3.0 stays one: no type of null, which only 3.1 has.
    """
    app = orders()
    app.openapi_version = "3.0.3"
    document = installed(app)

    code = document["components"]["schemas"]["NotFoundError"]["properties"]["error"]["properties"]["code"]
    assert ("3.0.3", {"nullable": True, "enum": [None]}) == (document["openapi"], code["anyOf"][0])


def test_an_app_without_a_document() -> None:
    """
    A Starlette app has no document, and the contract is installed all the same.
    """
    assert install(Starlette(), SHOP) is not None
