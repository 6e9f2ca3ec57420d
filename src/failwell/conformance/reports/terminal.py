"""Terminal report of a check: a row per promise, then what fell short and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from failwell.conformance.faults.runner import not_offered
from failwell.conformance.verdicts import Row
from failwell.contract.extras import needs

with needs("cli", __name__):
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text


def show(rows: Sequence[Row], console: Console, *, sdk: str, seconds: float) -> None:
    """Print the table of *rows*, under the name of the *sdk*, and the verdict in one line."""

    def told(row: Row) -> tuple[str, ...]:
        facts = evidence_of(row)
        return facts.raised or "-", facts.attributes or "-", facts.attempts, facts.waits or "-"

    columns = {"Sentence or case": 5, "Raised": 2, "Attributes": 3, "Attempts": None, "Waits asked (s)": 1}
    _show(rows, console, sdk, columns, told)
    console.print(sum_of(rows, seconds), style="bold")


def show_faults(rows: Sequence[Row], console: Console, *, sdk: str, seconds: float) -> None:
    """Print what the calls of *sdk* ended in that met the faults of *rows*, and the verdict in one line."""

    def told(row: Row) -> tuple[str, ...]:
        errors = [verdict.seen.error for verdict in row.verdicts.values()]
        raised = dict.fromkeys(type(error).__name__ if error is not None else "-" for error in errors)
        return " or ".join(raised), _tries(row, "reads"), _tries(row, "writes")

    _show(rows, console, sdk, {"Every try meets": 4, "Raised": 2, "Tries: reads": None, "writes": None}, told)
    console.print(sum_of_faults(rows, seconds), style="bold")


def _show(
    rows: Sequence[Row],
    console: Console,
    sdk: str,
    columns: Mapping[str, int | None],
    told: Callable[[Row], tuple[str, ...]],
) -> None:
    """Print a table of *rows*, and why they fall short: *columns* have a share of the width, or numbers."""
    table = Table(
        title=Text(sdk, style="bold"), title_justify="left", show_edge=False, pad_edge=False, header_style="bold"
    )
    for title, ratio in columns.items():
        if ratio is None:
            table.add_column(title, justify="right")
        else:
            table.add_column(title, ratio=ratio, overflow="fold")
    table.add_column("Verdict")
    section = ""
    for row in rows:
        if row.promise.section != section:
            section = row.promise.section
            table.add_section()
            table.add_row(Text(section, style="bold"))
        table.add_row(Text(row.promise.sentence), *map(Text, told(row)), told_verdict(row))
    console.print(table)
    tell_shortfalls(rows, console)


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


def sum_of(rows: Sequence[Row], seconds: float) -> str:
    """The verdict on *rows* in one line."""
    return f"{summed_up(rows, 'rows')}, {' and '.join(rows[0].verdicts) if rows else ''}, in {seconds:.1f} s."


MOST = 6
"""Attempts and waits that are shown of a row, one by one."""


class Evidence(NamedTuple):
    """What all calls of a row did, in words: each class and each attribute once, attempts and waits call by call."""

    raised: str
    attributes: str
    attempts: str
    waits: str


def evidence_of(row: Row) -> Evidence:
    """The evidence of all calls of *row*, in the colour that it shows."""
    calls = row.shown.evidence
    pairs = (f"{name}={_brief(value)}" for seen in calls for name, value in seen.attributes.items())
    return Evidence(
        raised=", ".join(dict.fromkeys(type(seen.error).__name__ for seen in calls if seen.error is not None)),
        attributes=", ".join(dict.fromkeys(pairs)),
        attempts=_some([str(seen.attempts) for seen in calls]),
        waits=_some([f"{wait:.2f}" for seen in calls for wait in seen.waits]),
    )


def _some(parts: Sequence[str]) -> str:
    return " ".join(parts[:MOST]) + (" ..." if len(parts) > MOST else "")


def tell_shortfalls(rows: Sequence[Row], console: Console) -> None:
    """Print why each of *rows* that is not held is not, in each of its colours."""
    for row in rows:
        for colour, verdict in row.verdicts.items():
            if not verdict.held:
                said = verdict.reason if verdict.offered else f"not offered: {verdict.reason}"
                style = "red" if verdict.offered else "yellow"
                console.print(Text(f"{colour}: {row.promise.sentence}\n    {said}", style=style), soft_wrap=True)


def summed_up(rows: Sequence[Row], what: str) -> str:
    """How many of *rows*, called *what*, held: "9 of 11 rows held, 1 not offered"."""
    kept = sum(row.held for row in rows)
    lacking = sum(not row.held and not row.offered for row in rows)
    without = f", {lacking} not offered" if lacking else ""
    return f"{kept} of {len(rows)} {what} held{without}"


def told_verdict(row: Row) -> Text:
    """The verdict of *row* in a word or two."""
    if row.held:
        return Text("held", style="green")
    return Text("FALLS SHORT", style="bold red") if row.offered else Text("not offered", style="yellow")


def _brief(value: object) -> str:
    if isinstance(value, list | dict):
        return f"({len(value)} entries)"
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
