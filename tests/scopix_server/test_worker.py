"""Descriptions in the worker process, which may be killed at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from .api import picture

PROVIDER = '''
"""A provider that notes which process asked it, and stands still until it is told to go on."""

import os
import time
from pathlib import Path

FOLDER = Path(os.environ["FOLDER_OF_A_TEST"])


class Noting:
    def __init__(self, settings):
        pass

    def describe(self, content, filename):
        with (FOLDER / "log").open("a") as log:
            log.write(f"{os.getpid()}\\n")
        while not (FOLDER / "go").exists():
            time.sleep(0.01)
        return f"{len(content)} bytes"
'''

SERVER = """
import sys
import threading
from failwell.sandbox import Sandbox
from scopix_server.vendor import VENDOR

with Sandbox(VENDOR, data=sys.argv[1]) as sandbox:
    print(sandbox.url, sandbox.keys["member"], flush=True)
    threading.Event().wait(300)
"""


class Host:
    """Server processes on one folder, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers: list[subprocess.Popen[str]] = []
        self.url, self.key = "", ""

    def start(self) -> None:
        """Start a server; the first key stays in use."""
        modules = os.pathsep.join([str(self.folder), *filter(None, sys.path)])
        settings = '{"vision_provider": "provider_of_a_test:Noting"}'
        more = {"PYTHONPATH": modules, "FOLDER_OF_A_TEST": str(self.folder), "SCOPIX_SERVER": settings}
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(self.folder / "data")],
            stdout=subprocess.PIPE,
            env=os.environ | more,
            text=True,
        )
        self.servers.append(server)
        assert server.stdout is not None
        self.url, key = server.stdout.readline().split()
        self.key = self.key or key

    def send(self, method: str, path: str, key: str = "", **more: Any) -> Any:
        """The JSON of the answer."""
        headers = {"Authorization": f"Bearer {self.key}", **({"Idempotency-Key": key} if key else {})}
        answer = httpx2.request(method, self.url + path, headers=headers, timeout=30, **more)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def upload(self) -> Any:
        """The file, always uploaded under the same idempotency keys."""
        session = self.send("POST", "/uploads", "session", json={"files": 1})["session_id"]
        return self.send("PUT", f"/uploads/{session}/files?filename=x.png", "file", content=picture())

    @property
    def log(self) -> list[int]:
        """The processes that have asked the provider."""
        log = self.folder / "log"
        return [int(line) for line in log.read_text().splitlines()] if log.exists() else []


def until(ready: Callable[[], bool]) -> None:
    """Wait until something that another process does has happened, for at most 60 s."""
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with one server."""
    (tmp_path / "provider_of_a_test.py").write_text(PROVIDER)
    host = Host(tmp_path)
    host.start()
    yield host
    for server in host.servers:
        with server:
            server.kill()


@pytest.mark.parametrize("victim", ["worker", "server"])
def test_killed(host: Host, victim: str) -> None:
    """
    S15. A worker, or the whole server, killed with -9 in the middle of a description loses nothing.

    The next one makes it, once, and the upload repeated with its key is the same file.
    """
    file = host.upload()
    until(lambda: len(host.log) == 1)
    assert "running" == host.send("GET", f"/files/{file['id']}")["description_status"]
    if victim == "worker":
        os.kill(host.log[-1], signal.SIGKILL)
    else:
        host.servers[-1].kill()
        host.servers[-1].wait()
        host.start()
    until(lambda: len(host.log) == 2)
    again = host.upload()
    (host.folder / "go").touch()
    until(lambda: host.send("GET", f"/files/{file['id']}")["description_status"] == "completed")

    assert (file["id"], f"{len(picture())} bytes") == (
        again["id"],
        host.send("GET", f"/files/{file['id']}")["description"],
    )
    assert 2 == len(set(host.log)) == len(host.log)
