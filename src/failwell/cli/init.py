"""`failwell init`: a first contract module from an OpenAPI document, and a program that uses it."""

from __future__ import annotations

import keyword
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from failwell._support.exception_fields import ExceptionFields
from failwell.cli.project import clients_of
from failwell.cli.report import report_to
from failwell.cli.standard_input import standard_input
from failwell.contract.errors import ContractError
from failwell.reference.importing.example import SPELLINGS, example_text
from failwell.reference.importing.loading import UnreadableDocumentError, load
from failwell.reference.importing.planning import Plan, plan
from failwell.reference.importing.writing import counted, module_text


class Client(StrEnum):
    """The HTTP libraries that there are examples for."""

    REQUESTS = "requests"
    NIQUESTS = "niquests"
    HTTPX = "httpx"
    HTTPX2 = "httpx2"
    AIOHTTP = "aiohttp"
    URLLIB3 = "urllib3"
    PYREQWEST = "pyreqwest"
    URLLIB = "urllib"


class FileThereError(ExceptionFields, ContractError):
    """The file *where* would be replaced."""

    where: str
    template = "{where} is there already. Name another file with --output, or replace it with --force."


class UnknownClientError(ExceptionFields, ContractError):
    """Nobody says which HTTP library to use, for this *reason*; *known* are those to choose from."""

    reason: str
    known: str
    template = "{reason} Choose what the example calls with: --client NAME, one of {known}."


class ModuleNameError(ExceptionFields, ContractError):
    """No program could import the module in *where*, for this *reason*."""

    where: str
    reason: str
    template = "The example could not import {where}: {reason}. Name another file, as --output shop_errors.py."


def init(
    document: Annotated[
        str, typer.Argument(metavar="FILE", help="An OpenAPI 3 document in JSON or YAML; - reads one.")
    ],
    client: Annotated[
        Client | None,
        typer.Option(help="What the example calls with; by default what this folder's project depends on."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call the vendor; by default what the API is called.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the module goes, the example beside it; - shows the module only. By default NAME_errors.py.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files if they are there.")] = False,
) -> int:
    """Write a first contract module from an OpenAPI document, and a program of ten lines that uses it.

    Its statuses, codes and fields become typed classes. What cannot be carried over, and what one would expect and it
    does not declare, is listed at the top of the module, and here.
    """
    where = "The standard input" if document == "-" else document
    made = plan(load(_read(document, where), where), where=where, vendor=name)
    text = module_text(made, source="an OpenAPI document" if document == "-" else Path(document).name)
    module = output if output is not None else f"{'' if made.vendor[0].isalpha() else 'api_'}{made.vendor}_errors.py"
    if module == "-" or (Path(module).exists() and not Path(module).is_file()):
        with report_to(module) as file:
            file.write(text)
        typer.echo(_told(made), err=True)
        return 0
    example = str(Path(module).with_name(f"{Path(module).stem.removesuffix('_errors')}_example.py"))
    for path in (module, example):
        if Path(path).exists() and not force:
            raise FileThereError(path)
    if problem := _unimportable(Path(module)):
        raise ModuleNameError(module, problem)
    library = _client(Path.cwd(), may_ask=document != "-") if client is None else client.value
    # One is named just before the other: an interruption before that leaves neither.
    with report_to(module) as module_file, report_to(example) as example_file:
        module_file.write(text)
        example_file.write(example_text(made, module=Path(module).stem, client=library))
    typer.echo(f"{_told(made)}\nWrote {module}, and {example}, which calls with {library}.", err=True)
    return 0


def _unimportable(path: Path) -> str | None:
    """Why an example beside *path* could not import it, or None."""
    if path.suffix != ".py":
        return "its name does not end with .py"
    if not path.stem.isidentifier() or keyword.iskeyword(path.stem):
        return "its name is no name in Python"
    if path.stem in sys.stdlib_module_names or path.stem in {*SPELLINGS, "failwell"}:
        return f"it would stand before {path.stem} itself"
    return None


def _client(folder: Path, *, may_ask: bool) -> str:
    """The library that the project in *folder* calls with, or that somebody at the terminal chooses."""
    found = clients_of(folder, SPELLINGS)
    if len(found) == 1:
        return found[0]
    known = ", ".join(SPELLINGS)
    reason = f"This project depends on {' and '.join(found)}." if found else "This folder names no HTTP library."
    # The type checkers do not know that a closed one is None.
    stdin: object = sys.stdin
    if not may_ask or stdin is None or not sys.stdin.isatty():
        raise UnknownClientError(reason, known)
    typer.echo(reason, err=True)
    while True:
        try:
            chosen = typer.prompt(
                f"Which does the example call with? ({known})", default=(*found, "requests")[0], err=True
            )
        except typer.Abort:
            raise KeyboardInterrupt from None
        if chosen.strip().lower() in SPELLINGS:
            return str(chosen.strip().lower())
        typer.echo(f"{chosen!r} is none of them.", err=True)


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
        *(["To be expected, and not declared:"] if made.expected else []),
        *(f"- {one}" for one in made.expected),
    ]
    return "\n".join(lines)
