"""`pictograph training`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from failwell.cli import Limit, Patience, named
from pictograph.cli.tool import Session, command

if TYPE_CHECKING:
    from failwell.cli import Columns
    from pictograph import models

app = typer.Typer(name="training", help="Training runs.", no_args_is_help=True)

MISSING = "Verify the id with `pictograph training list`."

RunId = Annotated[str, typer.Argument(metavar="RUN_ID", callback=named, help="Its id, from `training list`.")]

COLUMNS: Columns[models.TrainingRun] = {
    "ID": lambda run: run.id,
    "NAME": lambda run: run.name,
    "PIPELINE": lambda run: run.pipeline_type,
    "STATUS": lambda run: run.status,
    "%": lambda run: run.progress,
}


@app.command("list")
@command()
def list_(session: Session, limit: Limit = None) -> None:
    """List the training runs, newest first."""
    found = session.client.training.iter(max_total=limit)
    session.show_all(found, COLUMNS, empty="There are no training runs.")


@app.command()
@command(MISSING)
def get(session: Session, run: RunId) -> None:
    """Show a training run."""
    session.show(session.client.training.get(run))


@app.command()
@command(MISSING)
def wait(session: Session, run: RunId, timeout: Patience = 3600.0) -> None:
    """Wait until a training run has ended, and show it. Exits with 1 unless it was completed."""
    session.waiting(f"run {run}", timeout)
    ended = session.client.training.wait_for_completion(run, timeout=timeout)
    session.show_ended(ended, status=ended.status, problem=ended.error_message)
