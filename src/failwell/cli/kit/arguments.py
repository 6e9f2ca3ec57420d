"""The arguments that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from failwell.client.transport.paths import path


def named(value: str) -> str:
    """*value*, if it can name something.

    Raises:
        typer.BadParameter: it is empty, "." or "..", or has characters that no URL can carry.
    """
    try:
        path("", value)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from problem
    return value


def sendable(value: str | None) -> str | None:
    """*value*, if there is one and a URL can carry it.

    Raises:
        typer.BadParameter: it has characters that no URL can carry.
    """
    if value:
        named(f"/{value}")
    return value


Limit = Annotated[int | None, typer.Option(metavar="COUNT", min=1, help="Show so many at most. Otherwise all.")]
Patience = Annotated[float, typer.Option(metavar="SECONDS", help="How long to wait for it.")]
