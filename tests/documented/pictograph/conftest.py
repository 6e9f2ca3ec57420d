"""One reference server for all tests of the page, and what its snippets take for granted."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image as Pillow

from failwell.clock import VirtualClock
from failwell.sandbox import Sandbox, find_vendor
from pictograph import Client
from pictograph_server import Settings
from tests.documented.calls import Colour

from .sdk import BOX, MANY, Names, Sdk, fresh

TWO_DAYS = 172_800.0


@pytest.fixture(scope="session")
def clock() -> VirtualClock:
    """Time for client and server alike: a wait is asked for, not slept."""
    return VirtualClock()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its files."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def running(clock: VirtualClock, data: Path) -> Iterator[Sandbox]:
    """The reference server, one per process."""
    with Sandbox(find_vendor("pictograph"), data=data, clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The server with nothing armed, no limit used up and no idempotency key remembered; no setting around it."""
    for name in ("PICTOGRAPH_API_KEY", "PICTOGRAPH_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    running.script.clear()
    running.log.clear()
    clock.advance(TWO_DAYS)
    clock.forget()
    yield running
    # A failure that no request met means that the SDK stopped early.
    assert () == running.script.pending()


@pytest.fixture(params=["blocking", "awaiting"])
def colour(request: pytest.FixtureRequest) -> Colour:
    """Once blocking, once awaiting."""
    return "awaiting" if request.param == "awaiting" else "blocking"


@pytest.fixture
def sdk(sandbox: Sandbox, clock: VirtualClock, colour: Colour) -> Sdk:
    """The SDK in both colours."""
    return Sdk(sandbox, clock, colour)


@pytest.fixture
def both(sandbox: Sandbox, clock: VirtualClock) -> tuple[Sdk, Sdk]:
    """The SDK in both colours within one test, for what takes long to prepare."""
    return Sdk(sandbox, clock, "blocking"), Sdk(sandbox, clock, "awaiting")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What the names of hosts stand for."""
    return Names(monkeypatch)


@pytest.fixture
def connect(sandbox: Sandbox, clock: VirtualClock) -> Iterator[Callable[[str], Client]]:
    """Builds the `client` of a snippet, with the key of a role."""
    with contextlib.ExitStack() as open_clients:

        def build(role: str) -> Client:
            client = Client(sandbox.keys[role], base_url=sandbox.url, clock=clock)
            return open_clients.enter_context(client)

        yield build


@pytest.fixture
def client(connect: Callable[[str], Client]) -> Client:
    """The blocking client of a member."""
    return connect("member")


@pytest.fixture
def image_id(client: Client) -> str:
    """An image of the dataset "ds"."""
    return client.images.list("ds", limit=1)[0].id


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A real JPEG called x.jpg."""
    path = tmp_path / "x.jpg"
    Pillow.new("RGB", (32, 24), "seagreen").save(path, "JPEG")
    return path


@pytest.fixture
def standstill(client: Client, data: Path, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """
    The server's training stands still, so that new runs stay queued, until this is called.

    Every training thread has a run that reads a picture from a disk which does not answer: a pipe.
    """
    name = fresh("slow")
    slow = tmp_path / f"{name}.png"
    Pillow.frombytes("RGB", (32, 24), os.urandom(32 * 24 * 3)).save(slow, "PNG")
    client.datasets.create(name)
    image = client.images.upload(name, slow)
    client.annotations.save(image.id, [BOX])
    client.exports.create(name, "exp")
    content = slow.read_bytes()
    [kept] = [path for path in (data / "files").iterdir() if path.is_file() and path.read_bytes() == content]
    kept.unlink()
    os.mkfifo(kept)
    runs = [client.training.create(name, "exp").id for _ in range(Settings().training_workers)]

    def go_on() -> None:
        # An end of file for whoever reads, now or in a moment: such a run fails, and its thread is free.
        while not all(client.training.get(run).finished for run in runs):
            with contextlib.suppress(OSError):
                os.close(os.open(kept, os.O_WRONLY | os.O_NONBLOCK))

    yield go_on
    go_on()


@pytest.fixture
def many(data: Path) -> str:
    """A folder of pictures that imports can read; bringing them in takes a while, and so does annotating them."""
    name = fresh("many")
    folder = data / "imports" / name
    folder.mkdir(parents=True)
    for number in range(MANY):
        Pillow.new("RGB", (32, 24), "firebrick").save(folder / f"{number}.png")
    return name
