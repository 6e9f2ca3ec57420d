"""A uvicorn worker that serves all apps, each at a port of its own, and says how much CPU time it has taken.

`python -m benchmarks.servers.worker FOLDER` prints the ports by the apps' names; then, for each line that comes in,
its CPU time. "profile" begins a profile instead, "profiled FILE" ends it there. It ends with its stdin. One process
for both sides of a ratio: what differs between two processes, such as where their memory lies, is no difference of the
sides.
"""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import json
import marshal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from failwell.sandbox import listen

IDLE = 3600
"""Seconds after which a connection is closed over which nothing comes: while others are measured, it waits."""


class Worker:
    """A worker that runs: its *ports*, by the names of the apps, and its CPU time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self.ports: dict[str, int] = json.loads(self._stdout.readline())

    def cpu(self) -> float:
        """Seconds that all threads of the worker have taken so far."""
        self.tell("cpu")
        return self.heard()

    def tell(self, line: str) -> None:
        """Say *line* to the worker."""
        self._stdin.write(f"{line}\n")
        self._stdin.flush()

    def heard(self) -> float:
        """The number that it answers."""
        return float(self._stdout.readline())


class WorkerProfile:
    """What `cProfile.Profile` is in a process, of the thread of *worker* that serves."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.stats: dict[Any, Any] = {}

    def enable(self) -> None:
        """Begin."""
        self._worker.tell("profile")

    def disable(self) -> None:
        """End, and bring the figures here."""
        with tempfile.NamedTemporaryFile() as file:
            self._worker.tell(f"profiled {file.name}")
            self._worker.heard()
            self.stats = marshal.load(file)  # noqa: S302 - our worker wrote it

    def create_stats(self) -> None:
        """They are there."""


@contextlib.contextmanager
def running() -> Generator[Worker]:
    """A worker that runs until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.servers.worker", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield Worker(process)
            finally:
                assert process.stdin is not None
                process.stdin.close()


async def serve(folder: Path) -> None:
    """Serve until stdin ends."""
    import uvicorn

    from benchmarks.servers.apps import apps

    servers: list[uvicorn.Server] = []
    served, ports = list[asyncio.Task[None]](), dict[str, int]()
    for name, app in apps(folder).items():
        listener = listen("127.0.0.1", 0)
        ports[name] = listener.getsockname()[1]
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=IDLE)
        servers.append(uvicorn.Server(config))
        served.append(asyncio.create_task(servers[-1].serve(sockets=[listener])))
    print(json.dumps(ports), flush=True)

    # In CPU time, as the ratios are: what others do on the machine is no time of ours.
    loop, profile = asyncio.get_running_loop(), cProfile.Profile(time.thread_time)

    def dump(path: str) -> None:
        profile.disable()
        profile.dump_stats(path)
        print(time.process_time(), flush=True)

    def answer() -> None:
        for line in sys.stdin:
            match line.rstrip("\n").split(" ", 1):
                case ["profile"]:  # of the thread that serves
                    loop.call_soon_threadsafe(profile.enable)
                case ["profiled", path]:
                    loop.call_soon_threadsafe(dump, path)
                case _:
                    print(time.process_time(), flush=True)
        for server in servers:
            server.should_exit = True

    threading.Thread(target=answer, daemon=True).start()
    await asyncio.gather(*served)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
