from __future__ import annotations

import asyncio
import http.client
import pickle
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

import failwell
from failwell import Catalogue, CatalogueError
from failwell.wire.envelopes import Detail
from tests.adapt import shop
from tests.adapt.shop import Busy, OutOfStock
from tests.servers.scripted import ScriptedServer

KEY = "sk_canary_0123456789"
GONE = {"error": {"code": "out_of_stock", "message": "No unicorn is left.", "details": {"sku": "unicorn"}}}


def by_urllib3(url: str, headers: dict[str, str], **options: Any) -> Any:
    """By urllib3."""
    with urllib3.PoolManager() as pool:
        return pool.request("GET", url, headers=headers, **options)


def streamed_by_urllib3(url: str, headers: dict[str, str]) -> Any:
    """By urllib3, unread."""
    return by_urllib3(url, {**headers, "Connection": "close"}, preload_content=False)


def by_http_client(url: str, headers: dict[str, str]) -> Any:
    """By http.client."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    connection.request("GET", "/", headers={**headers, "Connection": "close"})  # the response has the socket now
    return connection.getresponse()


def by_urllib(url: str, headers: dict[str, str]) -> Any:
    """By urllib."""
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5)  # noqa: S310
    except urllib.error.HTTPError as error:
        return error


def streamed_by_httpx(url: str, headers: dict[str, str]) -> Any:
    """By httpx, unread."""
    client = httpx.Client()
    return client.send(client.build_request("GET", url, headers={**headers, "Connection": "close"}), stream=True)


LIBRARIES: dict[str, Callable[[str, dict[str, str]], Any]] = {
    "requests": lambda url, headers: requests.get(url, headers=headers, timeout=5),
    "requests, streamed": lambda url, headers: requests.get(url, headers=headers, timeout=5, stream=True),
    "httpx": lambda url, headers: httpx.get(url, headers=headers),
    "httpx, streamed": streamed_by_httpx,
    "httpx2": lambda url, headers: httpx2.get(url, headers=headers),
    "urllib3": by_urllib3,
    "urllib3, streamed": streamed_by_urllib3,
    "http.client": by_http_client,
    "urllib": by_urllib,
}
TELLS_THE_REQUEST = ("requests", "requests, streamed", "httpx", "httpx, streamed", "httpx2")


@pytest.mark.parametrize("library", LIBRARIES)
def test_success(library: str, server: ScriptedServer) -> None:
    """
    A success is given back as it is, also one whose body nobody has read.
    """
    response = LIBRARIES[library](server.url, {})

    assert response is failwell.raise_for(response, OutOfStock, Busy)
    response.close()


@pytest.mark.parametrize("library", LIBRARIES)
def test_error(library: str, server: ScriptedServer) -> None:
    """
    An error of the contract is raised with its fields, its words, and what is known of the exchange.
    """
    server.answer(409, GONE, X_Request_ID="req_7")
    response = LIBRARIES[library](server.url, {"Authorization": f"Bearer {KEY}"})

    with pytest.raises(OutOfStock) as caught:
        failwell.raise_for(response, OutOfStock, Busy)
    error = caught.value

    assert ("No unicorn is left.", "unicorn", "req_7") == (str(error), error.sku, error.request_id)
    assert [(409, 0.0, "status 409", "req_7")] == [tuple(attempt) for attempt in error.attempts]
    assert ["Offer something else. (request req_7)"] == error.__notes__
    assert b"No unicorn is left." in error.body
    response.close()


@pytest.mark.parametrize("library", LIBRARIES)
def test_advice(library: str, server: ScriptedServer) -> None:
    """
    What other retry engines are advised goes by the method of the request and the wait that the server asked for.
    """
    server.answer(503, Retry_After_Ms="7000")  # urllib3 waits for a Retry-After by itself
    response = LIBRARIES[library](server.url, {})

    with pytest.raises(Busy) as caught:
        failwell.raise_for(response, OutOfStock, Busy)
    assert failwell.RetryAdvice(True, 7.0, True) == caught.value.retry
    response.close()


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_secret(library: str, server: ScriptedServer) -> None:
    """
    A credential of the request that the server echoes is not in the error, nor in a traceback with local variables.
    """
    server.answer(409, {"error": {"code": "out_of_stock", "message": f"Bearer {KEY} may not", "details": {"sku": KEY}}})
    named = () if library in TELLS_THE_REQUEST else (KEY,)
    response = LIBRARIES[library](server.url, {"Authorization": f"Bearer {KEY}"})

    with pytest.raises(OutOfStock) as caught:
        failwell.raise_for(response, OutOfStock, secrets=named)
    error = caught.value
    response.close()
    del response

    assert "*** may not" in str(error)
    assert KEY not in f"{error!r} {vars(error)} {error.args} {pickle.dumps(error)!r}"
    stack = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    ours = [frame for frame in stack if "/adapt/" in frame.filename and "/tests/" not in frame.filename]
    assert [] == [frame.name for frame in ours if KEY in str(frame.locals)]


def test_credentials_in_query_and_body(server: ScriptedServer) -> None:
    """
    What stands in the query, in a cookie or in a field of the body that is named like a secret is hidden, too.
    """
    words = {"message": "query q_0123456789 cookie c_0123456789 body b_0123456789 form name"}
    server.answer(409, {"error": {"code": "out_of_stock", **words}})
    response = requests.post(
        f"{server.url}/?api_key=q_0123456789",
        json={"password": "b_0123456789", "name": "name"},
        cookies={"session": "c_0123456789"},
        timeout=5,
    )

    with pytest.raises(OutOfStock, match=r"^query \*\*\* cookie \*\*\* body \*\*\* form name"):
        failwell.raise_for(response, OutOfStock)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, {"detail": "Rule not found"}, "Rule not found"),
        (404, b"<html><title>404 Not Found</title>", "404 Not Found"),
        (502, b"", "502 Bad Gateway, without a readable message"),
        (418, {"title": "I am a teapot", "type": "about:blank"}, "I am a teapot"),
        (401, {"error": "invalid_client", "error_description": "The client is unknown"}, "The client is unknown"),
        (500, b"\xff\xfe\x00", "500 Internal Server Error, without a readable message"),
        (302, b"", "302 Found, without a readable message"),
    ],
)
def test_error_that_nobody_claims(status: int, body: object, said: str, server: ScriptedServer) -> None:
    """
    What no class of the contract claims is their common base, with the words that the body has in whatever shape.
    """
    server.answer(status, body)
    response = httpx.get(server.url)

    with pytest.raises(failwell.Error) as caught:
        failwell.raise_for(response, OutOfStock, Busy)

    assert (failwell.Error, said) == (type(caught.value), str(caught.value))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (409, {"code": "out_of_stock", "message": "Flat", "sku": "u"}, ("OutOfStock", "Flat", "u")),
        (409, {"detail": {"code": "out_of_stock", "message": "Detail", "sku": "u"}}, ("OutOfStock", "Detail", "u")),
        (409, {"error": "out_of_stock", "error_description": "OAuth"}, ("OutOfStock", "OAuth", "")),
        (409, {"type": "https://x.test/out_of_stock", "title": "Problem"}, ("OutOfStock", "Problem", "")),
        (409, {"error": {"code": "other", "message": "Another"}}, ("Error", "Another", None)),
        (503, {"message": "Busy"}, ("Busy", "Busy", None)),
        (409, {"error": {"code": "out_of_stock", "message": "Inside", "sku": "u"}}, ("OutOfStock", "Inside", "u")),
        (409, {"error": {"error_code": "out_of_stock", "message": "Code", "sku": "u"}}, ("OutOfStock", "Code", "u")),
        (409, {"detail": {"error_code": "out_of_stock", "msg": "Msg", "sku": "u"}}, ("OutOfStock", "Msg", "u")),
        (409, {"detail": {"errorCode": "out_of_stock", "message": "D", "sku": "u"}}, ("OutOfStock", "D", "u")),
        (409, {"error": {"type": "out_of_stock", "message": "Type", "sku": "u"}}, ("OutOfStock", "Type", "u")),
        (409, {"type": "error", "error": {"type": "out_of_stock", "message": "T"}}, ("OutOfStock", "T", "")),
        (409, {"error": {"type": "invalid", "code": "out_of_stock", "message": "C"}}, ("OutOfStock", "C", "")),
        (409, {"error": {"type": "invalid", "code": None, "message": "C"}}, ("Error", "C", None)),
        (409, {"error": {"code": 409, "status": "out_of_stock", "message": "G"}}, ("OutOfStock", "G", "")),
        (409, {"error": {"code": 409, "message": "G"}}, ("Error", "G", None)),
        (
            409,
            {"errors": [{"code": "out_of_stock", "detail": "JSON:API", "meta": {"sku": "u"}}, {"code": "x"}]},
            ("OutOfStock", "JSON:API", "u"),
        ),
        (
            409,
            {"errors": [{"message": "GraphQL", "extensions": {"code": "out_of_stock", "sku": "u"}}]},
            ("OutOfStock", "GraphQL", "u"),
        ),
        (409, {"errors": []}, ("Error", "409 Conflict, without a readable message", None)),
        (409, {"errors": ["a sentence"]}, ("Error", "a sentence", None)),
        (409, {"error": {}}, ("Error", "409 Conflict, without a readable message", None)),
        (
            409,
            {"error": {"code": "out_of_stock", "message": "D", "sku": "x", "details": {"sku": "u"}}},
            ("OutOfStock", "D", "u"),
        ),
    ],
)
def test_any_shape(status: int, body: object, expected: tuple[str, str, str | None], server: ScriptedServer) -> None:
    """
    Classes without a catalogue are found by their code in any well-known shape of a body.
    """
    server.answer(status, body)

    with pytest.raises(failwell.Error) as caught:
        failwell.raise_for(requests.get(server.url, timeout=5), OutOfStock, Busy)

    found = caught.value
    assert expected == (type(found).__name__, str(found), getattr(found, "sku", None))


def test_contract_as_a_module_or_a_catalogue(server: ScriptedServer) -> None:
    """
    A module that declares the classes, or a catalogue, says what there is, too.
    """
    detail = Catalogue("shop", base=failwell.Error, default=failwell.Error, errors=(Busy,), envelope=Detail())
    for contract in (shop, detail, Busy):
        server.answer(503, {"detail": "Busy"}, Retry_After="7")

        with pytest.raises(Busy) as caught:
            failwell.raise_for(requests.get(server.url, timeout=5), contract)

        assert 7 == caught.value.retry_after


def test_operation(server: ScriptedServer) -> None:
    """
    The name of what was asked decides, where the contract tells operations apart.
    """

    class Late(failwell.Error, cases=(failwell.Case(status=404, operation="orders.get"),)):
        """There is no such order."""

    for operation, expected in (("orders.get", Late), ("orders.list", failwell.Error), (None, failwell.Error)):
        server.answer(404)
        with pytest.raises(failwell.Error) as caught:
            failwell.raise_for(requests.get(server.url, timeout=5), Late, operation=operation)

        assert expected is type(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("a text", "builtins.str is no response that Failwell understands"),
        (None, "builtins.NoneType is no response that Failwell understands"),
        ({"status": 404}, "builtins.dict is no response that Failwell understands"),
        (requests.Session(), "requests.sessions.Session is no response that Failwell understands"),
    ],
)
def test_no_response(given: object, said: str) -> None:
    """
    What is no response is named, beside what is understood.
    """
    with pytest.raises(TypeError, match=said) as caught:
        failwell.raise_for(given, OutOfStock)

    assert "requests, niquests, httpx, httpx2, urllib3, aiohttp" in str(caught.value)


@pytest.mark.parametrize(
    ("contract", "kind", "said"),
    [
        ((), CatalogueError, "No contract was given"),
        ((pytest,), CatalogueError, "declares no class derived from failwell.Error"),
        ((ValueError,), TypeError, "<class 'ValueError'> is no contract"),
        (("shop",), TypeError, "'shop' is no contract"),
    ],
)
def test_no_contract(contract: tuple[Any, ...], kind: type[Exception], said: str, server: ScriptedServer) -> None:
    """
    What is no contract is named, beside what is one.
    """
    server.answer(409)
    response = requests.get(server.url, timeout=5)

    with pytest.raises(kind, match=said):
        failwell.raise_for(response, *contract)


def requests_response() -> requests.Response:
    """Made as tests of other people make one."""
    response = requests.Response()
    response.status_code, response._content = 409, b'{"code": "out_of_stock"}'
    return response


BY_HAND: dict[str, Callable[[], Any]] = {
    "httpx": lambda: httpx.Response(409, json={"code": "out_of_stock"}),
    "httpx, streamed": lambda: httpx.Response(409, content=iter([b'{"code":', b'"out_of_stock"}'])),
    "httpx2": lambda: httpx2.Response(409, json={"code": "out_of_stock"}),
    "requests": requests_response,
    "urllib3": lambda: urllib3.HTTPResponse(status=409, body=b'{"code": "out_of_stock"}'),
    "urllib": lambda: urllib.error.HTTPError("http://a", 409, "", Message(), BytesIO(b'{"code": "out_of_stock"}')),
}


@pytest.mark.parametrize("library", BY_HAND)
def test_made_by_hand(library: str) -> None:
    """
    A response that a test made, without a request, is read as one that came.
    """
    with pytest.raises(OutOfStock) as caught:
        failwell.raise_for(BY_HAND[library](), OutOfStock)

    assert [409] == [attempt.status for attempt in caught.value.attempts]


def test_botocore() -> None:
    """
    A dict of botocore is a response: its code is the contract's.
    """
    answer = {
        "Error": {"Code": "out_of_stock", "Message": "No bucket is left."},
        "ResponseMetadata": {"HTTPStatusCode": 409, "HTTPHeaders": {"x-request-id": "aws_1"}, "RetryAttempts": 0},
    }

    with pytest.raises(OutOfStock, match=r"^No bucket is left\.") as caught:
        failwell.raise_for(answer, OutOfStock)

    assert "aws_1" == caught.value.request_id
    fine = {"ResponseMetadata": {"HTTPStatusCode": 200}, "Buckets": []}
    assert fine is failwell.raise_for(fine, OutOfStock)


def test_aiohttp(server: ScriptedServer) -> None:
    """
    A response of aiohttp is read by `await araise_for`, whether somebody has read it or not.
    """

    async def ask(*, read_before: bool) -> None:
        server.answer(409, GONE)
        async with aiohttp.ClientSession() as session, session.get(server.url) as response:
            if read_before:
                await response.read()
            await failwell.araise_for(response, OutOfStock)

    for read_before in (True, False):
        with pytest.raises(OutOfStock, match=r"^No unicorn is left\."):
            asyncio.run(ask(read_before=read_before))


def test_body_that_nobody_could_await(server: ScriptedServer) -> None:
    """
    Where only `araise_for` could read the body, `raise_for` knows the error by its status.
    """

    async def ask() -> None:
        server.answer(503, {"message": "Not read"}, Retry_After="3")
        async with httpx.AsyncClient() as client, client.stream("GET", server.url) as response:
            failwell.raise_for(response, Busy)

    async def read() -> None:
        server.answer(503, {"message": "Read"}, Retry_After="3")
        async with httpx.AsyncClient() as client, client.stream("GET", server.url) as response:
            await failwell.araise_for(response, Busy)

    with pytest.raises(Busy) as caught:
        asyncio.run(ask())
    with pytest.raises(Busy, match=r"^Read"):
        asyncio.run(read())

    assert ("Too many customers at once.", 3) == (str(caught.value), caught.value.retry_after)


def test_long_body(server: ScriptedServer) -> None:
    """
    Of a long body that was streamed no more is read than an error needs, and 8 KiB of it are kept.
    """
    server.answer(503, b"x" * 5_000_000)
    response = requests.get(server.url, timeout=5, stream=True)

    with pytest.raises(Busy) as caught:
        failwell.raise_for(response, Busy)

    assert (8192, True) == (len(caught.value.body), caught.value.body_truncated)
