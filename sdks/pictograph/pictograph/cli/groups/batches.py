"""`pictograph batches`."""

from __future__ import annotations

from typing import Annotated

import typer

from failwell.cli import Patience, named
from pictograph.cli.tool import Session, command

app = typer.Typer(name="batches", help="Batches of images that SAM3 annotates.", no_args_is_help=True)

MISSING = "Verify the id: it is in the answer that started the batch."

JobId = Annotated[
    str, typer.Argument(metavar="JOB_ID", callback=named, help="Its id, from the answer that started it.")
]


@app.command()
@command(MISSING)
def get(session: Session, job: JobId) -> None:
    """Show a batch."""
    session.show(session.client.auto_annotate.get_batch(job))


@app.command()
@command(MISSING)
def wait(session: Session, job: JobId, timeout: Patience = 1800.0) -> None:
    """Wait until a batch has ended, and show it. Exits with 1 unless it was completed."""
    session.waiting(f"batch {job}", timeout)
    ended = session.client.auto_annotate.wait_for_batch(job, timeout=timeout)
    session.show_ended(ended, status=ended.status, problem=ended.error_message)
