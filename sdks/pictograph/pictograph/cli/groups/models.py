"""`pictograph models`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from failwell.cli import Limit, named
from pictograph.cli.tool import Session, command

if TYPE_CHECKING:
    from failwell.cli import Columns
    from pictograph import models

app = typer.Typer(name="models", help="Trained models.", no_args_is_help=True)

MISSING = "Verify the id with `pictograph models list`."

ModelId = Annotated[str, typer.Argument(metavar="MODEL_ID", callback=named, help="Its id, from `models list`.")]

COLUMNS: Columns[models.Model] = {
    "ID": lambda model: model.id,
    "NAME": lambda model: model.name,
    "TYPE": lambda model: model.model_type,
    "STATUS": lambda model: model.status,
}


@app.command("list")
@command()
def list_(session: Session, limit: Limit = None) -> None:
    """List the models, newest first."""
    found = session.client.models.iter(max_total=limit)
    session.show_all(found, COLUMNS, empty="There are no models.")


@app.command()
@command(MISSING)
def get(session: Session, model: ModelId) -> None:
    """Show a model."""
    session.show(session.client.models.get(model))
