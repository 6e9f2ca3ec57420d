from __future__ import annotations

import json

import pytest

from pictograph.exceptions import ConflictError, ForbiddenError, NotFoundError, ValidationError

from .api import Api


def test_list(api: Api) -> None:
    """
    Datasets are listed newest first, a page at a time, and the page says whether there are more.
    """
    for number in range(3):
        api.post("/datasets/", {"name": f"d{number}"})

    first, last = api.get("/datasets/?limit=3&offset=0"), api.get("/datasets/?limit=3&offset=3")

    assert ["d2", "d1", "d0"] == [dataset["name"] for dataset in first["data"]]
    assert {"limit": 3, "offset": 0, "total": 4, "has_more": True} == first["pagination"]
    assert ["ds"] == [dataset["name"] for dataset in last["data"]]
    assert last["pagination"]["has_more"] is False


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "offset=-1", "offset=99999999999999999999999"])
def test_page_that_cannot_be(api: Api, query: str) -> None:
    """
    A page that cannot be is a ValidationError that names the parameter.
    """
    with pytest.raises(ValidationError) as caught:
        api.get(f"/datasets/?{query}")

    assert [["query", query.partition("=")[0]]] == [error["loc"] for error in caught.value.errors]


def test_limit_is_capped(api: Api) -> None:
    """
    A limit above 1000 gives 1000: published clients ask for more, and page on by has_more.
    """
    assert 1000 == api.get("/datasets/?limit=5000")["pagination"]["limit"]


def test_create(api: Api) -> None:
    """
    A created dataset has an id, its tenant, its classes, and a moment that ends in Z.
    """
    body = {"name": "Straße 7", "description": "x", "classes": [{"name": "car", "type": "bbox"}]}

    status, answer = api.send("POST", "/datasets/", json.dumps(body).encode(), content_type="application/json")

    assert 201 == status
    dataset = answer["data"]
    assert ("Straße 7", "acme", 0) == (dataset["name"], dataset["organization_id"], dataset["image_count"])
    assert [{"name": "car", "type": "bbox", "color": None}] == dataset["classes"]
    assert "2026-01-01T00:00:00.000Z" == dataset["created_at"]
    assert dataset == api.get("/datasets/Straße 7")["data"] == api.get(f"/datasets/{dataset['id']}")["data"]


def test_duplicate_name(api: Api) -> None:
    """
    A second dataset of one name is a ConflictError with the code duplicate_name; another case is another name.
    """
    with pytest.raises(ConflictError, match='named "ds" exists') as caught:
        api.post("/datasets/", {"name": "ds"})

    assert "duplicate_name" == caught.value.error_code
    assert "DS" == api.post("/datasets/", {"name": "DS"})["data"]["name"]


def test_names_are_case_sensitive(api: Api) -> None:
    """
    NotFoundError names the dataset, and hints at one that differs only by case.
    """
    with pytest.raises(NotFoundError) as caught:
        api.get("/datasets/DS")

    expected = (
        'There is no dataset "DS". Names are case-sensitive: there is "ds". Verify with `pictograph datasets list`.'
    )
    assert expected == caught.value.message


def test_missing(api: Api) -> None:
    """
    NotFoundError for a name that resembles no other has no hint, and tells how to look.
    """
    with pytest.raises(NotFoundError) as caught:
        api.get("/datasets/cats")

    assert 'There is no dataset "cats". Verify with `pictograph datasets list`.' == caught.value.message


def test_foreign_is_missing(api: Api) -> None:
    """
    Somebody else's dataset answers exactly like one that does not exist, by name and by id, with no hint.
    """
    dataset_id = api.get("/datasets/ds")["data"]["id"]
    stranger = api.as_("globex")

    for name in ("ds", "DS", dataset_id):
        with pytest.raises(NotFoundError) as caught:
            stranger.get(f"/datasets/{name}")
        assert f'There is no dataset "{name}". Verify with `pictograph datasets list`.' == caught.value.message
    assert [] == stranger.get("/datasets/")["data"]


def test_own_name_is_free(api: Api) -> None:
    """
    Two tenants may each have a dataset of one name, and see only their own.
    """
    stranger = api.as_("globex")

    theirs = stranger.post("/datasets/", {"name": "ds"})["data"]

    assert theirs == stranger.get("/datasets/ds")["data"]
    assert theirs["id"] != api.get("/datasets/ds")["data"]["id"]


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\\b", ".", "..", "a\nb", "a\x00b", "\ud800", 7, None, True])
def test_names_that_cannot_be(api: Api, name: object) -> None:
    """
    A name that could not stand in a URL, or be taken for an id, is a ValidationError about `name`.
    """
    with pytest.raises(ValidationError) as caught:
        api.post("/datasets/", {"name": name})

    assert [["body", "name"]] == [error["loc"] for error in caught.value.errors]
    assert ["ds"] == [dataset["name"] for dataset in api.get("/datasets/")["data"]]


def test_viewer_reads_only(api: Api) -> None:
    """
    A viewer may list and get, and is a ForbiddenError on every write, whether the object exists or not.
    """
    viewer = api.as_(role="viewer")

    assert "ds" == viewer.get("/datasets/ds")["data"]["name"]
    writes = ["/datasets/", "/images/upload-url", "/images/register", "/exports/", "/training/"]
    for path in [*writes, "/annotations/ds/x.png", "/annotations/by-id/x"]:
        with pytest.raises(ForbiddenError, match='role "viewer"'):
            viewer.post(path, _BODIES.get(path, {"annotations": []}))


def test_unknown_role_cannot_write(api: Api) -> None:
    """
    A role that the server does not know may not write.
    """
    with pytest.raises(ForbiddenError, match='role "auditor"'):
        api.as_(role="auditor").post("/datasets/", {"name": "new"})


def test_admin_writes(api: Api) -> None:
    """
    An admin may write.
    """
    assert "new" == api.as_(role="admin").post("/datasets/", {"name": "new"})["data"]["name"]


_BODIES: dict[str, dict[str, object]] = {
    "/datasets/": {"name": "new"},
    "/images/upload-url": {"dataset": "ds", "filename": "x.png", "content_type": "image/png"},
    "/images/register": {"dataset": "ds", "filename": "x.png"},
    "/exports/": {"dataset_name": "ds", "name": "exp"},
    "/training/": {"dataset_name": "ds", "export_name": "exp", "pipeline_type": "yolox"},
}


@pytest.mark.parametrize("name", ["by-id", "x" * 201, "0a6e1b53-54b5-4f5e-9e54-0d6a2f6f3c11"])
def test_reserved_names(api: Api, name: str) -> None:
    """
    Nor can a name be part of a path, be an id, or have more than 200 characters.
    """
    test_names_that_cannot_be(api, name)
