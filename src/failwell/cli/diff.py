"""`failwell diff`: which change of a contract breaks the code of its callers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from failwell.cli.standard_input import standard_input
from failwell.reference.catalogues import named_catalogue
from failwell.reference.compat.diff import compare
from failwell.reference.compat.snapshot import Facts, SnapshotError, facts_of, read

SIDE = "A snapshot file, - to read one, an installed name, or module:NAME."


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=SIDE)],
    new: Annotated[str, typer.Argument(metavar="NEW", help=SIDE)],
) -> int:
    """Say what changed from one contract to another, and what of it breaks callers.

    Exits with 1 when something breaks, with 2 when they cannot be compared.
    """
    facts = _facts(old), _facts(new)
    changes = compare(*facts)
    breaking = [change for change in changes if change.breaking]
    compatible = [change for change in changes if not change.breaking]
    for title, group in (("Breaking", breaking), ("Compatible", compatible)):
        if group:
            lines = (f"  {change.sentence} [{change.rule}]\n" for change in group)
            typer.echo(f"{title}:\n{''.join(lines)}")
    typer.echo(f"{facts[1]['name']}: {len(breaking)} breaking, {len(compatible)} compatible changes.")
    return 1 if breaking else 0


def _facts(side: str) -> Facts:
    path = Path(side)
    if side != "-" and not path.is_file() and not side.endswith(".json"):
        return facts_of(named_catalogue(side))
    where = "The standard input" if side == "-" else side
    try:
        data = standard_input("snapshot") if side == "-" else path.read_bytes()
    except OSError as problem:
        raise SnapshotError(where, str(problem.strerror)) from problem
    return read(data.decode("utf-8", "replace"), where)
