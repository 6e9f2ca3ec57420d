"""`pictograph annotations`."""

from __future__ import annotations

from typing import Annotated

import typer

from failwell.cli import named
from pictograph.cli.tool import Session, command

app = typer.Typer(name="annotations", help="What is drawn on images.", no_args_is_help=True)

MISSING = "Verify the id with `pictograph images list DATASET`."

ImageId = Annotated[str, typer.Argument(metavar="IMAGE_ID", callback=named, help="Its id, from `images list`.")]


@app.command()
@command(MISSING)
def get(session: Session, image: ImageId) -> None:
    """Show the annotations of an image, and their version."""
    session.show(session.client.annotations.get(image))
