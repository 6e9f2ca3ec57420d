"""The commands of `pictograph`, and how it starts."""

from __future__ import annotations

import typer

from pictograph.cli.command import AsJson, BaseUrl, MaxRetries, Timeout
from pictograph.cli.groups import GROUPS
from pictograph.cli.streams import prepare

app = typer.Typer(
    help="Look at what Pictograph has, and wait for it. PICTOGRAPH_API_KEY holds the key.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for group in GROUPS:
    app.add_typer(group)


@app.callback()
def settings(
    context: typer.Context,
    base_url: BaseUrl = None,
    timeout: Timeout = None,
    max_retries: MaxRetries = None,
    as_json: AsJson = None,
) -> None:
    """Keep the options that stand before the name of a command."""
    given = {"base_url": base_url, "timeout": timeout, "max_retries": max_retries, "as_json": as_json}
    context.obj = {name: value for name, value in given.items() if value is not None}


def start() -> None:
    """Run the command with the program's arguments; ends the program."""
    prepare()
    app(prog_name="pictograph")
