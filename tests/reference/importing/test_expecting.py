from __future__ import annotations

from typing import Any

import pytest

from failwell.reference.importing.planning import plan

from .documents import document, imported, text_of

GONE = {"404": {"description": "No such order."}}
KEYED: dict[str, Any] = {"security": [{"key": []}]}
SCHEMES: dict[str, Any] = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "odd": {"type": "apiKey", "in": "header", "name": "a\r\nb"},
    "basic": {"type": "http", "scheme": "Basic"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "oauth": {"type": "oauth2", "flows": {}},
}


def of_one(operation: dict[str, Any], path: str = "/orders", method: str = "get", **more: Any) -> dict[str, Any]:
    """A document of one operation, which declares a 404 unless it says otherwise."""
    asked = {"operationId": "it", "responses": GONE, **operation}
    return {**document({path: {method: asked}}, {"securitySchemes": SCHEMES}), **more}


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        (of_one({}), ["429", "500 or 503"]),
        (of_one({"responses": {**GONE, "429": {}, "503": {}}}), []),
        (of_one({"responses": {**GONE, "4XX": {}, "5XX": {}}}), []),
        (of_one({"responses": {"default": {}}}), []),
        (of_one({"responses": {"400": {}}}, "/orders/{id}"), ["404", "429", "500 or 503"]),
        (of_one({"responses": {"410": {}}}, "/orders/{id}"), ["429", "500 or 503"]),
        (of_one(KEYED), ["401", "429", "500 or 503"]),
        (of_one({}, security=[{"key": []}]), ["401", "429", "500 or 503"]),
        (of_one({"security": []}, security=[{"key": []}]), ["429", "500 or 503"]),
        (of_one({"security": [{"key": []}, {}]}), ["429", "500 or 503"]),
        (of_one({"security": [{"oauth": ["write"]}]}), ["401", "403", "429", "500 or 503"]),
        (of_one({"requestBody": {"content": {}}}, method="post"), ["400 or 422", "429", "500 or 503"]),
        (of_one({"security": "key", "parameters": 7}), ["429", "500 or 503"]),
    ],
)
def test_expected(data: dict[str, Any], missing: list[str]) -> None:
    """
    Errors that one would expect of an operation, and that it does not declare, are comments at the top of the module.
    """
    made = plan(data, where="x.json")

    assert missing == [line.partition(",")[0] for line in made.expected]
    assert [line.endswith(" (1 x): it") for line in made.expected] == [True] * len(missing)
    said = "# To be expected, and not declared:\n" in text_of(data)
    assert (bool(missing), True) == (said, all(f"# - {one}," in text_of(data) for one in missing))
    assert imported(data).CATALOGUE.name == "shop"


@pytest.mark.parametrize(
    ("data", "method", "url", "headers"),
    [
        (of_one({}), "GET", "http://127.0.0.1:8000/orders", {}),
        (of_one({}, servers=[{"url": "https://shop.example/v1/"}]), "GET", "https://shop.example/v1/orders", {}),
        (of_one({}, servers=[{"url": "/v1"}]), "GET", "http://127.0.0.1:8000/v1/orders", {}),
        (of_one({}, servers=[]), "GET", "http://127.0.0.1:8000/orders", {}),
        (of_one({}, servers="x"), "GET", "http://127.0.0.1:8000/orders", {}),
        (
            of_one({}, servers=[{"url": "https://{at}.example", "variables": {"at": {"default": "eu"}}}]),
            "GET",
            "https://eu.example/orders",
            {},
        ),
        (
            of_one({"parameters": [{"name": "id", "in": "path", "example": "a/b"}]}, "/orders/{id}"),
            "GET",
            "http://127.0.0.1:8000/orders/a%2Fb",
            {},
        ),
        (
            of_one({"parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}]}, "/orders/{id}"),
            "GET",
            "http://127.0.0.1:8000/orders/1",
            {},
        ),
        (
            of_one(
                {
                    "parameters": [
                        {"name": "size", "in": "query", "required": True, "schema": {"enum": ["big one"]}},
                        {"name": "old", "in": "query", "required": True, "schema": {"default": True}},
                        {"name": "page", "in": "query"},
                    ]
                }
            ),
            "GET",
            "http://127.0.0.1:8000/orders?size=big+one&old=true",
            {},
        ),
        (of_one({}, method="post"), "POST", "http://127.0.0.1:8000/orders", {}),
        (of_one(KEYED), "GET", "http://127.0.0.1:8000/orders", {"X-API-Key": "YOUR_KEY"}),
        (of_one({"security": [{"query": []}]}), "GET", "http://127.0.0.1:8000/orders", {}),
        (of_one({"security": [{"odd": []}]}), "GET", "http://127.0.0.1:8000/orders", {}),
        (of_one({"security": [{"nope": []}]}), "GET", "http://127.0.0.1:8000/orders", {}),
        (
            of_one({"security": [{"basic": []}]}),
            "GET",
            "http://127.0.0.1:8000/orders",
            {"Authorization": "Basic YOUR_KEY"},
        ),
        (
            of_one({"security": [{"oauth": [], "key": []}]}),
            "GET",
            "http://127.0.0.1:8000/orders",
            {"Authorization": "Bearer YOUR_KEY", "X-API-Key": "YOUR_KEY"},
        ),
    ],
)
def test_call(data: dict[str, Any], method: str, url: str, headers: dict[str, str]) -> None:
    """
    The call to begin with is to the server that the document names, with a value for all that must be given.
    """
    assert (method, url, headers) == plan(data, where="x.json").call[1:]


def test_the_easiest_call() -> None:
    """
    Of several operations it is one that reads, declares errors, and needs the least.
    """
    needy = {"parameters": [{"name": "q", "in": "query", "required": True}], "responses": GONE}
    data = document(
        {
            "/a": {"post": {"responses": GONE}},
            "/b": {"get": {"responses": {}}},
            "/c": {"get": needy},
            "/d": {"get": {"responses": GONE}, "parameters": []},
        }
    )

    assert "GET /d" == plan(data, where="x.json").call.operation.name
