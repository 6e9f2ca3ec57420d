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
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

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


class Warm:
    """Forks commands, one after another."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._one_at_a_time = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__], stdin=theirs.fileno(), cwd=Path(__file__).parents[2]
            )

    def run(self, command: Sequence[str], env: Mapping[str, str], streams: Sequence[int], patience: float) -> int:
        """The exit code of *command*, whose standard *streams* are these file descriptors."""
        with self._one_at_a_time:
            self._ours.settimeout(patience)
            told = json.dumps([list(command), dict(env), str(Path.cwd())]).encode()
            socket.send_fds(self._ours, [told], list(streams))
            return int(self._ours.recv(100))


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
    while True:
        told, streams, _, _ = socket.recv_fds(asked, LONGEST, len(STREAMS))
        if not told:
            return
        if (child := os.fork()) == 0:
            asked.close()
            command, env, folder = json.loads(told)
            become(command, env, folder, streams)
        for stream in streams:
            os.close(stream)
        asked.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


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
    with contextlib.suppress(KeyboardInterrupt):
        main()
