"""The server as a vendor of the sandbox, over real sockets, with its worker."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import Reset, Sandbox, SandboxError
from failwell.server import KeyRefusedError, KeyStore
from scopix.exceptions import RateLimitError
from scopix_server import Settings
from scopix_server.vendor import KEYS, SETTINGS, VENDOR, from_environment, serve

from .api import picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sandbox keeps its data."""
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="module")
def sandbox(folder: Path) -> Iterator[Sandbox]:
    """One sandbox, with a worker."""
    with Sandbox(VENDOR, data=folder) as running:
        yield running


def ask(sandbox: Sandbox, method: str, path: str, **more: Any) -> httpx2.Response:
    """The answer to the member's key."""
    headers = {"Authorization": f"Bearer {sandbox.keys['member']}", **more.pop("headers", {})}
    return httpx2.request(method, sandbox.url + path, headers=headers, timeout=30, **more)


def new_session(sandbox: Sandbox) -> str:
    """The id of a new upload session."""
    return str(ask(sandbox, "POST", "/uploads", json={"files": 1}).json()["session_id"])


def until(ready: Callable[[], bool]) -> None:
    """Wait until something that another process does has happened, for at most 60 s."""
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def test_base_url(sandbox: Sandbox) -> None:
    """
    The sandbox tells base URLs with the path of the API.
    """
    assert ("/api/v2", True) == (VENDOR.base_path, sandbox.url.endswith("/api/v2"))


def test_described_by_the_worker(sandbox: Sandbox) -> None:
    """
    What is uploaded over a socket is described by the worker process soon after.
    """
    path = f"/uploads/{new_session(sandbox)}/files?filename=cat.png"
    file = ask(sandbox, "PUT", path, content=picture("green"), headers={"Content-Type": "image/png"}).json()
    until(lambda: ask(sandbox, "GET", f"/files/{file['id']}").json()["description_status"] == "completed")

    assert "mostly green" in ask(sandbox, "GET", f"/files/{file['id']}").json()["description"]
    assert picture("green") == ask(sandbox, "GET", f"/files/{file['id']}/content").content


def test_armed(sandbox: Sandbox) -> None:
    """
    An error of the catalogue, and a broken connection, are armed for paths below the base path.
    """
    sandbox.next(RateLimitError(retry_after=3), path="/api/v2/files/*")
    sandbox.arm(Reset(), path="/api/v2/files/*")
    armed = ask(sandbox, "GET", "/files/x")

    assert (429, "3", "RATE_LIMIT_ERROR") == (
        armed.status_code,
        armed.headers["retry-after"],
        armed.json()["error"]["code"],
    )
    with pytest.raises(httpx2.TransportError):
        ask(sandbox, "GET", "/files/x")


@pytest.mark.parametrize(("key", "size", "code"), [("full", 1000, b"STORAGE_QUOTA"), ("member", 10**9, b"HTTP_413")])
def test_refused_before_the_bytes_come(sandbox: Sandbox, key: str, size: int, code: bytes) -> None:
    """
    A file that is too large, for the account or at all, is refused by its length: no byte of it need be sent.
    """
    headers = {"Authorization": f"Bearer {sandbox.keys[key]}"}
    session = httpx2.post(sandbox.url + "/uploads", headers=headers, json={"files": 1}).json()["session_id"]
    with begun(sandbox, session, size, headers) as client:
        client.settimeout(30)
        answer = client.recv(65536)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert code in answer


def begun(sandbox: Sandbox, session: str, size: int, headers: dict[str, str]) -> socket.socket:
    """A connection on which an upload of *size* bytes has begun: its head is sent."""
    host, port = sandbox.url.split("/")[2].split(":")
    client = socket.create_connection((host, int(port)))
    lines = {"Host": host, "Content-Length": str(size), **headers}
    head = [f"PUT /api/v2/uploads/{session}/files?filename=x.bmp HTTP/1.1", *map(": ".join, lines.items()), "", ""]
    client.sendall("\r\n".join(head).encode())
    return client


