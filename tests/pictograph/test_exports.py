from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx2
import pytest

from pictograph.exceptions import ForbiddenError, NetworkError, NotFoundError, PictographError
from tests.servers.sockets import Peer, http, serving

from .backend import CREATED, EXPORT, Backend, every_colour

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * 4_000
TARGET = {"data": {"download_url": "http://store.test/exp.zip?sig=CANARY_55"}}


class Store(Backend):
    """A backend whose second answer on is the store's: bytes, a status, or a failure."""

    def __init__(self, *stored: bytes | int | Exception) -> None:
        super().__init__(TARGET, *(answer for answer in stored if isinstance(answer, Exception)))
        self.stored = stored

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if not self.asked:
            return super().answer(request)
        found = self.stored[min(len(self.asked), len(self.stored)) - 1]
        self.asked.append(request)
        if isinstance(found, Exception):
            raise found
        return httpx2.Response(200, content=found) if isinstance(found, bytes) else httpx2.Response(found)


def target(peer: Peer) -> None:
    """Say where to download from: another path on this server."""
    port = peer.sock.getsockname()[1]
    peer.say(http(200, b'{"data": {"download_url": "http://127.0.0.1:%d/exp.zip?sig=1"}}' % port))


def download(path: Any, **more: Any) -> Any:
    """A call that downloads to *path*."""
    return lambda client: client.exports.download("exp", path, dataset="ds", **more)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which no half file may be left."""
    yield tmp_path
    assert [] == [path.name for path in tmp_path.iterdir() if path.suffix == ".part"]


@every_colour
def test_list(colour: str) -> None:
    """
    Exports are listed as recorded, all of them or those of one dataset.
    """
    backend = Backend({"data": [EXPORT["data"]], "pagination": {"has_more": False}})

    assert ["exp"] == [each.name for each in backend.ask(colour, lambda client: client.exports.list())]
    backend.ask(colour, lambda client: client.exports.list(dataset="ds", limit=5, offset=2))
    assert ["GET /exports/?limit=100&offset=0", "GET /exports/?limit=5&offset=2&dataset_name=ds"] == backend.places


@every_colour
def test_create(colour: str) -> None:
    """
    Creating an export sends what was recorded.
    """
    backend = Backend({"data": {"id": "e_1", "name": "exp", "status": "completed", **CREATED}})
    backend.ask(colour, lambda client: client.exports.create("ds", "exp"))

    assert {
        "dataset_name": "ds",
        "name": "exp",
        "format": "pictograph",
        "include_images": False,
    } == backend.payload(0)


@every_colour
def test_get_and_delete(colour: str) -> None:
    """
    An export is found by its id, or by its name and dataset; deleting it answers with nothing.
    """
    backend = Backend(EXPORT, EXPORT, (204, None))
    backend.ask(colour, lambda client: client.exports.get("e_1"))
    backend.ask(colour, lambda client: client.exports.get("exp", dataset="ds"))

    assert None is backend.ask(colour, lambda client: client.exports.delete("exp", dataset="ds"))
    assert ["GET /exports/e_1", "GET /exports/exp?dataset=ds", "DELETE /exports/exp?dataset=ds"] == backend.places
    assert (b"", True) == (backend.bodies[2], "idempotency-key" in backend.asked[2].headers)


@every_colour
@pytest.mark.parametrize("kind", [str, Path])
def test_download(kind: Any, folder: Path, colour: str) -> None:
    """
    A download asks where the bytes are, fetches them without the API key, and gives back the path.
    """
    backend = Store(CONTENT)
    written = backend.ask(colour, download(kind(folder / "exp.zip")))

    assert (folder / "exp.zip", CONTENT) == (written, written.read_bytes())
    assert ["GET /exports/exp/download?dataset=ds", "GET /exp.zip?sig=CANARY_55"] == backend.places
    assert ("store.test", False) == (backend.asked[1].url.host, "x-api-key" in backend.asked[1].headers)


@every_colour
def test_download_in_place_of_another(folder: Path, colour: str) -> None:
    """
    A file that was there before is replaced.
    """
    (folder / "exp.zip").write_bytes(b"old")
    Store(CONTENT).ask(colour, download(folder / "exp.zip"))

    assert CONTENT == (folder / "exp.zip").read_bytes()


@every_colour
def test_empty_export(folder: Path, colour: str) -> None:
    """
    A file of no bytes is a file too.
    """
    Store(b"").ask(colour, download(folder / "exp.zip"))

    assert b"" == (folder / "exp.zip").read_bytes()


@every_colour
@pytest.mark.parametrize("trouble", [500, 503, httpx2.ReadError("reset"), httpx2.ConnectError("no")])
def test_download_after_trouble(trouble: Any, folder: Path, colour: str) -> None:
    """
    A transfer that failed is repeated from the start.
    """
    backend = Store(trouble, trouble, CONTENT)
    backend.ask(colour, download(folder / "exp.zip"))

    assert (CONTENT, 2) == ((folder / "exp.zip").read_bytes(), len(backend.clock.waits()))


@every_colour
@pytest.mark.parametrize(
    ("trouble", "kind"),
    [(403, ForbiddenError), (404, NotFoundError), (500, PictographError), (httpx2.ReadError("x"), NetworkError)],
)
def test_download_that_fails(trouble: Any, kind: type[Exception], folder: Path, colour: str) -> None:
    """
    When the store gives nothing the old file stays, and no new one is left; no message has the signature.
    """
    (folder / "exp.zip").write_bytes(b"old")
    with pytest.raises(kind) as caught:
        Store(trouble).ask(colour, download(folder / "exp.zip"), max_retries=0)

    assert b"old" == (folder / "exp.zip").read_bytes()
    assert "CANARY_55" not in f"{caught.value} {vars(caught.value)}"


@every_colour
def test_export_that_is_not_there(folder: Path, colour: str) -> None:
    """
    Without such an export nothing is written.
    """
    with pytest.raises(NotFoundError):
        Backend((404, {"detail": "no"})).ask(colour, download(folder / "exp.zip"))

    assert [] == list(folder.iterdir())


@every_colour
@pytest.mark.parametrize(
    ("place", "problem"), [("", IsADirectoryError), ("no/exp.zip", FileNotFoundError), ("file/x", FileNotFoundError)]
)
def test_places_that_cannot_be_written(place: str, problem: type[Exception], folder: Path, colour: str) -> None:
    """
    A path that cannot be written is the caller's OSError, before any request.
    """
    (folder / "file").write_bytes(b"")
    backend = Store(CONTENT)
    with pytest.raises(problem):
        backend.ask(colour, download(folder / place))

    assert [] == backend.asked


@every_colour
def test_disk_that_is_full(folder: Path, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A disk that cannot take the bytes is the caller's OSError, as it is and not repeated; no half file is left.
    """
    full = OSError(28, "No space left on device")
    opened = Path.open

    def on_a_full_disk(path: Path, *args: Any, **named: Any) -> Any:
        file = opened(path, *args, **named)
        if path.suffix == ".part":
            return Full(file)
        return file

    class Full:
        """A file that can be opened, and not written to."""

        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

        def write(self, _chunk: bytes) -> int:
            raise full

    monkeypatch.setattr(Path, "open", on_a_full_disk)
    backend = Store(CONTENT)
    with pytest.raises(OSError, match="No space left") as caught:
        backend.ask(colour, download(folder / "exp.zip"))

    assert (full, 2) == (caught.value, len(backend.asked))
    assert not (folder / "exp.zip").exists()


