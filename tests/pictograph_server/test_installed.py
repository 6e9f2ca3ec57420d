from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from failwell.server import KeyStore, install
from pictograph.exceptions import CATALOGUE
from pictograph_server import Store, create_app, seed, set_credits
from pictograph_server.app import BASE_PATH

from .api import MovableClock, box, picture


@pytest.fixture
def client(store: Store, clock: MovableClock) -> Iterator[TestClient]:
    """The seeded server with its contract around it, called with the key of a member of "acme"."""
    seed(store, clock=clock)
    keys = KeyStore(store.folder.path / "keys.sqlite")
    app = install(create_app(store, clock=clock), CATALOGUE, keys=keys, public=("/signed/*",))
    with TestClient(app, headers={"X-API-Key": keys.create("acme", "member")}) as client:
        yield client
    keys.close()


def answer(client: TestClient, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the JSON of the answer."""
    response = client.request(method, BASE_PATH + path, json=body)
    return response.status_code, response.json()


def test_validation_error(client: TestClient) -> None:
    """
    `class` instead of `name` is a 422 whose `detail` lists `loc`, `msg` and `type` of every offending field.
    """
    image = answer(client, "GET", "/images/?dataset=ds")[1]["data"][0]
    body = {"annotations": [{"class": "person", "type": "bbox"}]}

    status, sent = answer(client, "POST", f"/annotations/by-id/{image['id']}", body)

    expected = [
        {"loc": ["body", "annotations", 0, "class"], "msg": "use `name`, not `class`", "type": "class_instead_of_name"},
        {"loc": ["body", "annotations", 0, "bounding_box"], "msg": "A bbox needs `bounding_box`", "type": "missing"},
    ]
    assert (422, expected) == (status, sent["detail"])


def test_malformed_body(client: TestClient) -> None:
    """
    A body of another shape is a 422 without the values that were sent.
    """
    status, sent = answer(client, "POST", "/datasets/", {"name": ["canary"]})

    assert 422 == status
    assert [{"loc": ["body", "name"], "msg": "Input should be a valid string", "type": "string_type"}] == sent["detail"]


def test_payment_required(client: TestClient, store: Store) -> None:
    """
    Out of credits is a 402 whose `detail` has `required`, `remaining` and `upgrade_url`.
    """
    set_credits(store, "acme", 3)
    body = {"dataset_name": "ds", "export_name": "exp", "pipeline_type": "yolox"}

    status, sent = answer(client, "POST", "/training/", body)

    numbers = {"required": 18, "remaining": 3, "upgrade_url": "https://pictograph.io/billing"}
    assert (402, numbers) == (status, {key: sent["detail"][key] for key in numbers})


def test_not_found(client: TestClient) -> None:
    """
    A dataset that is not there is a 404 whose message hints at the one that differs by case.
    """
    status, sent = answer(client, "GET", "/datasets/DS")

    assert 404 == status
    assert 'there is "ds"' in str(sent["detail"])


def test_conflict(client: TestClient) -> None:
    """
    A duplicate is a 409 with its `error_code`, and so is a stale version.
    """
    saved = {"annotations": [box()], "version": 0}

    duplicate = answer(client, "POST", "/datasets/", {"name": "ds"})
    stale = answer(client, "POST", "/annotations/ds/circle-1.png", saved)

    assert (409, 409) == (duplicate[0], stale[0])
    assert '"duplicate_name"' in _json(duplicate[1])
    assert '"version_conflict"' in _json(stale[1])


def test_upload_without_a_key(client: TestClient) -> None:
    """
    The PUT to the signed URL needs no API key; a wrong signature is a 403 all the same.
    """
    body = {"dataset": "ds", "filename": "x.png", "content_type": "image/png"}
    url = answer(client, "POST", "/images/upload-url", body)[1]["data"]["upload_url"]
    del client.headers["X-API-Key"]

    wrong = client.put(f"{url}0", content=picture(), headers={"Content-Type": "image/png"})
    right = client.put(url, content=picture(), headers={"Content-Type": "image/png"})

    assert (403, 200) == (wrong.status_code, right.status_code)


def _json(sent: object) -> str:
    return str(sent).replace("'", '"')
