from __future__ import annotations

import re

import pytest

from tests.documented.units import ROW, SENTENCE, in_one_line, units
from tests.documented.written_index import promises_of
from tests.spec import page

PAGE = units(page("subconscious"))


def test_beside_the_page() -> None:
    """
    Some rows of the check stand beside the page.
    """
    beside = [
        "unanswered",
        "started_once",
        "waits_on",
        "streams",
        "request_id",
        "key_untold",
        "pickling",
        "deadline",
        "done_once",
    ]

    assert beside == [promise.name for promise in promises_of("subconscious") if not promise.lines]


def test_kinds() -> None:
    """
    The page has 12 sentences and 16 rows.
    """
    kinds = [unit.kind for unit in PAGE]

    assert [12, 16] == [kinds.count(kind) for kind in (SENTENCE, ROW)]


def test_units_leave_nothing_out() -> None:
    """
    What is no unit is a heading, also one that the page glued to a sentence, the head of a table or its ruler.
    """
    left = page("subconscious")
    for unit in sorted(PAGE, key=lambda unit: -len(unit.text)):
        assert unit.text in left
        left = left.replace(unit.text, "\n", 1)

    headings = (
        "Error Response Format|HTTP Status Codes|SDK Exceptions|Retry Logic|Run-Level Errors|Quick Reference|"
        r"\| Status \| SDK error code \| Exception \| What to do \||\| Error \| Status \| Fix \||\|[-|]+\||- "
    )
    assert [] == [line for line in left.splitlines() if line.strip() and not re.fullmatch(headings, line)]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((3, 3), "The Python SDK maps HTTP status codes to SDK error codes as follows:"),
        ((14, 14, 1), "Both SDKs throw typed exceptions you can catch:"),
        ((14, 14, 3), "status— HTTP status code"),
        ((14, 14, 5), "May beNone."),
        ((15, 15), "In Node, read viae.message."),
        ((18, 18), "Retry on 429 and 5xx errors with exponential backoff:"),
        ((19, 19, 1), "Runs can fail after being accepted."),
        ((19, 19, 2), "Check thestatus field:"),
    ],
)
def test_sentences_that_run_together(lines: tuple[int, ...], text: str) -> None:
    """
    A sentence ends where the page lost the line break behind it; several on one line are numbered.
    """
    assert [text] == [in_one_line(unit.text) for unit in PAGE if unit.lines == lines]
