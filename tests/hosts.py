"""Servers as processes of their own, one after the other on the same folder, which may be killed at any moment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

SERVER = """
import sys
import threading
from failwell.sandbox import Sandbox, find_vendor

with Sandbox(find_vendor(sys.argv[1]), data=sys.argv[2]) as sandbox:
    print(sandbox.url, sandbox.keys["member"], flush=True)
    threading.Event().wait(300)
"""


class Host:
    """Server processes of one *vendor* on one folder, one after the other."""

    def __init__(self, folder: Path, vendor: str, settings: str) -> None:
        self.folder = folder
        self.vendor = vendor
        self.settings = settings
        self.servers: list[subprocess.Popen[str]] = []
        self.url, self.key = "", ""

    def start(self) -> None:
        """Start a server; the first key stays in use."""
        modules = os.pathsep.join([str(self.folder), *filter(None, sys.path)])
        more = {
            "PYTHONPATH": modules,
            "FOLDER_OF_A_TEST": str(self.folder),
            f"{self.vendor.upper()}_SERVER": self.settings,
        }
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, self.vendor, str(self.folder / "data")],
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
        assert answer.status_code in {200, 201, 202}, answer.text
        return answer.json()

    def kill(self) -> None:
        """Kill the server with -9, and start the next one."""
        self.servers[-1].kill()
        self.servers[-1].wait()
        self.start()

    @property
    def log(self) -> list[int]:
        """The processes that have written into the log of a test."""
        log = self.folder / "log"
        return [int(line) for line in log.read_text().splitlines()] if log.exists() else []


@contextmanager
def hosting(folder: Path, vendor: str, settings: str) -> Generator[Host]:
    """A host with one server of *vendor*, whose settings are JSON; all servers end with the block."""
    host = Host(folder, vendor, settings)
    try:
        host.start()
        yield host
    finally:
        for server in host.servers:
            with server:
                server.kill()


def until(ready: Callable[[], bool]) -> None:
    """Wait until something that another process does has happened, for at most 60 s."""
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
