"""An explanation for a terminal, or for a file: the same sections, with colour and wrapping where somebody watches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from failwell.contract.case import phrase
from failwell.contract.extras import needs
from failwell.reference.explanation.explain import Explanation
from failwell.reference.page.facts import Attribute, Line
from failwell.wire.json import plain

with needs("cli", __name__):
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

LONGEST_VALUE = 300
"""Characters of a pasted value that are shown."""

Section = tuple[str, list[str]]


def show(explanations: Sequence[Explanation], console: Console) -> None:
    """Print *explanations*: in colour and wrapped on a terminal, as plain lines elsewhere."""
    for number, explanation in enumerate(explanations):
        if number:
            console.print()
        if console.is_terminal:
            _show(explanation, console)
        else:
            # Not console.print(): it would wrap at a width that a file does not have.
            console.file.write(text_of(explanation))


def text_of(explanation: Explanation) -> str:
    """The *explanation* as plain text, one fact a line."""
    lines = [title(explanation)]
    for label, said in sections(explanation):
        lines += [f"  {label if not place else '':<12}{line}" for place, line in enumerate(said)]
    return "\n".join(lines) + "\n"


def _show(explanation: Explanation, console: Console) -> None:
    console.print(Text(title(explanation), style="bold"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, said in sections(explanation):
        grid.add_row(label, Text("\n".join(said)))
    console.print(Padding(grid, (0, 0, 0, 2)))


def title(explanation: Explanation) -> str:
    """Class, status and code in one line: "pictograph.exceptions.ConflictError: 409 Conflict, duplicate_name"."""
    line, status = explanation.line, explanation.status
    said = [f"{status} {phrase(int(status))}".rstrip() if status.isdigit() else status] if status is not None else []
    code = line.code if line is not None else None
    on = line.case.on if line is not None and not said else None
    facts = ", ".join([*said, *([code] if code is not None else []), *([on] if on is not None else [])])
    name = f"{explanation.facts.module}.{explanation.facts.name}"
    return f"{name}: {facts}" if facts else name


def sections(explanation: Explanation) -> Iterator[Section]:
    """What is said, in the order in which a reader asks: what, why, what now, again, with which facts, where."""
    line, facts, error = explanation.line, explanation.facts, explanation.error
    if error is not None:
        yield "It says", [clean(str(error))]
    if error is not None and error.request_id is not None:
        yield "Request", [clean(error.request_id)]
    cause = line.cause if line is not None else facts.cause
    if cause is not None:
        yield "Fires", [cause]
    if explanation.note is not None:
        yield "Note", [clean(explanation.note)]
    yield (
        "What to do",
        [line.fix or "Nothing is declared."]
        if line is not None
        else ["Never raised itself: catch it to log and rethrow, a subclass to handle a known failure."],
    )
    if line is not None:
        yield "Retried", [line.retried]
    if explanation.narrower:
        yield "In detail", [_in_detail(narrower) for narrower in explanation.narrower]
    if explanation.attributes:
        yield "Attributes", [_attribute(attribute, explanation) for attribute in explanation.attributes]
    if facts.anywhere or facts.raised_by:
        yield "Raised by", ["any operation" if facts.anywhere else ", ".join(facts.raised_by)]
    yield "Address", [explanation.address]


def _in_detail(line: Line) -> str:
    where = (
        f"{line.code or line.case.on or line.label or ''}{f' on {line.case.operation}' if line.case.operation else ''}"
    )
    cause = f"{line.case.cause} " if line.case.cause else ""
    return f"{where}: {cause}{line.fix or ''}".rstrip()


def _attribute(attribute: Attribute, explanation: Explanation) -> str:
    place = f" ({attribute.place})" if attribute.place else ""
    meaning = f": {attribute.meaning}" if attribute.meaning else ""
    if explanation.values is None or attribute.name not in explanation.values:
        return f"{attribute.name}: {attribute.type}{place}{meaning}"
    return f"{attribute.name} = {shown(explanation.values[attribute.name])}{place}{meaning}"


def shown(value: object) -> str:
    """*value* as JSON, without what a terminal would obey."""
    text = clean(json.dumps(plain(value), ensure_ascii=False))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}… ({len(text)} characters)"


def clean(text: str) -> str:
    """*text* in one line of printable characters: what was pasted may hold escape sequences."""
    seen = "".join(c if c.isprintable() else " " if c.isspace() else c.encode("unicode_escape").decode() for c in text)
    return seen if len(seen) <= 2 * LONGEST_VALUE else f"{seen[: 2 * LONGEST_VALUE]}…"
