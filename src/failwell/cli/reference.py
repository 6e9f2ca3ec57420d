"""`failwell reference`: the pages of the installed catalogues, written or compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from failwell.reference.catalogues import known_catalogues, named_catalogue
from failwell.reference.page.files import check_pages, write_pages


def reference(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CATALOGUE]...", help="Whose: installed names, or module:NAME; by default all installed."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the pages.")] = Path("docs/reference"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; say which pages are missing or stale.")
    ] = False,
) -> int:
    """Write one Markdown page per catalogue: the tree, when each error fires, retries, attributes, statuses, codes.

    Exits with 2 when a cause or a fix is missing in a declaration, or with --check a page is stale.
    """
    catalogues = [named_catalogue(name) for name in names or known_catalogues()]
    if check:
        check_pages(catalogues, out)
    else:
        for path in write_pages(catalogues, out):
            typer.echo(path)
    return 0
