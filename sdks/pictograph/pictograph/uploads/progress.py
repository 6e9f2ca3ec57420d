"""A bar on the terminal, where there is one and the library for it is installed."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal


@contextmanager
def shown(
    progress: Callable[[int, int, Path], object] | Literal[False] | None, total: int, what: str
) -> Generator[Callable[[int, int, Path], object]]:
    """Whom to tell of each file: *progress*, nobody (False), or by default a bar of *what* on stderr.

    Without a terminal, without `rich` (`pip install errata-pictograph[cli]`) or with nothing to do there is no bar.
    """
    if callable(progress):
        yield progress
    elif progress is False or not total or not sys.stderr.isatty() or importlib.util.find_spec("rich") is None:
        yield _nobody
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(what, total=total)

            def told(done: int, _total: int, _path: Path) -> None:
                bar.update(task, completed=done)

            yield told


def _nobody(_done: int, _total: int, _path: Path) -> None:
    """Nobody wants to know."""
