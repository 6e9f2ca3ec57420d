"""`scopix storage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from failwell.cli import Patience, named
from scopix.cli.tool import Session, command

if TYPE_CHECKING:
    from failwell.cli import Columns
    from scopix.models import Connection, StoredObject

app = typer.Typer(name="storage", help="Buckets that files come from and go to.", no_args_is_help=True)

MISSING = "Verify the id with `scopix storage list`."

ConnectionId = Annotated[str, typer.Argument(metavar="CONNECTION_ID", callback=named, help="Its id, from the list.")]
JobId = Annotated[str, typer.Argument(metavar="JOB_ID", callback=named, help="The id of an import or an export.")]

COLUMNS: Columns[Connection] = {
    "ID": lambda connection: connection.id,
    "PROVIDER": lambda connection: connection.provider,
    "BUCKET": lambda connection: connection.bucket,
    "PREFIX": lambda connection: connection.prefix,
}
OBJECTS: Columns[StoredObject] = {"KEY": lambda stored: stored.key, "SIZE": lambda stored: stored.size}


@app.command("list")
@command()
def list_(session: Session) -> None:
    """List the connections."""
    session.show_all(session.client.cloud_storage.list_connections(), COLUMNS, empty="There are no connections.")


@app.command()
@command(MISSING)
def objects(session: Session, connection: ConnectionId) -> None:
    """List what is in a bucket."""
    session.show_all(session.client.cloud_storage.objects(connection), OBJECTS, empty="Nothing is in it.")


@app.command()
@command(MISSING)
def wait(session: Session, job: JobId, timeout: Patience = 600.0) -> None:
    """Wait until an import or an export has ended, and show it."""
    session.waiting(f"job {job}", timeout)
    session.show(session.client.cloud_storage.wait_for_job(job, timeout=timeout))
