"""A connected client, and where its answers are shown."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from pictograph.cli.cells import printable, sentence
from pictograph.cli.endings import FAILED
from pictograph.cli.output import Columns, Output, output
from pictograph.cli.streams import remark, tell_watcher
from pictograph.exceptions import ConfigurationError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from pictograph.client import Client

M = TypeVar("M", bound="BaseModel")


@dataclass(frozen=True)
class Session:
    """What a command works with."""

    client: Client
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


@contextmanager
def connected(*, as_json: bool = False, base_url: str | None = None, **settings: Any) -> Generator[Session]:
    """A session with the key of the environment, as long as the block lasts.

    Raises:
        ConfigurationError: there is no key, or a setting cannot work.
    """
    from pictograph.client import SERVICE, Client

    variable = SERVICE.key_variable
    if not os.environ.get(variable):
        raise ConfigurationError(f"{variable} is not set. Set it: export {variable}=pk_live_...")
    with Client(base_url=base_url, on_event=_on_event, **settings) as client:
        yield Session(client, output(as_json=as_json))


def _on_event(event: str, facts: dict[str, Any]) -> None:
    if event == "retry":
        tell_watcher(f"{sentence(facts['reason'])}: waiting {facts['delay']:.3g} s before retry {facts['retry']}.")
