from __future__ import annotations

import io
import json

from rich.console import Console

from failwell.conformance import Bench, Observation, Promise, Row, Verdict
from failwell.conformance.reports.terminal import show
from failwell.sandbox import Entry
from pictograph.exceptions import RateLimitError, ValidationError


def _check(bench: Bench) -> None:
    """Stands in for a check; never called."""


REQUEST = Entry(1, 0.0, "GET", "/", ())
LIMITED = Observation(None, RateLimitError("Slow down"), (REQUEST, REQUEST), (1.0, 2.25), {"status_code": 429})
REJECTED = Observation(
    None, ValidationError("No"), (REQUEST,), (), {"errors": [{}, {}], "url": "https://example.com/" + "x" * 40}
)
RETURNED = Observation(["ds"], None, (REQUEST,) * 8, tuple([1.0] * 7))

HELD = Verdict(True, "", LIMITED)
SHORT = Verdict(False, "e.errors: expected [1], saw []", REJECTED)
LACKING = Verdict(False, "its method takes no key", Observation(), offered=False)
ROWS = [
    Row(Promise("Hierarchy", "429 is a RateLimitError", _check), {"blocking": HELD, "awaiting": HELD}),
    Row(
        Promise("Retry behavior", "A [bold]sentence[/] of the page", _check),
        {"blocking": Verdict(True, "", RETURNED), "awaiting": SHORT},
    ),
    Row(
        Promise("Retry behavior", "5xx is retried", _check),
        {"blocking": Verdict(True, "", RETURNED), "awaiting": Verdict(True, "", RETURNED)},
    ),
    Row(Promise("Retry behavior", "Keys", _check), {"blocking": HELD, "awaiting": LACKING}),
    Row(Promise("Retry behavior", "Both", _check), {"blocking": SHORT, "awaiting": LACKING}),
]

TABLE = """\
pictograph [1.0]
Sentence or case      ┃ Raised          ┃ Attributes           ┃ Attempts ┃ Waits asked (s)      ┃ Verdict
━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━
Hierarchy             │                 │                      │          │                      │
429 is a              │ RateLimitError  │ status_code=429      │        2 │ 1.00 2.25            │ held
RateLimitError        │                 │                      │          │                      │
──────────────────────┼─────────────────┼──────────────────────┼──────────┼──────────────────────┼────────────
Retry behavior        │                 │                      │          │                      │
A [bold]sentence[/]   │ ValidationError │ errors=(2 entries),  │        1 │ -                    │ FALLS SHORT
of the page           │                 │ url=https://example. │          │                      │
                      │                 │ com/xxxxxxxxxxxxxxxx │          │                      │
                      │                 │ x...                 │          │                      │
5xx is retried        │ -               │ -                    │        8 │ 1.00 1.00 1.00 1.00  │ held
                      │                 │                      │          │ 1.00 1.00 ...        │
Keys                  │ -               │ -                    │        0 │ -                    │ not offered
Both                  │ ValidationError │ errors=(2 entries),  │        1 │ -                    │ FALLS SHORT
                      │                 │ url=https://example. │          │                      │
                      │                 │ com/xxxxxxxxxxxxxxxx │          │                      │
                      │                 │ x...                 │          │                      │
awaiting: A [bold]sentence[/] of the page
    e.errors: expected [1], saw []
awaiting: Keys
    not offered: its method takes no key
blocking: Both
    e.errors: expected [1], saw []
awaiting: Both
    not offered: its method takes no key
2 of 5 rows held, 1 not offered, blocking and awaiting, in 1.5 s.
"""


def printed(rows: list[Row], *, width: int = 110) -> str:
    """What is printed about *rows* where there is no terminal."""
    out = io.StringIO()
    show(rows, Console(file=out, width=width), sdk="pictograph [1.0]", seconds=1.5)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def test_golden() -> None:
    """
    A row per promise under its section, then why each that fell short did, then the sum.
    """
    assert TABLE == printed(ROWS)


def test_verdict_of_a_row() -> None:
    """
    A row holds when every colour does; what it shows is the colour that falls short.
    """
    assert [True, False, True, False, False] == [row.held for row in ROWS]
    assert [HELD, ROWS[1].verdicts["awaiting"]] == [row.shown for row in ROWS[:2]]


def test_what_is_not_offered() -> None:
    """
    A row is not offered when nothing else keeps it from being held; it is not held, and a shortfall outweighs it.
    """
    assert [True, True, True, False, True] == [row.offered for row in ROWS]
    told = [row.to_json() for row in ROWS[3:]]
    assert [(False, False), (False, True)] == [(row["held"], row["offered"]) for row in told]


def test_odd_values_in_json() -> None:
    """
    Whatever an attribute holds, the report is JSON.
    """
    seen = Observation(
        None, None, (), (0.12345,), {"set": {1}, "bytes": b"x", "deep": ({"k": (1, None)},), "text": "\ud800"}
    )

    told = json.loads(json.dumps(Verdict(True, "", seen).to_json()))

    attributes = {"set": "{1}", "bytes": "b'x'", "deep": [{"k": [1, None]}], "text": "\ud800"}
    assert (attributes, [0.123]) == (told["attributes"], told["waits"])
