from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import sys
if sys.argv[1] == "without rich":
    sys.modules["rich"] = None
import failwell
from tests.client.test_batch import Server

def ask(items):
    return failwell.batch(items.get, range(5), progress=False if sys.argv[1] == "silent" else None)

print(len(Server(lambda number: 404 if number == 3 else None).ask("blocking", ask).results))
"""


def running(error: Any, how: str) -> subprocess.Popen[str]:
    """A program with a batch of five, and *error* as its stderr."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, how],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=error,
        text=True,
    )


@pytest.mark.parametrize(("how", "bar"), [("", True), ("without rich", False), ("silent", False)])
def test_on_a_terminal(how: str, bar: bool) -> None:
    """
    On a terminal a batch has a bar, if rich is there and nobody wants silence. It counts failures, too.
    """
    ours, theirs = os.openpty()
    with running(theirs, how) as program:
        out, _ = program.communicate(timeout=60)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # which is how a terminal ends
        while chunk := os.read(ours, 65_536):
            shown += chunk
    os.close(ours)

    assert ("4\n", 0) == (out, program.returncode), shown.decode(errors="replace")
    assert (bar, bar) == (b"get" in shown, b"5/5" in shown)


def test_elsewhere() -> None:
    """
    In a pipe there is nothing but what the program prints itself.
    """
    with running(subprocess.PIPE, "") as program:
        out, err = program.communicate(timeout=60)

    assert ("4\n", "", 0) == (out, err, program.returncode)
