"""Large videos over real sockets: never in memory, refused above the cap, resumed after a kill at any byte."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.dice import dice
from tests.hosts import Host, hosting

pytestmark = pytest.mark.slow

MEBI = 1024 * 1024
GIBI2 = 2 * 1024 * MEBI
CAP = 64 * MEBI


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A server that takes videos of 64 MiB."""
    with hosting(tmp_path, "scopix", json.dumps({"max_video_bytes": CAP, "video_chunk_bytes": 4 * MEBI})) as host:
        yield host


@pytest.fixture
def sparse(tmp_path: Path) -> Path:
    """A video of 2 GiB that takes no room."""
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(GIBI2)
    return path


def peak(host: Host) -> int:
    """Bytes that the server has held at most."""
    status = Path(f"/proc/{host.servers[-1].pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def stored(host: Host) -> int:
    """Bytes that the server keeps in files."""
    return sum(path.stat().st_size for path in (host.folder / "data" / "files").iterdir())


def call(host: Host, method: str, path: str, **more: Any) -> httpx2.Response:
    """The answer of the server."""
    headers = {"Authorization": f"Bearer {host.key}", **more.pop("headers", {})}
    return httpx2.request(method, host.url + path, headers=headers, timeout=60, **more)


def begin(host: Host, content: bytes, **more: Any) -> Any:
    """Begin an upload, or go on with it."""
    body = {"filename": "film.mp4", "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), **more}
    return call(host, "POST", "/videos", json=body)


def pieces(path: Path) -> Iterator[bytes]:
    """The content of a file, MiB by MiB."""
    with path.open("rb") as file:
        while piece := file.read(MEBI):
            yield piece


def test_above_the_cap(host: Host, sparse: Path) -> None:
    """
    A video of 2 GiB is refused with 413 before it is sent; and while it is sent, if somebody sends it all the same.

    The server holds and keeps none of it.
    """
    refused = begin(host, b"x", size=sparse.stat().st_size, sha256="0" * 64)
    assert (413, "HTTP_413", CAP) == (
        refused.status_code,
        refused.json()["detail"]["code"],
        refused.json()["detail"]["limit"],
    )
    media_id = begin(host, bytes(CAP)).json()["media_id"]
    held, kept = peak(host), stored(host)

    try:
        answer = call(host, "PUT", f"/videos/{media_id}/chunks/0", content=pieces(sparse))
    except httpx2.TransportError:  # it hung up before all of it was sent
        pass
    else:
        assert 413 == answer.status_code

    assert 0 == call(host, "GET", f"/videos/{media_id}").json()["chunks"]
    assert (kept, True) == (stored(host), peak(host) - held < 32 * MEBI)


def test_not_in_memory(host: Host) -> None:
    """
    A video of 64 MiB is received, put together and checked with a few MiB of memory.
    """
    content = random.Random(7).randbytes(CAP)
    media_id = begin(host, content).json()["media_id"]
    call(host, "GET", f"/videos/{media_id}")
    held = peak(host)
    for index in range(16):
        chunk = content[index * 4 * MEBI : (index + 1) * 4 * MEBI]
        assert 200 == call(host, "PUT", f"/videos/{media_id}/chunks/{index}", content=chunk).status_code

    assert "ready" == call(host, "POST", f"/videos/{media_id}/complete").json()["status"]
    assert peak(host) - held < 32 * MEBI


def test_killed_at_any_byte(host: Host) -> None:
    """
    R14. A server that is killed at any byte of an upload goes on with what it has; the video is whole in the end.
    """
    rolled = dice("killed at any byte of a video")
    content = rolled.randbytes(18 * MEBI + 12_345)
    video = begin(host, content).json()
    for _ in range(4):
        kill_at(host, content, video, rolled.randrange(3 * MEBI))
        before, video = video["chunks"], begin(host, content).json()
        assert before < video["chunks"]
    media_id = video["media_id"]
    for index in range(video["chunks"], 5):
        chunk = content[index * 4 * MEBI : (index + 1) * 4 * MEBI]
        sent = {"Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(chunk).digest()).decode()}:"}
        assert 200 == call(host, "PUT", f"/videos/{media_id}/chunks/{index}", content=chunk, headers=sent).status_code

    assert "ready" == call(host, "POST", f"/videos/{media_id}/complete").json()["status"]
    with closing(sqlite3.connect(host.folder / "data" / "scopix.db")) as db:
        ((file,),) = db.execute("SELECT file FROM videos").fetchall()
    assert content == (host.folder / "data" / "files" / file).read_bytes()


def kill_at(host: Host, content: bytes, video: Any, at: int) -> None:
    """Send the next chunk whole, and so many bytes of the one after it; then the server is killed."""
    index, size = video["chunks"], video["chunk_size"]
    chunk = content[index * size : (index + 1) * size]
    assert 200 == call(host, "PUT", f"/videos/{video['media_id']}/chunks/{index}", content=chunk).status_code
    index += 1
    address = urlsplit(host.url)
    head = (
        f"PUT {address.path}/videos/{video['media_id']}/chunks/{index} HTTP/1.1\r\nHost: server\r\n"
        f"Authorization: Bearer {host.key}\r\nContent-Length: {min(size, len(content) - index * size)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode() + content[index * size : index * size + at])
        host.kill()
