"""A connected client, and where its answers are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import typer

from failwell.cli.kit.cells import printable, sentence
from failwell.cli.kit.endings import FAILED
from failwell.cli.kit.output import Columns, Output
from failwell.cli.kit.streams import remark, tell_watcher

if TYPE_CHECKING:
    from pydantic import BaseModel

C = TypeVar("C")
M = TypeVar("M", bound="BaseModel")


@dataclass(frozen=True)
class CommandSession(Generic[C]):
    """What a command works with."""

    client: C
    output: Output

    def show(self, found: BaseModel) -> None:
        """Show one thing."""
        self.output.show(found)

    def show_all(self, found: Iterable[M], columns: Columns[M], *, empty: str) -> None:
        """Show a list; say *empty* beside it if nothing is in it."""
        if not self.output.show_all(found, columns):
            remark(empty)

    def waiting(self, what: str, timeout: float) -> None:
        """Tell who looks at a terminal that the command waits for *what*, at most *timeout* seconds."""
        tell_watcher(f"Waiting for {printable(what)}, at most {timeout:g} s. Ctrl-C ends the wait, not the job.")

    def show_ended(self, found: BaseModel, *, status: str, problem: str | None) -> None:
        """Show a job that has ended.

        Raises:
            typer.Exit: it did not end well, so neither does the command.
        """
        self.show(found)
        if status != "completed":
            remark(sentence(f'It ended as "{status}". {problem or ""}'))
            raise typer.Exit(FAILED)


def tell_retry(event: str, facts: dict[str, Any]) -> None:
    """Tell who looks at a terminal that a call is repeated: an `on_event` of a client."""
    if event == "retry":
        tell_watcher(f"{sentence(facts['reason'])}: waiting {facts['delay']:.3g} s before retry {facts['retry']}.")
