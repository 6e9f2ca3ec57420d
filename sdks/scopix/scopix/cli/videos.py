"""`scopix videos`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from failwell.cli import Patience, named
from scopix.cli.tool import Session, command

app = typer.Typer(name="videos", help="Videos and their analyses.", no_args_is_help=True)

MISSING = "Verify the id: `videos upload` and `videos analyze` print it."

MediaId = Annotated[str, typer.Argument(metavar="MEDIA_ID", callback=named, help="Its id, from `videos upload`.")]
JobId = Annotated[str, typer.Argument(metavar="JOB_ID", callback=named, help="Its id, from `videos analyze`.")]


@app.command()
@command()
def upload(session: Session, path: Annotated[Path, typer.Argument(metavar="PATH", help="The file.")]) -> None:
    """Upload a video, and show it. Broken off, the same command goes on from where it stood."""
    session.show(session.client.video_analysis.upload(path))


@app.command()
@command(MISSING)
def get(session: Session, video: MediaId) -> None:
    """Show a video, or how much of it is there."""
    session.show(session.client.video_analysis.get(video))


@app.command()
@command(MISSING)
def analyze(session: Session, video: MediaId) -> None:
    """Begin to analyse a video, and show the job."""
    session.show(session.client.video_analysis.analyze(video))


@app.command()
@command(MISSING)
def delete(session: Session, video: MediaId) -> None:
    """Delete a video, or what is there of it."""
    session.client.video_analysis.delete(video)


@app.command()
@command(MISSING)
def wait(session: Session, job: JobId, timeout: Patience = 600.0) -> None:
    """Wait until an analysis has ended, and show it."""
    session.waiting(f"analysis {job}", timeout)
    session.show(session.client.video_analysis.wait_for_completion(job, timeout=timeout))
