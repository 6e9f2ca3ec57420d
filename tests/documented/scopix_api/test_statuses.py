# ruff: noqa: D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from failwell.policy import RetryPolicy
from failwell.wire import Reply, parse_reply
from scopix import (
    AuthenticationError,
    PaymentRequiredError,
    RateLimitError,
    ResourceNotFoundError,
    ScopixError,
    ScopixPermissionError,
    ScopixTimeoutError,
    ServerError,
    UploadError,
    ValidationError,
)
from scopix.exceptions import CATALOGUE
from scopix_server import Settings
from tests.scopix_server.api import Api, picture

Serve = Callable[[Settings], Api]


def raised(answer: Any, operation: str | None = None) -> ScopixError:
    """What the SDK raises for an answer of the server."""
    reply = Reply(answer.status_code, dict(answer.headers), answer.content)
    found = parse_reply(reply, CATALOGUE, operation=operation)
    assert isinstance(found, ScopixError)
    assert answer.status_code == found.status_code
    return found


@pytest.mark.documented("scopix-api", line=12)
def test_200(api: Api) -> None:
    """
    200OKRequest succeeded
    """
    assert 200 == api.send("GET", "/files").status_code


@pytest.mark.documented("scopix-api", line=13)
def test_201(api: Api) -> None:
    """
    201CreatedResource created successfully
    """
    assert 201 == api.send("POST", "/uploads", json={"files": 1}).status_code


@pytest.mark.documented("scopix-api", line=14)
def test_204(api: Api) -> None:
    """
    204No ContentRequest succeeded, no content to return (typically for DELETE)
    """
    answer = api.send("DELETE", f"/files/{api.upload(picture('teal'))['id']}")

    assert (204, b"") == (answer.status_code, answer.content)


@pytest.mark.documented("scopix-api", line=15)
def test_400() -> None:
    """
    400Bad RequestInvalid request syntax or parameters

    The SDK knows it; the reference server says 422 where a request is well-formed, and to what is no JSON.
    """
    assert ValidationError is CATALOGUE.resolve(400)[0]
    assert "Invalid request syntax or parameters" == CATALOGUE.resolve(400)[1].cause


@pytest.mark.documented("scopix-api", line=16)
def test_401(api: Api) -> None:
    """
    401UnauthorizedMissing or invalid API key
    """
    for answer in (api.client.get("/files"), api.client.get("/files", headers={"Authorization": "Bearer sk_no"})):
        assert (AuthenticationError, 401) == (type(raised(answer)), answer.status_code)


@pytest.mark.documented("scopix-api", line=17)
def test_403(api: Api) -> None:
    """
    403ForbiddenValid API key but insufficient permissions or scope
    """
    answer = api.send("POST", "/uploads", "viewer", json={"files": 1})

    assert (ScopixPermissionError, 403) == (type(raised(answer)), answer.status_code)


@pytest.mark.documented("scopix-api", line=18)
def test_404(api: Api) -> None:
    """
    404Not FoundResource does not exist or you don't have access

    What belongs to somebody else is as if it did not exist.
    """
    theirs = api.upload(picture("navy"))["id"]
    for name, key in (("img_never", "member"), (theirs, "other")):
        found = raised(api.send("GET", f"/files/{name}", key))
        assert isinstance(found, ResourceNotFoundError)
        assert (404, name) == (found.status_code, found.resource_id)


@pytest.mark.documented("scopix-api", line=19)
def test_409(api: Api) -> None:
    """
    409ConflictResource already exists (e.g., duplicate upload)
    """
    first = api.upload(picture("olive"))
    found = raised(api.put(picture("olive")), "files.upload")

    assert isinstance(found, UploadError)
    assert (409, first["id"]) == (found.status_code, found.details["file_id"])


@pytest.mark.documented("scopix-api", line=20)
def test_402(api: Api) -> None:
    """
    402Payment RequiredSubscription is past due or payment required
    """
    answer = api.send("GET", "/files", "past_due")

    assert (PaymentRequiredError, 402) == (type(raised(answer)), answer.status_code)


@pytest.mark.documented("scopix-api", line=21)
def test_422(api: Api) -> None:
    """
    422Unprocessable EntityRequest is well-formed but contains validation errors or violates business rules
    """
    wrong, broken = api.send("GET", "/files?limit=no"), api.put(b"no picture", "a.png")

    assert (422, 422) == (wrong.status_code, broken.status_code)
    assert (ValidationError, UploadError) == (type(raised(wrong)), type(raised(broken, "files.upload")))


@pytest.mark.documented("scopix-api", line=22)
def test_429(api: Api) -> None:
    """
    429Too Many RequestsRate limit exceeded. Check Retry-After header.
    """
    while (answer := api.send("GET", "/files", "free")).status_code == 200:
        pass
    found = raised(answer)

    assert isinstance(found, RateLimitError)
    assert found.retry_after == int(answer.headers["retry-after"])


@pytest.mark.documented("scopix-api", line=23)
def test_500(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    500Internal Server ErrorServer error. Retry with exponential backoff.

    The SDK does: after about 1, 2 and 4 s.
    """

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("scopix_server.routes.files.get_file", broken)
    answer = api.send("GET", "/files/img_1")
    found = raised(answer)

    assert (ServerError, 500, "INTERNAL_ERROR") == (type(found), found.status_code, found.case.code)
    assert "bug" not in answer.text
    policy = RetryPolicy(CATALOGUE.retries)
    assert [1.0, 2.0, 4.0] == [policy.backoff(retry, Reply(500)) for retry in (1, 2, 3)]


@pytest.mark.documented("scopix-api", line=24)
def test_503(serve: Serve) -> None:
    """
    503Service UnavailableAI provider error, upstream service failure, or temporary overload. Retry after a short delay.
    """
    api = serve(Settings(vision_state="down"))
    answer = api.send("POST", f"/files/{api.upload()['id']}/description")
    found = raised(answer, "files.describe")

    assert (ServerError, 503, "transient") == (type(found), found.status_code, found.case.retry)


@pytest.mark.documented("scopix-api", line=25)
def test_504(serve: Serve) -> None:
    """
    504Gateway TimeoutOperation timed out. Retry with a smaller batch size or simpler query.
    """
    api = serve(Settings(vision_state="slow", description_seconds=0.05))
    answer = api.send("POST", f"/files/{api.upload()['id']}/description")
    found = raised(answer, "files.describe")

    assert (ScopixTimeoutError, 504, "TIMEOUT") == (type(found), found.status_code, found.case.code)
    assert "Retry with a smaller batch size or simpler query." == CATALOGUE.resolve(504)[1].fix
