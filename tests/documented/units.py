"""What a published page promises, one by one: front matter, sentences, rows, lines of the tree, snippets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

FRONT_MATTER = "front matter"
SENTENCE = "sentence"
ROW = "row"
TREE_LINE = "line of the tree"
SNIPPET = "snippet"

_SENTENCE = re.compile(r"\S.*?(?:[.!?:](?=\s+[A-Z])|\Z)", re.DOTALL)
_ENDS_A_PARAGRAPH = ("- ", "* ", "#", "|", "```", ">")
_HEADING = re.compile(r"#.*|[A-Z][\w-]*(?: [A-Z][\w-]*)*|</?[A-Z].*>|>.*")
"""A heading with a mark, or without one: words that all begin with a capital, and no full stop. A tag is one, too, and
a note of the site that the page stands on."""
_RULER = re.compile(r"\|[-| ]+\|")
_NAVIGATION = ("<Columns", "</Columns>")
"""The tags around links to other pages."""
_GLUED = re.compile(r"(?<=[a-z]:)(?=[A-Z|])|(?<=[a-z]\.)(?=- [A-Z])|(?=(?:code|status|details)— )")
"""Where a page lost the line break before a heading, a table, a bullet or the name that a definition begins with."""

_BEFORE = re.compile(rf"(?:(?:{_HEADING.pattern})(?:\n|\Z))?(?:[-*] )?")
"""What may stand before the sentences of a paragraph: a heading, the mark of a bullet."""


@dataclass(frozen=True)
class Unit:
    """One promise of a page, from its *first* line to its *last*, counted from 1."""

    kind: str
    first: int
    last: int
    text: str
    part: int | None = None

    @property
    def lines(self) -> tuple[int, ...]:
        """Where it stands, as no other unit does: its lines, and of units that share both, which it is, from 1."""
        return (self.first, self.last) if self.part is None else (self.first, self.last, self.part)


def units(text: str) -> list[Unit]:
    """The units of the page *text*, in its order. Headings, also those of a table, promise nothing."""
    return numbered(_units(text.splitlines()))


def numbered(units: Iterable[Unit]) -> list[Unit]:
    """*units*, of which those that share their lines are numbered."""
    found = list(units)
    shared = Counter(unit.lines for unit in found)
    seen: Counter[tuple[int, ...]] = Counter()
    return [_numbered(unit, seen) if shared[unit.lines] > 1 else unit for unit in found]


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
            if line.split()[0] == "```python":
                yield Unit(SNIPPET, first + 2, at - 1, "\n".join(lines[first + 1 : at - 1]))
            else:
                yield from _each(TREE_LINE, lines, first + 1, at - 1)
        elif line.startswith(_NAVIGATION[0]):
            at = lines.index(_NAVIGATION[1], at) + 1
        elif line.startswith("|"):
            at = next(place for place in range(at, len(lines)) if _RULER.fullmatch(lines[place])) + 1
            first = at
            while at < len(lines) and "|" in lines[at]:
                at += 1
            yield from _each(ROW, lines, first, at)
        elif not line.strip() or _HEADING.fullmatch(line):
            at += 1
        else:
            at += 1
            while at < len(lines) and _goes_on(lines[at]):
                at += 1
            yield from _sentences(lines[first:at], first + 1)


def _goes_on(line: str) -> bool:
    """Whether *line* belongs to the paragraph before it."""
    return bool(line.strip()) and not line.startswith(_ENDS_A_PARAGRAPH) and not _HEADING.fullmatch(line)


def _numbered(unit: Unit, seen: Counter[tuple[int, ...]]) -> Unit:
    seen[unit.lines] += 1
    return replace(unit, part=seen[unit.lines])


def _each(kind: str, lines: list[str], start: int, end: int) -> Iterator[Unit]:
    """Every line from index *start* up to *end* as a unit of its own."""
    for at in range(start, end):
        yield Unit(kind, at + 1, at + 1, lines[at])


def _sentences(lines: list[str], first: int) -> Iterator[Unit]:
    """The sentences of one paragraph or bullet that begins on line *first*."""
    text = "\n".join(lines)
    ends = [0, *(found.start() for found in _GLUED.finditer(text)), len(text)]
    for start, end in pairwise(ends):
        if text.startswith("|", start):
            continue
        before = _BEFORE.match(text, start, end)
        for found in _SENTENCE.finditer(text, before.end() if before else start, end):
            begins, over = (first + text.count("\n", 0, place) for place in found.span())
            yield Unit(SENTENCE, begins, over, found[0])
