"""Page check: whether a case is explained, with cause and fix, where its address leads."""

from __future__ import annotations

import html
import re

from failwell.conformance.errors import ShortfallError
from failwell.conformance.observation import expect_equal
from failwell.contract.case import Case
from failwell.contract.catalogues.catalogue import anchor

HEADING = re.compile(r"^#{2,3} .*\{ #([\w-]+) \}$", re.MULTILINE)
STATUS_ROW = re.compile(r'<a id="status-(\w+)"></a>')


def on_page(text: str, case: Case, *, name: str, said: dict[str, str]) -> None:
    """Look for a *case* of the class *name* on the page *text*: what is *said* of it, by what to call that.

    A code has a section of its own. A status has rows in the table of statuses, where the case of one operation shares
    that of its class, whose section tells them apart; so it does for what is raised on an occasion.

    Raises:
        ShortfallError: the case, or something that is said of it, is not there.
    """
    if case.code is not None:
        place, told = f"section on {case.code}", _section(text, anchor(case.code))
        told = told if told is not None and f"[`{name}`]" in told else None
    elif case.on is not None or (case.status is None and case.operation is not None):
        place, told = f"section on {name}", _section(text, anchor(name))
    else:
        label = "other" if case.status is None else str(case.status).lower()
        place, told = f"row of {label} {name}", _row(_section(text, "status-codes") or "", label, name)
        if told is not None and case.operation is not None:
            told += _section(text, anchor(name)) or ""
    if told is None:
        raise ShortfallError(f"the page has no {place}")
    for what, words in said.items():
        expect_equal(f"whether the {place} of the page tells the {what}", True, _plain(words) in _plain(told))


def _section(text: str, name: str) -> str | None:
    """What stands below the heading with the anchor *name*, up to the next that has one."""
    parts = HEADING.split(text)
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(name)


def _row(table: str, label: str, name: str) -> str | None:
    """The row of the class *name* at the status *label*; only the first row of a status names it."""
    current = ""
    for line in table.splitlines():
        found = STATUS_ROW.search(line)
        current = found.group(1) if found is not None else current
        if current == label and f"| [`{name}`](" in line:
            return line
    return None


def _plain(text: str) -> str:
    """*text* without what Markdown adds to it."""
    return " ".join(html.unescape(re.sub(r"</?code>|`", "", text)).split())
