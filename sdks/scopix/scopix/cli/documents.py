"""`scopix documents`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwell.cli import Limit, Patience, named
from scopix.cli.tool import Session, command

if TYPE_CHECKING:
    from failwell.cli import Columns
    from scopix.models import Document, SearchHit

app = typer.Typer(name="documents", help="Texts, Markdown and PDFs.", no_args_is_help=True)

MISSING = "Verify the id with `scopix documents list`."

DocumentId = Annotated[str, typer.Argument(metavar="DOCUMENT_ID", callback=named, help="Its id, from the list.")]

COLUMNS: Columns[Document] = {
    "ID": lambda document: document.id,
    "NAME": lambda document: document.filename,
    "STATUS": lambda document: document.status,
    "PAGES": lambda document: document.pages,
}
HITS: Columns[SearchHit] = {
    "ID": lambda hit: hit.document_id,
    "NAME": lambda hit: hit.filename,
    "SCORE": lambda hit: hit.score,
    "TEXT": lambda hit: hit.snippet,
}


@app.command()
@command()
def upload(session: Session, path: Annotated[Path, typer.Argument(metavar="PATH", help="The file.")]) -> None:
    """Upload a document, and show it; its text is read afterwards."""
    session.show(session.client.documents.upload(path))


@app.command("list")
@command()
def list_(session: Session, limit: Limit = None) -> None:
    """List the documents, newest first."""
    session.show_all(session.client.documents.iter(max_total=limit), COLUMNS, empty="There are no documents.")


@app.command()
@command(MISSING)
def get(session: Session, document: DocumentId) -> None:
    """Show a document, without its text."""
    session.show(session.client.documents.get(document))


@app.command()
@command(MISSING)
def wait(session: Session, document: DocumentId, timeout: Patience = 600.0) -> None:
    """Wait until the text of a document is read, and show it."""
    session.waiting(f"document {document}", timeout)
    session.show(session.client.documents.wait_for_completion(document, timeout=timeout))


@app.command()
@command()
def search(session: Session, words: Annotated[str, typer.Argument(metavar="WORDS", help="What to look for.")]) -> None:
    """Search the documents; the best places first."""
    session.show_all(session.client.documents.search(words), HITS, empty="Nothing was found.")
