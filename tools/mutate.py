"""
Delete each case of each contract in turn, in each place that knows it, and see whether `failwell check` notices.

    python tools/mutate.py [VENDOR]...

Exits with 1 if a mutant survives, with 2 if the check falls short with nothing deleted.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from failwell.conformance.mutation.mutation import PLACES, BaselineError, Fate, mutate
from failwell.sandbox.vendor import find_vendor, known_vendors

NONE_SURVIVED, SOME_SURVIVED, NO_BASELINE = 0, 1, 2


def table_of(fates: Sequence[Fate], seconds: float) -> Table:
    """What became of the mutants, by place."""
    table = Table(title=f"{len(fates)} mutants in {seconds:.1f} s", title_justify="left", show_edge=False)
    table.add_column("Place")
    for heading in ("Mutants", "Killed by a row", "Killed at the start", "Survivors"):
        table.add_column(heading, justify="right")
    for place in PLACES:
        here = [fate for fate in fates if fate.mutant.place == place]
        refused = sum(fate.refused for fate in here)
        killed = sum(fate.killed for fate in here) - refused
        table.add_row(place, *map(str, (len(here), killed, refused, len(here) - killed - refused)))
    return table


def main(names: Sequence[str]) -> int:
    started = time.monotonic()
    progress = Console(stderr=True)
    fates: list[Fate] = []
    for name in names or known_vendors():
        try:
            with progress.status(name) as status:
                fates += mutate(find_vendor(name), progress=lambda mutant, status=status: status.update(str(mutant)))
        except BaselineError as problem:
            print(problem, file=sys.stderr)
            return NO_BASELINE
    console = Console()
    console.print(table_of(fates, time.monotonic() - started))
    survivors = [fate for fate in fates if not fate.killed]
    for fate in survivors:
        console.print(f"SURVIVED  {fate.mutant}: {fate.reason}", style="red", markup=False)
    return SOME_SURVIVED if survivors else NONE_SURVIVED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
