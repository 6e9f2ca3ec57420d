"""`failwell openapi`: the errors of a catalogue as an OpenAPI document."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from failwell.cli.report import report_to
from failwell.reference.catalogues import named_catalogue
from failwell.reference.openapi.responses import document


def openapi(
    catalogue: Annotated[
        str, typer.Argument(metavar="CATALOGUE", help="Whose errors: an installed name, or module:NAME.")
    ],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is the terminal.")] = "-",
) -> int:
    """Write the errors of a catalogue as an OpenAPI 3.1 document: schemas, responses, an example of every case.

    A catalogue knows operations by name, so there are no paths: `x-failwell-operations` says which has which responses.
    """
    content = document(named_catalogue(catalogue))
    with report_to(output) as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return 0