@pytest.mark.parametrize("keyed", [False, True])
def test_upload_that_breaks_off(sandbox: Sandbox, folder: Path, *, keyed: bool) -> None:
    """
    An upload whose client leaves in the middle leaves nothing behind, and may be sent again with its key.
    """
    session, content = new_session(sandbox), picture("purple" if keyed else "pink", size=(70, 70), kind="BMP")
    key = {"Idempotency-Key": f"upload-of-{session}"} if keyed else {}
    files = folder / "files"
    before = len(list(files.iterdir()))
    headers = {"Authorization": f"Bearer {sandbox.keys['member']}", **key}
    with begun(sandbox, session, len(content), headers) as client:
        client.sendall(content[: len(content) // 2])
        if not keyed:
            until(lambda: len(list(files.iterdir())) > before)
    until(lambda: len(list(files.iterdir())) == before)
    again = ask(sandbox, "PUT", f"/uploads/{session}/files?filename=x.bmp", content=content, headers=key)

    assert (201, before + 1) == (again.status_code, len(list(files.iterdir())))


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large(sandbox: Sandbox, *, chunked: bool) -> None:
    """
    A file of one byte too many is a 413 that its client gets to read, also where no length is told before.
    """
    most = Settings().max_file_bytes
    content: Any = (bytes(size) for size in (most, 1)) if chunked else bytes(most + 1)
    answer = ask(sandbox, "PUT", f"/uploads/{new_session(sandbox)}/files?filename=x.png", content=content)

    assert (413, "HTTP_413") == (answer.status_code, answer.json()["error"]["code"])


def test_demo_keys(tmp_path: Path) -> None:
    """
    The demo keys begin with "sk_"; each is of its tenant, in its role and tier; three let nobody in, and say why.
    """
    served = serve(tmp_path, VirtualClock())
    keys = KeyStore(
        tmp_path / "keys.sqlite", header="Authorization", prefix="sk_", codes={"expired": "E", "revoked": "D"}
    )
    found: dict[str, object] = {}
    for name, key in served.keys.items():
        try:
            caller = keys.find(key)
            found[name] = caller and (caller.tenant, caller.role, caller.tier)
        except KeyRefusedError as refused:
            found[name] = refused.code
    keys.close()
    served.close()

    assert {"sk_"} == {key[:3] for key in served.keys.values()}
    assert {**KEYS, "expired": "E", "revoked": "D"} == found


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The settings are JSON in SCOPIX_SERVER, and those of the class without it.
    """
    assert Settings() == from_environment()
    monkeypatch.setenv(SETTINGS, '{"vision_state": "down", "storage_bytes": 1}')
    assert Settings(vision_state="down", storage_bytes=1) == from_environment()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "5",
        '{"no_such": 1}',
        '{"vision_state": "dwon"}',
        '{"max_file_bytes": "20 MiB"}',
        '{"vision_provider": "no_such:Provider"}',
        '{"vision_provider": "scopix_server:NoSuch"}',
        '{"responder": "no_such:Responder"}',
        '{"analyser": "json"}',
    ],
)
def test_bad_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """
    Settings that are none are a SandboxError that names the variable, and nothing is left open.
    """
    monkeypatch.setenv(SETTINGS, text)

    with pytest.raises(SandboxError, match="SCOPIX_SERVER has no settings"):
        serve(tmp_path, VirtualClock())


def test_bad_settings_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Settings of wrong values are told by their names, and what they take.
    """
    monkeypatch.setenv(SETTINGS, '{"vision_state": "dwon"}')

    with pytest.raises(SandboxError, match="1 invalid field: vision_state: Input should be 'up', 'down' or 'slow'"):
        from_environment()


def test_bad_folder(tmp_path: Path) -> None:
    """
    A folder that is a file is a SandboxError that names it.
    """
    (tmp_path / "data").write_text("mine")

    with pytest.raises(SandboxError, match="is a file, not a folder"):
        serve(tmp_path / "data", VirtualClock())
