"""stdout and stderr, whatever they are connected to."""

from __future__ import annotations

import io
import os
import sys


def prepare() -> None:
    r"""Let a stream that has no "ü" show "\xfc" there."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(line: str) -> None:
    """Write *line* to stdout, at once: whoever reads there may have enough after the first."""
    if sys.stdout is not None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def remark(words: str) -> None:
    """Write *words* to stderr."""
    if sys.stderr is not None:
        sys.stderr.write(f"{words}\n")


def tell_watcher(words: str) -> None:
    """Write *words* to stderr if that is a terminal: they are of the moment, and no part of a log."""
    if sys.stderr is not None and sys.stderr.isatty():
        remark(words)


def watched() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def drop_output() -> None:
    """Let what is left of the output go nowhere: written again at the very end, it would only fail again."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
