"""Line-by-line report of a check, each line as soon as it is known."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from failwell.conformance.reports.terminal import evidence_of, told_verdict
from failwell.conformance.verdicts import Row
from failwell.contract.extras import needs

with needs("cli", __name__):
    from rich.console import Console
    from rich.text import Text

GAP = "   "


class Lines:
    """Prints rows as they come: each section as one line when it ends; if *verbose*, each row by itself.

    *sections* are those of all rows to come. A line is never wrapped, and never ends in blanks.
    """

    def __init__(self, console: Console, *, sdk: str, sections: Sequence[str], verbose: bool = False) -> None:
        self._console = console
        self._sdk: str | None = sdk
        self._verbose = verbose
        self._width = max(map(len, sections), default=0)
        self._counts = [len(list(group)) for _, group in itertools.groupby(sections)]
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Take one more row; the first is below the name of the SDK."""
        if self._sdk is not None:
            self._print(Text(self._sdk, style="bold"))
            self._sdk = None
        if self._verbose:
            if not self._rows:
                self._print(Text(row.promise.section, style="bold"))
            self._print(Text("  ").append(told_verdict(row)).append(f": {row.promise.sentence}"))
            self._print(Text(f"    {_told(row)}"))
        self._rows.append(row)
        if len(self._rows) == self._counts[0]:
            if not self._verbose:
                self._print(self._section(self._rows))
            self._counts, self._rows = self._counts[1:], []

    def _section(self, rows: Sequence[Row]) -> Text:
        """How many of the *rows* of a section hold, in each way in which they were tried."""
        held: dict[str, list[bool]] = {}
        for row in rows:
            for lane, verdict in row.verdicts.items():
                held.setdefault(lane.rpartition(", ")[2], []).append(verdict.held)
        width = len(str(max(map(len, held.values()))))
        counts = [f"{way} {sum(found):>{width}} of {len(found):>{width}}" for way, found in held.items()]
        short = any(not row.held and row.offered for row in rows)
        style = "green" if all(map(all, held.values())) else "red" if short else "yellow"
        return Text(f"{rows[0].promise.section:<{self._width}}{GAP}").append(GAP.join(counts), style=style)

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)


def _told(row: Row) -> str:
    facts = evidence_of(row)
    attributes = f" ({facts.attributes})" if facts.attributes else ""
    waits = f"; waits {facts.waits} s" if facts.waits else ""
    return f"{facts.raised or 'returned'}{attributes}; attempts {facts.attempts}{waits}"
