from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from pictograph.exceptions import ForbiddenError, NotFoundError, ServerError, ValidationError
from pictograph_server import Settings

from .api import Api, box, picture


@pytest.fixture
def api(api: Api) -> Api:
    """A server with an export "exp" of two images of one name, and one that is not annotated."""
    api.save(api.upload(picture("red")), box("a"), box("b"))
    api.save(api.upload(picture("blue"), directory_path="/train/ü"), box("c"))
    api.upload(picture(), "without.png")
    api.post("/exports/", {"dataset_name": "ds", "name": "exp"})
    return api


def url_of(api: Api, path: str = "exp/download?dataset=ds") -> str:
    """The signed URL of an export, as path and query."""
    url = urlsplit(api.get(f"/exports/{path}")["data"]["download_url"])
    return f"{url.path}?{url.query}"


def fetch(api: Api, url: str) -> Any:
    """The answer to GET *url*, without a key."""
    return TestClient(api.app).get(url)


def test_download(api: Api) -> None:
    """
    An export is downloaded as a zip archive with its annotations and its images, each in its folder.
    """
    answer = fetch(api, url_of(api))

    assert (200, "application/zip") == (answer.status_code, answer.headers["content-type"])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert ["annotations.json", "images/x.png", "images/train/ü/x.png"] == archive.namelist()
        about = json.loads(archive.read("annotations.json"))
        contents = {entry["file"]: archive.read(entry["file"]) for entry in about["images"]}
    assert {"images/x.png": picture("red"), "images/train/ü/x.png": picture("blue")} == contents
    assert [("/", "x.png", ["a", "b"]), ("/train/ü", "x.png", ["c"])] == [
        (entry["directory_path"], entry["filename"], [marked["name"] for marked in entry["annotations"]])
        for entry in about["images"]
    ]
    assert ("exp", "pictograph") == (about["export"]["name"], about["export"]["format"])


def test_offer(api: Api) -> None:
    """
    The URL is absolute and works for an hour; the export is found by name or by id.
    """
    offered = api.get("/exports/exp/download?dataset=ds")["data"]
    export_id = api.get("/exports/exp?dataset=ds")["data"]["id"]

    assert offered["download_url"].startswith("http://testserver/signed/")
    assert (3600, url_of(api)) == (offered["expires_in"], url_of(api, f"{export_id}/download"))


def test_same_bytes(api: Api) -> None:
    """
    The archive of an export is the same each time.
    """
    assert fetch(api, url_of(api)).content == fetch(api, url_of(api)).content


def test_frozen(api: Api) -> None:
    """
    What is saved after the export does not come with it.
    """
    before = fetch(api, url_of(api)).content
    api.post("/annotations/ds/x.png", {"annotations": []})

    assert before == fetch(api, url_of(api)).content


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b", "attachment; filename=\"a_b.zip\"; filename*=UTF-8''a%20b.zip"),
        ('ü";x', "attachment; filename=\"____x.zip\"; filename*=UTF-8''%C3%BC%22%3Bx.zip"),
    ],
)
def test_file_name(api: Api, name: str, expected: str) -> None:
    """
    The archive is named after the export, whatever letters that has.
    """
    made = api.post("/exports/", {"dataset_name": "ds", "name": name})["data"]

    got = fetch(api, url_of(api, f"{made['id']}/download")).headers["content-disposition"]

    assert expected.replace("____x", "_" * (len(name) - 1) + "x") == got


def test_empty_export(api: Api) -> None:
    """
    An export without images is an archive without images.
    """
    api.post("/exports/", {"dataset_name": "ds", "name": "none", "class_filter": ["z"]})

    with zipfile.ZipFile(io.BytesIO(fetch(api, url_of(api, "none/download?dataset=ds")).content)) as archive:
        assert (["annotations.json"], []) == (
            archive.namelist(),
            json.loads(archive.read("annotations.json"))["images"],
        )


@pytest.mark.parametrize("spoil", ["signature", "expires", "id"])
def test_wrong_signature(api: Api, spoil: str) -> None:
    """
    A signature that is not ours for this export and moment is a ForbiddenError; so is that of an upload.
    """
    url = url_of(api)
    upload = urlsplit(api.upload_url("y.png"))
    spoilt = {
        "signature": url[:-1] + ("0" if url[-1] != "0" else "1"),
        "expires": url.replace("expires=", "expires=1"),
        "id": f"{upload.path}?{upload.query}",
    }[spoil]

    with pytest.raises(ForbiddenError, match="The signature of this download URL is wrong"):
        fetch(api, spoilt)


def test_put_to_a_download(api: Api) -> None:
    """
    A download URL takes no upload.
    """
    with pytest.raises(ForbiddenError, match="signature of this upload URL"):
        api.put(url_of(api))


def test_expired(api: Api) -> None:
    """
    After an hour the URL is a ForbiddenError that says since when.
    """
    url = url_of(api)
    api.clock.now += 3600 - 1
    assert 200 == fetch(api, url).status_code

    api.clock.now += 31
    with pytest.raises(ForbiddenError, match="download URL expired 30 s ago"):
        fetch(api, url)


def test_no_signature(api: Api) -> None:
    """
    A URL without its signature is a ValidationError that names what is missing.
    """
    with pytest.raises(ValidationError) as caught:
        fetch(api, url_of(api).partition("&")[0])

    assert [["query", "signature"]] == [entry["loc"] for entry in caught.value.errors]


def test_deleted_since(api: Api) -> None:
    """
    The URL of an export that was deleted since is a NotFoundError.
    """
    url = url_of(api)
    api.send("DELETE", "/exports/exp?dataset=ds")

    with pytest.raises(NotFoundError, match="The export was deleted"):
        fetch(api, url)


def test_lost_file(api: Api) -> None:
    """
    A picture that is gone from the data folder is a ServerError before anything is sent.
    """
    url = url_of(api)
    for path in api.store.folder.files.iterdir():
        path.unlink()

    with pytest.raises(ServerError, match=r"The file of x\.png is gone from the data folder"):
        fetch(api, url)


@pytest.mark.parametrize("path", ["no/download?dataset=ds", "exp/download?dataset=no", "exp/download"])
def test_missing(api: Api, path: str) -> None:
    """
    An export that is not there has no URL; nor has somebody else's.
    """
    for caller in (api, api.as_("globex")):
        with pytest.raises(NotFoundError):
            url_of(caller, path)
    with pytest.raises(NotFoundError, match="no export"):
        url_of(api.as_("globex"), f"{api.get('/exports/exp?dataset=ds')['data']['id']}/download")


def test_public_url(serve: Callable[[Settings], Api], api: Api) -> None:
    """
    With a `public_url`, download URLs begin with it.
    """
    other = serve(Settings(public_url="https://files.example/"))

    offered = other.get("/exports/exp/download?dataset=ds")["data"]["download_url"]

    assert f"https://files.example{url_of(api)}" == offered
