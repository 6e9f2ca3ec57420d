"""`pictograph images`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from failwell.cli import Limit, named, sendable
from pictograph.cli.tool import Dataset, Session, command

if TYPE_CHECKING:
    from failwell.cli import Columns
    from pictograph import models

app = typer.Typer(name="images", help="Images of a dataset.", no_args_is_help=True)

MISSING = "Verify the id with `pictograph images list DATASET`."

ImageId = Annotated[str, typer.Argument(metavar="IMAGE_ID", callback=named, help="Its id, from `images list`.")]
Folder = Annotated[
    str | None, typer.Option(metavar="PATH", callback=sendable, help="Only what is in this folder, such as /train.")
]

COLUMNS: Columns[models.Image] = {
    "ID": lambda image: image.id,
    "PATH": lambda image: f"{(image.directory_path or '').rstrip('/')}/{image.filename}",
    "STATUS": lambda image: image.status,
    "SHAPES": lambda image: image.annotation_count,
}


@app.command("list")
@command()
def list_(session: Session, dataset: Dataset, folder: Folder = None, limit: Limit = None) -> None:
    """List the images of a dataset, newest first."""
    found = session.client.images.iter(dataset, directory_path=folder, max_total=limit)
    session.show_all(found, COLUMNS, empty="There are no images.")


@app.command()
@command(MISSING)
def get(session: Session, image: ImageId) -> None:
    """Show an image, without its pixels."""
    session.show(session.client.images.get(image))
