"""The console that commands print on: one whose reader may leave."""

from __future__ import annotations

from typing import NoReturn

from rich.console import Console as RichConsole


class Console(RichConsole):
    """rich's console, without its end for whoever stops reading: exit code 1 would say that a row fell short."""

    def on_broken_pipe(self) -> NoReturn:
        """Say that nobody reads any more, as a file does. Raises: BrokenPipeError."""
        raise BrokenPipeError
