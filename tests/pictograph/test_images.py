from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pictograph.exceptions import ApiError, ConflictError, ForbiddenError, ServerError, ValidationError

from .backend import IMAGE, Backend, every_colour

CONTENT = bytes(range(256)) * 1_000
SIGNED = {"data": {"upload_url": "http://store.test/x.png?sig=1", "expires_in": 60}}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A file of 256,000 bytes."""
    path = tmp_path / "x.png"
    path.write_bytes(CONTENT)
    return path


def upload(path: Any, **more: Any) -> Any:
    """A call that uploads *path*."""
    return lambda client: client.images.upload(dataset_id="ds", file_path=path, **more)


@every_colour
def test_three_requests(picture: Path, colour: str) -> None:
    """
    An upload asks where the bytes go, puts them there, and registers the image.
    """
    backend = Backend(SIGNED, (200, None), IMAGE)
    image = backend.ask(colour, upload(picture))

    assert ["POST /images/upload-url", "PUT /x.png?sig=1", "POST /images/register"] == backend.places
    assert ("img_1", "x.png") == (image.id, image.filename)
    assert {
        "dataset": "ds",
        "filename": "x.png",
        "directory_path": "/",
        "content_type": "image/png",
    } == backend.payload(0)
    assert {
        "dataset": "ds",
        "filename": "x.png",
        "directory_path": "/",
        "file_size": 256_000,
        "content_type": "image/png",
        "width": None,
        "height": None,
    } == backend.payload(2)


@every_colour
def test_bytes_as_they_are(picture: Path, colour: str) -> None:
    """
    The bytes arrive whole, with their exact length and type, and without the API key.
    """
    backend = Backend(SIGNED, (200, None), IMAGE)
    backend.ask(colour, upload(picture))
    put = backend.asked[1]

    assert CONTENT == backend.bodies[1]
    assert ("256000", "image/png", None) == (
        put.headers["content-length"],
        put.headers["content-type"],
        put.headers.get("transfer-encoding"),
    )
    assert "x-api-key" not in put.headers
    assert "store.test" == put.url.host


@every_colour
@pytest.mark.parametrize(
    "trouble", [(500, {}), (503, {}), (429, {}), httpx2.ReadError("reset"), httpx2.ConnectError("no")]
)
def test_reopened_on_retry(trouble: Any, picture: Path, colour: str) -> None:
    """
    A PUT that fails is repeated with the whole file, opened anew.
    """
    backend = Backend(SIGNED, trouble, trouble, (200, None), IMAGE)
    backend.ask(colour, upload(picture))

    assert [CONTENT] * 3 == backend.bodies[1:4]
    assert 2 == len(backend.clock.waits())


@every_colour
def test_refused_put(picture: Path, colour: str) -> None:
    """
    A PUT that is refused ends the upload: nothing is registered.
    """
    backend = Backend(SIGNED, (403, {"detail": "expired"}))
    with pytest.raises(ForbiddenError):
        backend.ask(colour, upload(picture))

    assert 2 == len(backend.asked)


@every_colour
@pytest.mark.parametrize(("status", "kind"), [(409, ConflictError), (422, ValidationError), (500, ServerError)])
@pytest.mark.parametrize("step", [0, 2])
def test_errors_of_the_api(step: int, status: int, kind: type[Exception], picture: Path, colour: str) -> None:
    """
    An error of the first or the last request is the class of its status.
    """
    answers: list[Any] = [SIGNED, (200, None), IMAGE]
    answers[step] = (status, {"detail": "no"})
    backend = Backend(*answers[: step + 1])
    with pytest.raises(kind):
        backend.ask(colour, upload(picture), max_retries=0)

    assert step + 1 == len(backend.asked)


@every_colour
def test_key_of_the_callers_own(picture: Path, colour: str) -> None:
    """
    A key of the caller's own goes with the first and the last request, and not to the signed URL.
    """
    backend = Backend(SIGNED, (200, None), IMAGE)
    backend.ask(colour, upload(picture, idempotency_key="upload-x-jpg-2026-04-19"))

    assert ["upload-x-jpg-2026-04-19", None, "upload-x-jpg-2026-04-19"] == [
        each.headers.get("idempotency-key") for each in backend.asked
    ]


@every_colour
def test_missing_file(tmp_path: Path, colour: str) -> None:
    """
    A file that is not there is a FileNotFoundError before any request.
    """
    backend = Backend(SIGNED)
    with pytest.raises(FileNotFoundError, match=r"nothing\.png"):
        backend.ask(colour, upload(tmp_path / "nothing.png"))

    assert [] == backend.asked


@every_colour
def test_a_folder(tmp_path: Path, colour: str) -> None:
    """
    A folder is no file: an OSError, and nothing is registered.
    """
    backend = Backend(SIGNED, (200, None), IMAGE)
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
        backend.ask(colour, upload(tmp_path))

    assert "POST /images/register" not in backend.places


@every_colour
def test_file_that_vanishes(picture: Path, colour: str) -> None:
    """
    A file that is gone when it is read is the caller's OSError, as it is, and nothing is registered.
    """

    class Vanishing(Backend):
        def answer(self, request: httpx2.Request) -> httpx2.Response:
            picture.unlink(missing_ok=True)
            return super().answer(request)

    backend = Vanishing(SIGNED, (200, None), IMAGE)
    with pytest.raises(FileNotFoundError):
        backend.ask(colour, upload(picture))

    assert 1 == len(backend.asked)


@every_colour
@pytest.mark.parametrize("path", ["text", "path"])
def test_empty_file(path: str, tmp_path: Path, colour: str) -> None:
    """
    An empty file, named by text or by path, is sent with its length of 0.
    """
    empty = tmp_path / "empty"
    empty.touch()
    backend = Backend(SIGNED, (200, None), IMAGE)
    backend.ask(colour, upload(str(empty) if path == "text" else empty))

    assert ("0", b"", "application/octet-stream") == (
        backend.asked[1].headers["content-length"],
        backend.bodies[1],
        backend.asked[1].headers["content-type"],
    )


@every_colour
@pytest.mark.parametrize("answer", [{}, {"data": {}}, {"data": {"upload_url": 5}}, {"data": "http://x"}])
def test_no_url(answer: dict[str, Any], picture: Path, colour: str) -> None:
    """
    An answer without a URL is the catch-all error, and nothing is put anywhere.
    """
    backend = Backend(answer)
    with pytest.raises(ApiError, match="could not be read"):
        backend.ask(colour, upload(picture))

    assert 1 == len(backend.asked)


@every_colour
@pytest.mark.parametrize("url", ["ftp://store.test/x", "http://store.test:port/x", "://", "http://x\n.test/"])
def test_impossible_url(url: str, picture: Path, colour: str) -> None:
    """
    A URL to which nothing can be put is an error of the API, not of a library, and is tried once.
    """
    backend = Backend({"data": {"upload_url": url}}, httpx2.UnsupportedProtocol("no such protocol"))
    with pytest.raises(ApiError):
        backend.ask(colour, upload(picture))

    assert [] == backend.clock.waits()


@pytest.mark.parametrize(("name", "error"), [("folder", IsADirectoryError), ("pipe.png", OSError)])
def test_what_cannot_be_uploaded(name: str, error: type[OSError], tmp_path: Path) -> None:
    """
    A directory, and anything else that is no regular file, is an OSError that names it, before any request.
    """
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    backend = Backend()

    with pytest.raises(error) as caught:
        backend.ask("blocking", lambda client: client.images.upload("ds", tmp_path / name))

    assert (str(tmp_path / name), []) == (caught.value.filename, backend.asked)
