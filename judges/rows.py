"""
The rows of a judge: each is a function that holds or fails, and is told in one line.

It runs in the environment of the client that judges, so it needs nothing but the standard library.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

Row = Callable[[Any], object]
ROWS: dict[str, Row] = {}


def row(title: str) -> Callable[[Row], Row]:
    """Make a function the row *title*; what it returns is shown, what it raises is why it failed."""

    def keep(function: Row) -> Row:
        ROWS[title] = function
        return function

    return keep


def same(what: str, expected: object, actual: object) -> None:
    """Fail the row if *actual* is not what was expected."""
    if expected != actual:
        raise AssertionError(f"{what}: expected {expected!r}, saw {actual!r}")


def judged(client: str, bench: object) -> int:
    """Try all rows on *bench*, print what came of each, and return the exit code: 1 if one failed."""
    print(f"{client} against {os.environ['FAILWELL_URL']}\n")
    failed = 0
    for title, function in ROWS.items():
        started = time.monotonic()
        try:
            verdict, said = "held", str(function(bench))
        except Exception as problem:  # noqa: BLE001 - whatever the client raises is why its row failed
            verdict, said = "FAILED", f"{type(problem).__name__}: {problem}".partition("\n")[0]
            failed += 1
        print(f"{verdict:<7} {title:<42} {time.monotonic() - started:5.1f} s  {said:.100}", flush=True)
    print(f"\n{len(ROWS) - failed} of {len(ROWS)} rows held.")
    return 1 if failed else 0
