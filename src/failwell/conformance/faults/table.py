"""The report of a check with faults, for a terminal: a row per fault, then what fell short and why."""

from __future__ import annotations

from collections.abc import Sequence

from failwell.conformance.faults.run import not_offered
from failwell.conformance.table import summed_up, tell_shortfalls, told_verdict
from failwell.conformance.verdicts import Row
from failwell.contract.extras import needs

with needs("cli", __name__):
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text


def show_faults(rows: Sequence[Row], console: Console, *, sdk: str, seconds: float) -> None:
    """Print what the calls of *sdk* ended in that met the faults of *rows*, and the verdict in one line."""
    table = Table(
        title=Text(sdk, style="bold"), title_justify="left", show_edge=False, pad_edge=False, header_style="bold"
    )
    table.add_column("Every try meets", ratio=4, overflow="fold")
    table.add_column("Raised", ratio=2, overflow="fold")
    table.add_column("Tries: reads", justify="right")
    table.add_column("writes", justify="right")
    table.add_column("Verdict")
    group = ""
    for row in rows:
        if row.promise.section != group:
            group = row.promise.section
            table.add_section()
            table.add_row(Text(group, style="bold"))
        raised = dict.fromkeys(
            type(verdict.seen.error).__name__ if verdict.seen.error is not None else "-"
            for verdict in row.verdicts.values()
        )
        tries = (_tries(row, "reads"), _tries(row, "writes"))
        table.add_row(Text(row.promise.sentence), Text(" or ".join(raised)), *tries, told_verdict(row))
    console.print(table)
    tell_shortfalls(rows, console)
    console.print(sum_of_faults(rows, seconds), style="bold")


def sum_of_faults(rows: Sequence[Row], seconds: float) -> str:
    """The verdict on the faults of *rows* in one line."""
    calls = [verdict for row in rows for verdict in row.verdicts.values()]
    held = f"{sum(verdict.held for verdict in calls)} of {len(calls)} calls"
    ways = " and ".join(dict.fromkeys(lane.partition(", ")[2] for row in rows for lane in row.verdicts))
    lacking = "".join(f" {way} is not offered: {why}." for way, why in not_offered().items() if way not in ways)
    return f"{summed_up(rows, 'faults')}, {held}, {ways}, in {seconds:.1f} s.{lacking}"


def _tries(row: Row, call: str) -> str:
    """How often *call* was tried, in any way; if the ways differ, each of the numbers."""
    counts = dict.fromkeys(
        verdict.seen.attempts for lane, verdict in row.verdicts.items() if lane.startswith(f"{call}, ")
    )
    return " or ".join(str(count) for count in counts)
