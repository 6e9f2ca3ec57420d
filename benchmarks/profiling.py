"""Where the time of a missed goal goes: a short profile in benchmarks/profiles/, to start from."""

from __future__ import annotations

import cProfile
import io
import pstats
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from benchmarks.measuring import Call

LINES = 30
TREE = Path(__file__).parents[1]


class Profile(Protocol):
    """What is asked of a `cProfile.Profile`."""

    def enable(self) -> None:
        """Begin."""
        ...

    def disable(self) -> None:
        """End."""
        ...

    def create_stats(self) -> None:
        """Have the figures in `stats`."""
        ...


def of_calls(
    folder: Path,
    what: str,
    call: Call,
    *,
    calls: int,
    profiler: Callable[[], Profile] = cProfile.Profile,
    floor: str = "",
) -> str:
    """Where *call* spends its time, function by function, below its *floor*; returns the name of the file."""
    for _ in range(20):
        call()
    profile: Any = profiler()  # what pstats takes is of no type
    profile.enable()
    for _ in range(calls):
        call()
    profile.disable()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(LINES)
    heading = f"{what}: {calls} calls under cProfile, by the time spent in each function itself."
    return _written(folder, what, "\n".join(filter(None, (heading, floor))), text)


def of_import(folder: Path, what: str, module: str, bare: str) -> str:
    """Which imports take the time of `import MODULE` beyond those of *bare*; returns the name of the file."""
    known = {row.rpartition("|")[2].strip() for row in _import_times(bare)}
    rows = [row for row in _import_times(module) if row.rpartition("|")[2].strip() not in known]
    rows.sort(key=lambda row: -int(row.split("|")[0].rpartition(":")[2]))
    heading = f"{what}: python -X importtime, what `import {bare}` does not load, the slowest first, in microseconds."
    return _written(folder, what, heading, io.StringIO("\n".join(["  itself | with what it loads", *rows[:LINES]])))


def _import_times(module: str) -> list[str]:
    command = [sys.executable, "-P", "-X", "importtime", "-c", f"import {module}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line for line in done.stderr.splitlines() if line.startswith("import time:")][1:]


def _written(folder: Path, what: str, heading: str, text: io.StringIO) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-") + ".txt"
    (folder / name).write_text(f"{heading}\n\n{_anonymous(text.getvalue()).strip()}\n", encoding="utf-8")
    return name


def _anonymous(text: str) -> str:
    """*text* without the folders of this machine, and without spaces at the ends of its lines."""
    short = text.replace(f"{TREE}/", "")
    short = re.sub(r"[^\s(]*(?:site-packages|lib/python3\.\d+)/|(?:src|sdks/\w+)/", "", short)
    return "\n".join(line.rstrip() for line in short.splitlines())
