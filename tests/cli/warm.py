"""
A process in which the commands are loaded already, and which forks for each that is run.

To load a command takes ten times as long as most of what tests let it do. A forked one is a process like any other: it
has its own arguments, variables and streams, and ends as it ends. What an interpreter only reads when it starts
(encodings, `sitecustomize`) is not read again: who tests that starts the command itself.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, NoReturn

COMMANDS = {
    "failwell": ("failwell.__main__", "main"),
    "pictograph": ("pictograph.cli", "run"),
    "scopix": ("scopix.cli", "run"),
}
PACKAGES = (
    "failwell.cli",
    "failwell.conformance",
    "failwell.sandbox",
    "pictograph.cli",
    "pictograph.cli.groups",
    "scopix.cli",
)
MODULES = ("failwell.client", "httpx2", "rich.progress", "rich.table", "uvicorn", "pictograph.promises")
LONGEST = 1 << 20
STREAMS = (0, 1, 2)


class Forked:
    """A command that runs in a fork: what the tests want of a `subprocess.Popen` of it."""

    def __init__(self, told: int, stdout: IO[str] | None = None, stderr: IO[str] | None = None) -> None:
        """It was started, and what becomes of it is *told* through a pipe."""
        self._told = open(told, "rb", buffering=0)  # noqa: SIM115 - it is open as long as the command runs
        self.pid = int(self._told.readline())
        self.returncode: int | None = None
        self.stdout, self.stderr = stdout, stderr

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """As `poll`, when it has ended. Raises: subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            with self._told:
                self.returncode = int(self._told.readline())
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has written and nobody has read, to its end. Raises: subprocess.TimeoutExpired."""
        assert self.stdout is not None
        assert self.stderr is not None
        with ThreadPoolExecutor(2) as readers:
            out, err = (readers.submit(stream.read) for stream in (self.stdout, self.stderr))
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return out.result(), err.result()

    def send_signal(self, by: int) -> None:
        """Send it the signal *by*, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, by)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Warm:
    """Forks commands; they run side by side."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__], stdin=theirs.fileno(), cwd=Path(__file__).parents[2]
            )

    def start(
        self, command: Sequence[str], env: Mapping[str, str], streams: Sequence[int], *, session: bool = False
    ) -> int:
        """Start *command*, whose standard *streams* are these file descriptors, perhaps in a *session* of its own.

        What comes back is for a `Forked`.
        """
        told, tells = os.pipe()
        asked = json.dumps([list(command), dict(env), str(Path.cwd()), session]).encode()
        socket.send_fds(self._ours, [asked], [*streams, tells])
        os.close(tells)
        return told


@cache
def warm() -> Warm:
    """The one of this process; it ends with it."""
    return Warm()


def main() -> None:
    """Load everything, and fork for whoever asks."""
    asked = socket.socket(fileno=os.dup(0))
    for package in PACKAGES:
        found = import_module(package)
        for module in pkgutil.iter_modules(found.__path__, f"{package}."):
            import_module(module.name)
    for name in MODULES:
        import_module(name)
    # What nobody collects, nobody copies.
    gc.freeze()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as from a user's shell, also below `nohup make test`
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for who keeps a command
    while True:
        try:
            told, fds, _, _ = socket.recv_fds(asked, LONGEST, len(STREAMS) + 1)
        except KeyboardInterrupt:
            return
        if not told:
            return
        if os.fork() == 0:
            asked.close()
            keep(told, fds)
        for fd in fds:
            os.close(fd)


def keep(told: bytes, fds: Sequence[int]) -> NoReturn:
    """Run a command, and tell its number, and how it ends."""
    command, env, folder, session = json.loads(told)
    *streams, tells = fds
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (child := os.fork()) == 0:
        os.close(tells)
        if session:
            os.setsid()
        become(command, env, folder, streams)
    # An interrupt of all that run at a terminal is the command's; it is told what came of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stream in streams:
        os.close(stream)
    os.write(tells, b"%d\n" % child)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    # Whoever asked may have ended.
    with contextlib.suppress(BrokenPipeError):
        os.write(tells, b"%d\n" % code)
    os._exit(0)


def become(command: list[str], env: dict[str, str], folder: str, streams: Sequence[int]) -> NoReturn:
    """Be the process that a shell starts for *command*."""
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(folder)
    for number, stream in zip(STREAMS, streams, strict=True):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = (text(number) for number in STREAMS)
    sys.path[:0] = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = command
    module, function = COMMANDS[Path(command[0]).name]
    code: str | int | None = None
    try:
        getattr(import_module(module), function)()
    except SystemExit as end:
        code = end.code
    # The end of an interpreter, but for the taking apart of its modules: they are shared, and it would copy them all.
    threading._shutdown()  # type: ignore[attr-defined]  # it waits for who is no daemon
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def text(number: int) -> io.TextIOWrapper:
    """The standard stream of this *number*, as an interpreter in UTF-8 mode opens it."""
    errors = "backslashreplace" if number == 2 else "surrogateescape"
    file = open(number, "r" if number == 0 else "w", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
    if number == 2 or file.isatty():
        file.reconfigure(line_buffering=True)
    return file


if __name__ == "__main__":
    main()
