"""Instructions instead of seconds: they hardly move between runs. Counted by valgrind's callgrind.

    python -m benchmarks.instructions CALLS

is what runs under valgrind: each side of each pair of `counted` in turn, with a mark between them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

from benchmarks.measuring import Call
from benchmarks.pairs import Pair

MARK = "getloadavg"
"""A function of the C library that Python calls for `os.getloadavg()` only: callgrind starts a new count there."""
WARM_UP = 10


def count(calls: int) -> dict[str, tuple[float, float]]:
    """Instructions of one call of ours and of the bare one, by the pair's name.

    Raises:
        FileNotFoundError: valgrind is not installed.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise FileNotFoundError("valgrind is not installed. Install it (Debian: apt-get install valgrind).")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "count"
        run = [sys.executable, "-m", "benchmarks.instructions", str(calls)]
        done = subprocess.run(
            [valgrind, "--tool=callgrind", f"--dump-before={MARK}", f"--callgrind-out-file={out}", *run],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=True,
        )
        names = done.stdout.splitlines()
        totals = [_total(Path(f"{out}.{part}")) for part in range(1, 4 * len(names) + 1)]
    # Between the marks: [loading, ours, warming up, bare], [warming up, ours, ...] and so on.
    counted = [total / calls for total in totals[1::2]]
    return dict(zip(names, zip(counted[::2], counted[1::2], strict=True), strict=True))


def _total(part: Path) -> int:
    """What callgrind counted in one part."""
    for line in part.read_text().splitlines():
        if line.startswith("summary:"):
            return int(line.split()[1])
    raise ValueError(f"{part.name} of valgrind has no summary.")


def _marked(call: Call, calls: int) -> None:
    for _ in range(WARM_UP):
        call()
    os.getloadavg()
    for _ in range(calls):
        call()
    os.getloadavg()


@contextlib.contextmanager
def counted() -> Generator[list[Pair]]:
    """What is counted: all that needs no sockets and no threads, and is over soon."""
    from benchmarks import adopting, calls, flows
    from benchmarks.servers.pairs import in_memory as of_servers

    with of_servers() as served:
        yield [*calls.in_memory(), *flows.pairs(), *adopting.in_memory(), *served]


def main(calls: int) -> None:
    with counted() as pairs:
        for pair in pairs:
            _marked(pair.ours, calls)
            _marked(pair.bare, calls)
            print(pair.what)


if __name__ == "__main__":
    main(int(sys.argv[1]))
