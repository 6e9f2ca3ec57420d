"""Line breaks that the Scopix pages lost: which units their lines hold, and the Python of their snippets.

The pages kept a break only where a blank line was. What was one before an indented line is a space now, and what was
one before any other line is nothing at all: `import asynciofrom scopix import ScopixError`.

A statement ends where the next word cannot go on with it: after a name, a number, a text or a closing bracket no other
such thing may follow, unless an operator is between them; nor may anything follow the colon of a block. A block ends
after `return`, `raise` and `continue`; `except` and `else` go on with their own `try` and `if`. Where a comment ends
nothing tells: `COMMENTS` has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecoder

from .units import ROW, SENTENCE, SNIPPET, TREE_LINE, Unit, numbered

COMMENTS = (
    "# Rate limited - use Retry-After header",
    "# Server error - exponential backoff",
    "# Client error - don't retry",
    "# Optionally retry",
)
MODULES = re.compile(r"import (asyncio|requests|time)(?=from|import)")
"""The modules whose import lost the break behind it."""

SECTIONS = (
    "(?:Authentication|Rate Limiting|Validation|Network|Operation) Errors|Base Exception|Error Handling Patterns|"
    "Retry with Exponential Backoff"
)
GLUED = re.compile(rf"(?<=[^\s\w])(?:{SECTIONS}|Example|Note|\w+Error)$|(?<=[a-z])(?:{SECTIONS})$")
"""A heading that lost the break before it."""
HEADING = re.compile(rf"{SECTIONS}|SDK Reference: \w+|[A-Z][\w-]*(?: [A-Z][\w-]*)*")

CODE = re.compile(r"(?:from|import|try|except|async def|def|if|raise|#)\b|# ")
JSON = re.compile(r"(?:// [^{]*)?(?=\{ )")
"""Where a line has a body, and perhaps the words of a comment before it."""
SENTENCES = re.compile(r"(?<=\.) (?=[A-Z]|detail may)")
STATUS = re.compile(r"\d{3}[A-Z].*")
SOLUTION = "Solution: "

WORD = re.compile(
    r'(?P<comment>#.*)|(?P<text>f?"""[^"]*"""|f?"[^"]*"|f?\'[^\']*\')|(?P<name>[A-Za-z_]\w*)|(?P<number>\d+(?:\.\d+)?)'
    r"|(?P<opening>[(\[{])|(?P<closing>[)\]}])|(?P<colon>:)|(?P<operator>[^\s\w])"
)
GOES_ON = frozenset({"in", "and", "or", "not", "is", "as"})
"""Words that may follow an operand."""
WANTS_MORE = GOES_ON | {"return", "raise", "await", "async", "def", "class", "from", "import", "if", "for", "except"}
"""Words after which an operand may follow."""
LEAVING = ("return", "raise", "continue")
OPENED_BY = {"except": ("try", "except"), "else": ("if",)}


def units_of(text: str) -> list[Unit]:
    """The units of a page that lost its breaks: sentences, rows, lines of the tree, snippets (also those of JSON)."""
    return numbered(_units([GLUED.sub("", line) for line in text.splitlines()]))


def _units(lines: list[str]) -> Iterator[Unit]:
    at = 0
    while at < len(lines):
        line, first = lines[at], at
        at += 1
        if line.startswith("class "):
            at += at < len(lines) and lines[at].startswith("def __init__")
            yield Unit(SNIPPET, first + 1, at, "\n".join(lines[first:at]))
        elif CODE.match(line):
            while at < len(lines) and CODE.match(lines[at]) and not lines[at].startswith(("from", "import")):
                at += 1
            yield Unit(SNIPPET, first + 1, at, "\n".join(lines[first:at]))
        elif "├──" in line:
            yield from (Unit(TREE_LINE, at, at, part) for part in re.split(r"(?=[├└]──)", line))
        elif found := JSON.match(line):
            _, end = JSONDecoder().raw_decode(line, found.end())
            yield Unit(SNIPPET, at, at, line[found.end() : end])
            yield from (Unit(SENTENCE, at, at, said) for said in SENTENCES.split(line[end:]) if said)
        elif at < len(lines) and lines[at].startswith(SOLUTION):
            at += 1
            yield Unit(ROW, first + 1, at, "\n".join(lines[first:at]))
        elif STATUS.fullmatch(line):
            yield Unit(ROW, at, at, line)
        elif not HEADING.fullmatch(line):
            yield from (Unit(SENTENCE, at, at, said) for said in SENTENCES.split(line))


def python(lost: str) -> str:
    """The program that *lost* was before it lost its line breaks."""
    program: list[str] = []
    blocks: list[tuple[str, int]] = []
    depth, left = 0, False
    for statement in (one for line in lost.splitlines() for one in _statements(line)):
        word = re.split(r"\W", statement, maxsplit=1)[0]
        if word in OPENED_BY:
            while blocks[-1][0] not in OPENED_BY[word]:
                blocks.pop()
            depth = blocks.pop()[1]
        elif left:
            depth = blocks.pop()[1]
        program.append("    " * depth + statement)
        left = word in LEAVING
        if statement.endswith(":"):
            blocks.append((word.removeprefix("async "), depth))
            depth += 1
    return "\n".join(program)


def _statements(line: str) -> Iterator[str]:
    line = MODULES.sub(r"import \1\n", line)
    for comment in COMMENTS:
        line = line.replace(comment, f"\n{comment}\n")
    for part in line.split("\n"):
        if part.startswith("#"):
            yield part
            continue
        begins, inside, before = 0, 0, ""
        for found in WORD.finditer(part):
            kind, word = found.lastgroup or "", found[0]
            ended = not inside and (before in ("operand", "colon"))
            if ended and (before == "colon" or (kind in ("text", "name", "number") and word not in GOES_ON)):
                starts_again = not (word == "import" and part[begins:].startswith("from"))
                if starts_again:
                    yield part[begins : found.start()].strip()
                    begins = found.start()
            inside += (kind == "opening") - (kind == "closing")
            before = "colon" if kind == "colon" else "operand" if _ends(kind, word) else ""
        if part[begins:].strip():
            yield part[begins:].strip()


def _ends(kind: str, word: str) -> bool:
    """Whether a statement may end with it."""
    return kind in ("text", "number", "closing") or (kind == "name" and word not in WANTS_MORE)
