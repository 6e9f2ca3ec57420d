"""The report in JUnit XML: what Jenkins and GitLab read of it, and what may not stand in it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from failwell.conformance import Bench, Observation, Promise, Row, Verdict
from failwell.conformance.reports.junit import junit
from failwell.sandbox import Entry
from pictograph.exceptions import RateLimitError, ValidationError


def _check(bench: Bench) -> None:
    """Stands in for a check; never called."""


REQUEST = Entry(1, 0.0, "GET", "/datasets", (), outcome="passed 429")
HELD = Verdict(True, "", Observation(None, RateLimitError("Slow down"), (REQUEST,)), seconds=0.25)
SHORT = Verdict(
    False, "e.errors: expected [1], saw []", Observation(None, ValidationError("No"), (REQUEST,), (1.0, 2.5))
)
LACKING = Verdict(False, "it takes no key", Observation(), offered=False, seconds=1.0)
ODD = Verdict(False, "the check itself failed: KeyError: 'x'", Observation(), odd=True, seconds=0.5)
ROWS = [
    Row(Promise("Hierarchy", "429 is a RateLimitError", _check), {"blocking": HELD, "awaiting": HELD}),
    Row(Promise("Retry behavior", "1s → 2s & <4s>", _check), {"blocking": HELD, "awaiting": SHORT}),
    Row(Promise("Retry behavior", "Keys", _check), {"blocking": LACKING, "awaiting": ODD}),
]


def parsed(rows: list[Row], *, vendor: str = "pictograph", sdk: str = "pictograph 1.0") -> ET.Element:
    """The document about *rows*, read again."""
    return ET.fromstring(junit(rows, vendor=vendor, sdk=sdk))  # noqa: S314 - our own text


def test_golden() -> None:
    """
    A suite for each colour, a test for each row: held, a failure, an error of the check, or skipped.
    """
    assert """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="failwell check pictograph" tests="6" failures="1" errors="1" skipped="1" time="2.250">
  <testsuite name="pictograph 1.0, blocking" tests="3" failures="0" errors="0" skipped="1" time="1.500">
    <testcase classname="pictograph.blocking.Hierarchy" name="429 is a RateLimitError" time="0.250" />
    <testcase classname="pictograph.blocking.Retry behavior" name="1s &#8594; 2s &amp; &lt;4s&gt;" time="0.250" />
    <testcase classname="pictograph.blocking.Retry behavior" name="Keys" time="1.000">
      <skipped message="it takes no key" />
    </testcase>
  </testsuite>
  <testsuite name="pictograph 1.0, awaiting" tests="3" failures="1" errors="1" skipped="0" time="0.750">
    <testcase classname="pictograph.awaiting.Hierarchy" name="429 is a RateLimitError" time="0.250" />
    <testcase classname="pictograph.awaiting.Retry behavior" name="1s &#8594; 2s &amp; &lt;4s&gt;" time="0.000">
      <failure message="e.errors: expected [1], saw []" type="ValidationError">e.errors: expected [1], saw []
raised: ValidationError
waits: 1 s, 2.5 s
requests: 1
GET /datasets: passed 429</failure>
    </testcase>
    <testcase classname="pictograph.awaiting.Retry behavior" name="Keys" time="0.500">
      <error message="the check itself failed: KeyError: 'x'" type="nothing">the check itself failed: KeyError: 'x'
raised: nothing
waits: none
requests: 0</error>
    </testcase>
  </testsuite>
</testsuites>
""" == junit(ROWS, vendor="pictograph", sdk="pictograph 1.0")


ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}
"""The elements of Jenkins' schema that are used, with the attributes that Jenkins and GitLab read."""
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure", "error", "skipped"}}


def test_shape() -> None:
    """
    Elements, their attributes and what stands in them are those of the usual schema; the sums are right.
    """
    root = parsed(ROWS)

    for element in root.iter():
        assert ATTRIBUTES[element.tag] == set(element.attrib)
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert re.fullmatch(r"\d+\.\d{3}", element.get("time", "0.000"))
    for parent in (root, *root):
        cases = list(parent.iter("testcase"))
        found = [sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")]
        assert [len(cases), *found] == [int(parent.attrib[name]) for name in ("tests", "failures", "errors", "skipped")]
        assert float(parent.attrib["time"]) == pytest.approx(sum(float(case.attrib["time"]) for case in cases))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(names) == len(set(names)), "GitLab tells tests apart by class and name"


@pytest.mark.parametrize(
    ("held", "seen"),
    [
        ("\x1b[31mred\x00", "\\x1b[31mred\\x00"),
        ("half \ud800 a pair", "half \\ud800 a pair"),
        ("\ufffe\uffff", "\\ufffe\\uffff"),
        ("<![CDATA[ ]]> & \"'", "<![CDATA[ ]]> & \"'"),
        ("two\nlines\tand é 🎈", "two\nlines\tand é 🎈"),
    ],
    ids=["control", "surrogate", "no characters", "markup", "text"],
)
def test_any_text(held: str, seen: str) -> None:
    """
    Whatever a reason, a sentence or a name holds, the document is XML, and what XML cannot hold is escaped.
    """
    verdict = Verdict(False, held, Observation(), seconds=0.1)
    root = parsed([Row(Promise(held, held, _check), {"blocking": verdict})], vendor=held, sdk=held)

    case = next(root.iter("testcase"))
    failure = case.find("failure")
    assert failure is not None
    assert [seen, seen] == [failure.attrib["message"], case.attrib["name"]]
    assert str(failure.text).startswith(seen)
    assert f"{seen}, blocking" == next(root.iter("testsuite")).attrib["name"]


def test_only_the_colours_there_are() -> None:
    """
    An SDK of one colour has one suite, and a check without rows none.
    """
    root = parsed([Row(Promise("S", "s", _check), {"awaiting": HELD})])

    assert ["pictograph 1.0, awaiting"] == [suite.get("name") for suite in root]
    assert ("0", []) == (parsed([]).get("tests"), list(parsed([])))
