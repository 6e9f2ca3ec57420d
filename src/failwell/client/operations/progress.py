"""Progress bar on the terminal, where there is one and `rich` is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

Bar = Callable[[int], object]
"""Told how many are done."""


@contextmanager
def progress_bar(what: str, total: int) -> Generator[Bar | None]:
    """A bar of *what* on stderr; None without a terminal, without `rich` or with nothing to do."""
    if not total or not sys.stderr.isatty() or not _installed():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(what, total=total)
        yield lambda done: shown.update(task, completed=done)


def _installed() -> bool:
    from importlib.util import find_spec

    return find_spec("rich") is not None
