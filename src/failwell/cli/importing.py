"""`failwell import`: a first contract module from an OpenAPI document."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from failwell._support.exception_fields import ExceptionFields
from failwell.cli.report import report_to
from failwell.cli.standard_input import standard_input
from failwell.contract.errors import ContractError
from failwell.reference.importing import Plan, UnreadableDocumentError, load, module_text, plan
from failwell.reference.importing.writing import counted


class FileThereError(ExceptionFields, ContractError):
    """The file *where* would be replaced."""

    where: str
    template = "{where} is there already. Name another file, or replace it with --force."


def import_(
    document: Annotated[
        str, typer.Argument(metavar="FILE", help="An OpenAPI 3 document in JSON or YAML; - reads one.")
    ],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call the vendor; by default what the API is called.")
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is the terminal.")] = "-",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> int:
    """Write a first contract module from an OpenAPI document: its statuses, codes and fields as typed classes.

    What cannot be carried over is listed at the top of the module, and here.
    """
    if output != "-" and Path(output).is_file() and not force:
        raise FileThereError(output)
    where = "The standard input" if document == "-" else document
    made = plan(load(_read(document, where), where), where=where, vendor=name)
    text = module_text(made, source="an OpenAPI document" if document == "-" else Path(document).name)
    with report_to(output) as file:
        assert file is not None
        file.write(text)
    typer.echo(_told(made), err=True)
    return 0


def _read(document: str, where: str) -> bytes:
    try:
        return standard_input("document") if document == "-" else Path(document).read_bytes()
    except OSError as problem:
        raise UnreadableDocumentError(where, f"{problem.strerror}.") from problem


def _told(made: Plan) -> str:
    cases = sum(len(one.codes) for one in made.classes)
    classes = f"{len(made.classes) + 2} classes and {counted(cases, 'code')}"
    source = f"{counted(made.responses, 'error response')} of {counted(made.operations, 'operation')}"
    lines = [
        f"{made.vendor}: {classes} from {source}, in {made.envelope.text}.",
        *(["Not carried over:"] if made.losses else []),
        *(f"- {loss}" for loss in made.losses),
    ]
    return "\n".join(lines)
