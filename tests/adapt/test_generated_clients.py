from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
from requests.structures import CaseInsensitiveDict

import failwell
from failwell import translating
from tests.adapt.shop import Busy, OutOfStock
from tests.adapt.test_translating import SHOP, BadAnswerError, NoConnectionError, TooSlowError

BODY = '{"error": {"code": "out_of_stock", "message": "No unicorn is left."}}'
HEADERS = {"X-Request-ID": "req_1"}


def response(status: int = 409, body: str = BODY) -> httpx.Response:
    """An answer as httpx has it."""
    asked = httpx.Request("POST", "https://api.test/orders", headers={"Authorization": "Bearer sk_0123456789"})
    return httpx.Response(status, headers=HEADERS, text=body, request=asked)


def exception(name: str, *, bases: tuple[type[Exception], ...] = (Exception,), **facts: Any) -> Exception:
    """An exception as a generator declares it: what it holds is what tells it."""
    made: Exception = type(name, bases, {"__module__": "generated_client.exceptions"})("generated")
    for fact, value in facts.items():
        setattr(made, fact, value)
    return made


def of_requests() -> requests.Response:
    """The same, as requests has it."""
    answered = requests.Response()
    answered.status_code, answered.headers = 409, CaseInsensitiveDict(HEADERS)
    answered._content = BODY.encode()  # pyright: ignore[reportPrivateUsage]
    return answered


REFUSALS: dict[str, Callable[[], Exception]] = {
    "openapi-generator": lambda: exception("ApiException", status=409, reason="Conflict", body=BODY, headers=HEADERS),
    "openapi-python-client": lambda: exception("UnexpectedStatus", status_code=409, content=BODY.encode()),
    "Stainless": lambda: exception("ConflictError", status_code=409, response=response(), body={"code": "other"}),
    "Speakeasy": lambda: exception("SDKError", status_code=409, raw_response=response(), body=BODY),
    "Kiota": lambda: exception(
        "APIError", response_status_code=409, response_headers=HEADERS, error={"code": "out_of_stock", "message": "No."}
    ),
    "azure-core": lambda: exception("HttpResponseError", status_code=409, response=of_requests(), message="No"),
    "google-api-core": lambda: exception("GoogleAPICallError", code=409, response=of_requests(), errors=()),
}


@pytest.mark.parametrize("generator", REFUSALS)
def test_refusal(generator: str) -> None:
    """
    What a generated client raises for a status is the contract's error, with the words and the request id in it.
    """
    refusal = REFUSALS[generator]()

    with pytest.raises(OutOfStock) as caught, translating(OutOfStock, Busy):
        raise refusal

    assert generator == "Kiota" or "No unicorn is left." == str(caught.value)
    assert generator == "openapi-python-client" or "req_1" == caught.value.request_id


NO_ANSWERS = (
    ("APIConnectionError", NoConnectionError),
    ("APITimeoutError", TooSlowError),
    ("ServiceRequestError", NoConnectionError),
    ("ServiceResponseTimeoutError", TooSlowError),
    ("APIResponseValidationError", BadAnswerError),
)


@pytest.mark.parametrize(("name", "expected"), NO_ANSWERS)
def test_no_answer(name: str, expected: type[failwell.Error]) -> None:
    """
    What it raises without an answer is the contract's error for that occasion.
    """
    with pytest.raises(expected), translating(SHOP):
        raise exception(name)


def test_botocore() -> None:
    """
    Botocore's `ClientError` holds the answer as a dict.
    """
    said = {
        "Error": {"Code": "out_of_stock", "Message": "No bucket is left."},
        "ResponseMetadata": {"HTTPStatusCode": 409, "HTTPHeaders": {}},
    }
    error: Any = type("ClientError", (Exception,), {"__module__": "botocore.exceptions"})("said")
    error.response = said

    with pytest.raises(OutOfStock, match=r"^No bucket is left\."), translating(OutOfStock):
        raise error


@pytest.mark.parametrize(
    "facts",
    [
        {"status_code": 404, "detail": "No", "headers": {}},
        {"code": 404, "description": "No", "response": None},
        {"status": 404},
        {"status_code": 200, "body": "fine"},
        {"status_code": True, "body": "odd"},
    ],
    ids=["Starlette", "Werkzeug", "a status", "a success", "no number"],
)
def test_status_of_somebody_else(facts: dict[str, Any]) -> None:
    """
    An exception that only names a status, as those of frameworks do, is none of a client.
    """
    problem = exception("HTTPException", **facts)

    with pytest.raises(type(problem)) as caught, translating(SHOP):
        raise problem

    assert problem is caught.value
