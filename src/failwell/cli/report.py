"""The file that a command writes a report to: there whole, or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def report_to(where: str) -> Generator[TextIO]:
    """The file *where* to write to, the terminal for "-".

    A file gets its name when the block ends well; until then, and for good when it does not, what was there stays.

    Raises:
        OSError: nothing can be written there; this is known before the block begins.
    """
    if where == "-":
        yield sys.stdout
        return
    path = Path(where)
    if path.exists() and not path.is_file():
        # A device or a pipe is written to; a file in its place would take it from everybody else.
        with path.open("w", encoding="utf-8") as device:
            yield device
        return
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    file = _opened(draft, where)
    try:
        with file:
            yield file
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _opened(draft: Path, where: str) -> TextIO:
    try:
        return draft.open("w", encoding="utf-8")
    except OSError as problem:
        # The caller knows the file by the name that was given, not by that of the draft.
        raise OSError(problem.errno, problem.strerror, where) from problem
