from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from failwell.server import KeyStore, install
from pictograph.exceptions import CATALOGUE
from pictograph_server import Store, create_app, seed, set_credits
from pictograph_server.app import BASE_PATH

from .api import MovableClock
from .idle_jobs import idle_app

MISSING = "0a6e1b53-54b5-4f5e-9e54-0d6a2f6f3c11"
BATCH = {"dataset_name": "ds", "image_filenames": ["circle-1.png"], "classes": [{"name": "circle"}]}
IMPORT = {"provider": "folder", "api_key": "k", "datasets": [{"id": "shapes", "name": "n"}]}


class Installed:
    """The seeded server with its contract around it, and a key for each tenant."""

    def __init__(self, app: Any, keys: KeyStore) -> None:
        self._client = TestClient(app)
        self._keys = {tenant: keys.create(tenant, "member") for tenant in ("acme", "globex")}

    def send(self, method: str, path: str, body: Any = None, tenant: str = "acme") -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        headers = {"X-API-Key": self._keys[tenant]}
        response = self._client.request(method, BASE_PATH + path, json=body, headers=headers)
        return response.status_code, response.json() if response.content else None

    def fetch(self, path: str) -> tuple[int, bytes]:
        """The status and the body that GET *path* answers with, without a key."""
        response = self._client.get(path)
        return response.status_code, response.content


@pytest.fixture
def server(store: Store, clock: MovableClock) -> Iterator[Installed]:
    """The server; an error that an operation does not declare is raised."""
    seed(store, clock=clock)
    keys = KeyStore(store.folder.path / "keys.sqlite")
    app = create_app(store, clock=clock)
    contract = install(app, CATALOGUE, keys=keys, public=("/signed/*",), strict=True)
    with idle_app(app):
        yield Installed(contract, keys)
    keys.close()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/auto-annotate/batch", BATCH, 201),
        ("POST", "/auto-annotate/batch", BATCH | {"dataset_name": "no"}, 404),
        ("POST", "/auto-annotate/batch", BATCH | {"image_filenames": ["no.png"]}, 404),
        ("POST", "/auto-annotate/batch", BATCH | {"classes": [{"name": "thing"}]}, 422),
        ("POST", "/auto-annotate/batch/quote", {"dataset_name": "ds"}, 200),
        ("POST", "/auto-annotate/batch/quote", {"dataset_name": "no"}, 404),
        ("POST", "/auto-annotate/batch/quote", {"projected": [{}]}, 422),
        ("GET", f"/auto-annotate/batch/{MISSING}", None, 404),
        ("POST", f"/auto-annotate/batch/{MISSING}/cancel", None, 404),
        ("POST", "/connectors/validate", {"provider": "folder"}, 200),
        ("POST", "/connectors/validate", {"provider": "roboflow"}, 422),
        ("POST", "/connectors/import/start", IMPORT, 201),
        ("POST", "/connectors/import/start", IMPORT | {"provider": "roboflow"}, 422),
        ("POST", "/connectors/import/start", IMPORT | {"datasets": [{"id": "no", "name": "n"}]}, 404),
        ("POST", "/connectors/import/start", IMPORT | {"datasets": [{"id": "shapes", "name": "ds"}]}, 409),
        ("GET", f"/connectors/import/status/{MISSING}", None, 404),
        ("POST", f"/connectors/import/cancel/{MISSING}", None, 404),
        ("GET", "/exports/", None, 200),
        ("GET", "/exports/?dataset_name=no", None, 404),
        ("GET", "/exports/?limit=0", None, 422),
        ("GET", "/exports/exp/download?dataset=ds", None, 200),
        ("GET", "/exports/no/download?dataset=ds", None, 404),
        ("DELETE", "/exports/no?dataset=ds", None, 404),
        ("DELETE", "/exports/exp?dataset=ds", None, 204),
    ],
)
def test_statuses(server: Installed, method: str, path: str, *, body: Any, status: int) -> None:
    """
    Each operation answers with what its contract declares: nothing comes that was not announced.
    """
    assert status == server.send(method, path, body)[0]


def test_payment_required(server: Installed, store: Store) -> None:
    """
    A start without credits is a 402 whose `detail` has `required`, `remaining` and `upgrade_url`.
    """
    set_credits(store, "acme", 0)

    status, sent = server.send("POST", "/auto-annotate/batch", BATCH)

    message = "Annotating 1 image costs 1 credit, 0 are left. Top up at https://pictograph.io/billing"
    numbers = {"required": 1, "remaining": 0, "upgrade_url": "https://pictograph.io/billing"}
    assert (402, {"detail": {"message": message, **numbers}}) == (status, sent)


def test_delete_during_training(server: Installed) -> None:
    """
    Deleting an export that a run reads is a 409.
    """
    server.send("POST", "/training/", {"dataset_name": "ds", "export_name": "exp", "pipeline_type": "yolox"})

    assert 409 == server.send("DELETE", "/exports/exp?dataset=ds")[0]


@pytest.mark.parametrize(
    ("path", "body", "field", "calls"),
    [
        (
            "/auto-annotate/batch",
            BATCH,
            "job_id",
            ("GET /auto-annotate/batch/ID", "POST /auto-annotate/batch/ID/cancel"),
        ),
        (
            "/connectors/import/start",
            IMPORT,
            "import_id",
            ("GET /connectors/import/status/ID", "POST /connectors/import/cancel/ID"),
        ),
    ],
)
def test_foreign_is_missing(server: Installed, path: str, *, body: Any, field: str, calls: tuple[str, ...]) -> None:
    """
    Somebody else's job has the status and the body of one that does not exist.
    """
    job_id = server.send("POST", path, body)[1][field]

    for call in calls:
        method, _, place = call.partition(" ")
        told = [
            (status, str(sent).replace(wanted, "ID"))
            for wanted in (job_id, MISSING)
            for status, sent in [server.send(method, place.replace("ID", wanted), tenant="globex")]
        ]
        assert [404] == sorted({status for status, _ in told})
        assert told[0] == told[1]


def test_download_without_a_key(server: Installed) -> None:
    """
    The signed URL needs no API key; a wrong signature is a 403, a deleted export a 404.
    """
    url = server.send("GET", "/exports/exp/download?dataset=ds")[1]["data"]["download_url"]
    path = url.removeprefix("http://testserver")

    assert (200, b"PK") == (server.fetch(path)[0], server.fetch(path)[1][:2])
    assert 403 == server.fetch(f"{path}0")[0]
    assert 422 == server.fetch(path.partition("&")[0])[0]
    server.send("DELETE", "/exports/exp?dataset=ds")
    assert 404 == server.fetch(path)[0]
