"""Questions about days."""

from __future__ import annotations

from datetime import date

import pytest

from subconscious_server.dates import Facts, looked_up

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("sentence", "facts"),
    [
        ("What day is it today?", {"date": "2026-11-21", "weekday": "Saturday"}),
        ("Which date is tomorrow?", {"date": "2026-11-22", "weekday": "Sunday"}),
        ("On which weekday is 2026-12-24?", {"date": "2026-12-24", "weekday": "Thursday"}),
        ("What day of the week was 4th of July 1776?", {"date": "1776-07-04", "weekday": "Thursday"}),
        ("How many days are between 2026-01-01 and December 25, 2026?", {"days": 358}),
        ("How many days until 25 December 2026?", {"days": 34}),
        ("How many days since 2026-11-01?", {"days": 20}),
        ("Which day is 10 days after 2026-02-25?", {"date": "2026-03-07", "weekday": "Saturday"}),
        ("Which day was 2 weeks ago?", {"date": "2026-11-07", "weekday": "Saturday"}),
    ],
)
def test_day(sentence: str, facts: Facts) -> None:
    """
    A sentence that asks for a day, a weekday or the days between two is answered from the calendar.
    """
    found = looked_up(sentence, TODAY)

    assert found is not None
    assert facts == found[1]


@pytest.mark.parametrize("sentence", ["What happened on 2026-01-01?", "Search for the release date", "Good day!", ""])
def test_no_day(sentence: str) -> None:
    """
    A sentence that only mentions a day asks for something else.
    """
    assert looked_up(sentence, TODAY) is None


@pytest.mark.parametrize("sentence", ["What weekday is 2026-02-30?", "What day is 999999 weeks after today?"])
def test_no_such_day(sentence: str) -> None:
    """
    A day that no calendar has is told as such.
    """
    with pytest.raises(ValueError, match=r"no day of the calendar|no calendar goes that far"):
        looked_up(sentence, TODAY)
