from __future__ import annotations

import math

import pytest

from benchmarks.goals import Goal
from benchmarks.measuring import Spread, ratios, spread
from benchmarks.results import markdown, printed
from benchmarks.rows import KIB, MIB, Row

GOAL = Goal(ship=1.10, stretch=0.90)
STEADY = Spread(1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (0.5, "stretch"),
        (0.90, "stretch"),
        (0.901, "ship"),
        (1.10, "ship"),
        (1.1001, "missed"),
        (math.inf, "missed"),
    ],
)
def test_what_a_goal_makes_of_a_figure(figure: float, expected: str) -> None:
    """
    A figure is judged as it was measured: the goal itself is reached, and nothing above it.
    """
    assert expected == GOAL.verdict(figure)


def test_goals_of_which_more_is_better() -> None:
    """
    A rate must be at least its goal, and a goal without a stretch is reached or missed.
    """
    rate = Goal(0.8, 1.0, at_least=True)

    assert ["stretch", "ship", "missed"] == [rate.verdict(figure) for figure in (1.0, 0.8, 0.79)]
    assert ["ship", "missed"] == [Goal(4.0).verdict(figure) for figure in (0.1, 4.1)]


def test_quartiles() -> None:
    """
    The median of the rounds counts, and the quartiles tell how far they are apart.
    """
    assert Spread(2.0, 3.0, 4.0) == spread([5.0, 1.0, 3.0, 2.0, 4.0])
    assert Spread(7.0, 7.0, 7.0) == spread([7.0])


def test_rounds_are_compared_one_by_one() -> None:
    """
    A slow round is slow for both sides: their ratio is what counts, not the ratio of their medians.
    """
    assert 2.0 == ratios(ours=[2.0, 20.0, 200.0], bare=[1.0, 10.0, 100.0]).middle


def test_what_is_judged() -> None:
    """
    Instructions are judged where that is asked for and they were counted, otherwise the time.
    """
    slow = Spread(1.2, 1.2, 1.2)

    assert "missed" == Row("P2", "a", GOAL, slow, instructions=0.8).verdict
    assert "stretch" == Row("P1", "a", GOAL, slow, instructions=0.8, by_count=True).verdict
    assert "missed" == Row("P1", "a", GOAL, slow, by_count=True).verdict


def test_rows_without_a_figure() -> None:
    """
    What was not measured says so, what is there to compare has no verdict, and a promise is held or missed.
    """
    assert ("not measured", False) == (Row("P1", "a", GOAL).verdict, Row("P1", "a", GOAL).missed)
    assert "" == Row("peer", "a", time=STEADY).verdict
    assert ("held", "missed") == (Row("P4", "a", held=True).verdict, Row("P4", "a", held=False).verdict)


ROWS = [
    Row("P1", "GET", GOAL, STEADY, instructions=0.7654, by_count=True),
    Row("P2", "failing call", GOAL, Spread(1.1, 1.28, 1.5), profile="failing-call.txt"),
    Row("P4", "memory", Goal(3.0, 1.5), STEADY, unit=MIB),
    Row("P5", "large events", Goal(0.8, 1.0, at_least=True), STEADY),
    Row("P7", "a kept error", Goal(4.0), STEADY, unit=KIB),
    Row("peer", "botocore, GET", note="it could not be installed"),
]


def test_the_table() -> None:
    """
    Each line has figure, quartiles, ship, stretch and verdict; a peer that was not measured is there, with the reason.
    """
    head, *lines = printed(ROWS).splitlines()

    assert ["time", "[quartiles]", "instructions", "ship", "stretch", "verdict"] == head.split()
    assert [
        "P1 GET 1.00 [1.00 to 1.00] 0.765 1.10 0.90 stretch",
        "P2 failing call 1.28 [1.10 to 1.50] 1.10 0.90 missed",
        "P4 memory +1.00 MiB [+1.00 MiB to +1.00 MiB] +3.00 MiB +1.50 MiB stretch",
        "P5 large events 1.00 [1.00 to 1.00] ≥ 0.80 ≥ 1.00 stretch",
        "P7 a kept error 1.00 KiB [1.00 KiB to 1.00 KiB] 4.00 KiB ship",
        "peer botocore, GET not measured: it could not be installed",
    ] == [" ".join(line.split()) for line in lines]


def test_the_file() -> None:
    """
    RESULTS.md has the table, the profile of each missed goal, and the versions of everything that was measured.
    """
    text = markdown(ROWS, {"openai": "3.52.0"})

    assert "| P2 failing call | 1.28 [1.10 to 1.50] |  | 1.10 | 0.90 | missed |" in text
    assert "- P2 failing call: [failing-call.txt](profiles/failing-call.txt)" in text
    assert "openai 3.52.0" in text
    assert "- ours: failwell " in text
