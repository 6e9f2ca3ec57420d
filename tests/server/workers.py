"""Worker processes that serve one small app from one folder, and may be stopped and killed like any others.

As a program, `python workers.py FOLDER LEASE WHEN_DOWN`, it is such a worker, and prints its port.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx2
import uvicorn
from fastapi import FastAPI

from failwell.sandbox import listen
from failwell.server import Idempotency, KeyStore, SqliteStore, install, side_effect

PATIENCE = 30.0
"""Seconds after which a test stops waiting for another process."""


@dataclass(frozen=True)
class Worker:
    """One process. It writes into `log` what its handler does, and may end it when it is `let_go`."""

    process: subprocess.Popen[str]
    url: str
    folder: Path

    @property
    def pid(self) -> int:
        """What the handler answers with."""
        return self.process.pid

    def order(self, key: str = "k-1") -> httpx2.Response:
        """Send an order with the idempotency *key*; none if it is empty."""
        headers = {"X-API-Key": (self.folder / "key").read_text(), "Idempotency-Key": key}
        sent = {name: value for name, value in headers.items() if value}
        return httpx2.post(f"{self.url}/orders", headers=sent, timeout=PATIENCE)

    def let_go(self) -> None:
        """Let its handlers end."""
        (self.folder / f"go-{self.pid}").touch()

    def send(self, number: signal.Signals) -> None:
        """Stop, go on or die."""
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait(PATIENCE)


def log(folder: Path) -> list[str]:
    """What the handlers of all workers of *folder* did: "begun 17", "done 17", in order."""
    with contextlib.suppress(FileNotFoundError):
        return (folder / "log").read_text().splitlines()
    return []


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    given_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < given_up
        time.sleep(0.01)


@contextlib.contextmanager
def working(
    folder: Path, *, lease: float, when_down: Literal["closed", "open"] = "closed", limit: int | None = None
) -> Generator[Worker]:
    """A worker on *folder* while the block runs. None of its files may have more than *limit* bytes."""
    with contextlib.closing(KeyStore(folder / "keys.sqlite")) as keys:
        if not (folder / "key").exists():
            (folder / "key").write_text(keys.create("acme", "member"))
    command = [sys.executable, __file__, str(folder), str(lease), when_down, *([] if limit is None else [str(limit)])]
    errors = (folder / "errors").open("a")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        yield Worker(process, f"http://127.0.0.1:{int(process.stdout.readline())}", folder)
    finally:
        process.kill()
        process.communicate()
        errors.close()


def _app(folder: Path, lease: float, when_down: Literal["closed", "open"]) -> uvicorn.Config:
    # Read only here: a test that imports this module has the package around it, a worker has not.
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.server.shop import SHOP

    app, pid = FastAPI(), os.getpid()

    def note(what: str) -> None:
        with (folder / "log").open("a") as file:
            file.write(f"{what} {pid}\n")

    @app.post("/orders", status_code=201)
    def order() -> dict[str, int]:
        side_effect()
        note("begun")
        until((folder / f"go-{pid}").exists)
        note("done")
        return {"by": pid}

    contract = install(
        app,
        SHOP,
        keys=KeyStore(folder / "keys.sqlite"),
        idempotency=Idempotency(
            SqliteStore(folder / "idempotency.sqlite", busy=min(1.0, lease / 4)),
            lease=lease,
            patience=min(2.0, lease / 2),
            when_down=when_down,
        ),
    )
    return uvicorn.Config(contract, lifespan="off", log_level="warning")


def main(folder: str, lease: str, when_down: str, limit: str = "") -> None:
    """Serve until somebody kills this process."""
    config = _app(Path(folder), float(lease), "open" if when_down == "open" else "closed")
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    with listen("127.0.0.1", 0) as listening:
        print(listening.getsockname()[1], flush=True)  # noqa: T201 - for whoever started this process
        uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main(*sys.argv[1:])
