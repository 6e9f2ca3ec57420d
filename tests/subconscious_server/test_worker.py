"""Runs in the worker process, which may be killed at any moment."""

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

ENGINE = '''
"""An engine that notes which worker asked it for what, and stands still where it is told to."""

import os
import time
from pathlib import Path

from subconscious_server import EngineAnswer, Thought
from subconscious_server.wire import ReasoningTask

FOLDER = Path(os.environ["FOLDER_OF_A_TEST"])


class Noting:
    names = ("noting",)

    def __init__(self, settings):
        pass

    def admit(self, name):
        pass

    def think(self, task, thoughts):
        number = len(thoughts)
        with (FOLDER / "log").open("a") as log:
            log.write(f"{number} in {os.getppid()}\\n")
        if number == 3:
            return EngineAnswer(says="!")
        while number == 2 and not (FOLDER / "go").exists() and not task.is_over():
            time.sleep(0.01)
        return Thought(task=ReasoningTask(title="t", thought="t", conclusion=str(number)), says=str(number))
'''

SERVER = """
import sys
import threading
from failwell.sandbox import Sandbox
from subconscious_server.vendor import VENDOR

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
        settings = '{"engine": "engine_of_a_test:Noting"}'
        more = {"PYTHONPATH": modules, "FOLDER_OF_A_TEST": str(self.folder), "SUBCONSCIOUS_SERVER": settings}
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

    def send(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of the answer."""
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": "one"}
        answer = httpx2.request(method, self.url + path, headers=headers, timeout=30, **more)
        assert 200 == answer.status_code, answer.text
        return answer.json()

    def submit(self) -> str:
        """The id of the run, always under the same idempotency key."""
        body = {"engine": "noting", "input": {"instructions": "x"}}
        return str(self.send("POST", "/runs", json=body)["runId"])

    @property
    def log(self) -> list[tuple[int, int]]:
        """Which thought was asked for, by which process."""
        lines = (self.folder / "log").read_text().splitlines() if (self.folder / "log").exists() else []
        return [(int(line.split()[0]), int(line.split()[2])) for line in lines]


def until(ready: Callable[[], bool]) -> None:
    """Wait until something that another process does has happened, for at most 60 s."""
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with one server."""
    (tmp_path / "engine_of_a_test.py").write_text(ENGINE)
    host = Host(tmp_path)
    host.start()
    yield host
    for server in host.servers:
        with server:
            server.kill()


def ended(host: Host, run_id: str) -> Any:
    """The run once it has ended."""
    until(lambda: host.send("GET", f"/runs/{run_id}")["status"] not in ("queued", "running"))
    return host.send("GET", f"/runs/{run_id}")


@pytest.mark.parametrize("victim", ["worker", "server"])
def test_killed(host: Host, victim: str) -> None:
    """
    S15. A worker, or the whole server, killed with -9 in the middle of a run loses nothing: the next one goes on.

    Thoughts that were kept are not had again, the run ends once, and its submission repeated is the same run.
    """
    run_id = host.submit()
    until(lambda: 2 in dict(host.log))
    if victim == "worker":
        os.kill(host.log[-1][1], signal.SIGKILL)
    else:
        host.servers[-1].kill()
        host.servers[-1].wait()
        host.start()
    until(lambda: [0, 1, 2, 2] == [number for number, _ in host.log])
    again = host.submit()
    (host.folder / "go").touch()

    run = ended(host, run_id)
    assert ("succeeded", "012!", run_id) == (run["status"], run["result"]["answer"], again)
    assert [0, 1, 2, 2, 3] == [number for number, _ in host.log]
    assert 2 == len({pid for _, pid in host.log})


def test_canceled_while_it_runs(host: Host) -> None:
    """
    A run is canceled at once, whatever the engine does; the engine hears of it.
    """
    run_id = host.submit()
    until(lambda: 2 in dict(host.log))

    canceled = host.send("POST", f"/runs/{run_id}/cancel")
    (host.folder / "go").touch()

    assert {"runId": run_id, "status": "canceled"} == canceled == ended(host, run_id)
