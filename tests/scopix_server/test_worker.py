"""Descriptions in the worker process, which may be killed at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host, hosting, until

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

SETTINGS = '{"vision_provider": "provider_of_a_test:Noting"}'


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with one server."""
    (tmp_path / "provider_of_a_test.py").write_text(PROVIDER)
    with hosting(tmp_path, "scopix", SETTINGS) as host:
        yield host


def upload(host: Host) -> Any:
    """The file, always uploaded under the same idempotency keys."""
    session = host.send("POST", "/uploads", "session", json={"files": 1})["session_id"]
    return host.send("PUT", f"/uploads/{session}/files?filename=x.png", "file", content=picture())


@pytest.mark.parametrize("victim", ["worker", "server"])
def test_killed(host: Host, victim: str) -> None:
    """
    S15. A worker, or the whole server, killed with -9 in the middle of a description loses nothing.

    The next one makes it, once, and the upload repeated with its key is the same file.
    """
    file = upload(host)
    until(lambda: len(host.log) == 1)
    assert "running" == host.send("GET", f"/files/{file['id']}")["description_status"]
    if victim == "worker":
        os.kill(host.log[-1], signal.SIGKILL)
    else:
        host.servers[-1].kill()
        host.servers[-1].wait()
        host.start()
    until(lambda: len(host.log) == 2)
    again = upload(host)
    (host.folder / "go").touch()
    until(lambda: host.send("GET", f"/files/{file['id']}")["description_status"] == "completed")

    assert (file["id"], f"{len(picture())} bytes") == (
        again["id"],
        host.send("GET", f"/files/{file['id']}")["description"],
    )
    assert 2 == len(set(host.log)) == len(host.log)


def test_light_worker() -> None:
    """
    The process that does the jobs loads nothing of the web.
    """
    script = "import sys, scopix_server.work; print(*{'fastapi', 'starlette', 'httpx2', 'anyio'} & {*sys.modules})"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment, text=True, check=True)

    assert "\n" == ran.stdout
