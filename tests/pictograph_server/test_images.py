from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from pictograph.exceptions import ConflictError, NotFoundError, ValidationError
from pictograph_server import Settings, Store
from pictograph_server.pictures import decode

from .api import Api, MovableClock, box, picture


def test_register(api: Api) -> None:
    """
    A registered image has the size of the picture, whatever the caller believes.
    """
    image = api.upload(picture(size=(40, 30)), width=1, height=None, file_size=None)

    assert (40, 30, "image/png") == (image["width"], image["height"], image["content_type"])
    assert ("x.png", "/", "new", 0) == (
        image["filename"],
        image["directory_path"],
        image["status"],
        image["annotation_count"],
    )
    assert image == api.get(f"/images/{image['id']}")["data"] == api.get(f"/images/{image['id']}/metadata")["data"]


def test_same_name_same_folder(api: Api) -> None:
    """
    The same name in the same folder is a ConflictError with the code duplicate_filename; in another folder it is fine.
    """
    first = api.upload(picture("red"))
    other = api.upload(picture("blue"), directory_path="train/")

    with pytest.raises(ConflictError) as caught:
        api.post("/images/register", {"dataset": "ds", "filename": "x.png", "directory_path": ""})

    expected = 'The folder "/" has an image "x.png". Pass skip_existing=True to the upload workflow, or use a new name.'
    assert (expected, "duplicate_filename") == (caught.value.message, caught.value.error_code)
    assert ("/", "/train") == (first["directory_path"], other["directory_path"])


def test_two_uploads_of_one_name(api: Api) -> None:
    """
    Of two uploads of one name that were begun before either was registered, one becomes the image.
    """
    urls = [api.upload_url(), api.upload_url()]
    for url, color in zip(urls, ("red", "blue"), strict=True):
        api.send("PUT", url, picture(color), content_type="image/png")
    outcomes: list[str] = []

    def register() -> None:
        try:
            outcomes.append(api.post("/images/register", {"dataset": "ds", "filename": "x.png"})["data"]["filename"])
        except ConflictError as error:
            outcomes.append(str(error.error_code))

    threads = [threading.Thread(target=register) for _ in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ["duplicate_filename", "x.png"] == sorted(outcomes)
    assert 1 == len(api.get("/images/?dataset=ds")["data"])


def test_replaced_while_registering(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    When a PUT replaces the bytes while they are decoded, registering is a ConflictError, and works the next time.
    """
    url = api.upload_url()
    api.send("PUT", url, picture(size=(10, 10)), content_type="image/png")

    def slow(content: bytes, *, max_pixels: int) -> Any:
        api.send("PUT", url, picture(size=(20, 20)), content_type="image/png")
        return decode(content, max_pixels=max_pixels)

    with monkeypatch.context() as patched:
        patched.setattr("pictograph_server.images.decode", slow)
        with pytest.raises(ConflictError, match="changed while"):
            api.post("/images/register", {"dataset": "ds", "filename": "x.png"})

    assert 20 == api.post("/images/register", {"dataset": "ds", "filename": "x.png"})["data"]["width"]


def test_register_before_put(api: Api) -> None:
    """
    Registering before the bytes arrived is a ValidationError that tells to PUT them first.
    """
    api.upload_url()

    with pytest.raises(ValidationError, match="PUT the bytes to it first") as caught:
        api.post("/images/register", {"dataset": "ds", "filename": "x.png"})

    assert ["not_uploaded"] == [entry["type"] for entry in caught.value.errors]


@pytest.mark.parametrize("field", ["file_size", "width", "height"])
@pytest.mark.parametrize("value", [True, -1, 1.5, "7", float("nan")])
def test_numbers_that_are_none(api: Api, field: str, value: object) -> None:
    """
    A bool, a negative number, a fraction, text and NaN are no sizes.
    """
    with pytest.raises(ValidationError) as caught:
        api.post("/images/register", {"dataset": "ds", "filename": "x.png", field: value})

    assert [["body", field]] == [entry["loc"] for entry in caught.value.errors]


def test_unicode_names(api: Api) -> None:
    """
    Any letters may stand in file and folder names, and find the image again.
    """
    image = api.upload(picture(), "straße 😀 100%?.png", directory_path="/日本/ü #1")

    found = api.get("/annotations/ds/%E6%97%A5%E6%9C%AC/%C3%BC%20%231/stra%C3%9Fe%20%F0%9F%98%80%20100%25%3F.png")

    assert image["id"] == found["image_id"]
    assert "/日本/ü #1" == image["directory_path"]


def test_list(api: Api) -> None:
    """
    The images of a dataset are listed newest first, by folder or by name if asked, a page at a time.
    """
    for name, folder in (("a.png", "/"), ("b.png", "/"), ("a.png", "/train")):
        api.upload(picture(), name, directory_path=folder)

    def listed(query: str) -> list[str]:
        page = api.get(f"/images/?dataset=ds{query}")
        return [image["directory_path"].rstrip("/") + "/" + image["filename"] for image in page["data"]]

    assert ["/train/a.png", "/b.png", "/a.png"] == listed("")
    assert ["/train/a.png"] == listed("&directory_path=/train")
    assert ["/train/a.png", "/a.png"] == listed("&filename=a.png")
    assert ["/b.png"] == listed("&limit=1&offset=1")


def test_foreign_is_missing(api: Api) -> None:
    """
    Somebody else's image answers exactly like one that does not exist.
    """
    image_id = api.upload(picture())["id"]
    missing_id = "0a6e1b53-54b5-4f5e-9e54-0d6a2f6f3c11"
    answers: list[str] = []

    calls: tuple[Callable[[Api, str], object], ...] = (
        lambda api, wanted: api.get(f"/images/{wanted}"),
        lambda api, wanted: api.get(f"/annotations/by-id/{wanted}"),
        lambda api, wanted: api.save({"id": wanted}, box()),
        lambda api, wanted: api.save({"id": wanted}, {"class": "bad"}),
    )
    for wanted in (image_id, missing_id):
        for call in calls:
            with pytest.raises(NotFoundError) as caught:
                call(api.as_("globex"), wanted)
            answers.append(caught.value.message.replace(wanted, "ID"))

    assert {'There is no image "ID". Verify the id with `images.list`.'} == set(answers)


def test_same_statements_for_foreign_and_missing(api: Api, clock: MovableClock) -> None:
    """
    The statements executed are the same for a foreign image as for a missing one, for reading and for saving.
    """
    image_id = api.upload(picture())["id"]
    missing_id = "0a6e1b53-54b5-4f5e-9e54-0d6a2f6f3c11"
    seen: list[str] = []
    store = Store(api.store.folder.path, trace=seen.append)
    stranger = Api(store, clock, Settings()).as_("globex")
    executed: dict[str, list[str]] = {}

    for wanted in (image_id, missing_id):
        seen.clear()
        with pytest.raises(NotFoundError):
            stranger.get(f"/images/{wanted}")
        with pytest.raises(NotFoundError):
            stranger.save({"id": wanted}, box())
        executed[wanted] = [statement.replace(wanted, "ID") for statement in seen]
    store.close()

    assert executed[image_id] == executed[missing_id]
    assert 2 == sum("'ID'" in statement for statement in executed[image_id])
