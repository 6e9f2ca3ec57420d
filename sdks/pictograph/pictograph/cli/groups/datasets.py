"""`pictograph datasets`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from failwell.cli import Limit
from pictograph.cli.tool import Dataset, Session, command

if TYPE_CHECKING:
    from failwell.cli import Columns
    from pictograph import models

app = typer.Typer(name="datasets", help="Groups of images that share their classes.", no_args_is_help=True)

COLUMNS: Columns[models.Dataset] = {
    "NAME": lambda dataset: dataset.name,
    "IMAGES": lambda dataset: dataset.image_count,
    "COMPLETED": lambda dataset: dataset.completed_image_count,
    "CLASSES": lambda dataset: ", ".join(each.name for each in dataset.classes),
    "CREATED": lambda dataset: dataset.created_at,
}


@app.command("list")
@command()
def list_(session: Session, limit: Limit = None) -> None:
    """List the datasets, newest first."""
    found = session.client.datasets.iter(max_total=limit)
    session.show_all(found, COLUMNS, empty="There are no datasets.")


@app.command()
@command()
def get(session: Session, dataset: Dataset) -> None:
    """Show a dataset."""
    session.show(session.client.datasets.get(dataset))
