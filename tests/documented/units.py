"""What a published page promises, one by one: front matter, sentences, rows, lines of the tree, snippets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FRONT_MATTER = "front matter"
SENTENCE = "sentence"
ROW = "row"
TREE_LINE = "line of the tree"
SNIPPET = "snippet"

_SENTENCE = re.compile(r"\S.*?(?:[.!?:](?=\s+[A-Z])|\Z)", re.DOTALL)
_ENDS_A_PARAGRAPH = ("- ", "#", "|", "```")


@dataclass(frozen=True)
class Unit:
    """One promise of a page, from its *first* line to its *last*, counted from 1."""

    kind: str
    first: int
    last: int
    text: str

    @property
    def lines(self) -> tuple[int, int]:
        """Where it stands. No two units of a page share both lines."""
        return self.first, self.last


def units(text: str) -> list[Unit]:
    """The units of the page *text*, in its order. Headings, also those of a table, promise nothing."""
    return list(_units(text.splitlines()))


def in_one_line(text: str) -> str:
    """*text* with every run of white space as one space, so that it can be compared however it was wrapped."""
    return " ".join(text.split())


def _units(lines: list[str]) -> Iterator[Unit]:
    at = 0
    while at < len(lines):
        line, first = lines[at], at
        if line == "---" and at == 0:
            at = lines.index("---", 1) + 1
            yield from _each(FRONT_MATTER, lines, 1, at - 1)
        elif line.startswith("```"):
            at = lines.index("```", at + 1) + 1
            if line == "```python":
                yield Unit(SNIPPET, first + 2, at - 1, "\n".join(lines[first + 1 : at - 1]))
            else:
                yield from _each(TREE_LINE, lines, first + 1, at - 1)
        elif line.startswith("|"):
            while at < len(lines) and lines[at].startswith("|"):
                at += 1
            yield from _each(ROW, lines, first + 2, at)
        elif not line.strip() or line.startswith("#"):
            at += 1
        else:
            at += 1
            while at < len(lines) and lines[at].strip() and not lines[at].startswith(_ENDS_A_PARAGRAPH):
                at += 1
            yield from _sentences(lines[first:at], first + 1)


def _each(kind: str, lines: list[str], start: int, end: int) -> Iterator[Unit]:
    """Every line from index *start* up to *end* as a unit of its own."""
    for at in range(start, end):
        yield Unit(kind, at + 1, at + 1, lines[at])


def _sentences(lines: list[str], first: int) -> Iterator[Unit]:
    """The sentences of one paragraph or bullet that begins on line *first*."""
    text = "\n".join(lines).removeprefix("- ")
    for found in _SENTENCE.finditer(text):
        begins, ends = (first + text.count("\n", 0, place) for place in found.span())
        yield Unit(SENTENCE, begins, ends, found[0])
