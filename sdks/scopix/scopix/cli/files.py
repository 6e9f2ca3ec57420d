"""`scopix files`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwell.cli import Limit, Patience, named, remark, sentence
from scopix.cli.tool import Session, command

if TYPE_CHECKING:
    from failwell.cli import Columns
    from scopix.models import File
    from scopix.uploads.results import UploadResult

app = typer.Typer(name="files", help="Images and documents.", no_args_is_help=True)

MISSING = "Verify the id with `scopix files list`."

FileId = Annotated[str, typer.Argument(metavar="FILE_ID", callback=named, help="Its id, from `files list`.")]

COLUMNS: Columns[File] = {
    "ID": lambda file: file.id,
    "NAME": lambda file: file.filename,
    "KIND": lambda file: file.kind,
    "SIZE": lambda file: file.size,
    "DESCRIBED": lambda file: file.description_status,
}


@app.command()
@command()
def upload(
    session: Session,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Images, or folders of images.")],
    *,
    describe: Annotated[bool, typer.Option(help="Ask for descriptions.")] = True,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until they are described.")] = False,
    patience: Patience = 600.0,
) -> None:
    """Upload images, and show what became of them. Exits with 1 unless all are there."""
    results = session.client.files.upload_batch(paths, describe=describe)
    if wait and results.uploaded:
        session.waiting("the descriptions", patience)
        results = session.client.files.wait_for_descriptions(results, timeout=patience)
    empty = "Nothing was uploaded." if results or results.unreadable else "There is nothing to upload."
    session.show_all(results.uploaded.values(), COLUMNS, empty=empty)
    for each in results:
        if problem := _problem(each):
            remark(sentence(problem if problem.startswith(each.filename) else f"{each.filename}: {problem}"))
    for error in results.unreadable.values():
        remark(sentence(str(error)))
    results.raise_on_failures()


@app.command("list")
@command()
def list_(session: Session, limit: Limit = None) -> None:
    """List the files, newest first."""
    session.show_all(session.client.files.iter(max_total=limit), COLUMNS, empty="There are no files.")


@app.command()
@command(MISSING)
def get(session: Session, file: FileId) -> None:
    """Show a file with its description."""
    session.show(session.client.files.get(file))


@app.command()
@command(MISSING)
def describe(session: Session, file: FileId) -> None:
    """Describe an image now, and show it."""
    session.show(session.client.files.describe(file))


@app.command()
@command(MISSING)
def delete(session: Session, file: FileId) -> None:
    """Delete a file."""
    session.client.files.delete(file)


def _problem(result: UploadResult) -> str | None:
    """Why a file is not there, or not described."""
    if result.error is not None:
        return str(result.error)
    return result.description_error.message if result.description_error is not None else None
