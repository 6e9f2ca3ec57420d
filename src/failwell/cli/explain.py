"""`failwell explain`: what a code, a status, a class or a pasted body means, and what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from failwell.cli.console import Console
from failwell.cli.standard_input import standard_input
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.reference.catalogues import known_catalogues, named_catalogue
from failwell.reference.explanation.explain import Explanation, explain as explain_thing
from failwell.reference.explanation.pasted import utf8
from failwell.reference.explanation.terminal import show
from failwell.wire.json import LONGEST

HEADERS = 64 * 1024
"""Bytes that the header of a pasted reply may take beside its body."""


def explain(
    thing: Annotated[
        str,
        typer.Argument(metavar="THING", help="A code, a status, a class, the body of a reply, or - to read one."),
    ],
    catalogue: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose error it is: an installed name, or module:NAME.")
    ] = None,
    status: Annotated[
        int | None, typer.Option(min=100, max=599, metavar="STATUS", help="The status of the reply, where it is known.")
    ] = None,
) -> int:
    """Say what an error means: when it fires, whether it is retried, its attributes, and what to do.

    What several catalogues know is told of each, one after the other.
    Exits with 2 when nothing definite can be said.
    """
    catalogues = [named_catalogue(name) for name in ([catalogue] if catalogue is not None else known_catalogues())]
    show(_explained(thing, catalogues, status), Console())
    return 0


def _explained(thing: str, catalogues: list[Catalogue], status: int | None) -> tuple[Explanation, ...]:
    if thing == "-":
        # No more than what is ever parsed: a file that never ends must not fill the memory.
        thing = utf8(standard_input("reply", LONGEST + HEADERS)).decode("utf-8", "surrogateescape")
    return explain_thing(thing, catalogues, status=status)
