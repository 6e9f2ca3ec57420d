"""`pictograph imports`."""

from __future__ import annotations

from typing import Annotated

import typer

from failwell.cli import Patience, named
from pictograph.cli.tool import Session, command

app = typer.Typer(name="imports", help="Imports of datasets that are kept elsewhere.", no_args_is_help=True)

MISSING = "Verify the id: it is in the answer that started the import."

ImportId = Annotated[
    str, typer.Argument(metavar="IMPORT_ID", callback=named, help="Its id, from the answer that started it.")
]


@app.command()
@command(MISSING)
def get(session: Session, import_id: ImportId) -> None:
    """Show an import."""
    session.show(session.client.connectors.get_import(import_id))


@app.command()
@command(MISSING)
def wait(session: Session, import_id: ImportId, timeout: Patience = 3600.0) -> None:
    """Wait until an import has ended, and show it. Exits with 1 unless it was completed."""
    session.waiting(f"import {import_id}", timeout)
    ended = session.client.connectors.wait_for_import(import_id, timeout=timeout)
    session.show_ended(ended, status=ended.status, problem=ended.error_message)
