"""The table, on the screen and in benchmarks/RESULTS.md."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.rows import KIB, MIB, Row

OURS = ("failwell", "failwell-pictograph", "httpx2", "httpcore2", "h11", "pyreqwest", "pydantic")
COLUMNS = ("", "time [quartiles]", "instructions", "ship", "stretch", "verdict")
ABOUT = """\
# What a call costs

Written by `make bench`; `calls.py`, `flows.py`, `events.py` and `retained.py` beside this file, and those below
`peers/` and `servers/`, say what is called. Figures are ratios: ours over the bare call that does the same, and rates
(MB/s) ours over the other's. Both sides take turns in one run, the median of the rounds counts, and in brackets stand
the quartiles. Time is CPU time, for P6 that of the server, a uvicorn worker on asyncio and h11. Instructions are
counted by valgrind's callgrind and hardly move between runs; P1 in memory, P2 from a reply to its error, P3, and P9
around a call (in memory; its time is over loopback) are judged by them, everything else by the time, which also has
what caches and memory cost. The time of P3, of calls that take a microsecond, moves by a fifth from one process to the
next.
"""


def table(rows: list[Row]) -> list[tuple[str, ...]]:
    """The cells of *rows*, the headings first."""
    return [COLUMNS, *[_cells(row) for row in rows]]


def _cells(row: Row) -> tuple[str, ...]:
    verdict = ": ".join(part for part in (row.verdict, row.note) if part)
    counted = "" if row.instructions is None else f"{row.instructions:.3f}"
    return (f"{row.group} {row.what}", _time(row), counted, *_goals(row), verdict)


def _time(row: Row) -> str:
    if row.time is None:
        return ""
    low, middle, high = (_number(value, row.unit) for value in row.time)
    return f"{middle} [{low} to {high}]"


def _number(value: float, unit: str) -> str:
    return f"{value:+.2f} MiB" if unit == MIB else f"{value:.2f} KiB" if unit == KIB else f"{value:.2f}"


def _goals(row: Row) -> tuple[str, str]:
    """To ship and to stretch; "≥" where more is better."""
    if row.goal is None:
        return "", ""
    sign = "≥ " if row.goal.at_least else ""
    stretch = row.goal.stretch
    return f"{sign}{_number(row.goal.ship, row.unit)}", "" if stretch is None else f"{sign}{_number(stretch, row.unit)}"


def printed(rows: list[Row]) -> str:
    """The table in columns, for a terminal."""
    cells = table(rows)
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in cells
    )


def markdown(rows: list[Row], peers: dict[str, str]) -> str:
    """The whole file."""
    head, *lines = table(rows)
    marked = [
        f"| {' | '.join(head)} |",
        f"|{'|'.join([' --- '] * len(head))}|",
        *(f"| {' | '.join(line)} |" for line in lines),
    ]
    missed = [row for row in rows if row.missed and row.profile]
    profiles = [
        f"- {row.group} {row.what}: [{row.profile}](profiles/{row.profile}). {row.floor}".strip() for row in missed
    ]
    return "\n".join(
        [
            ABOUT,
            *marked,
            *(["", "## Where the time of the missed goals goes", "", *profiles] if profiles else []),
            "",
            "## Measured with",
            "",
            f"- {platform.python_implementation()} {platform.python_version()} on {_processor()}, {platform.system()}",
            f"- ours: {', '.join(f'{name} {version(name)}' for name in OURS)}",
            f"- peers, in an environment of their own: {', '.join(f'{name} {said}' for name, said in peers.items())}"
            if peers
            else "- peers: not measured",
            "",
        ]
    )


def _processor() -> str:
    """The model of the CPU, as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
