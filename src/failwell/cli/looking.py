"""The commands that look something up in a contract: they run without a server, and where none is installed."""

from __future__ import annotations

import functools
from collections.abc import Callable

import typer

from failwell.cli.diff import diff
from failwell.cli.explain import explain
from failwell.cli.importing import import_
from failwell.cli.openapi import openapi
from failwell.cli.reference import reference
from failwell.cli.snapshot import snapshot
from failwell.contract.problems import ContractError

Command = Callable[..., int]
Told = Callable[[Command], Callable[..., None]]
"""Makes an exit code of what a command returns or raises."""

LOOK_UPS: dict[str, Command] = {
    "explain": explain,
    "reference": reference,
    "openapi": openapi,
    "snapshot": snapshot,
    "diff": diff,
    "import": import_,
}


def add_look_ups(app: typer.Typer, told: Told) -> None:
    """Let *app* have the commands of this module."""
    for name, command in LOOK_UPS.items():
        app.command(name)(told(command))


def run() -> None:
    """Run the command with the program's arguments, without those that need a server; ends the program."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    add_look_ups(app, _told)
    app(prog_name="failwell")


def _told(command: Command) -> Callable[..., None]:
    @functools.wraps(command)
    def run_told(*args: object, **kwargs: object) -> None:
        try:
            code = command(*args, **kwargs)
        except ContractError as problem:
            typer.echo(f"failwell: {problem}", err=True)
            code = 2
        except OSError as problem:
            named = f"{problem.filename}: " if problem.filename else ""
            typer.echo(f"failwell: {named}{problem.strerror or problem}. Nothing was written.", err=True)
            code = 2
        raise typer.Exit(code)

    return run_told
