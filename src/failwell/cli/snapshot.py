"""`failwell snapshot`: what callers can depend on in a catalogue, as a file to keep beside it."""

from __future__ import annotations

from typing import Annotated

import typer

from failwell.cli.report import report_to
from failwell.reference.catalogues import named_catalogue
from failwell.reference.compat.snapshot import facts_of, written


def snapshot(
    catalogue: Annotated[str, typer.Argument(metavar="CATALOGUE", help="An installed name, or module:NAME.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is the terminal.")] = "-",
) -> int:
    """Write down everything that callers can depend on in a catalogue, for `failwell diff` to compare with later."""
    content = written(facts_of(named_catalogue(catalogue)))
    with report_to(output) as file:
        file.write(content)
    return 0
