"""What all commands of `pictograph` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwell.cli import CommandLine, CommandSession, named
from pictograph.cli.told import told
from pictograph.exceptions import CATALOGUE

if TYPE_CHECKING:
    from pictograph.client import Client


def _connect(**settings: Any) -> Client:
    # Loaded when the arguments are understood: help needs no client.
    from pictograph.client import Client

    return Client(**settings)


TOOL: CommandLine[Client] = CommandLine("pictograph", CATALOGUE, _connect, "PICTOGRAPH", "pk_live_...", told)

command = TOOL.command
Session = CommandSession["Client"]

Dataset = Annotated[
    str, typer.Argument(metavar="DATASET", callback=named, help="Its name, which is case-sensitive, or its id.")
]
