"""How answers are shown: a table on a terminal, lines elsewhere, JSON if asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from failwell.cli.kit.cells import cell, document
from failwell.cli.kit.streams import say, watched

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")

Columns = Mapping[str, Callable[[M], object]]
"""The columns of a list, by title. The first holds what `get` takes."""

GAP = 2
"""Blanks between two columns."""
NARROWEST = 16
"""The columns of a terminal below which a long cell is not folded."""


class Output(Protocol):
    """One way of showing answers."""

    def show(self, found: BaseModel) -> None:
        """Show one thing, with all its fields."""
        ...

    def show_all(self, found: Iterable[M], columns: Columns[M]) -> int:
        """Show a list, as it comes where that is possible; return how long it is."""
        ...


def output(*, as_json: bool) -> Output:
    """The way that is asked for, or that fits to what stdout is."""
    if as_json:
        return JsonOutput()
    return TableOutput() if watched() else LineOutput()


class JsonOutput:
    """One JSON document: whole, or not there at all."""

    def show(self, found: BaseModel) -> None:
        """Show the thing as an object."""
        say(document(found.model_dump(mode="json"), indent=2))

    def show_all(self, found: Iterable[M], columns: Columns[M]) -> int:
        """Show the list as an array."""
        entries = [entry.model_dump(mode="json") for entry in found]
        say(document(entries, indent=2))
        return len(entries)


class LineOutput:
    """Lines for other programs: cells with tabs between them, nothing cut, no titles and no colours."""

    def show(self, found: BaseModel) -> None:
        """Show a line for each field: its name and its value."""
        for name, value in found.model_dump(mode="json").items():
            say(f"{name}\t{cell(value)}")

    def show_all(self, found: Iterable[M], columns: Columns[M]) -> int:
        """Show a line for each entry, as soon as it is there."""
        count = 0
        for entry in found:
            say("\t".join(cell(value(entry)) for value in columns.values()))
            count += 1
        return count


class TableOutput:
    """A table with titles, or a block for each entry where the terminal is too narrow for one. Nothing is cut."""

    def show(self, found: BaseModel) -> None:
        """Show a line for each field: its name and its value."""
        self._print_block([(name, cell(value)) for name, value in found.model_dump(mode="json").items()])

    def show_all(self, found: Iterable[M], columns: Columns[M]) -> int:
        """Show a row for each entry, below the titles."""
        from failwell.cli.console import Console

        rows = [[cell(value(entry), local=True) for value in columns.values()] for entry in found]
        if rows and _needed(columns, rows) <= Console().width:
            self._print_table(columns, rows)
        else:
            for number, row in enumerate(rows):
                if number:
                    say("")
                self._print_block(list(zip(columns, row, strict=True)))
        return len(rows)

    def _print_table(self, titles: Iterable[str], rows: list[list[str]]) -> None:
        from rich.table import Table
        from rich.text import Text

        from failwell.cli.console import Console

        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for place, title in enumerate(titles):
            # The first is copied from here into the next command.
            table.add_column(title, overflow="fold", no_wrap=place == 0)
        for row in rows:
            # As Text a name is never read as markup.
            table.add_row(*(Text(each) for each in row))
        Console().print(table)

    def _print_block(self, lines: list[tuple[str, str]]) -> None:
        from rich.text import Text

        from failwell.cli.console import Console

        console, widest = Console(), max(len(name) for name, _ in lines)
        for name, value in lines:
            # The terminal wraps what is too long, so that it can be copied as one line.
            console.print(Text.assemble((name.ljust(widest + GAP), "bold"), value), soft_wrap=True)


def _needed(titles: Iterable[str], rows: list[list[str]]) -> int:
    """The columns of the terminal that a table takes in which no cell but the first of a row has to be narrow."""
    from rich.cells import cell_len

    first, *others = (max(map(cell_len, column)) for column in zip(titles, *rows, strict=True))
    return first + sum(GAP + min(width, NARROWEST) for width in others)
