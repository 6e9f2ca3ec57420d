from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.requests import ClientDisconnect

from pictograph.exceptions import ConflictError, NotFoundError, ValidationError
from pictograph_server import Settings

from .api import Api, MovableClock, picture


@pytest.mark.parametrize("content_type", ["image/jpeg", "text/plain", ""])
def test_wrong_content_type(api: Api, content_type: str) -> None:
    """
    Another content type than the announced one is a ValidationError, and nothing is kept.
    """
    url = api.upload_url()

    with pytest.raises(ValidationError, match="image/png") as caught:
        api.put(url, content_type=content_type)

    assert ["header", "content-type"] == caught.value.errors[0]["loc"]
    assert [] == api.files()


def test_content_type_parameters(api: Api) -> None:
    """
    Upper case and parameters of the content type do not matter.
    """
    assert 200 == api.put(api.upload_url(), content_type="Image/PNG; charset=binary")


@pytest.mark.parametrize("content_type", ["application/pdf", "image/svg+xml", "", None])
def test_unknown_content_type(api: Api, content_type: object) -> None:
    """
    A content type that is no picture we take is a ValidationError before anything is uploaded.
    """
    with pytest.raises(ValidationError) as caught:
        api.upload_url(content_type=content_type)  # type: ignore[arg-type]

    assert ["body", "content_type"] == caught.value.errors[0]["loc"]


def test_too_large(serve: Callable[[Settings], Api]) -> None:
    """
    A file of the largest size is taken; one byte more is a ValidationError, and nothing of it is kept.
    """
    api = serve(Settings(max_image_bytes=1000))
    api.post("/datasets/", {"name": "ds"})
    url = api.upload_url()
    assert 200 == api.put(url, b"x" * 1000)
    kept = api.files()

    with pytest.raises(ValidationError, match="larger than 1000 bytes"):
        api.put(url, b"x" * 1001)

    assert kept == api.files()


@pytest.mark.parametrize("length", ["1001", "9" * 5000])
def test_announced_too_large(serve: Callable[[Settings], Api], length: str) -> None:
    """
    A Content-Length above the cap, however many digits it has, is a ValidationError before any byte is read.
    """
    api = serve(Settings(max_image_bytes=1000))
    api.post("/datasets/", {"name": "ds"})
    url = api.upload_url()

    with pytest.raises(ValidationError, match="larger than 1000 bytes"):
        api.send("PUT", url, b"x", content_type="image/png", content_length=length)


def test_too_large_without_length(serve: Callable[[Settings], Api]) -> None:
    """
    A file that does not announce its length is cut off at the cap, and nothing of it is kept.
    """
    api = serve(Settings(max_image_bytes=1000))
    api.post("/datasets/", {"name": "ds"})

    with pytest.raises(ValidationError, match="larger than 1000 bytes"):
        api.put(api.upload_url(), iter([b"x" * 600] * 2))  # type: ignore[arg-type]

    assert [] == api.files()


def test_put_again(api: Api) -> None:
    """
    A second PUT replaces the first, as a client that lost the answer needs it; the first file is removed.
    """
    url = api.upload_url()
    api.put(url, b"broken")
    first = api.files()
    api.put(url, picture())

    assert 1 == len(api.files())
    assert first != api.files()
    assert 32 == api.post("/images/register", {"dataset": "ds", "filename": "x.png"})["data"]["width"]


def test_other_bytes_after_register(api: Api) -> None:
    """
    Once it is registered, a PUT of other bytes to the URL is a ConflictError, and the image keeps its bytes.
    """
    url = api.upload_url()
    api.put(url, picture())
    api.post("/images/register", {"dataset": "ds", "filename": "x.png"})
    kept = api.files()

    with pytest.raises(ConflictError, match="image already") as caught:
        api.put(url, picture(size=(9, 9)))

    assert (kept, "idempotency_conflict") == (api.files(), caught.value.error_code)


