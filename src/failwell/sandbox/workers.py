"""Worker processes of a sandboxed server: they share its data folder, and the socket that it listens on."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import uvicorn

from failwell.clock import SystemClock
from failwell.sandbox.errors import SandboxError
from failwell.sandbox.keyed_store import STORE, kept_in
from failwell.sandbox.serving import configured
from failwell.sandbox.vendor import find_vendor

READY = b"ready\n"

GRACE = 5.0
"""Seconds that a worker has to finish what it has accepted."""


class Workers:
    """*count* more processes that serve *vendor* in *folder* and accept what comes to *listening*.

    Raises:
        SandboxError: in `start`, if one of them cannot.
    """

    def __init__(self, vendor: str, folder: Path, listening: socket.socket, count: int) -> None:
        self._command = [sys.executable, "-m", __name__, vendor, str(folder), str(listening.fileno())]
        self._listening = listening
        self._count = count
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Return when all of them serve."""
        fd = self._listening.fileno()
        # Where idempotency keys are kept may be a URL with a password: it is not for the list of processes.
        environment = os.environ | {"FAILWELL_STORE": STORE.get()}
        try:
            for _ in range(self._count):
                process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    pass_fds=(fd,),
                    env=environment,
                    start_new_session=True,
                )
                self._processes.append(process)
            for process in self._processes:
                assert process.stdout is not None
                if process.stdout.readline() != READY:
                    raise SandboxError("A worker of the reference server did not start. Its log tells why.")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Return when all have finished what they had accepted, or were killed."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._processes:
            with process:
                try:
                    process.wait(GRACE)
                except subprocess.TimeoutExpired:
                    process.kill()
        self._processes.clear()


class _Worker(uvicorn.Server):
    """uvicorn's server, which says when it serves, and ends when who started this process is gone or says so."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell of it."""
        await super().startup(sockets)
        if self.started:
            os.write(1, READY)
            threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        os.read(0, 1)
        self.should_exit = True


def main() -> None:
    """Serve until standard input ends."""
    vendor, folder, fd = sys.argv[1:]
    with kept_in(os.environ.get("FAILWELL_STORE", "")):
        served = find_vendor(vendor).serve(Path(folder), SystemClock())
    with contextlib.closing(served):
        _Worker(configured(served.app)).run(sockets=[socket.socket(fileno=int(fd))])


if __name__ == "__main__":
    main()
