"""The whole check of Pictograph's page, as `failwell check pictograph` runs it."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from failwell.conformance.agreement.raising_server import RaisingServer
from pictograph import exceptions
from pictograph.promises import PROMISES
from tests.cli.command import Ran, environment, failwell
from tests.spec import page, tree


class Checked(NamedTuple):
    """What came of the whole check."""

    ran: Ran
    report: Any
    slept: list[float]
    left: list[str]


# What the command itself sleeps, and none of the processes that it starts.
SLEEPLESS = """
import sys, time
from failwell.clock import SystemClock

def noted(sleep):
    def noting(*given):
        if given[-1] >= 0.5 and "check" in sys.argv:
            with open({path!r}, "a") as file:
                print(given[-1], file=file)
        return sleep(*given)
    return noting

time.sleep, SystemClock.asleep = noted(time.sleep), noted(SystemClock.asleep)
"""


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """The check, run once for all tests of this file, with a folder for temporary files of its own."""
    folder = tmp_path_factory.mktemp("checked")
    temporary = folder / "tmp"
    temporary.mkdir()
    slept = folder / "slept"
    slept.touch()
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(SLEEPLESS.format(path=str(slept)))
    env = environment(TMPDIR=str(temporary), PYTHONPATH=str(folder / "site"))
    ran = failwell("check", "pictograph", "--json", str(folder / "r.json"), env=env)
    report = json.loads((folder / "r.json").read_text())
    return Checked(ran, report, [float(line) for line in slept.read_text().split()], _names(temporary))


def _names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def test_every_row_holds(checked: Checked) -> None:
    """
    The intact SDK holds every row, blocking and awaiting, and the command exits with 0.
    """
    short = {
        (row["check"], colour): row[colour]["reason"]
        for row in checked.report["rows"]
        for colour in ("blocking", "awaiting")
        if not row[colour]["held"]
    }

    assert {} == short
    assert (0, "") == (checked.ran.code, checked.ran.err)


def test_all_rows_are_there(checked: Checked) -> None:
    """
    There is a row for each promise, in the order of the page, and then one for each case of the contract.
    """
    assert PROMISES.agreement is not None
    promises = [*PROMISES, *PROMISES.agreement.promises(exceptions.CATALOGUE, RaisingServer())]
    expected = [(promise.section, promise.sentence, promise.name) for promise in promises]

    assert expected == [(row["section"], row["sentence"], row["check"]) for row in checked.report["rows"]]


def test_every_class_of_the_tree_has_a_row(checked: Checked) -> None:
    """
    Each class of the page's tree has a row that quotes its line of the tree, and raises it.
    """
    leaves = [leaf for leaf in tree("pictograph") if leaf.parent is not None]
    rows = {row["sentence"]: row for row in checked.report["rows"]}

    assert len(exceptions.__all__) - 2 == len(leaves), "all but the base and the catalogue"
    assert [leaf.name for leaf in leaves] == [
        rows[f"{leaf.name} — {leaf.comment}"]["blocking"]["raised"] for leaf in leaves
    ]


@pytest.mark.parametrize(
    "section",
    [
        "Hierarchy",
        "When each fires",
        "Retry behavior",
        "PaymentRequiredError details",
        "ValidationError details",
        "PollTimeoutError + recovery",
        "Idempotency",
    ],
)
def test_sections(checked: Checked, section: str) -> None:
    """
    Every section of the page with sentences about behaviour has rows.
    """
    assert f"\n## {section}\n" in page("pictograph")
    assert section in {row["section"] for row in checked.report["rows"]}


def test_waits_are_asked_for_not_slept(checked: Checked) -> None:
    """
    The rows ask for minutes of waiting, and nobody sleeps for half a second of them.
    """
    asked = sum(sum(row[colour]["waits"]) for row in checked.report["rows"] for colour in ("blocking", "awaiting"))

    assert (True, []) == (asked > 80, checked.slept)


def test_nothing_is_left(checked: Checked) -> None:
    """
    No temporary file is left behind.
    """
    assert [] == checked.left


def test_report(checked: Checked) -> None:
    """
    The JSON report has the verdict, and for each row in each colour what was raised, asked for and concluded.
    """
    assert {"vendor", "sdk", "held", "rows"} == set(checked.report)
    assert ("pictograph", True) == (checked.report["vendor"], checked.report["held"])
    assert f"failwell-pictograph {version('failwell-pictograph')}" == checked.report["sdk"]
    for row in checked.report["rows"]:
        assert {"section", "sentence", "check", "lines", "held", "offered", "blocking", "awaiting"} == set(row)
        for colour in ("blocking", "awaiting"):
            facts = {"raised", "message", "attributes", "attempts", "requests", "waits"}
            assert {"held", "offered", "reason", "calls", *facts} == set(row[colour])
            assert all(facts == set(call) for call in row[colour]["calls"])


def test_report_of_a_row(checked: Checked) -> None:
    """
    A row of the report tells the facts of the call that raised last, and of each call.
    """
    row = next(row for row in checked.report["rows"] if row["check"] == "payment_message")

    attributes = {"status_code": 402, "required": 10, "remaining": 3}
    facts = {
        "raised": "PaymentRequiredError",
        "message": "You need 7 more credits.",
        "attributes": attributes,
        "attempts": 1,
        "requests": 1,
        "waits": [],
    }
    expected = {"held": True, "offered": True, "reason": "", **facts, "calls": [facts]}
    assert (expected, expected) == (row["blocking"], row["awaiting"])


def test_every_call(checked: Checked) -> None:
    """
    A row that makes several calls has the evidence of each.
    """
    row = next(row for row in checked.report["rows"] if row["check"] == "server_error")

    statuses = [500, 502, 503, 504, 599]
    for colour in ("blocking", "awaiting"):
        assert statuses == [call["attributes"]["status_code"] for call in row[colour]["calls"]]


def test_lines(checked: Checked) -> None:
    """
    It names the SDK, has a line for each section, and ends with the sum: 20 lines at most, none with blanks at its end.
    """
    count = len(checked.report["rows"])

    lines = checked.ran.out.splitlines()

    assert [line.rstrip() for line in lines] == lines
    assert 20 >= len(lines)
    sections = Counter(row["section"] for row in checked.report["rows"])
    expected = [(section, str(number)) for section, number in sections.items()]
    found = [re.split(r" {3,}(?:blocking|awaiting) +\d+ of +", line) for line in lines[1:-1]]
    assert [(section, number, number) for section, number in expected] == [tuple(parts) for parts in found]
    assert checked.report["sdk"] == lines[0]
    assert re.fullmatch(rf"{count} of {count} rows held, blocking and awaiting, in \d+\.\d s\.", lines[-1])


def test_no_terminal_no_drawing(checked: Checked) -> None:
    """
    Without a terminal there is neither a progress bar nor a colour.
    """
    assert ("", False) == (checked.ran.err, "\x1b" in checked.ran.out)