def test_same_bytes_after_register(api: Api) -> None:
    """
    The same bytes are welcome at the URL again, so an upload can be repeated; nothing is kept twice.
    """
    url = api.upload_url()
    api.put(url, picture())
    api.post("/images/register", {"dataset": "ds", "filename": "x.png"})
    kept = api.files()

    assert (200, kept) == (api.put(url, picture()), api.files())


def test_upload_to_taken_name(api: Api) -> None:
    """
    An upload URL for a name that the folder has is a ConflictError with the code duplicate_filename.
    """
    api.upload(picture())

    with pytest.raises(ConflictError, match="skip_existing=True") as caught:
        api.upload_url()

    assert "duplicate_filename" == caught.value.error_code


def test_upload_by_dataset_id(api: Api) -> None:
    """
    `dataset` takes the id as well as the name.
    """
    dataset = api.get("/datasets/ds")["data"]

    assert dataset["id"] == api.upload(picture(), dataset=dataset["id"])["dataset_id"]


def test_upload_to_foreign_dataset(api: Api) -> None:
    """
    An upload to somebody else's dataset answers like one to a missing dataset.
    """
    with pytest.raises(NotFoundError, match='no dataset "ds"'):
        api.as_("globex").upload_url()


@pytest.mark.parametrize("filename", ["../x.png", "a/b.png", "..", "", "a\\b.png", "x\x00.png", "\udc00.png", 5])
@pytest.mark.parametrize("path", ["/images/upload-url", "/images/register"])
def test_filenames_that_cannot_be(api: Api, path: str, filename: object) -> None:
    """
    A file name that would lead out of its folder is a ValidationError about `filename`.
    """
    body = {"dataset": "ds", "filename": filename, "content_type": "image/png"}

    with pytest.raises(ValidationError) as caught:
        api.post(path, body)

    assert [["body", "filename"]] == [error["loc"] for error in caught.value.errors]


@pytest.mark.parametrize("directory", ["..", "/../etc", "/a/./b", "/a//b", "a\\b", "/a\nb", "/" + "x" * 600, 5])
def test_directories_that_cannot_be(api: Api, directory: object) -> None:
    """
    A folder that would lead out of the dataset is a ValidationError about `directory_path`.
    """
    with pytest.raises(ValidationError) as caught:
        api.upload_url(directory_path=directory)

    assert [["body", "directory_path"]] == [error["loc"] for error in caught.value.errors]


@pytest.mark.parametrize("full", ["write", "fsync"])
def test_disk_full(api: Api, monkeypatch: pytest.MonkeyPatch, full: str) -> None:
    """
    When the disk is full, the PUT fails, nothing of it lies about, and the same URL works once there is room.
    """
    url = api.upload_url()

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr({"write": "pictograph_server.routes.signed._write", "fsync": "os.fsync"}[full], no_room)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            api.put(url, picture())

    assert [] == api.files()
    with pytest.raises(ValidationError, match="Nothing was uploaded"):
        api.post("/images/register", {"dataset": "ds", "filename": "x.png"})
    assert 200 == api.put(url, picture())


def test_forgotten_uploads(api: Api, clock: MovableClock) -> None:
    """
    What was uploaded and not registered within a day is removed when somebody uploads next.
    """
    api.put(api.upload_url("old.png"), picture())
    clock.now += 49 * 3600

    api.upload(picture(), "new.png")

    assert 1 == len(api.files())
    assert ["new.png"] == [image["filename"] for image in api.get("/images/?dataset=ds")["data"]]


def test_broken_off(api: Api) -> None:
    """
    An upload that breaks off half-way leaves nothing behind, and the same URL works for the next try.
    """
    url = urlsplit(api.upload_url())
    messages = iter([{"type": "http.request", "body": b"half of it", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    async def send(_: Any) -> None:
        """Nobody listens any more."""

    scope = {
        "type": "http",
        "method": "PUT",
        "path": url.path,
        "query_string": url.query.encode(),
        "headers": [(b"content-type", b"image/png"), (b"content-length", b"1000")],
    }
    with pytest.raises(ClientDisconnect):
        asyncio.run(api.app(scope, receive, send))

    assert [] == api.files()
    assert 200 == api.put(f"{url.path}?{url.query}", picture())
