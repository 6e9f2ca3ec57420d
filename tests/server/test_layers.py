"""An API with two shapes of bodies: which one the server answers in, and with which case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, HTTPException
from starlette.testclient import TestClient

import failwell
from failwell import AllDetails, Case, Catalogue, Code, Local, Message, Status, field
from failwell.server import BodyLimits, Idempotency, KeyStore, SqliteStore, install
from failwell.wire import Detail, ErrorObject, Layered


class DeskError(failwell.Error, cases=(Case("KEY_CONFLICT", 409), Case("IDEMPOTENCY_CONFLICT", 409), Case())):
    code: Annotated[str, Code()] = field(missing="UNKNOWN")
    message: Message = field()
    details: Annotated[dict[str, Any], AllDetails()] = field(default_factory=dict)
    status: Annotated[int | None, Status()] = field(default=None, init=False)

    def __init__(self, code: str, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.details = code, message, dict(details or {})


class OwnCodeError(DeskError):
    code: Annotated[str, Local()] = "OWN"

    def __init__(self, message: str = "No") -> None:
        super().__init__(self.code, message)


class BadKeyError(
    OwnCodeError, layer="middleware", cases=(Case("BAD_KEY", 401), Case("OLD_KEY", 401), Case(None, 401))
):
    def __init__(self, message: str = "No") -> None:
        super().__init__(message)


class GoneError(OwnCodeError, cases=(Case("GONE", 404), Case("NO_ROUTE", 404, layer="middleware"), Case(None, 404))):
    def __init__(self, message: str = "No") -> None:
        super().__init__(message)


LARGE = Case("TOO_LARGE", 413, layer="middleware")


class LargeError(OwnCodeError, cases=(Case("NO_ROOM", 413), LARGE, Case(None, 413))):
    def __init__(self, message: str = "No") -> None:
        super().__init__(message)


class InvalidError(OwnCodeError, cases=(Case("INVALID", 422), Case(None, 422))):
    def __init__(self, message: str = "No") -> None:
        super().__init__(message)


class BrokenError(OwnCodeError, cases=(Case("BROKEN", 500, layer="middleware"), Case(None, "5XX"))):
    def __init__(self, message: str = "No") -> None:
        super().__init__(message)


DESK = Catalogue(
    "desk", base=DeskError, default=DeskError, envelope=Layered(handlers=Detail(), middleware=ErrorObject())
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """The desk, called by somebody who may."""
    app = FastAPI()

    @app.get("/parcels/{number}")
    def parcel(number: int) -> None:
        if number == 1:
            raise GoneError("Gone.")
        if number == 2:
            raise HTTPException(404, {"message": "Not here.", "code": "GONE", "shelf": "B"})
        if number == 3:
            raise LargeError("It does not fit.")
        if number == 4:
            raise HTTPException(404)
        raise RuntimeError("a bug")

    @app.post("/parcels")
    def send(parcel: dict[str, Any]) -> dict[str, Any]:
        return parcel

    keys = KeyStore(tmp_path / "keys.sqlite", header="Authorization", prefix="desk_")
    answers = SqliteStore(tmp_path / "answers.sqlite")
    served = install(app, DESK, keys=keys, idempotency=Idempotency(answers), bodies=BodyLimits(1000), strict=False)
    headers = {"Authorization": f"Bearer {keys.create('acme', 'member')}"}
    with TestClient(served, headers=headers, raise_server_exceptions=False) as client:
        yield client
    answers.close()
    keys.close()


def said(answer: Any) -> tuple[int, str, str | None]:
    """The status, who says it, and the code."""
    body = answer.json()
    layer = "error" if "error" in body else "detail"
    assert layer == "detail" or answer.headers["x-request-id"] == body["request_id"]
    return answer.status_code, layer, body[layer]["code"] if isinstance(body[layer], dict) else None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/nowhere", (404, "error", "NO_ROUTE")),
        ("/parcels/1", (404, "detail", "GONE")),
        ("/parcels/2", (404, "detail", "GONE")),
        ("/parcels/3", (413, "detail", "NO_ROOM")),
        ("/parcels/4", (404, "detail", "GONE")),
        ("/parcels/5", (500, "error", "BROKEN")),
        ("/parcels/x", (422, "detail", "INVALID")),
    ],
)
def test_who_says_it(client: TestClient, path: str, expected: tuple[int, str, str]) -> None:
    """
    S10. What no route answers is said by middleware, the rest by handlers: each with the first case that fits.
    """
    assert expected == said(client.get(path))


def test_refusals(client: TestClient) -> None:
    """
    S10. What is refused before a handler is middleware's: the key, the size; in words of the catalogue.
    """
    key = {"Idempotency-Key": "once"}
    client.post("/parcels", json={"a": 1}, headers=key)
    large = client.post("/parcels", json={"a": "x" * 1000})

    assert (401, "error", "BAD_KEY") == said(client.get("/parcels/1", headers={"Authorization": ""}))
    assert (413, "error", "TOO_LARGE") == said(large)
    assert 1000 == large.json()["error"]["details"]["limit"]
    assert (409, "detail", "IDEMPOTENCY_CONFLICT") == said(client.post("/parcels", json={"a": 2}, headers=key))


def test_details(client: TestClient) -> None:
    """
    S10. What an HTTPException tells beside code and message is in the details, and the field of a 422 with its errors.
    """
    told = client.get("/parcels/2").json()["detail"]
    wrong = client.get("/parcels/x").json()["detail"]

    assert {"code": "GONE", "message": "Not here.", "shelf": "B"} == told
    assert "number" in wrong["field"]
    assert ["int_parsing"] == [entry["type"] for entry in wrong["errors"]]