@every_colour
def test_cut_in_the_middle(folder: Path, colour: str) -> None:
    """
    Over real sockets: bytes that end too early are fetched again, whole, and never taken for the file.
    """
    cut = http(200, CONTENT, kind="application/zip")[:-100]
    whole = http(200, CONTENT, kind="application/zip")
    with serving(target, cut, whole) as server:
        Backend().ask_for_real(colour, server.url, download(folder / "exp.zip"))

    assert (CONTENT, 3) == ((folder / "exp.zip").read_bytes(), len(server.seen))
    assert [True, False, False] == ["x-api-key" in seen.headers for seen in server.seen]


@every_colour
def test_large_export(folder: Path, colour: str) -> None:
    """
    An export of 32 MiB goes to the disk as it arrives: at no time is more than a small part of it in memory.
    """
    large = http(200, bytes(32 * MIB), kind="application/zip")
    with serving(target, large) as server:
        tracemalloc.start()
        try:
            Backend().ask_for_real(colour, server.url, download(folder / "exp.zip"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert (32 * MIB, True) == ((folder / "exp.zip").stat().st_size, peak < 8 * MIB)


@every_colour
def test_cut_every_time(folder: Path, colour: str) -> None:
    """
    Over real sockets: when the bytes never come whole there is no file.
    """
    cut = http(200, CONTENT, kind="application/zip")[:-1]
    with serving(target, cut) as server, pytest.raises(NetworkError):
        Backend().ask_for_real(colour, server.url, download(folder / "exp.zip"))

    assert [] == list(folder.iterdir())
