"""`pictograph exports`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from failwell.cli import Limit, named, sendable
from pictograph.cli.tool import Session, command

if TYPE_CHECKING:
    from failwell.cli import Columns
    from pictograph import models

app = typer.Typer(name="exports", help="Frozen copies of a dataset.", no_args_is_help=True)

MISSING = "Verify the export with `pictograph exports list`."

Export = Annotated[str, typer.Argument(metavar="EXPORT", callback=named, help="Its id; or its name, and --dataset.")]
Of = Annotated[
    str | None, typer.Option("--dataset", metavar="DATASET", callback=sendable, help="Only those of this dataset.")
]
In = Annotated[
    str | None,
    typer.Option("--dataset", metavar="DATASET", callback=sendable, help="Whose export; needed to find it by name."),
]

COLUMNS: Columns[models.Export] = {
    "ID": lambda export: export.id,
    "NAME": lambda export: export.name,
    "STATUS": lambda export: export.status,
    "IMAGES": lambda export: export.image_count,
}


@app.command("list")
@command()
def list_(session: Session, dataset: Of = None, limit: Limit = None) -> None:
    """List the exports, newest first."""
    found = session.client.exports.iter(dataset=dataset, max_total=limit)
    session.show_all(found, COLUMNS, empty="There are no exports.")


@app.command()
@command(MISSING)
def get(session: Session, export: Export, dataset: In = None) -> None:
    """Show an export."""
    session.show(session.client.exports.get(export, dataset=dataset))
