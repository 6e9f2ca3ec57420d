"""The child process of a remote adapter, and the JSON lines to it and from it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from failwell.clock import Clock
from failwell.conformance.errors import (
    AdapterFileError,
    DiedError,
    EndlessError,
    GarbledError,
    HungError,
    InterpreterError,
    LostError,
)

LONGEST_CALL = 6
"""How many times the patience a call may take that does give signs of life."""

LAST_WORDS = 300
"""Most characters of them."""

CHILD = Path(__file__).with_name("child.py")


class Channel:
    """One process of the SDK's, from its start to its end; it gets no environment variable that *without* names.

    Raises:
        InterpreterError: *python* does not start, or is lost before it can say what the adapter has.
        AdapterFileError: the adapter *file* cannot be used.
    """

    def __init__(
        self, python: str, file: Path, *, patience: float, start_patience: float, without: Iterable[str]
    ) -> None:
        self._patience = patience
        self._calls = 0
        self._stopped = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        token = secrets.token_hex(8)
        variables = {name: value for name, value in os.environ.items() if name not in set(without)}
        try:
            # A session of its own: Ctrl-C is for Failwell to hear, and what the SDK started ends with it.
            self._process = subprocess.Popen(  # noqa: S603 - the user named the interpreter
                [python, str(CHILD), token, str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=variables,
                start_new_session=True,
            )
        except OSError as problem:
            self._stderr.close()
            raise InterpreterError(python, problem.strerror or str(problem)) from problem
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="failwell-adapter", daemon=True)
        self._reader.start()
        try:
            self.hello = self._greeting(token, start_patience)
        except LostError as lost:
            raise InterpreterError(python, str(lost)) from lost
        except BaseException:
            self.stop()
            raise
        if "unusable" in self.hello:
            self.stop()
            raise AdapterFileError(file, self.hello["unusable"], python)

    def ask(self, command: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
        """The answer to *command*. What the SDK sleeps meanwhile is asked of *clock*.

        Raises:
            LostError: there is none, and the process is gone.
        """
        self._calls += 1
        longest = self._patience * LONGEST_CALL
        latest = time.monotonic() + longest
        self._tell({**command, "call": self._calls, "now": clock.now(), "wall": clock.wall()})
        while True:
            message = self._message()
            if "sleep" not in message:
                return message
            if time.monotonic() > latest:
                self.stop()
                raise EndlessError(longest)
            # A thread that outlived its call waits at no one's cost.
            if message["call"] == self._calls:
                clock.sleep(message["sleep"])
            self._tell({"do": "wake", "now": clock.now(), "wall": clock.wall()})

    def stop(self) -> int:
        """End the process and whatever it started; its exit code. Can be called twice."""
        if not self._stopped:
            self._stopped = True
            _kill(self._process)
            self._process.wait()
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            # Somebody whom the SDK started, and who left its group, may hold the other end for longer than this.
            self._reader.join(timeout=5.0)
            if not self._reader.is_alive():
                self._process.stdout.close()
            self._stderr.close()
        return self._process.returncode

    def _greeting(self, token: str, patience: float) -> dict[str, Any]:
        until = time.monotonic() + patience
        while True:
            line = self._line(until - time.monotonic(), patience)
            # A start-up file of the environment may print before the SDK's stdout is led away.
            message = _parsed(line)
            if message is not None and message.get("hello") == token:
                return message

    def _message(self) -> dict[str, Any]:
        line = self._line(self._patience, self._patience)
        message = _parsed(line)
        if message is None:
            self.stop()
            raise GarbledError(line.decode(errors="replace")[:80])
        return message

    def _line(self, seconds: float, patience: float) -> bytes:
        """The next line that is not empty."""
        until = time.monotonic() + seconds
        line: bytes | None = b""
        while line is not None and not line.strip():
            try:
                line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                self.stop()
                raise HungError(patience) from None
        if line is None:
            raise self._died()
        return line.strip()

    def _tell(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None

    def _died(self) -> DiedError:
        # Its end of the pipe is closed: it is about to end, or never will.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5.0)
        words = _last_words(self._stderr)
        return DiedError(self.stop(), words)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _last_words(stderr: IO[bytes]) -> str:
    stderr.seek(0, os.SEEK_END)
    stderr.seek(max(0, stderr.tell() - 4 * LAST_WORDS))
    lines = [line.strip() for line in stderr.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:LAST_WORDS] if lines else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End *process* and, where the system knows them, the processes that it started."""
    end_group: Callable[[int, int], None] | None = getattr(os, "killpg", None)
    if end_group is None:
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        end_group(process.pid, signal.SIGKILL)
