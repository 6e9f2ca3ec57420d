"""Markdown of a reference page, in the order of the vendors' own: tree, table, retries, then every entry.

Each heading that is linked to names its anchor, `{ #duplicate_name }`, so that addresses do not depend on how a site
turns headings into anchors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from failwell.reference.page.facts import Attribute, CodeFacts, ErrorFacts, Line, ReferencePage, StatusFacts
from failwell.reference.page.retries import FAILED, backoff, seconds, times
from failwell.wire.messages import IDEMPOTENT

CODE_SPAN = re.compile(r"(`+[^`]*`+)")

TREE = "hierarchy"
"""The anchor that every entry leads back to."""
BACK = f"[Back to the hierarchy](#{TREE})"

CATCH = (
    "Every SDK error subclasses {base}. Catch the specific subclass to handle a known failure mode; "
    "catch the base class to log and rethrow."
)
SAFE_RETRIES = (
    "The SDK already retries what is worth it, as long as it is safe: {safe}, anything else only {with_key}when the "
    "server has refused it unseen."
)
WITH_KEY = "with an `{key}`, or "
SAME_KEY = (
    "The server honours `{key}`: it does once what it is sent twice with the same one. Every attempt of a call carries "
    "the same key, so retries are safe. An answer that was replayed says so with `{replayed}`. "
)
NO_KEY = (
    "The server is not known to honour `{key}`, so a call that changes something is not sent again when its answer was "
    "lost: look whether it was done before you repeat it. "
)
EVIDENCE = (
    "Each error keeps its key in `e.idempotency_key`, and in `e.request_id` the id that the server gave the request in "
    "`{request_id}`: quote it to support."
)
EFFECT = (
    '`e.effect` says whether the work of a failed call was done: "none", "done" or "unknown". A server that knows says '
    "so in the header `{side_effect}` of its error."
)
SETTLE = (
    ' Where it is "unknown", `client.settle(e)` (or `failwell.settle(e)`) asks with the same key: it returns the '
    "answer that was lost, or raises what is true."
)


def markdown(page: ReferencePage) -> str:
    """The whole of *page*, ready to be written to a file."""
    sections = (
        _front(page),
        _tree(page),
        _table(page),
        _retries(page),
        _idempotency(page),
        _statuses(page),
        _codes(page),
        _errors(page),
        ("## On every error { #attributes }", "", *_attribute_grid(page.evidence)),
        _operations(page),
    )
    return "\n".join(line for section in sections for line in (*section, "")).rstrip() + "\n"


def _front(page: ReferencePage) -> Iterator[str]:
    title = page.name.capitalize()
    yield from (
        "---",
        f"title: {title} errors",
        "description: The exception hierarchy, when each error fires, and how to retry safely.",
        "---",
        "",
        f"<!-- Written by `failwell reference` from {page.module}. Change the declaration there, not this file. -->",
        "",
        f"# {title}: error handling",
        "",
        CATCH.format(base=_link(page, page.base, bold=True)),
    )


def _tree(page: ReferencePage) -> Iterator[str]:
    yield from (f"## Hierarchy {{ #{TREE} }}", "")
    for error in page.errors:
        indent = "    " * error.depth
        statuses = ", ".join(dict.fromkeys(line.label for line in error.lines if line.label is not None))
        said = ". ".join(part for part in (statuses, (error.summary or "").rstrip(".")) if part)
        yield f"{indent}- {_link(page, error.name)} — {_prose(said)}"
        for line in _once_per_code(error.lines):
            yield f"{indent}    - [`{line.code}`](#{line.anchor})"
    names = (error.name for error in page.errors)
    yield from ("", f"Import them from `{page.module}`:", "")
    yield from ("```python", f"from {page.module} import (", *(f"    {name}," for name in names), ")", "```")


def _table(page: ReferencePage) -> Iterator[str]:
    yield from ("## When each fires { #when-each-fires }", "")
    rows = [
        (_labelled(page, first), _prose(_cause(error, first)), _prose(first.fix or ""))
        for error in page.errors
        if (first := error.first) is not None
    ]
    yield from _grid(("Exception", "Common cause", "What to do"), rows)


def _cause(error: ErrorFacts, first: Line) -> str:
    """Why it happens: what its only case says, or else its class."""
    own = first.cause if len(error.lines) == 1 else None
    return own or error.cause or ""


def _labelled(page: ReferencePage, line: Line) -> str:
    label = f" ({line.label})" if line.label is not None else ""
    return f"{_link(page, line.error)}{label}"


def _retries(page: ReferencePage) -> Iterator[str]:
    yield from ("## Retry behavior { #retry-behavior }", "")
    repeated = {kind: [line for line in page.lines if line.case.retry == kind] for kind in WORDS}
    if not any(repeated.values()) or not page.delays:
        yield "The SDK repeats no call by itself."
        return
    with_key = WITH_KEY.format(key=page.idempotency_key) if page.honours_keys else ""
    *most, last = sorted(IDEMPOTENT)
    yield from (SAFE_RETRIES.format(safe=f"{', '.join(most)} and {last} requests", with_key=with_key), "")
    for kind, lines in repeated.items():
        if lines:
            named = ", ".join(_case_link(page, line) for line in lines)
            yield f"- **{named}** — {WORDS[kind].format(**_numbers(page))}"
    yield "- Everything else is raised at once."


WORDS = {
    "transient": "{up_to_transient}, backoff {backoff_transient}{jitter}. A `Retry-After` on 503 is kept to the "
    "second.",
    "throttled": "with `Retry-After` ≤ {longest}, waits and then retries, {up_to_lower}; a longer one is raised at "
    "once. Without a readable one, backoff {backoff}.",
    "in_progress": "the same request is still running: waits for `Retry-After`, then asks again, {up_to_lower}.",
}
"""What is said of each kind of retry."""


def _numbers(page: ReferencePage) -> dict[str, str]:
    def up_to(count: int) -> str:
        said = times(count)
        return said[0].lower() + said[1:]

    return {
        "up_to_transient": up_to(page.rules.most(transient=True)),
        "up_to_lower": up_to(page.rules.max_retries),
        "backoff": f"`{backoff(page.rules)}`",
        "backoff_transient": f"`{backoff(page.rules, FAILED)}`",
        "jitter": f", each within {page.rules.jitter:.0%}" if page.rules.jitter else "",
        "longest": seconds(page.rules.longest_retry_after),
    }


def _case_link(page: ReferencePage, line: Line) -> str:
    if line.code is not None:
        return f"[`{line.code}`](#{line.anchor}) ({line.label or line.case.on or 'any other status'})"
    return _labelled(page, line)


def _idempotency(page: ReferencePage) -> Iterator[str]:
    yield from ("## Idempotency { #idempotency }", "")
    said = (SAME_KEY if page.honours_keys else NO_KEY) + EVIDENCE
    yield said.format(key=page.idempotency_key, replayed=page.replayed, request_id=page.request_id)
    yield ""
    yield EFFECT.format(side_effect=page.side_effect) + (SETTLE if page.honours_keys else "")


def _statuses(page: ReferencePage) -> Iterator[str]:
    yield from ("## Status codes { #status-codes }", "")
    rows = [row for status in page.statuses for row in _status_rows(page, status)]
    yield from _grid(("Status", "Exception", "Common cause", "What to do"), rows)


def _status_rows(page: ReferencePage, status: StatusFacts) -> Iterator[tuple[str, ...]]:
    for number, line in enumerate(_plain_first(status.lines)):
        shown = status.phrase if status.label == "other" else f"{status.label} {status.phrase}".rstrip()
        name = f'<a id="{status.anchor}"></a>**{shown}**' if number == 0 else ""
        link = f"[`{line.code}`](#{line.anchor})" if line.code is not None else _link(page, line.error)
        yield name, link, _prose(line.cause or ""), _prose(line.fix or "")


def _plain_first(lines: Sequence[Line]) -> list[Line]:
    """One line per class and code; what holds for any operation stands for the operations too."""
    chosen: dict[tuple[str, str | None], Line] = {}
    for line in sorted(lines, key=lambda line: (line.code is not None, line.case.operation is not None)):
        chosen.setdefault((line.error, line.code), line)
    return list(chosen.values())


def _codes(page: ReferencePage) -> Iterator[str]:
    if not page.codes:
        return
    yield from ("## Codes { #codes }", "")
    rows = [
        (
            f"[`{code.code}`](#{code.anchor})",
            ", ".join(dict.fromkeys(line.label for line in code.lines if line.label is not None)) or "none",
            ", ".join(dict.fromkeys(_link(page, line.error) for line in code.lines)),
        )
        for code in page.codes
    ]
    yield from _grid(("Code", "Status", "Exception"), rows)
    for code in page.codes:
        yield from ("", *_code(page, code))


def _code(page: ReferencePage, code: CodeFacts) -> Iterator[str]:
    yield from (f"### `{code.code}` {{ #{code.anchor} }}", "")
    for line in code.lines:
        status = f"{line.label} " if line.label is not None else ""
        on = line.case.operation or line.case.on
        where = f" on `{on}`" if on is not None else ""
        yield from (f"{status}{_link(page, line.error)}{where}: {_prose(line.cause or '')}", "")
        yield from (f"- **What to do**: {_prose(line.fix or '')}", f"- **Retried**: {line.retried}", "")
    yield BACK


def _errors(page: ReferencePage) -> Iterator[str]:
    yield "## Exceptions { #exceptions }"
    for error in page.errors:
        yield from ("", *_error(page, error))


def _error(page: ReferencePage, error: ErrorFacts) -> Iterator[str]:
    yield from (f"### `{error.name}` {{ #{error.anchor} }}", "")
    if error.text is not None:
        yield from (*(_prose(line) for line in error.text.splitlines()), "")
    first = error.first
    if first is None:
        yield from ("Never raised itself: catch it to log and rethrow, a subclass to handle a known failure.", "")
    else:
        yield from _remedy(error, first)
    codes = _once_per_code(error.lines)
    if codes:
        yield from (f"Codes: {', '.join(f'[`{line.code}`](#{line.anchor})' for line in codes)}.", "")
    if error.attributes:
        yield from (*_attribute_grid(error.attributes), "")
    raised_by = "any operation" if error.anywhere else ", ".join(f"`{name}`" for name in error.raised_by)
    if raised_by:
        yield from (f"Raised by {raised_by}.", "")
    yield BACK


SOURCES = {
    "http": "a reply of status {label}",
    "transport": "no answer, or none that was whole",
    "client": "the SDK itself",
    "job": "a job that failed",
    "stream": "an event in a stream",
}
"""Where an error of each source comes from."""


def _remedy(error: ErrorFacts, first: Line) -> Iterator[str]:
    statuses = dict.fromkeys(line.label for line in error.lines if line.label is not None)
    label = ", ".join(statuses) or "that no other class claims"
    occasions = error.source == "http" and all(line.case.on and line.label is None for line in error.lines)
    came_from = SOURCES["client" if occasions else error.source].format(label=label)
    if label == "that no other class claims":
        came_from = came_from.replace("status that", "a status that")
    yield f"- **Comes from**: {came_from}"
    if first.code is None and first.case.cause:
        yield f"- **When**: {_prose(first.case.cause)}"
    yield f"- **What to do**: {_prose(first.fix or '')}"
    for said, lines in _elsewhere(error, first).items():
        where = ", ".join(f"`{line.case.operation or line.case.on or line.label}`" for line in lines)
        yield f"    - on {where}: {_prose(said)}"
    yield from (f"- **Retried**: {first.retried}", "")


def _elsewhere(error: ErrorFacts, first: Line) -> dict[str, list[Line]]:
    """What is said of the other cases without a code: why they happen, and what to do instead of what *first* says."""
    found: dict[str, list[Line]] = {}
    for line in error.lines:
        facts = (line.case.cause, line.fix if line.fix != first.fix else None)
        said = " ".join(fact for fact in facts if fact)
        if line.code is None and line != first and said:
            found.setdefault(said, []).append(line)
    return found


def _attribute_grid(attributes: Iterable[Attribute]) -> Iterator[str]:
    listed = list(attributes)
    placed = any(attribute.place for attribute in listed)
    heads = ("Attribute", "Type", "In a reply", "Meaning") if placed else ("Attribute", "Type", "Meaning")
    rows = [
        (
            f"`{attribute.name}`",
            _code_span(attribute.type),
            *((attribute.place,) if placed else ()),
            _prose(attribute.meaning or ""),
        )
        for attribute in listed
    ]
    yield from _grid(heads, rows)


def _operations(page: ReferencePage) -> Iterator[str]:
    if not page.operations:
        return
    yield from ("## What each operation raises { #operations }", "")
    if page.everywhere:
        yield from (f"Any operation may raise {', '.join(_link(page, name) for name in page.everywhere)}.", "")
    rows = [(f"`{name}`", ", ".join(_link(page, error) for error in errors)) for name, errors in page.operations]
    yield from _grid(("Operation", "Also raises" if page.everywhere else "Raises"), rows)


def _once_per_code(lines: Iterable[Line]) -> list[Line]:
    return list({line.code: line for line in lines if line.code is not None}.values())


def _link(page: ReferencePage, name: str, *, bold: bool = False) -> str:
    link = f"[`{name}`](#{page.error(name).anchor})"
    return f"**{link}**" if bold else link


def _grid(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join('---' for _ in heads)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _prose(text: str) -> str:
    """*text* from a docstring: what stands in backticks stays, what would be HTML or end a table's cell is escaped."""
    parts = CODE_SPAN.split(text)
    return "".join(_code_span(part.strip("`")) if part.startswith("`") else _escaped(part) for part in parts)


def _code_span(text: str) -> str:
    return f"<code>{_escaped(text)}</code>" if "|" in text else f"`{text}`"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")
