from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import Any

import pytest

from pictograph.exceptions import ConflictError, NotFoundError, ValidationError
from pictograph_server.annotations import SaveAnnotations, save_annotations
from pictograph_server.images import find_image

from .api import Api, box, picture


@pytest.fixture
def image(api: Api) -> Any:
    """An image without annotations."""
    return api.upload(picture())


def test_save_and_read(api: Api, image: Any) -> None:
    """
    Saved annotations are read back as they are, and saving tells both counts.
    """
    annotation = box("person", id="a1", confidence=0.5, attributes=[{"color": "red"}])

    saved = api.post("/annotations/ds/x.png", {"annotations": [annotation]})

    expected = {"image_id": image["id"], "previous_count": 0, "new_count": 1, "status": "in_progress", "version": 1}
    assert expected == saved
    assert [annotation] == api.get("/annotations/ds/x.png")["annotations"]
    assert 1 == api.get(f"/images/{image['id']}")["data"]["annotation_count"]


def test_new_image_has_none(api: Api, image: Any) -> None:
    """
    An image without annotations answers with an empty list, not with an error.
    """
    assert {"image_id": image["id"], "annotations": [], "version": 0} == api.get("/annotations/ds/x.png")


def test_save_replaces(api: Api, image: Any) -> None:
    """
    Saving replaces all annotations; an empty list removes them.
    """
    api.save(image, box("a"), box("b"))
    assert (2, 1) == tuple(api.save(image, box("c"))[count] for count in ("previous_count", "new_count"))

    cleared = api.save(image)

    assert (1, 0, "new") == tuple(cleared[field] for field in ("previous_count", "new_count", "status"))


def test_by_id_and_by_path(api: Api) -> None:
    """
    An image is found by its id, by its folder and name, and by its id under its dataset.
    """
    image = api.upload(picture(), directory_path="/train")
    api.save(image, box("person"))

    paths = [f"/annotations/by-id/{image['id']}", "/annotations/ds/train/x.png", f"/annotations/ds/{image['id']}"]

    assert [image["id"]] * 3 == [api.get(path)["image_id"] for path in paths]


@pytest.mark.parametrize(
    "path", ["ds/y.png", "ds/train/x.png", "ds/X.png", "ds/0a6e1b53-54b5-4f5e-9e54-0d6a2f6f3c11", "by-id/7", "no/x.png"]
)
@pytest.mark.usefixtures("image")
def test_missing(api: Api, path: str) -> None:
    """
    An image that is not there is a NotFoundError, for reading and for saving.
    """
    with pytest.raises(NotFoundError):
        api.get(f"/annotations/{path}")
    with pytest.raises(NotFoundError):
        api.post(f"/annotations/{path}", {"annotations": []})


def test_id_under_another_dataset(api: Api, image: Any) -> None:
    """
    An id under a dataset that the image does not belong to is a NotFoundError.
    """
    api.post("/datasets/", {"name": "other"})

    with pytest.raises(NotFoundError):
        api.get(f"/annotations/other/{image['id']}")


def test_version(api: Api, image: Any) -> None:
    """
    Each save raises the version by one, and the version of the last save is accepted.
    """
    assert [1, 2] == [api.save(image, box())["version"] for _ in range(2)]

    assert 3 == api.save(image, box(), version=2)["version"]
    assert 3 == api.get(f"/images/{image['id']}")["data"]["version"]


@pytest.mark.parametrize("version", [0, 2, 10**30])
def test_stale_version(api: Api, image: Any, version: int) -> None:
    """
    Another version than the current is a ConflictError with the code version_conflict, and changes nothing.
    """
    api.save(image, box("kept"))

    with pytest.raises(ConflictError, match=f"at version 1, you have seen {version}") as caught:
        api.save(image, box("lost"), version=version)

    assert "version_conflict" == caught.value.error_code
    assert ["kept"] == [entry["name"] for entry in api.get("/annotations/ds/x.png")["annotations"]]


def test_version_under_concurrency(api: Api, image: Any) -> None:
    """
    Of saves at once that have seen the same version, one succeeds; the others see what it left.
    """
    outcomes: list[str] = []

    def slowly(db: sqlite3.Connection) -> sqlite3.Row:
        found = find_image(db, "acme", image["id"])
        time.sleep(0.02)
        return found

    def save() -> None:
        try:
            save_annotations(api.store, api.settings, slowly, SaveAnnotations(annotations=[box()], version=0))
            outcomes.append("saved")
        except ConflictError as error:
            outcomes.append(str(error.error_code))

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ["saved"] + ["version_conflict"] * 3 == sorted(outcomes)


@pytest.mark.parametrize("version", [True, -1, 1.0, "1"])
def test_version_that_is_none(api: Api, image: Any, version: object) -> None:
    """
    A bool, a negative number, a fraction and text are no versions.
    """
    with pytest.raises(ValidationError) as caught:
        api.save(image, version=version)

    assert [["body", "version"]] == [entry["loc"] for entry in caught.value.errors]


def test_rejected_save_changes_nothing(api: Api, image: Any) -> None:
    """
    One bad annotation among good ones, and none is saved.
    """
    api.save(image, box("kept"))

    with pytest.raises(ValidationError):
        api.save(image, box("good"), {"class": "person", "type": "bbox"})

    kept = api.get("/annotations/ds/x.png")
    assert (["kept"], 1) == ([entry["name"] for entry in kept["annotations"]], kept["version"])


def test_ten_thousand(api: Api, image: Any) -> None:
    """
    10,000 annotations are saved and read back; 10,001 are a ValidationError with both numbers.
    """
    many = [box(f"class {number % 7}", x=number) for number in range(10_000)]
    assert 10_000 == api.save(image, *many)["new_count"]
    assert 10_000 == len(api.get("/annotations/ds/x.png")["annotations"])

    with pytest.raises(ValidationError) as caught:
        api.save(image, *many, box())

    (entry,) = caught.value.errors
    assert (["body", "annotations"], "An image takes at most 10000 annotations, these are 10001") == (
        entry["loc"],
        entry["msg"],
    )


@pytest.mark.parametrize("body", [[], {}, {"annotations": {}}, {"annotations": None}, {"annotation": []}, 7, None])
@pytest.mark.usefixtures("image")
def test_body_of_another_shape(api: Api, body: object) -> None:
    """
    A body that is no object with a list `annotations` is a ValidationError.
    """
    with pytest.raises(ValidationError) as caught:
        api.post("/annotations/ds/x.png", body)

    assert {"body"} == {entry["loc"][0] for entry in caught.value.errors}


@pytest.mark.parametrize(
    "body", ["", "{", '{"annotations": [' + "[" * 100_000, '{"annotations": [' + "9" * 5000 + "]}"]
)
@pytest.mark.usefixtures("image")
def test_broken_json(api: Api, body: str) -> None:
    """
    A body that is no JSON, is nested without end, or holds a number of 5,000 digits is a ValidationError.
    """
    with pytest.raises(ValidationError) as caught:
        api.send("POST", "/annotations/ds/x.png", body.encode(), content_type="application/json")

    assert "body" == caught.value.errors[0]["loc"][0]


def test_answers_are_json(api: Api, image: Any) -> None:
    """
    Letters outside of ASCII come back as they were sent.
    """
    api.save(image, box("Straße 😀", attributes={"größe": "日本"}))

    (entry,) = api.get("/annotations/ds/x.png")["annotations"]
    assert ("Straße 😀", {"größe": "日本"}) == (entry["name"], entry["attributes"])
    assert json.dumps(entry)
